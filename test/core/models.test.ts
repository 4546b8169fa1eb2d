import { jsonSchema, type LanguageModel, streamText, type ToolSet } from "ai";
import { describe, expect, test } from "vitest";
import type { ProviderSettings } from "../../src/config.ts";
import { classify, type Verdict } from "../../src/core/failure.ts";
import { toRawFailure } from "../../src/models/raw-failure.ts";
import { languageModel } from "../../src/models/registry.ts";
import { ModelUnavailable } from "../../src/models/unavailable.ts";

const AT = Date.parse("2026-11-22T10:00:00Z");
const KEY = "sk-test-secret";

interface Seen {
  readonly url: string;
  readonly headers: Headers;
  readonly redirect: RequestInit["redirect"];
  readonly body: Record<string, unknown>;
}

/** A `fetch` that answers one way and remembers what it was asked. */
function stub(answer: () => Response | Promise<Response>): { fetch: typeof fetch; seen: Seen[] } {
  const seen: Seen[] = [];
  return {
    seen,
    fetch: async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      const body = JSON.parse(String(init?.body));
      seen.push({ url, headers: new Headers(init?.headers), redirect: init?.redirect, body });
      return answer();
    },
  };
}

function sse(...events: readonly (object | string)[]): Response {
  const text = events.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join("");
  return new Response(text, { headers: { "content-type": "text/event-stream", "x-request-id": "req_stub_1" } });
}

function json(status: number, body: object, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

const chunk = (delta: object, finish: string | null = null) => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason: finish }],
});

function settings(name: string, baseUrl?: string): ProviderSettings {
  return { name, keys: [{ key: KEY }], ...(baseUrl ? { baseUrl } : {}) };
}

const TOOLS: ToolSet = {
  now: {
    description: "the time",
    inputSchema: jsonSchema<{ timezone?: string }>({ type: "object", properties: { timezone: { type: "string" } } }),
  },
};

interface Outcome {
  readonly text: string;
  readonly calls: readonly { name: string; input: unknown }[];
  readonly error?: unknown;
  readonly finish?: string;
  readonly tokens?: { input: number | undefined; output: number | undefined; cached: number | undefined };
}

async function ask(model: LanguageModel, signal?: AbortSignal): Promise<Outcome> {
  const result = streamText({
    model,
    prompt: "hello",
    tools: TOOLS,
    maxRetries: 0,
    maxOutputTokens: 99,
    onError: () => {},
    ...(signal ? { abortSignal: signal } : {}),
  });
  let outcome: Outcome = { text: "", calls: [] };
  try {
    for await (const part of result.fullStream) {
      if (part.type === "text-delta") outcome = { ...outcome, text: outcome.text + part.text };
      if (part.type === "tool-call")
        outcome = { ...outcome, calls: [...outcome.calls, { name: part.toolName, input: part.input }] };
      if (part.type === "error") outcome = { ...outcome, error: part.error };
      if (part.type === "finish") {
        const { inputTokens: input, outputTokens: output, inputTokenDetails } = part.totalUsage;
        outcome = {
          ...outcome,
          finish: part.finishReason,
          tokens: { input, output, cached: inputTokenDetails.cacheReadTokens },
        };
      }
    }
  } catch (error) {
    outcome = { ...outcome, error };
  }
  return outcome;
}

/** Opens, asks, and says what the failure means: the whole way. */
async function verdictOf(
  provider: string,
  answer: () => Response | Promise<Response>,
): Promise<Verdict & { text: string }> {
  const { fetch } = stub(answer);
  const model = await languageModel({
    model: { provider, model: "m" },
    settings: settings(provider, "http://stub/v1"),
    key: KEY,
    fetch,
  });
  const { error, text } = await ask(model);
  const raw = toRawFailure(provider, error, AT, text !== "");
  if (raw === undefined) throw new Error("expected a failure");
  return { ...classify(raw), text };
}

