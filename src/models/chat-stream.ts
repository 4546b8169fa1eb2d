import { convertOpenAICompatibleChatUsage, mapOpenAICompatibleFinishReason } from "@ai-sdk/openai-compatible/internal";
import {
  InvalidResponseDataError,
  JSONParseError,
  type LanguageModelV4StreamPart,
  type SharedV4Warning,
  TypeValidationError,
} from "@ai-sdk/provider";
import { StreamingToolCallTracker } from "@ai-sdk/provider-utils";
import { createParser } from "eventsource-parser";
import * as z from "zod";
import type { Parts } from "./parts.ts";
import { isRecord } from "./record.ts";

/**
 * The body of a streamed `chat/completions` answer as the parts of the AI SDK, in one pass. The SDK leads every token through
 * five streams, which is a third of what a whole turn costs (docs/decisions.md).
 */
export class ChatParts implements Parts {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  readonly #events = createParser({ onEvent: ({ data }) => this.#answer.hear(data) });
  readonly #answer = new Answer((part) => this.#heard.push(part));
  #heard: LanguageModelV4StreamPart[];
  #isOver = false;

  constructor(body: ReadableStream<Uint8Array>, warnings: SharedV4Warning[]) {
    this.#reader = body.getReader();
    this.#heard = [{ type: "stream-start", warnings }];
  }

