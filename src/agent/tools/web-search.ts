import * as z from "zod";
import type { Settings } from "../../config.ts";
import { type Fetch, refused, said, short, type Tool, untrusted } from "./tool.ts";

type Search = NonNullable<Settings["search"]>;

const MOST_RESULTS = 8;
const SNIPPET_CHARS = 400;

/** Offered only where a search service is set (toolset.ts). */
export const webSearch: Tool<{ query: string }> = {
  name: "web_search",
  description: "Searches the web. Returns titles, addresses and excerpts; read a page itself with fetch_page.",
  arguments: z.object({ query: z.string() }),
  repeatable: true,
  limitMs: 20_000,
  status: (given) => ({ key: "tool.web_search", params: { query: short(given.query) } }),
  async run(given, context) {
    const search = context.settings.search;
    if (!search) return refused("No search service is set up here.");
    const query = given.query.trim().slice(0, 400);
    if (query === "") return refused("The query is empty.");
    const answer = await reached(ask(search, query, context.fetch, context.signal), context.signal);
    if (answer === undefined) return refused(`The search service (${search.kind}) could not be reached.`);
    if (!answer.ok) {
      await answer.body?.cancel();
      return refused(`The search service (${search.kind}) answered ${answer.status}.`);
    }
    const found = readResults(search.kind, await answer.json().catch(() => undefined));
    if (found === undefined)
      return refused(`The search service (${search.kind}) answered something that cannot be read.`);
    if (found.length === 0) return said(`Nothing was found for "${short(query)}".`);
    return said(untrusted(`a web search for "${short(query)}"`, found.map(describe).join("\n\n")));
  },
};

/** undefined: it is not there. The platform's own words for it say nothing to anybody. */
async function reached(asked: Promise<Response>, signal: AbortSignal): Promise<Response | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

/** How each service is asked: its own documentation, November 2026. Keys travel in headers, never in the address. */
function ask(search: Search, query: string, fetch: Fetch, signal: AbortSignal): Promise<Response> {
  switch (search.kind) {
    case "brave": {
      const params = new URLSearchParams({ q: query, count: String(MOST_RESULTS) });
      return fetch(`https://api.search.brave.com/res/v1/web/search?${params}`, {
        headers: { accept: "application/json", "x-subscription-token": search.key ?? "" },
        signal,
      });
    }
    case "tavily":
      return fetch("https://api.tavily.com/search", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${search.key ?? ""}` },
        body: JSON.stringify({ query, max_results: MOST_RESULTS }),
        signal,
      });
    case "searxng": {
      const params = new URLSearchParams({ q: query, format: "json" });
      return fetch(`${search.url ?? ""}/search?${params}`, { headers: { accept: "application/json" }, signal });
    }
    default:
      return search.kind satisfies never;
  }
}

interface Result {
  readonly title: string;
  readonly url: string;
  readonly excerpt: string;
}

const text = z.string().catch("");
const contentResults = z.object({
  results: z.array(
    z
      .object({ title: text, url: text, content: text })
      .transform(({ content, ...rest }) => ({ ...rest, excerpt: content })),
  ),
});
const braveResults = z.object({
  web: z
    .object({
      results: z.array(
        z
          .object({ title: text, url: text, description: text })
          .transform(({ description, ...rest }) => ({ ...rest, excerpt: description })),
      ),
    })
    .default({ results: [] }),
});

/** undefined: that is no answer of such a service. */
function readResults(kind: Search["kind"], answer: unknown): readonly Result[] | undefined {
  const results =
    kind === "brave"
      ? braveResults.safeParse(answer).data?.web.results
      : contentResults.safeParse(answer).data?.results;
  return results?.filter((result) => result.url !== "").slice(0, MOST_RESULTS);
}

function describe(result: Result): string {
  // Brave marks the words it found with <strong>.
  const excerpt = short(result.excerpt.replace(/<\/?strong>/g, ""), SNIPPET_CHARS);
  return `${short(result.title, 200)}\n${result.url}\n${excerpt}`;
}