describe("where and with what each provider is asked", () => {
  const finished = () => sse(chunk({ role: "assistant", content: "hi" }), chunk({}, "stop"), "[DONE]");
  test.each([
    ["openai", undefined, "https://api.openai.com/v1/chat/completions", "authorization", `Bearer ${KEY}`],
    ["openai", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/chat/completions", "authorization", `Bearer ${KEY}`],
    ["openrouter", undefined, "https://openrouter.ai/api/v1/chat/completions", "authorization", `Bearer ${KEY}`],
    ["xai", undefined, "https://api.x.ai/v1/chat/completions", "authorization", `Bearer ${KEY}`],
    ["deepseek", undefined, "https://api.deepseek.com/v1/chat/completions", "authorization", `Bearer ${KEY}`],
    ["groq", undefined, "https://api.groq.com/openai/v1/chat/completions", "authorization", `Bearer ${KEY}`],
    ["mistral", undefined, "https://api.mistral.ai/v1/chat/completions", "authorization", `Bearer ${KEY}`],
    [
      "my-llm",
      "http://10.0.0.7:8080/v1/",
      "http://10.0.0.7:8080/v1/chat/completions",
      "authorization",
      `Bearer ${KEY}`,
    ],
    ["anthropic", undefined, "https://api.anthropic.com/v1/messages", "x-api-key", KEY],
    ["anthropic", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/messages", "x-api-key", KEY],
    [
      "google",
      undefined,
      "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse",
      "x-goog-api-key",
      KEY,
    ],
  ])("%s with base %s", async (provider, baseUrl, url, header, value) => {
    const { fetch, seen } = stub(finished);
    const model = await languageModel({
      model: { provider, model: "m" },
      settings: settings(provider, baseUrl),
      key: KEY,
      fetch,
    });
    await ask(model);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.url).toBe(url);
    expect(seen[0]?.url).not.toContain(KEY);
    expect(seen[0]?.headers.get(header)).toBe(value);
    // Some keys would go along.
    expect(seen[0]?.redirect).toBe("manual");
  });

  test("a server of one's own that needs no key is sent none", async () => {
    const { fetch, seen } = stub(finished);
    const model = { provider: "local", model: "m" };
    await ask(await languageModel({ model, settings: settings("local", "http://127.0.0.1:9/v1"), key: "", fetch }));
    expect(seen[0]?.headers.has("authorization")).toBe(false);
  });

  test("a stream of openai asks for the usage, and reasoning models get max_completion_tokens", async () => {
    const { fetch, seen } = stub(finished);
    const open = (model: string) =>
      languageModel({ model: { provider: "openai", model }, settings: undefined, key: KEY, fetch });
    await ask(await open("gpt-5-mini"));
    await ask(await open("gpt-4o"));
    expect(seen[0]?.body).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 99,
    });
    expect(seen[0]?.body).not.toHaveProperty("max_tokens");
    expect(seen[1]?.body).toMatchObject({ max_tokens: 99 });
  });

  test("the model's name may hold slashes", async () => {
    const { fetch, seen } = stub(finished);
    await ask(
      await languageModel({
        model: { provider: "openrouter", model: "openai/gpt-5-mini" },
        settings: undefined,
        key: KEY,
        fetch,
      }),
    );
    expect(seen[0]?.body.model).toBe("openai/gpt-5-mini");
  });

  test.each([
    [{ provider: "my-llm", model: "m" }, KEY, "no_base_url"],
    [{ provider: "openai", model: "m" }, "", "no_key"],
    [{ provider: "workersai", model: "@cf/x/y" }, "", "no_binding"],
  ])("%j without what it needs is unavailable, and the fault of no key", async (model, key, reason) => {
    const error: unknown = await languageModel({ model, settings: undefined, key }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelUnavailable);
    expect(error).toMatchObject({ reason });
    const raw = toRawFailure(model.provider, error, AT, false);
    expect(raw && classify(raw)).toMatchObject({ class: "model_missing", code: "model_not_available" });
  });
});

