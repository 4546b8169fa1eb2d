import { OpenAICompatibleChatLanguageModel } from "@ai-sdk/openai-compatible";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { anthropicStream, anthropicWhole } from "../../../playground/model/wire-anthropic.ts";
import { openAiStream, openAiWhole } from "../../../playground/model/wire-openai.ts";
import { callModel } from "../../../src/agent/call.ts";
import { definitions } from "../../../src/agent/tools/definitions.ts";
import { toolset } from "../../../src/agent/tools/toolset.ts";
import { classify, type RawFailure } from "../../../src/core/failure.ts";
import { ChatModel } from "../../../src/models/openai-compatible.ts";
import { toRawFailure } from "../../../src/models/raw-failure.ts";
import { languageModel } from "../../../src/models/registry.ts";
import { anthropic } from "../fixtures/failures/anthropic.ts";
import { google } from "../fixtures/failures/google.ts";
import { openai } from "../fixtures/failures/openai.ts";
import { openrouter } from "../fixtures/failures/openrouter.ts";
import { fuzz } from "./fuzz.ts";
import { mangled, odd, oddText } from "./mangled.ts";

const AT = Date.parse("2026-11-22T10:00:00Z");
const KEY = "sk-the-key-that-must-not-show";
const DAY_MS = 86_400_000;
const CALL_ENDS_WITHIN_MS = 10_000;
const FAILURES = [...openai, ...anthropic, ...google, ...openrouter].map(({ status, headers, body }) => ({
  status,
  headers,
  body,
}));

function judged(raw: RawFailure): void {
  const verdict = classify(raw);
  if (verdict.untilAt !== undefined) {
    expect(verdict.untilAt).toBeGreaterThanOrEqual(raw.at + 1_000);
    expect(verdict.untilAt).toBeLessThanOrEqual(raw.at + 32 * DAY_MS);
  }
  expect(verdict.code ?? "").toMatch(/^[a-z0-9_.-]{0,64}$/);
  expect(JSON.stringify(verdict)).not.toContain(KEY);
}

describe("what a provider says", () => {
  const provider = fc.oneof(
    fc.constantFrom("openai", "anthropic", "google", "openrouter", "groq", "workersai"),
    oddText,
  );
  const failure = fc.tuple(provider, mangled(FAILURES), fc.boolean());

  fuzz(
    "as a failure has a verdict that is bounded and says nothing of what it wrote",
    3_050,
    failure,
    ([name, sent, midStream]) => {
      const { status, headers, body } = {
        ...(Object(sent) as { status?: unknown; headers?: unknown; body?: unknown }),
      };
      const written = Object.entries(Object(headers)).flatMap(([key, value]) =>
        typeof value === "string" ? [[key, value] as const] : [],
      );
      judged({
        provider: name,
        at: AT,
        midStream,
        headers: Object.fromEntries([...written, ["x-echo", KEY]]),
        body: typeof body === "string" ? `${body} ${KEY}` : body,
        ...(typeof status === "number" ? { status } : {}),
      });
    },
  );

  fuzz("when it throws, whatever it throws, is a failure or a cut", 500, fc.oneof(odd, fc.anything()), (thrown) => {
    const raw = toRawFailure("openai", thrown, AT, false);
    if (raw) judged(raw);
  });
});

const TOOLS = definitions(toolset({}, { hasPerson: true, skills: [] }));
const REPLIES = [
  { text: "An answer of a few words, **bold** among them." },
  {
    text: "Let me see.",
    tools: [
      { name: "now", args: {} },
      { name: "recall", args: { query: "tea" } },
    ],
  },
  { reasoning: "Hmm, let me think.", text: "Yes." },
  { tools: [{ name: "now", args: '{"timezone": ' }] },
];
const USAGE = { input: 12, output: 7 };
const ODD_FRAMES = [
  "data: [DONE]\n\n",
  "data:\n\n",
  ": a comment\n\n",
  "event: ping\ndata: {}\n\n",
  "id: 7\nretry: 1\n\n",
  "\n\n\n",
  "data: null\n\n",
  "data: {\n\n",
  "<html>502 Bad Gateway</html>",
];

type Dialect = "openai" | "anthropic";

function framesOf(dialect: Dialect, reply: (typeof REPLIES)[number]): string[] {
  const pieces =
    dialect === "openai" ? openAiStream("c1", "m", reply, USAGE, 1) : anthropicStream("c1", "m", reply, USAGE);
  return [...pieces].map(({ data }) => data);
}

/** A sound stream with frames lost, repeated, swapped, broken or put in, in pieces of any size, to its end or not. */
const stream = fc
  .record({
    dialect: fc.constantFrom<Dialect>("openai", "anthropic"),
    reply: fc.constantFrom(...REPLIES),
    edits: fc.array(
      fc.tuple(
        fc.constantFrom("drop", "repeat", "swap", "cut", "put"),
        fc.nat(),
        fc.oneof(fc.constantFrom(...ODD_FRAMES), oddText),
      ),
      { maxLength: 5 },
    ),
    pieceChars: fc.integer({ min: 1, max: 400 }),
    end: fc.constantFrom("whole", "whole", "torn", "error"),
  })
  .map(({ dialect, reply, edits, pieceChars, end }) => {
    const frames = framesOf(dialect, reply);
    for (const [edit, place, insert] of edits) {
      const at = place % frames.length;
      if (edit === "drop") frames.splice(at, 1, "");
      else if (edit === "repeat") frames.splice(at, 0, frames[at] ?? "");
      else if (edit === "swap") frames.push(...frames.splice(at, 1));
      else if (edit === "cut") frames[at] = (frames[at] ?? "").slice(0, place % 60) + insert;
      else frames.splice(at, 0, insert);
    }
    const text = frames.join("");
    return {
      dialect,
      bytes: new TextEncoder().encode(end === "torn" ? text.slice(0, text.length / 2) : text),
      pieceChars,
      end,
    };
  });

