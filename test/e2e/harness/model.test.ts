import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { type LanguageModel, streamText, tool } from "ai";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Door } from "../../../playground/model/reply.ts";
import { ModelStandIn } from "../../../playground/model.ts";

let model: ModelStandIn;
beforeEach(async () => {
  model = await ModelStandIn.start({ manner: { firstByteMs: 0, tokensPerSecond: 5000 } });
});
afterEach(() => model.close());

const dialects: readonly [string, (key?: string) => LanguageModel][] = [
  [
    "OpenAI's dialect",
    (key = "sk-a") =>
      createOpenAICompatible({ name: "x", baseURL: model.baseUrl, apiKey: key, includeUsage: true }).chatModel("m"),
  ],
  ["Anthropic's dialect", (key = "sk-a") => createAnthropic({ baseURL: model.baseUrl, apiKey: key })("claude-m")],
];

const remind = tool({ description: "reminds", inputSchema: z.looseObject({}), execute: () => "done" });

describe.each(dialects)("the model's stand-in in %s", (_name, client) => {
  function ask(prompt: string, key?: string, signal?: AbortSignal) {
    const errors: unknown[] = [];
    return streamText({
      model: client(key),
      prompt,
      tools: { remind },
      maxRetries: 0,
      maxOutputTokens: 4000,
      onError: ({ error }) => void errors.push(error),
      ...(signal ? { abortSignal: signal } : {}),
    });
  }

  test("streams words, usage and a proper end", async () => {
    const answer = ask("hello there");
    expect(await answer.text).toContain("> hello there");
    expect(await answer.finishReason).toBe("stop");
    expect((await answer.usage).outputTokens).toBeGreaterThan(5);
    expect(model.requests[0]).toMatchObject({ key: "sk-a", lastUserText: "hello there", status: 200 });
    expect(model.requests[0]?.abortedAt).toBeUndefined();
  });

  test("calls a tool whose arguments come in fragments", async () => {
    const calls = await ask("remind me in two minutes to breathe").toolCalls;
    expect(calls).toMatchObject([{ toolName: "remind", input: { text: "breathe", in_seconds: 120 } }]);
  });

  test("sends what it is told to, once, and holds it until it is released", async () => {
    const held = model.hold({ text: "never" });
    const answer = ask("wait");
    await model.waitForRequest("wait");
    expect(model.active()).toHaveLength(1);
    held.release({ text: "now" });
    expect(await answer.text).toBe("now");
  });

  test("knows when the client has gone", async () => {
    model.manner = { ...model.manner, flow: "endless", tokensPerSecond: 200 };
    const abort = new AbortController();
    const answer = ask("go on", undefined, abort.signal);
    const request = await model.waitFor("a few tokens", () => model.requests.find(({ tokens }) => tokens > 3));
    abort.abort();
    await Promise.resolve(answer.text).catch(() => undefined);
    await model.waitFor("the abort to be noticed", () => request.abortedAt !== undefined);
  });

  const doors: readonly [Door, number, RegExp][] = [
    [{ kind: "rate_limited", retryAfterSeconds: 9 }, 429, /rate.limit/i],
    [{ kind: "out_of_credit", as: 402 }, 402, /credit|billing/i],
    [{ kind: "dead" }, 401, /api.key/i],
    [{ kind: "server_error" }, 500, /error/i],
    [{ kind: "context_too_long" }, 400, /tokens/],
  ];
  test.each(doors)("turns one key away and lets the other in: %o", async (door, status, words) => {
    model.door(door, "sk-bad");
    const failure = await Promise.resolve(ask("hello", "sk-bad").text).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeDefined();
    expect(model.requests[0]?.status).toBe(status);
    const response = await fetch(`${model.baseUrl}/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer sk-bad" },
      body: JSON.stringify({ model: "m", messages: [] }),
    });
    expect(await response.text()).toMatch(words);
    expect(await ask("hello", "sk-good").text).toContain("hello");
  });

  test.each(["torn", "reset", "error_midstream"] as const)("breaks off in the middle: %s", async (flow) => {
    model.next({ text: "one two three four five six seven eight", manner: { flow } });
    let words = "";
    try {
      for await (const part of ask("count").fullStream) if (part.type === "text-delta") words += part.text;
    } catch {
      // A broken connection may be an error of the stream itself.
    }
    expect(words.length).toBeLessThan("one two three four five six seven eight".length);
    expect(model.requests[0]?.tokens).toBeLessThan(8);
  });
});

test("one conversation's requests at once are counted", async () => {
  const held = model.hold({ text: "a" });
  const ask = (content: string): Promise<Response> =>
    fetch(`${model.baseUrl}/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "m", messages: [{ role: "user", content }] }),
    });
  const first = ask("[s1] one");
  await model.waitForRequest("[s1] one");
  await (await ask("[s1] two")).text();
  held.release();
  await (await first).text();
  await (await ask("[s2] alone")).text();
  const most = model.mostAtOnce(({ lastUserText }) => lastUserText.slice(0, 4));
  expect([...most]).toEqual([
    ["[s1]", 2],
    ["[s2]", 1],
  ]);
});
