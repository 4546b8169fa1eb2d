import type { MCPClient } from "@ai-sdk/mcp";
import * as z from "zod";
import type { McpServer } from "../config.ts";
import { callResult } from "./mcp-result.ts";
import { cutText, type Fetch, refused, said, short, type Tool, untrusted } from "./tools/tool.ts";

/**
 * The tools of MCP servers, over HTTP, for one turn: connect to all at once, list, call, close. A server that is down
 * costs the turn a notice and not its life, so nothing here throws. The client is loaded when the first server is asked.
 *
 * The servers are the owner's choice (MCP_SERVERS), so their addresses are not judged; what their tools return is marked
 * as data all the same, for it may be anybody's text.
 */

export interface McpTools {
  readonly tools: readonly Tool[];
  /** Servers that cannot be used now, each with the reason in words that quote nobody. */
  readonly down: readonly { readonly server: string; readonly reason: string }[];
  /** Servers that have more tools than are offered. */
  readonly crowded: readonly { readonly server: string; readonly tools: number; readonly offered: number }[];
  /** Never throws; ends within CLOSE_MS. */
  close(): Promise<void>;
}

export interface McpOptions {
  readonly signal: AbortSignal;
  readonly fetch: Fetch;
  /** Names of tools that are there already; one of a server that meets it gets a number. */
  readonly taken?: readonly string[];
  /** For connecting and listing, all servers together. */
  readonly connectMs?: number;
  readonly callMs?: number;
  readonly now?: () => number;
}

export const CONNECT_MS = 10_000;
/** For one that hung the last time: it is used the moment it is back, and until then no turn waits long for it. */
const CONNECT_AGAIN_MS = 2000;
const HUNG_KNOWN_MS = 5 * 60_000;
/** By address, until when it counts as hung. */
const hung = new Map<string, number>();

const CALL_MS = 60_000;
const CLOSE_MS = 2000;
const MOST_PAGES = 5;
/** Every definition is part of every prompt. */
const MOST_TOOLS = 64;
/** OpenAI's limit for the functions of one request; ours are among them. */
const MOST_TOOLS_IN_ALL = 128;
const DESCRIPTION_CHARS = 1024;
/** OpenAI's limit for a function's name. */
const NAME_CHARS = 64;

export async function connectMcp(servers: readonly McpServer[], options: McpOptions): Promise<McpTools> {
  const clients: MCPClient[] = [];
  const down: { server: string; reason: string }[] = [];
  const crowded: { server: string; tools: number; offered: number }[] = [];
  const tools: Tool[] = [];
  const taken = new Set(options.taken ?? []);
  const reached = await Promise.all(servers.map((server) => reach(server, options, clients)));
  for (const found of reached) {
    if (!found.ok) {
      down.push({ server: found.server.name, reason: found.reason });
      continue;
    }
    const offered = Math.min(found.listed.length, MOST_TOOLS, Math.max(0, MOST_TOOLS_IN_ALL - taken.size));
    if (offered < found.listed.length) {
      crowded.push({ server: found.server.name, tools: found.listed.length, offered });
    }
    for (const listed of found.listed.slice(0, offered)) {
      const name = freeName(`${found.server.name}_${listed.name}`, taken);
      taken.add(name);
      tools.push(mcpTool(name, found.server, listed, found.client, options.callMs ?? CALL_MS));
    }
  }
  return { tools, down, crowded, close: () => closeAll(clients) };
}

/** What a server says of one tool. `schema` is the JSON schema of its arguments. */
interface ListedTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations?:
    | { readonly readOnlyHint?: boolean | undefined; readonly idempotentHint?: boolean | undefined }
    | undefined;
}

type Reached =
  | {
      readonly ok: true;
      readonly server: McpServer;
      readonly client: MCPClient;
      readonly listed: readonly ListedTool[];
    }
  | { readonly ok: false; readonly server: McpServer; readonly reason: string };