describe("an answer", () => {
  test("in the dialect of openai streams text, a tool call in pieces, and the usage", async () => {
    const { fetch } = stub(() =>
      sse(
        chunk({ role: "assistant", content: "One " }),
        chunk({ content: "moment." }),
        chunk({
          tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "now", arguments: '{"time' } }],
        }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: 'zone":"Europe/Rome"}' } }] }),
        chunk({}, "tool_calls"),
        {
          ...chunk({}),
          choices: [],
          usage: {
            prompt_tokens: 100,
            completion_tokens: 7,
            total_tokens: 107,
            prompt_tokens_details: { cached_tokens: 64 },
          },
        },
        "[DONE]",
      ),
    );
    const model = await languageModel({
      model: { provider: "openai", model: "gpt-5-mini" },
      settings: undefined,
      key: KEY,
      fetch,
    });
    expect(await ask(model)).toEqual({
      text: "One moment.",
      calls: [{ name: "now", input: { timezone: "Europe/Rome" } }],
      finish: "tool-calls",
      tokens: { input: 100, output: 7, cached: 64 },
    });
  });

  test("in the dialect of openai is over when it says so, and a connection that is kept open is let go with the run", async () => {
    const said = await sse(chunk({ role: "assistant", content: "hi" }), chunk({}, "stop"), "[DONE]").bytes();
    const run = new AbortController();
    let signal: AbortSignal | null | undefined;
    const model = await languageModel({
      model: { provider: "openai", model: "gpt-5-mini" },
      settings: undefined,
      key: KEY,
      fetch: async (_, init) => {
        signal = init?.signal;
        const open = new ReadableStream({ start: (controller) => controller.enqueue(said) });
        return new Response(open, { headers: { "content-type": "text/event-stream" } });
      },
    });
    expect(await ask(model, run.signal)).toMatchObject({ text: "hi", finish: "stop" });
    expect(signal?.aborted).toBe(false);
    run.abort();
    expect(signal?.aborted).toBe(true);
  });

  const anthropicEvents = (...events: readonly { type: string }[]) =>
    new Response(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""), {
      headers: { "content-type": "text/event-stream", "request-id": "req_stub_2" },
    });
  const start = {
    type: "message_start",
    message: {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "m",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 12, output_tokens: 1 },
    },
  };
  const textBlock = [
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
  ];

  test("in the dialect of anthropic streams text, a tool call in pieces, and the usage", async () => {
    const { fetch } = stub(() =>
      anthropicEvents(
        start,
        ...textBlock,
        { type: "content_block_stop", index: 0 } as { type: string },
        {
          type: "content_block_start",
          index: 1,
          content_block: { type: "tool_use", id: "toolu_1", name: "now", input: {} },
        } as { type: string },
        {
          type: "content_block_delta",
          index: 1,
          delta: { type: "input_json_delta", partial_json: '{"timezone":' },
        } as { type: string },
        { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '"UTC"}' } } as {
          type: string;
        },
        { type: "content_block_stop", index: 1 } as { type: string },
        {
          type: "message_delta",
          delta: { stop_reason: "tool_use", stop_sequence: null },
          usage: { output_tokens: 20 },
        } as { type: string },
        { type: "message_stop" },
      ),
    );
    const model = await languageModel({
      model: { provider: "anthropic", model: "claude-sonnet-5-5" },
      settings: undefined,
      key: KEY,
      fetch,
    });
    expect(await ask(model)).toMatchObject({
      text: "Hello",
      calls: [{ name: "now", input: { timezone: "UTC" } }],
      finish: "tool-calls",
      tokens: { input: 12, output: 20 },
    });
  });

  test("of anthropic that breaks off with an error event means what the event says", async () => {
    const overloaded = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    expect(await verdictOf("anthropic", () => anthropicEvents(start, ...textBlock, overloaded))).toMatchObject({
      class: "overload",
      code: "overloaded_error",
      text: "Hello",
    });
    expect(await verdictOf("anthropic", () => anthropicEvents(overloaded))).toMatchObject({
      class: "overload",
      code: "overloaded_error",
    });
  });

  test("of anthropic that ends without a stop is no success", async () => {
    const { fetch } = stub(() => anthropicEvents(start, ...textBlock));
    const model = await languageModel({
      model: { provider: "anthropic", model: "m" },
      settings: undefined,
      key: KEY,
      fetch,
    });
    expect((await ask(model)).finish).toBe("interrupted");
  });
});