  async next(): Promise<readonly LanguageModelV4StreamPart[]> {
    while (this.#heard.length === 0 && !this.#isOver) {
      const { done, value } = await this.#reader.read();
      if (!done) this.#events.feed(this.#decoder.decode(value, { stream: true }));
      this.#isOver = done || this.#answer.isDone;
      if (this.#isOver) this.#answer.end();
      // A body read to its end leaves the connection to the next call. One that is kept open is let go with the run.
      if (this.#isOver && !done) this.#reader.read().catch(() => {});
      this.#answer.speak();
    }
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#isOver ? Promise.resolve() : this.#reader.cancel(reason);
  }
}

type Kind = "text" | "reasoning";
type ToolCallDelta = z.infer<typeof callSchema>;

/** What came so far of one answer. */
class Answer {
  readonly #say: (part: LanguageModelV4StreamPart) => void;
  readonly #calls: StreamingToolCallTracker;
  /** By index: calls whose name has not come, with what came of them. */
  readonly #nameless = new Map<number, ToolCallDelta>();
  readonly #named = new Set<number>();
  #open: Kind | undefined;
  /** Of what is open: heard, and not said yet. Pieces that came together are said together. */
  #words = "";
  #isDone = false;
  #refused = false;
  #failed = false;
  #finish: string | undefined;
  #usage: z.infer<typeof usageSchema>;

  constructor(say: (part: LanguageModelV4StreamPart) => void) {
    this.#say = say;
    this.#calls = new StreamingToolCallTracker({ enqueue: say });
  }

  /** It was said that nothing more comes. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** The data of one event. */
  hear(data: string): void {
    if (this.#isDone) return;
    if (data === "[DONE]") {
      this.#isDone = true;
      return;
    }
    const value = parsed(data);
    if (value instanceof Error) return this.#fail(value);
    const words = wordsAlone(value);
    if (words !== undefined) return this.#hearWords("text", words);
    const chunk = read(value);
    if (chunk instanceof Error) return this.#fail(chunk);
    if (chunk.error) return this.#fail(chunk.error);
    this.#usage = chunk.usage ?? this.#usage;
    const choice = chunk.choices?.[0];
    this.#finish = choice?.finish_reason ?? this.#finish;
    const { delta } = choice ?? {};
    if (!delta) return;
    this.#hearWords("reasoning", delta.reasoning_content ?? delta.reasoning ?? "");
    this.#hearContent(delta.content);
    if (delta.refusal) {
      this.#refused = true;
      this.#hearWords("text", delta.refusal);
    }
    for (const call of delta.tool_calls ?? []) this.#hearCall(call);
  }

  /** Says what was heard and not said. */
  speak(): void {
    if (this.#open === undefined || this.#words === "") return;
    this.#say({ type: `${this.#open}-delta`, id: this.#open, delta: this.#words });
    this.#words = "";
  }

  end(): void {
    this.#close();
    this.#track(() => {
      for (const call of this.#nameless.values()) this.#calls.processDelta(call);
      this.#calls.flush();
    });
    if (this.#finish === undefined && !this.#failed) {
      this.#fail(
        new InvalidResponseDataError({ data: undefined, message: "The stream ended without a finish reason" }),
      );
    }
    const raw = this.#finish;
    const unified = raw === undefined ? "error" : mapOpenAICompatibleFinishReason(raw, { hasRefusal: this.#refused });
    const usage = convertOpenAICompatibleChatUsage(this.#usage);
    this.#say({ type: "finish", finishReason: { unified, raw }, usage });
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#close();
    this.#say({ type: "error", error });
  }

  #hearContent(content: z.infer<typeof contentSchema>): void {
    if (typeof content === "string") return this.#hearWords("text", content);
    for (const part of content ?? []) {
      if (typeof part.text === "string") this.#hearWords("text", part.text);
      // Magistral: { type: "thinking", thinking: [{ type: "text", text }] }.
      for (const thought of part.thinking ?? []) this.#hearWords("reasoning", thought.text ?? "");
    }
  }

  /** Some servers send the name of a call after the first of its arguments: it has begun when it has one. */
  #hearCall(delta: ToolCallDelta): void {
    this.speak();
    const { index } = delta;
    const early = index === null ? undefined : this.#nameless.get(index);
    const call = early ? joined(early, delta) : delta;
    if (index !== null && call.function.name === null && !this.#named.has(index)) {
      this.#nameless.set(index, call);
      return;
    }
    if (index !== null) {
      this.#nameless.delete(index);
      this.#named.add(index);
    }
    this.#track(() => this.#calls.processDelta(call));
  }

  /** What is no call is no answer, either. */
  #track(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #hearWords(kind: Kind, words: string): void {
    if (words === "") return;
    if (this.#open !== kind) {
      this.#close();
      this.#open = kind;
      this.#say({ type: `${kind}-start`, id: kind });
    }
    this.#words += words;
  }

  #close(): void {
    this.speak();
    if (this.#open) this.#say({ type: `${this.#open}-end`, id: this.#open });
    this.#open = undefined;
  }
}

function joined(early: ToolCallDelta, late: ToolCallDelta): ToolCallDelta {
  const written = (early.function.arguments ?? "") + (late.function.arguments ?? "");
  return { index: late.index, id: early.id ?? late.id, function: { name: late.function.name, arguments: written } };
}

const wordsSchema = z.looseObject({ text: z.string().nullish().catch(null) });
const contentSchema = z
  .union([
    z.string(),
    z.array(
      z.looseObject({ text: z.string().nullish().catch(null), thinking: z.array(wordsSchema).nullish().catch(null) }),
    ),
  ])
  .nullish();
const count = z.number().nullable().default(null);
const usageSchema = z
  .object({
    prompt_tokens: count,
    completion_tokens: count,
    prompt_tokens_details: z.object({ cached_tokens: count }).nullable().default(null),
    completion_tokens_details: z.object({ reasoning_tokens: count }).nullable().default(null),
  })
  .nullish()
  .catch(undefined);
const callSchema = z.object({
  index: z.number().nullable().default(null),
  id: z.string().nullable().default(null),
  function: z.object({ name: z.string().nullable().default(null), arguments: z.string().nullable().default(null) }),
});
const deltaSchema = z.object({
  content: contentSchema,
  refusal: z.string().nullish().catch(null),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z.array(callSchema).nullish(),
});
/** OpenRouter says what broke an answer off beside its choices; it is classified later, and so comes whole. */
const chunkSchema = z.object({
  error: z.union([z.string(), z.looseObject({})]).nullish(),
  choices: z.array(z.object({ delta: deltaSchema.nullish(), finish_reason: z.string().nullish() })).nullish(),
  usage: usageSchema,
});

/** Most events are a piece of the text and nothing else; a long answer is hundreds of them. */
function wordsAlone(value: unknown): string | undefined {
  if (!isRecord(value) || !Array.isArray(value.choices) || value.choices.length !== 1) return undefined;
  const [choice]: readonly unknown[] = value.choices;
  if (!isRecord(choice) || !isRecord(choice.delta)) return undefined;
  if (hasMore(value, CHUNK_KEYS) || hasMore(choice, CHOICE_KEYS) || hasMore(choice.delta, DELTA_KEYS)) return undefined;
  return typeof choice.delta.content === "string" ? choice.delta.content : undefined;
}

const CHUNK_KEYS: ReadonlySet<string> = new Set(["id", "object", "created", "model", "system_fingerprint", "choices"]);
const CHOICE_KEYS: ReadonlySet<string> = new Set(["index", "delta"]);
const DELTA_KEYS: ReadonlySet<string> = new Set(["role", "content"]);

function hasMore(record: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): boolean {
  for (const key in record) if (!known.has(key) && record[key] !== null) return true;
  return false;
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    return new JSONParseError({ text: data, cause });
  }
}

/** One event, or what is wrong with it. */
function read(value: unknown): z.infer<typeof chunkSchema> | Error {
  const { data: chunk, error } = chunkSchema.safeParse(value);
  const says = chunk?.error ?? chunk?.choices ?? chunk?.usage;
  return chunk && says ? chunk : new TypeValidationError({ value, cause: error });
}
