import type { RawFailure } from "../core/failure.ts";
import { isRecord } from "./record.ts";

/**
 * From what the AI SDK throws, or puts into a stream as an `error` part, to what core/failure.ts reads. Errors are recognised by
 * their names and fields, not by their classes: importing those would load the SDK at start-up.
 */

/** Deepest chain of wrappers seen: RetryError → NoOutputGeneratedError → APICallError → TypeError → cause. */
const MOST_WRAPPERS = 6;

/** The failure behind an error; undefined when the call was cut on purpose, which is no failure. */
export function toRawFailure(provider: string, error: unknown, at: number, midStream: boolean): RawFailure | undefined {
  const base = { provider, at, ...(midStream ? { midStream } : {}) };
  const bare = unwrap(error);
  if (isCut(bare)) return undefined;
  if (typeof bare === "string") return { ...base, message: bare };
  if (!isRecord(bare)) return { ...base, message: String(bare) };

  switch (nameOf(bare)) {
    case "AI_APICallError":
      return { ...base, ...answered(bare) };
    // Errors of the provider in the middle of a stream, wrapped by the SDK.
    case "AI_StreamProviderError":
      return { ...base, ...statusOf(bare.statusCode), body: bare.data ?? partOf(bare) };
    // A chunk of another shape than the dialect's: often a flat error ({"object":"error",…}), or a page.
    case "AI_TypeValidationError":
      return { ...base, body: bare.value };
    case "AI_JSONParseError":
      return { ...base, body: bare.text };
    case "ModelUnavailable":
      return { ...base, body: { error: { code: "model_not_available" } } };
    // The call never left: what it was given does not fit the model.
    case "AI_InvalidPromptError":
    case "AI_UnsupportedFunctionalityError":
    case "AI_InvalidArgumentError":
    case "AI_MissingToolResultsError":
      return { ...base, body: { error: { code: "invalid_request" } } };
    default:
      if (bare instanceof Error) return { ...base, message: chainOf(bare) };
      // The payload itself: an `error` part of a dialect that hands it over as it came.
      return { ...base, ...statusOf(bare.statusCode), body: isRecord(bare.data) ? bare.data : bare };
  }
}

/** The failure of a stream that ended, or finished, without saying why it stopped (finish reasons `interrupted`, `error`). */
export function tornStream(provider: string, at: number): RawFailure {
  return { provider, at, midStream: true, message: "the stream ended before the answer did" };
}

function answered(error: Fields): Partial<RawFailure> {
  const status = statusOf(error.statusCode);
  const body = typeof error.responseBody === "string" && error.responseBody !== "" ? error.responseBody : undefined;
  return {
    ...status,
    ...(isRecord(error.responseHeaders) ? { headers: lowerCase(error.responseHeaders) } : {}),
    ...(body === undefined ? { message: chainOf(error) } : { body }),
  };
}

function partOf({ message, type, code }: Fields): Fields {
  return { message, type, code };
}

function unwrap(error: unknown): unknown {
  let bare = error;
  for (let depth = 0; depth < MOST_WRAPPERS && isRecord(bare); depth++) {
    const name = nameOf(bare);
    if (name === "AI_RetryError" && bare.lastError !== undefined) bare = bare.lastError;
    else if (name === "AI_NoOutputGeneratedError" && bare.cause !== undefined) bare = bare.cause;
    // `{ type: "error", error }`: a whole stream part. Anthropic's payload looks alike, but names its error's type.
    else if (name === undefined && bare.type === "error" && bare.error instanceof Error) bare = bare.error;
    else break;
  }
  return bare;
}

/** An abort, at any depth: our own doing. A TimeoutError is not: that is the provider's silence. */
function isCut(error: unknown): boolean {
  let inner = error;
  for (let depth = 0; depth < MOST_WRAPPERS && isRecord(inner); depth++) {
    const name = nameOf(inner);
    if (name === "AbortError" || name === "ResponseAborted") return true;
    inner = inner.cause;
  }
  return false;
}

/** The messages of an error and its causes, with Node's codes: network faults say what they are only at the bottom. */
function chainOf(error: Fields): string {
  const words: string[] = [];
  let inner: unknown = error;
  for (let depth = 0; depth < MOST_WRAPPERS && isRecord(inner); depth++) {
    if (nameOf(inner) === "TimeoutError") words.push("timed out");
    if (typeof inner.message === "string" && inner.message !== "") words.push(inner.message);
    if (typeof inner.code === "string") words.push(inner.code);
    inner = inner.cause;
  }
  return words.join(": ");
}

type Fields = Readonly<Record<string, unknown>>;

function nameOf(value: Fields): string | undefined {
  return typeof value.name === "string" ? value.name : undefined;
}

function statusOf(status: unknown): { status?: number } {
  return typeof status === "number" ? { status } : {};
}

function lowerCase(headers: Fields): Record<string, string> {
  const lower: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (typeof value === "string") lower[name.toLowerCase()] = value;
  return lower;
}
