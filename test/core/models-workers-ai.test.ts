import { jsonSchema, streamText, type ToolSet } from "ai";
import { describe, expect, test } from "vitest";
import { classify } from "../../src/core/failure.ts";
import { toRawFailure } from "../../src/models/raw-failure.ts";
import { languageModel } from "../../src/models/registry.ts";

const AT = Date.parse("2026-11-22T10:00:00Z");
const MODEL = { provider: "workersai", model: "@cf/openai/gpt-oss-120b" };
const TOOLS: ToolSet = {
  now: { description: "the time", inputSchema: jsonSchema({ type: "object", properties: {} }) },
};

/** Server-sent events, torn at every seventh byte. */
function streamOf(...events: readonly (object | string)[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(
    events.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join(""),
  );
  return new ReadableStream({
    start(controller) {
      for (let start = 0; start < bytes.length; start += 7) controller.enqueue(bytes.slice(start, start + 7));
      controller.close();
    },
  });
}

async function ask(run: (model: string, inputs: Record<string, unknown>) => Promise<unknown>, signal?: AbortSignal) {
  const model = await languageModel({ model: MODEL, settings: undefined, key: "", ai: { run } });
  const result = streamText({
    model,
    messages: [
      { role: "user", content: "what time is it?" },
      { role: "assistant", content: [{ type: "tool-call", toolCallId: "c0", toolName: "now", input: {} }] },
      {
        role: "tool",
        content: [{ type: "tool-result", toolCallId: "c0", toolName: "now", output: { type: "text", value: "ten" } }],
      },
    ],
    tools: TOOLS,
    maxRetries: 0,
    onError: () => {},
    ...(signal ? { abortSignal: signal } : {}),
  });
  let text = "";
  const calls: { name: string; input: unknown }[] = [];
  let error: unknown;
  let finish: string | undefined;
  for await (const part of result.fullStream) {
    if (part.type === "text-delta") text += part.text;
    if (part.type === "tool-call") calls.push({ name: part.toolName, input: part.input });
    if (part.type === "error") error = part.error;
    if (part.type === "finish") finish = part.finishReason;
  }
  return { text, calls, error, finish };
}

describe("the Workers AI binding", () => {
  test("is asked in the shape of OpenAI, with a limit on the answer and no null for content", async () => {
    let asked: Record<string, unknown> = {};
    await ask(async (model, inputs) => {
      expect(model).toBe(MODEL.model);
      asked = inputs;
      return streamOf({ response: "ten" }, "[DONE]");
    });
    expect(asked).toMatchObject({
      stream: true,
      max_tokens: 4096,
      tools: [{ type: "function", function: { name: "now" } }],
    });
    expect(asked).not.toHaveProperty("model");
    expect(asked).not.toHaveProperty("stream_options");
    expect(JSON.stringify(asked.messages)).not.toContain('"content":null');
  });

  test("streams the chunks of newer models as they are", async () => {
    const chunk = (delta: object, finish: string | null = null) => ({
      id: "c",
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    const answer = await ask(async () =>
      streamOf(chunk({ content: "It is " }), chunk({ content: "ten." }), chunk({}, "stop"), "[DONE]"),
    );
    expect(answer).toEqual({ text: "It is ten.", calls: [], error: undefined, finish: "stop" });
  });

  test("streams the words and tool calls of older models", async () => {
    const answer = await ask(async () =>
      streamOf(
        { response: "Let me " },
        { response: "see." },
        { response: "", tool_calls: [{ name: "now", arguments: { timezone: "UTC" } }] },
        { response: "", usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } },
        "[DONE]",
      ),
    );
    expect(answer).toEqual({
      text: "Let me see.",
      calls: [{ name: "now", input: { timezone: "UTC" } }],
      error: undefined,
      finish: "tool-calls",
    });
  });

  test("that throws a used-up allocation means a quota until midnight UTC", async () => {
    const { error } = await ask(() =>
      Promise.reject(new Error("4006: you have used up your daily free allocation of 10,000 neurons")),
    );
    const raw = toRawFailure("workersai", error, AT, false);
    expect(raw && classify(raw)).toMatchObject({
      class: "quota",
      code: "4006",
      untilAt: Date.parse("2026-11-23T00:00:00Z"),
    });
  });

  test("whose stream ends without [DONE] is the network's", async () => {
    const { error, text } = await ask(async () => streamOf({ response: "Let me " }));
    expect(text).toBe("Let me ");
    const raw = toRawFailure("workersai", error, AT, true);
    expect(raw && classify(raw)).toMatchObject({ class: "network" });
  });

  test("that never answers is left when the call is cut", async () => {
    const cut = new AbortController();
    const asking = ask(() => new Promise(() => {}), cut.signal);
    cut.abort();
    expect(await asking).toMatchObject({ text: "", error: undefined });
  });
});