describe("a server that sends JSON where a stream was asked for", () => {
  const open = (answer: () => Response) =>
    languageModel({
      model: { provider: "my-llm", model: "m" },
      settings: settings("my-llm", "http://stub/v1"),
      key: KEY,
      fetch: stub(answer).fetch,
    });

  test("is heard all the same", async () => {
    const whole = {
      id: "c1",
      object: "chat.completion",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "One moment.",
            tool_calls: [{ id: "call_1", type: "function", function: { name: "now", arguments: "{}" } }],
          },
          finish_reason: "tool_calls",
        },
      ],
      usage: { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 },
    };
    expect(await ask(await open(() => json(200, whole)))).toMatchObject({
      text: "One moment.",
      calls: [{ name: "now", input: {} }],
      finish: "tool-calls",
      tokens: { input: 5, output: 6 },
    });
  });

  test("is not held back when it is a stream after all", async () => {
    let release: (() => void) | undefined;
    const body = new ReadableStream({
      start(controller) {
        const send = (event: object) =>
          controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`));
        send(chunk({ content: "first" }));
        release = () => {
          send(chunk({ content: " last" }, "stop"));
          controller.close();
        };
      },
    });
    const model = await open(() => new Response(body, { headers: { "content-type": "application/json" } }));
    let text = "";
    for await (const delta of streamText({ model, prompt: "hello", maxRetries: 0 }).textStream) {
      text += delta;
      if (text === "first") release?.();
    }
    expect(text).toBe("first last");
  });
});

describe("a failure is understood from the wire to the verdict", () => {
  test("an openai rate limit with its headers", async () => {
    const body = {
      error: { message: "Rate limit reached", type: "requests", param: null, code: "rate_limit_exceeded" },
    };
    expect(
      await verdictOf("openai", () => json(429, body, { "Retry-After": "7", "X-Request-Id": "req_abc123" })),
    ).toMatchObject({
      class: "rate",
      untilAt: AT + 7_000,
      requestId: "req_abc123",
    });
  });

  test("an openai quota, and anthropic's empty balance under a 400", async () => {
    expect(
      await verdictOf("openai", () =>
        json(429, {
          error: { message: "You exceeded your current quota", type: "insufficient_quota", code: "insufficient_quota" },
        }),
      ),
    ).toMatchObject({ class: "billing" });
    const empty = {
      type: "error",
      error: { type: "invalid_request_error", message: "Your credit balance is too low to access the Anthropic API." },
    };
    expect(await verdictOf("anthropic", () => json(400, empty))).toMatchObject({ class: "billing" });
  });

  test("anthropic's monthly cap behind a rate_limit_error", async () => {
    const error = {
      type: "rate_limit_error",
      message: "spent",
      details: { error_code: "enforced_spend_limit_reached" },
    };
    expect(await verdictOf("anthropic", () => json(429, { type: "error", error }))).toMatchObject({
      class: "billing",
      untilAt: Date.parse("2026-12-01T00:00:00Z"),
    });
  });

  test("google's wrong key and groq's, mistral's capacity, an unknown server's page", async () => {
    const wrong = {
      error: {
        code: 400,
        message: "API key not valid.",
        status: "INVALID_ARGUMENT",
        details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }],
      },
    };
    expect(await verdictOf("google", () => json(400, wrong))).toMatchObject({ class: "auth" });
    expect(
      await verdictOf("groq", () =>
        json(401, { error: { message: "Invalid API Key", type: "invalid_request_error", code: "invalid_api_key" } }),
      ),
    ).toMatchObject({ class: "auth" });
    expect(
      await verdictOf("mistral", () =>
        json(429, {
          object: "error",
          message: "Service tier capacity exceeded for this model.",
          type: "x",
          param: null,
          code: "3505",
        }),
      ),
    ).toMatchObject({ class: "overload", code: "3505" });
    expect(await verdictOf("my-llm", () => new Response("<html>502</html>", { status: 502 }))).toMatchObject({
      class: "overload",
    });
  });

  test("an error chunk after a 200 and some text", async () => {
    const answer = () =>
      sse(chunk({ content: "Well" }), {
        error: { message: "The server had an error", type: "server_error", code: null },
      });
    expect(await verdictOf("openai", answer)).toMatchObject({ class: "overload", code: "server_error", text: "Well" });
  });

  test("an error chunk keeps what the provider adds to it", async () => {
    const error = { code: 402, message: "no", metadata: { limit_source: "openrouter_key_limit" } };
    expect(await verdictOf("openrouter", () => sse(chunk({ content: "a" }), { error }))).toMatchObject({
      class: "billing",
      scope: "credential",
    });
    expect(await verdictOf("openrouter", () => sse({ ...chunk({ content: "" }, "error"), error }))).toMatchObject({
      class: "billing",
      scope: "credential",
    });
  });

  test("a flat error in the stream of a server of one's own", async () => {
    const flat = {
      object: "error",
      message: "This model's maximum context length is 4096 tokens.",
      type: "BadRequestError",
      param: null,
      code: 400,
    };
    expect(await verdictOf("my-llm", () => sse(flat))).toMatchObject({ class: "context" });
  });

  test("a 200 whose body is an error and no stream", async () => {
    expect(
      await verdictOf("openrouter", () => json(200, { error: { code: 429, message: "Rate limit exceeded" } })),
    ).toMatchObject({ class: "rate" });
    expect(await verdictOf("my-llm", () => json(200, { error: "model is loading" }))).toMatchObject({
      class: "overload",
    });
    const limited = { type: "error", error: { type: "rate_limit_error", message: "slow down" } };
    expect(await verdictOf("anthropic", () => json(200, limited))).toMatchObject({ class: "rate" });
    const unknown = { error: { code: 400, status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] } };
    expect(await verdictOf("google", () => json(200, unknown))).toMatchObject({ class: "auth" });
  });

  test.each(["openai", "anthropic", "google"])("a redirect of %s to another host", async (provider) => {
    const elsewhere = () => new Response(null, { status: 307, headers: { location: "https://elsewhere.test/" } });
    expect(await verdictOf(provider, elsewhere)).toMatchObject({ class: "bad", code: "http_307", retryable: false });
  });

  test("a stream that ends without a finish", async () => {
    expect(await verdictOf("openai", () => sse(chunk({ content: "Well" })))).toMatchObject({
      class: "network",
      text: "Well",
    });
    expect(await verdictOf("openai", () => sse())).toMatchObject({ class: "network" });
  });

  test("a stream whose connection breaks", async () => {
    const broken = () => {
      const stream = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(chunk({ content: "Well" }))}\n\n`));
        },
        pull(controller) {
          controller.error(new TypeError("terminated"));
        },
      });
      return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    };
    expect(await verdictOf("openai", broken)).toMatchObject({ class: "network", retryable: true });
  });

  test("an unreachable provider", async () => {
    const refused = () =>
      Promise.reject(
        new TypeError("fetch failed", {
          cause: Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" }),
        }),
      );
    expect(await verdictOf("openai", refused)).toMatchObject({ class: "network", retryable: true });
    expect(await verdictOf("anthropic", () => Promise.reject(new Error("Network connection lost.")))).toMatchObject({
      class: "network",
    });
  });

  test("a chunk that is no JSON", async () => {
    expect(await verdictOf("openai", () => sse("upstream is overloaded"))).toMatchObject({ class: "overload" });
  });
});

