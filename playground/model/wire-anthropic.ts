import type { Reply } from "./reply.ts";
import { argumentsOf, type Piece, tokens, type Usage } from "./wire-openai.ts";

/** `POST /messages` with `stream: true`. */
export function* anthropicStream(id: string, model: string, reply: Reply, usage: Usage): Generator<Piece> {
  const start = { ...envelope(id, model), content: [], stop_reason: null, stop_sequence: null };
  yield framing("message_start", { message: { ...start, usage: { input_tokens: usage.input, output_tokens: 1 } } });
  let index = 0;
  if (reply.reasoning) {
    yield framing("content_block_start", { index, content_block: { type: "thinking", thinking: "", signature: "" } });
    for (const token of tokens(reply.reasoning)) {
      yield word("content_block_delta", { index, delta: { type: "thinking_delta", thinking: token } });
    }
    yield framing("content_block_delta", { index, delta: { type: "signature_delta", signature: "c3RhbmQtaW4=" } });
    yield framing("content_block_stop", { index });
    index += 1;
  }
  if (reply.text) {
    yield framing("content_block_start", { index, content_block: { type: "text", text: "" } });
    yield framing("ping", {});
    for (const token of tokens(reply.text)) {
      yield word("content_block_delta", { index, delta: { type: "text_delta", text: token } });
    }
    yield framing("content_block_stop", { index });
    index += 1;
  }
  for (const call of reply.tools ?? []) {
    const block = { type: "tool_use", id: `toolu_${id}_${index}`, name: call.name, input: {} };
    yield word("content_block_start", { index, content_block: block });
    for (const fragment of argumentsOf(call.args).match(/.{1,7}/gs) ?? []) {
      yield word("content_block_delta", { index, delta: { type: "input_json_delta", partial_json: fragment } });
    }
    yield framing("content_block_stop", { index });
    index += 1;
  }
  yield framing("message_delta", {
    delta: { stop_reason: stopReason(reply), stop_sequence: null },
    usage: { output_tokens: usage.output },
  });
  yield framing("message_stop", {});
}

export function anthropicWhole(id: string, model: string, reply: Reply, usage: Usage): unknown {
  const calls = (reply.tools ?? []).map((call, index) => ({
    type: "tool_use",
    id: `toolu_${id}_${index}`,
    name: call.name,
    input: typeof call.args === "string" ? {} : call.args,
  }));
  return {
    ...envelope(id, model),
    content: [...(reply.text ? [{ type: "text", text: reply.text }] : []), ...calls],
    stop_reason: stopReason(reply),
    stop_sequence: null,
    usage: { input_tokens: usage.input, output_tokens: usage.output },
  };
}

export function anthropicErrorFrame(): string {
  return frame("error", { error: { type: "overloaded_error", message: "Overloaded" } });
}

function envelope(id: string, model: string): Record<string, unknown> {
  return { id: `msg_${id}`, type: "message", role: "assistant", model };
}

function stopReason(reply: Reply): string {
  if (reply.cut) return "max_tokens";
  return (reply.tools ?? []).length > 0 ? "tool_use" : "end_turn";
}

function frame(type: string, body: Readonly<Record<string, unknown>>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`;
}

function framing(type: string, body: Readonly<Record<string, unknown>>): Piece {
  return { data: frame(type, body), token: false };
}

function word(type: string, body: Readonly<Record<string, unknown>>): Piece {
  return { data: frame(type, body), token: true };
}
