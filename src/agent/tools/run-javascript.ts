import * as z from "zod";
import { readAtMost } from "./guarded-fetch.ts";
import { formsOf, loopsForever, OUTPUT_CHARS, type SandboxCode, sandboxOf, startProblem } from "./sandbox.ts";
import { cutText, refused, said, type Tool, type ToolResult } from "./tool.ts";

/** Cloudflare's Worker Loader, as far as it is used. */
export interface CodeLoader {
  load(code: SandboxCode): {
    getEntrypoint(): { fetch(url: string, init: { readonly signal: AbortSignal }): Promise<Response> };
  };
}

/** Processor time: enforced on Cloudflare, not by workerd on one's own machine (docs/decisions.md). */
const CPU_MS = 5_000;
/** The clock on the wall: code that waits is given up. */
const LIMIT_MS = 15_000;
const CODE_CHARS = 100_000;
/** What the sandbox may answer: what is printed and what is returned, each character escaped. */
const ANSWER_BYTES = 2 * 6 * OUTPUT_CHARS + 1000;

const answer = z.object({
  printed: z.string(),
  returned: z.string().optional(),
  threw: z.string().optional(),
});
type Answer = z.infer<typeof answer>;

/** Repeatable: code without a network, a store or a secret computes, and does nothing else. */
export function runJavascript(loader: CodeLoader): Tool<{ code: string }> {
  return {
    name: "run_javascript",
    description:
      "Runs JavaScript in a sandbox without network, files or secrets, and returns what it prints and returns. For arithmetic, dates, text and data: compute rather than guess. An expression, or statements with return; await works.",
    arguments: z.object({ code: z.string() }),
    repeatable: true,
    limitMs: LIMIT_MS,
    status: () => ({ key: "tool.run_javascript", params: {} }),
    async run(given, context) {
      const code = given.code.trim().replace(/[;\s]+$/, "");
      if (code === "") return refused("Nothing was run: the code is empty.");
      if (code.length > CODE_CHARS)
        return refused(`Nothing was run: the code is longer than ${CODE_CHARS} characters.`);
      if (loopsForever(code)) return refused("Nothing was run: it has a loop that never ends.");
      let problem = "";
      for (const form of formsOf(code)) {
        try {
          const sandbox = loader.load(sandboxOf(code, form, CPU_MS)).getEntrypoint();
          const response = await sandbox.fetch("https://sandbox/", { signal: context.signal });
          const { bytes } = await readAtMost(response, ANSWER_BYTES);
          return resultOf(read(new TextDecoder().decode(bytes)));
        } catch (error) {
          if (context.signal.aborted) throw error;
          const message = error instanceof Error ? error.message : String(error);
          const syntax = startProblem(message);
          if (syntax === undefined) return refused(endedBy(message));
          problem = syntax;
        }
      }
      return refused(`The code could not be run: ${problem}`);
    },
  };
}

/** undefined: code that took its surroundings apart answers in its own way. */
function read(text: string): Answer | undefined {
  try {
    return answer.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function resultOf(outcome: Answer | undefined): ToolResult {
  if (!outcome) return refused("The code ran, and what it answered cannot be read.");
  const printed = outcome.printed === "" ? [] : [`Printed:\n${outcome.printed}`];
  if (outcome.threw !== undefined) return refused([`The code threw ${outcome.threw}`, ...printed].join("\n"));
  if (outcome.returned !== undefined) {
    const alone = printed.length === 0;
    return said([...printed, alone ? outcome.returned : `Returned:\n${outcome.returned}`].join("\n"));
  }
  return said(printed[0] ?? "It ran. Nothing was returned and nothing was printed: use return, or console.log.");
}

/** The platform ended it: by a limit, or because nothing that it waits for can come. */
function endedBy(message: string): string {
  if (/hung|never generate a response/i.test(message))
    return "The code was ended: it waits for something that never comes.";
  if (/\bcpu\b|time limit/i.test(message))
    return `The code was ended: it took more than ${CPU_MS / 1000} s of computing.`;
  return `The code was ended: ${cutText(message, 300)}`;
}
