import type { Reply } from "./reply.ts";

/** One piece of a stream: what to write, and whether it is a token (which takes its time) or framing (which does not). */
export interface Piece {
  readonly data: string;
  readonly token: boolean;
}

export interface Usage {
  readonly input: number;
  readonly output: number;
}

/** Words with the white space after them: about a token each. */
export function tokens(text: string): string[] {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

export function argumentsOf(args: Readonly<Record<string, unknown>> | string): string {
  return typeof args === "string" ? args : JSON.stringify(args);
}

/** `POST /chat/completions` with `stream: true`. */
export function* openAiStream(
  id: string,
  model: string,
  reply: Reply,
  usage: Usage | undefined,
  atSeconds: number,
): Generator<Piece> {
  const frame = (delta: unknown, finish: string | null = null): string =>
    event({
      id,
      object: "chat.completion.chunk",
      created: atSeconds,
      model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(usage ? { usage: null } : {}),
    });
  yield { data: frame({ role: "assistant", content: "" }), token: false };
  for (const token of tokens(reply.reasoning ?? "")) yield { data: frame({ reasoning_content: token }), token: true };
  for (const token of tokens(reply.text ?? "")) yield { data: frame({ content: token }), token: true };
  for (const [index, call] of (reply.tools ?? []).entries()) {
    const head = { index, id: `call_${id}_${index}`, type: "function", function: { name: call.name, arguments: "" } };
    yield { data: frame({ tool_calls: [head] }), token: true };
    // Arguments come in fragments that are no JSON by themselves.
    for (const fragment of argumentsOf(call.args).match(/.{1,7}/gs) ?? []) {
      yield { data: frame({ tool_calls: [{ index, function: { arguments: fragment } }] }), token: true };
    }
  }
  yield { data: frame({}, finishReason(reply)), token: false };
  if (usage) {
    yield {
      data: event({
        id,
        object: "chat.completion.chunk",
        created: atSeconds,
        model,
        choices: [],
        usage: usageBody(usage),
      }),
      token: false,
    };
  }
  yield { data: "data: [DONE]\n\n", token: false };
}

export function openAiWhole(id: string, model: string, reply: Reply, usage: Usage, atSeconds: number): unknown {
  const calls = (reply.tools ?? []).map((call, index) => ({
    id: `call_${id}_${index}`,
    type: "function",
    function: { name: call.name, arguments: argumentsOf(call.args) },
  }));
  const message = {
    role: "assistant",
    content: reply.text ?? null,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return {
    id,
    object: "chat.completion",
    created: atSeconds,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(reply) }],
    usage: usageBody(usage),
  };
}

export function openAiErrorFrame(): string {
  return event({
    error: { message: "The server had an error processing your request.", type: "server_error", code: "server_error" },
  });
}

function finishReason(reply: Reply): string {
  if (reply.cut) return "length";
  return (reply.tools ?? []).length > 0 ? "tool_calls" : "stop";
}

function usageBody({ input, output }: Usage): unknown {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

function event(body: unknown): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}