async function reach(server: McpServer, options: McpOptions, clients: MCPClient[]): Promise<Reached> {
  const { connectMs = CONNECT_MS, now = Date.now } = options;
  const limitMs = (hung.get(server.url) ?? 0) > now() ? Math.min(connectMs, CONNECT_AGAIN_MS) : connectMs;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  const signal = AbortSignal.any([options.signal, limit.signal]);
  try {
    const { createMCPClient } = await import("./mcp-client.ts");
    const client = await createMCPClient({
      clientName: "turnkeeper",
      transport: {
        type: "http",
        url: server.url,
        ...(server.headers ? { headers: { ...server.headers } } : {}),
        fetch: quietFetch(options.fetch),
      },
      initializationOptions: { signal },
      onUncaughtError: () => {},
    });
    clients.push(client);
    const listed: ListedTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await client.listTools({ ...(cursor ? { params: { cursor } } : {}), options: { signal } });
      listed.push(...answer.tools);
      cursor = answer.nextCursor;
      if (cursor === undefined) break;
    }
    hung.delete(server.url);
    return { ok: true, server, client, listed };
  } catch (error) {
    const late = limit.signal.aborted && !options.signal.aborted;
    if (late && limitMs === connectMs) hung.set(server.url, now() + HUNG_KNOWN_MS);
    return { ok: false, server, reason: late ? `no answer within ${limitMs / 1000} seconds` : reason(error) };
  } finally {
    clearTimeout(timer);
  }
}

const httpError = z.object({ statusCode: z.number() });

/** Never the client's own message: it quotes the body, which may quote the headers that were sent. */
function reason(error: unknown): string {
  const http = httpError.safeParse(error);
  if (http.success) return `it answered ${http.data.statusCode}`;
  return error instanceof Error && error.name === "AbortError" ? "it was cut" : "it could not be reached or understood";
}

/**
 * The transport's requests, as Workers take them: "error" is no redirect mode there, so a redirect is refused here. Its
 * channel for what the server says by itself (a GET that stays open) is declined: one connection of six, for nothing.
 */
function quietFetch(fetch: Fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const method = init?.method ?? "GET";
    if (method === "GET") return new Response(null, { status: 405 });
    const response = await fetch(input instanceof Request ? input.url : String(input), {
      method,
      headers: Object.fromEntries(new Headers(init?.headers).entries()),
      redirect: "manual",
      ...(typeof init?.body === "string" ? { body: init.body } : {}),
      ...(init?.signal ? { signal: init.signal } : {}),
    });
    if (response.status < 300 || response.status > 399) return response;
    await response.body?.cancel();
    throw new Error(`redirected (${response.status})`);
  };
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const clean = wanted.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, NAME_CHARS);
  for (let number = 2; ; number++) {
    const name = number === 2 ? clean : `${clean.slice(0, NAME_CHARS - 4)}_${number - 1}`;
    if (!taken.has(name)) return name;
  }
}

function mcpTool(
  name: string,
  server: McpServer,
  listed: ListedTool,
  client: MCPClient,
  limitMs: number,
): Tool<Record<string, unknown>> {
  return {
    name,
    description: cutText(listed.description ?? listed.name, DESCRIPTION_CHARS),
    arguments: z.record(z.string(), z.unknown()),
    schema: plainObject(listed.inputSchema),
    repeatable: listed.annotations?.readOnlyHint === true || listed.annotations?.idempotentHint === true,
    limitMs,
    status: () => ({ key: "tool.mcp", params: { server: short(server.name), tool: short(listed.name) } }),
    async run(given, context) {
      try {
        const answer = await client.callTool({
          name: listed.name,
          arguments: given,
          options: { signal: context.signal },
        });
        const result = callResult(answer);
        const marked = untrusted(`the tool ${listed.name} of ${server.name}`, result.text);
        return result.isError ? refused(marked) : said(marked);
      } catch (error) {
        return refused(`${name} failed: the MCP server "${server.name}" did not do it (${callReason(error)}).`);
      }
    },
  };
}

const branch = z.object({ properties: z.record(z.string(), z.unknown()) });

/**
 * OpenAI and Anthropic refuse the whole request for one function whose schema is a choice at its top. What any of the
 * choices takes is taken then, and the server says what does not go together.
 */
function plainObject(schema: ListedTool["inputSchema"]): Readonly<Record<string, unknown>> {
  const { oneOf, anyOf, allOf, not: _not, enum: _enum, properties, ...rest } = schema;
  const taken = [oneOf, anyOf, allOf].flat().map((choice) => branch.safeParse(choice).data?.properties);
  return { ...rest, properties: Object.assign({}, ...taken, properties), type: "object" };
}

const protocolError = z.object({ code: z.number(), message: z.string() });

/** What a server says in its protocol (arguments that do not fit) is for the model; what HTTP says is not. */
function callReason(error: unknown): string {
  const told = protocolError.safeParse(error);
  return told.success ? short(told.data.message, 300) : reason(error);
}

async function closeAll(clients: readonly MCPClient[]): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([Promise.allSettled(clients.map((client) => client.close())), late]);
  if (timer !== null) clearTimeout(timer);
}
