import { expect, test } from "vitest";
import { callModel, MOST_TEXT_CHARS } from "../../src/agent/call.ts";
import { anthropicModel } from "../../src/models/anthropic.ts";
import { openAiCompatibleModel } from "../../src/models/openai-compatible.ts";

/** One model call, where the model does not know when to stop. */

function endless(delta: object): { readonly fetch: typeof fetch; readonly isCancelled: () => boolean } {
  let cancelled = false;
  const line = new TextEncoder().encode(
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`,
  );
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(line),
      cancel: () => {
        cancelled = true;
      },
    });
  return {
    fetch: async () => new Response(body(), { headers: { "content-type": "text/event-stream" } }),
    isCancelled: () => cancelled,
  };
}

function ask(fetch: typeof globalThis.fetch, make: typeof anthropicModel = openAiModel) {
  return callModel({
    model: make("m", { baseURL: "http://local/v1", apiKey: "k", fetch }),
    system: "",
    messages: [{ role: "user", content: "go on" }],
    tools: [],
    wordsOnly: false,
    signal: new AbortController().signal,
    onText: () => {},
    onProgress: () => {},
  });
}

function openAiModel(model: string, options: Parameters<typeof anthropicModel>[1]) {
  return openAiCompatibleModel({ provider: "local", model, ...options });
}

test("an answer that never ends is cut where a row could no longer hold it, and its stream is cancelled", async () => {
  const { fetch, isCancelled } = endless({ content: "word ".repeat(2_000) });
  const reply = await ask(fetch);
  expect(reply).toMatchObject({ ok: true, cutBy: "length" });
  expect(reply.text.length).toBeGreaterThanOrEqual(MOST_TEXT_CHARS);
  expect(reply.text.length).toBeLessThan(2 * MOST_TEXT_CHARS);
  await expect.poll(isCancelled).toBe(true);
});

test("arguments of a tool that never end are a torn stream", async () => {
  const { fetch, isCancelled } = endless({
    tool_calls: [{ index: 0, id: "t1", type: "function", function: { name: "now", arguments: "x".repeat(10_000) } }],
  });
  expect(await ask(fetch)).toMatchObject({ ok: false, midStream: true });
  await expect.poll(isCancelled).toBe(true);
});

test("calls of one id are told apart, so that each has a result of its own", async () => {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const events = [
    { type: "message_start", message: { id: "m", type: "message", role: "assistant", model: "m", content: [], usage } },
    ...["now", "reminders", "now"].flatMap((name, index) => [
      { type: "content_block_start", index, content_block: { type: "tool_use", id: "same", name, input: {} } },
      { type: "content_block_stop", index },
    ]),
    { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage },
    { type: "message_stop" },
  ];
  const body = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
  const fetch = async () => new Response(body, { headers: { "content-type": "text/event-stream" } });
  expect(await ask(fetch, anthropicModel)).toMatchObject({
    ok: true,
    calls: [
      { id: "same", name: "now" },
      { id: "same_2", name: "reminders" },
      { id: "same_3", name: "now" },
    ],
  });
});
