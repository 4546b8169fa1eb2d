import { cutText, refused, type Tool, type ToolContext, type ToolResult, type ToolStatus } from "./tool.ts";

/**
 * Calls a tool so that nothing it does can hurt the run: arguments that are no JSON or of the wrong shape, a throw, a
 * hang, a megabyte of text and a name that is not known each become a result the model can read. Never throws.
 */

/** A longer result is cut, and says so. About 15,000 tokens: what a window takes without losing the conversation. */
export const RESULT_CHARS = 60_000;

/** The tool of that name is called with what the model wrote as its arguments. */
export async function callTool(
  tools: readonly Tool[],
  name: string,
  written: unknown,
  context: ToolContext,
): Promise<ToolResult> {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool) return runTool(tool, written, context);
  const names = tools.map((candidate) => candidate.name).join(", ");
  return refused(`There is no tool "${cutText(name, 80)}". The tools are: ${names}.`);
}

export async function runTool(tool: Tool, written: unknown, context: ToolContext): Promise<ToolResult> {
  const given = readArguments(tool, written);
  if (!given.ok) return refused(given.problem);
  if (context.signal.aborted) return refused(`${tool.name} was cut before it began.`);

  // Aborted when the call is over, however it is: by then nothing of it may go on.
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  // A tool that ignores its signal must not hold the run: whichever ends first is the result.
  const cut = new Promise<ToolResult>((resolve) => {
    const stopped = (): void => resolve(refused(`${tool.name} was cut.`));
    context.signal.addEventListener("abort", stopped, { once: true, signal: ended.signal });
    const late = refused(`${tool.name} did not end within ${tool.limitMs / 1000} seconds and was cut.`);
    const timer = setTimeout(() => resolve(late), tool.limitMs);
    ended.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
  try {
    return bounded(await Promise.race([attempt(tool, given.value, { ...context, signal }), cut]));
  } finally {
    ended.abort();
  }
}

/** The status line of a call, also where its arguments cannot be read. */
export function statusOf(tool: Tool, written: unknown): ToolStatus {
  const given = readArguments(tool, written);
  return given.ok ? tool.status(given.value) : { key: `tool.${tool.name}`, params: {} };
}

export type GivenArguments =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string };

/** What the model wrote, as text or already parsed, into what the tool takes. */
export function readArguments(tool: Tool, written: unknown): GivenArguments {
  let value = written;
  if (typeof written === "string") {
    if (written.trim() === "") value = {};
    else {
      try {
        value = JSON.parse(written);
      } catch {
        return { ok: false, problem: `The arguments of ${tool.name} are no JSON. Expected ${wanted(tool)}.` };
      }
    }
  }
  const parsed = tool.arguments.safeParse(withoutNulls(value ?? {}));
  if (parsed.success) return { ok: true, value: parsed.data };
  const issues = parsed.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.length > 0 ? issue.path.join(".") : "arguments"}: ${issue.message}`);
  return {
    ok: false,
    problem: `The arguments of ${tool.name} do not fit: ${issues.join("; ")}. Expected ${wanted(tool)}.`,
  };
}

/** Models write null for what they leave out. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null));
}

function wanted(tool: Tool): string {
  try {
    const { properties, required } = { ...(tool.schema ?? jsonSchemaOf(tool)) };
    return cutText(
      `a JSON object with ${JSON.stringify(properties ?? {})}, required: ${JSON.stringify(required ?? [])}`,
      2000,
    );
  } catch {
    return "a JSON object";
  }
}

function jsonSchemaOf(tool: Tool): Readonly<Record<string, unknown>> {
  return tool.arguments.toJSONSchema({ io: "input" });
}

async function attempt(tool: Tool, value: unknown, context: ToolContext): Promise<ToolResult> {
  try {
    return await tool.run(value, context);
  } catch (error) {
    // The message alone: a stack says nothing to the model, and much to whoever reads over its shoulder.
    const message = error instanceof Error ? error.message : String(error);
    return refused(`${tool.name} failed: ${cutText(message, 500)}`);
  }
}

function bounded(result: ToolResult): ToolResult {
  if (result.kind === "ask") return result;
  if (result.text === "") return { ...result, text: "(nothing)" };
  if (result.text.length <= RESULT_CHARS) return result;
  const cut = `\n[cut here: ${RESULT_CHARS} of ${result.text.length} characters]`;
  return { ...result, text: cutText(result.text, RESULT_CHARS - cut.length) + cut };
}