interface Sent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pieceChars: number;
  readonly end: string;
}

function inPieces({ bytes, pieceChars, end }: Sent): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, at + pieceChars));
      else if (end === "error") controller.error(new TypeError("terminated"));
      else controller.close();
      at += pieceChars;
    },
  });
}

/** What comes after the end that was said is nobody's: the SDK's reader would go on. */
function untilDone(sent: Sent): Sent {
  const text = new TextDecoder().decode(sent.bytes);
  const done = /(?<![^\n])data: \[DONE\]\n(?::.*\n)*\n/.exec(text);
  if (!done) return sent;
  return { ...sent, bytes: new TextEncoder().encode(text.slice(0, done.index) + done[0]), end: "whole" };
}

/** What a call comes to, whatever pieces it came in. */
async function readWhole(model: OpenAICompatibleChatLanguageModel) {
  const read = { text: "", reasoning: "", calls: [] as unknown[], finish: "", tokens: 0, failed: false };
  try {
    const { stream } = await model.doStream({ prompt: [{ role: "user", content: [{ type: "text", text: "hello" }] }] });
    for await (const part of stream) {
      if (part.type === "text-delta") read.text += part.delta;
      if (part.type === "reasoning-delta") read.reasoning += part.delta;
      if (part.type === "tool-call") read.calls.push([part.toolName, part.input]);
      if (part.type === "error") return { ...read, failed: true };
      if (part.type !== "finish") continue;
      read.finish = part.finishReason.unified;
      read.tokens = (part.usage.inputTokens.total ?? 0) + (part.usage.outputTokens.total ?? 0);
    }
    return read;
  } catch {
    return { ...read, failed: true };
  }
}

async function called(dialect: Dialect, response: Response): Promise<void> {
  const model = await languageModel({
    model: { provider: dialect, model: "m" },
    settings: { name: dialect, keys: [{ key: KEY }], baseUrl: "https://model.test/v1" },
    key: KEY,
    fetch: async () => response,
  });
  const cut = new AbortController();
  const late = setTimeout(() => cut.abort(), CALL_ENDS_WITHIN_MS);
  let shown = "";
  const reply = await callModel({
    model,
    system: "Be brief.",
    messages: [{ role: "user", content: "hello" }],
    tools: await TOOLS,
    wordsOnly: false,
    signal: cut.signal,
    onText: (text) => {
      expect(text.startsWith(shown)).toBe(true);
      shown = text;
    },
    onProgress: () => {},
  });
  clearTimeout(late);
  expect(cut.signal.aborted, "the call hung").toBe(false);
  // What came with its end is told by the reply alone.
  expect(reply.text.startsWith(shown)).toBe(true);
  if (reply.ok) {
    for (const call of reply.calls) expect(typeof call.name).toBe("string");
    return;
  }
  const raw = toRawFailure(dialect, reply.error, AT, reply.midStream);
  if (raw) judged(raw);
}

describe("what a provider sends", () => {
  fuzz("as a stream ends the call, with an answer or a failure, and never throws", 400, stream, async (sent) => {
    await called(sent.dialect, new Response(inPieces(sent), { headers: { "content-type": "text/event-stream" } }));
  });

  fuzz("as a stream of chat/completions is read as the SDK's own reader reads it", 400, stream, async (sent) => {
    if (sent.dialect !== "openai") return;
    const open = (Model: typeof OpenAICompatibleChatLanguageModel, body: Sent) =>
      new Model("m", {
        provider: "openai.chat",
        url: ({ path }) => `https://model.test/v1${path}`,
        fetch: async () => new Response(inPieces(body), { headers: { "content-type": "text/event-stream" } }),
      });
    const expected = await readWhole(open(OpenAICompatibleChatLanguageModel, untilDone(sent)));
    const read = await readWhole(open(ChatModel, sent));
    // Of a connection that breaks the SDK's streams lose what lies in them.
    if (sent.end === "error" && expected.failed) expect(read.failed).toBe(true);
    else expect(read).toEqual(expected);
  });

  const wholes = REPLIES.flatMap((reply) => [
    openAiWhole("c1", "m", reply, USAGE, 1),
    anthropicWhole("c1", "m", reply, USAGE),
  ]);
  const answer = fc.record({
    dialect: fc.constantFrom<Dialect>("openai", "anthropic"),
    body: mangled([...wholes, ...FAILURES.map(({ body }) => body)]),
    status: fc.constantFrom(200, 200, 201, 204, 400, 401, 402, 404, 408, 413, 429, 500, 502, 503, 529),
    type: fc.constantFrom("application/json", "text/html", "text/event-stream", "application/json; charset=utf-8", ""),
    after: fc.oneof(
      fc.constantFrom("7", "soon", "-1", "99999999", "Sun, 22 Nov 2026 10:00:30 GMT"),
      fc.stringMatching(/^[ -~]{0,20}$/),
    ),
  });
  fuzz(
    "instead of a stream ends the call, with an answer or a failure, and never throws",
    1_000,
    answer,
    async ({ dialect, body, status, type, after }) => {
      const headers = { "retry-after": after, ...(type ? { "content-type": type } : {}) };
      await called(dialect, new Response(status === 204 ? null : (JSON.stringify(body) ?? ""), { status, headers }));
    },
  );
});
