import type { LanguageModelV4, LanguageModelV4FunctionTool } from "@ai-sdk/provider";
import type { ModelMessage } from "ai";
import { type Parts, partsOf } from "../models/parts.ts";

/**
 * One model call: streamed, without retries of any kind, because whoever calls sees every failure and decides. A 200 is
 * no success until the stream has ended with a finish; a stream that ends without one is a failure that came in the middle.
 */

export interface ModelRequest {
  readonly model: LanguageModelV4;
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly LanguageModelV4FunctionTool[];
  /** The model must answer in words now. */
  readonly wordsOnly: boolean;
  readonly maxOutputTokens?: number;
  readonly signal: AbortSignal;
  /** The text of this call so far; called when more of it has come, and not for what comes with the end. */
  onText(text: string): void;
  /** Any sign of life: reasoning, a piece of a tool call. */
  onProgress(): void;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** Parsed, or the text as the model wrote it where it is no JSON. */
  readonly input: unknown;
}

export interface TokenUsage {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
}

export type ModelReply =
  | {
      readonly ok: true;
      readonly text: string;
      /** What the model thought aloud, where it did. */
      readonly reasoning?: string;
      readonly calls: readonly ToolCall[];
      readonly usage: TokenUsage;
      /** The model stopped at its length limit, its provider cut the answer for its policy, or it insisted on tools where words were asked for. */
      readonly cutBy?: "length" | "policy" | "tools";
    }
  /** `text`: what had come before the failure. */
  | { readonly ok: false; readonly error: unknown; readonly text: string; readonly midStream: boolean };

/** The stream ended without a finish. */
export class TornStream extends Error {
  override readonly name = "TornStream";
  constructor() {
    super("the stream ended before the answer did");
  }
}

/**
 * More of one call is not read: an answer is a row of at most 2 MB, and a character may be four bytes. A model that never
 * ends is cut here, if its time limit does not come first.
 */
export const MOST_TEXT_CHARS = 200_000;
const MOST_ARGUMENT_CHARS = 300_000;
const MOST_REASONING_CHARS = 100_000;
const UNKNOWN_USAGE: TokenUsage = { input: 0, output: 0, cached: 0 };

export async function callModel(request: ModelRequest): Promise<ModelReply> {
  // Loaded with the first turn: starting up must not pay for it.
  const { convertToLanguageModelPrompt } = await import("./sdk.ts");
  let text = "";
  let reasoning = "";
  let begun = false;
  let argumentChars = 0;
  const calls: ToolCall[] = [];
  let parts: Parts | undefined;
  try {
    const { model } = request;
    const prompt = await convertToLanguageModelPrompt({
      prompt: { instructions: request.system, messages: [...request.messages] },
      supportedUrls: await model.supportedUrls,
      download: nothingToDownload,
      provider: model.provider.split(".")[0] ?? "",
    });
    const result = await model.doStream({
      prompt,
      ...(request.tools.length > 0
        ? { tools: [...request.tools], toolChoice: { type: request.wordsOnly ? ("none" as const) : ("auto" as const) } }
        : {}),
      ...(request.maxOutputTokens === undefined ? {} : { maxOutputTokens: request.maxOutputTokens }),
      abortSignal: request.signal,
    });
    parts = partsOf(result);
    for (;;) {
      const together = await parts.next();
      if (together.length === 0 || request.signal.aborted) break;
      const before = text;
      for (const part of together) {
        switch (part.type) {
          case "text-delta":
            begun = true;
            text += part.delta;
            if (text.length >= MOST_TEXT_CHARS)
              return { ok: true, text, calls: [], usage: UNKNOWN_USAGE, cutBy: "length" };
            break;
          case "tool-input-delta":
            argumentChars += part.delta.length;
            if (argumentChars > MOST_ARGUMENT_CHARS) {
              return { ok: false, error: new TornStream(), text, midStream: true };
            }
            begun = true;
            request.onProgress();
            break;
          case "reasoning-delta":
            begun = true;
            if (reasoning.length < MOST_REASONING_CHARS) reasoning += part.delta;
            request.onProgress();
            break;
          case "tool-input-start":
            begun = true;
            request.onProgress();
            break;
          case "tool-call":
            begun = true;
            calls.push({ id: idOf(part.toolCallId, calls), name: part.toolName, input: inputOf(part.input) });
            request.onProgress();
            break;
          case "error":
            if (request.wordsOnly && isCallForTools(part.error)) {
              return { ok: true, text, calls: [], usage: UNKNOWN_USAGE, cutBy: "tools" };
            }
            return { ok: false, error: part.error, text, midStream: begun };
          case "finish": {
            const { usage } = part;
            const { unified, raw } = part.finishReason;
            if (unified === "error") return { ok: false, error: new TornStream(), text, midStream: true };
            if (raw === undefined && (unified === "other" || unified === "interrupted")) {
              return { ok: false, error: new TornStream(), text, midStream: true };
            }
            const cutBy = unified === "length" ? "length" : unified === "content-filter" ? "policy" : undefined;
            return {
              ok: true,
              text,
              ...(reasoning === "" ? {} : { reasoning }),
              calls,
              usage: {
                input: usage.inputTokens.total ?? 0,
                output: usage.outputTokens.total ?? 0,
                cached: usage.inputTokens.cacheRead ?? 0,
              },
              ...(cutBy ? { cutBy } : {}),
            };
          }
          default:
            break;
        }
      }
      // Of what came with its end the reply tells.
      if (text !== before) request.onText(text);
    }
    return { ok: false, error: new TornStream(), text, midStream: begun };
  } catch (error) {
    return { ok: false, error, text, midStream: begun };
  } finally {
    // The stream is let go, and with it the call; nobody waits for that.
    parts?.cancel().catch(() => {});
  }
}

/** The library's own word for it: the model called a tool although `toolChoice` was none. */
function isCallForTools(error: unknown): boolean {
  return error instanceof Error && error.name === "AI_ToolChoiceViolationError";
}

/** Every file is in the conversation as bytes. What is not stays away: no address that anybody wrote is fetched from here. */
async function nothingToDownload(wanted: readonly { readonly url: URL }[]): Promise<null[]> {
  return wanted.map(() => null);
}

/** Two calls of one id would share their results, and no provider takes a conversation in which one call has two. */
function idOf(wanted: string, calls: readonly ToolCall[]): string {
  let id = wanted;
  for (let number = 2; calls.some((call) => call.id === id); number += 1) id = `${wanted}_${number}`;
  return id;
}

function inputOf(written: string): unknown {
  if (written.trim() === "") return {};
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}