describe("toRawFailure", () => {
  test("an abort is no failure, however deeply wrapped; a timeout is the network's", () => {
    const abort = new DOMException("This operation was aborted", "AbortError");
    expect(toRawFailure("openai", abort, AT, true)).toBeUndefined();
    expect(toRawFailure("openai", new Error("outer", { cause: abort }), AT, true)).toBeUndefined();
    const timeout = toRawFailure("openai", new DOMException("The operation timed out.", "TimeoutError"), AT, false);
    expect(timeout && classify(timeout)).toMatchObject({ class: "network" });
  });

  test("wrappers of the SDK are opened", async () => {
    const { APICallError, NoOutputGeneratedError, RetryError } = await import("ai");
    const call = new APICallError({
      message: "no",
      url: "http://x",
      requestBodyValues: {},
      statusCode: 401,
      responseBody: "{}",
    });
    const wrapped = new RetryError({
      message: "gave up",
      reason: "maxRetriesExceeded",
      errors: [new NoOutputGeneratedError({ cause: call })],
    });
    expect(toRawFailure("openai", wrapped, AT, false)).toMatchObject({ status: 401 });
  });

  test.each([undefined, null, 7, "boom", {}, [], new Error(), Object.create(null)])(
    "reads %s without a throw",
    (error) => {
      const raw = toRawFailure("openai", error, AT, false);
      expect(raw && classify(raw).class).toBe("overload");
    },
  );

  test("a prompt that cannot be sent is a bad request", () => {
    const error = Object.assign(new Error("no images"), { name: "AI_UnsupportedFunctionalityError" });
    const raw = toRawFailure("groq", error, AT, false);
    expect(raw && classify(raw)).toMatchObject({ class: "bad", retryable: false });
  });
});
