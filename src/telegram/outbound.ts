/**
 * Calls to the Bot API, and what its refusals mean. Everything that leaves for Telegram goes through `createCaller`.
 * A call never throws and never says more than a kind of refusal: grammY's errors carry the payload (what people wrote)
 * and the URL (the token), so they end here. Source of the table: tdlib/telegram-bot-api, Client.cpp.
 */

export type Refusal =
  /** Too fast: no call to this chat before so many milliseconds have passed. */
  | { readonly kind: "flood"; readonly retryAfterMs: number }
  /** The text's formatting could not be parsed. */
  | { readonly kind: "markup" }
  | { readonly kind: "too_long" }
  /** An edit that changes nothing: the message already stands as wanted. */
  | { readonly kind: "not_modified" }
  /** The message to edit is gone. */
  | { readonly kind: "message_gone" }
  /** It stands, and may no longer be edited. */
  | { readonly kind: "not_editable" }
  /** The topic is closed or deleted. */
  | { readonly kind: "thread_gone" }
  /** Nothing may be written here: blocked, kicked, deactivated, never started. */
  | { readonly kind: "chat_gone" }
  | { readonly kind: "migrated"; readonly toChatId: number }
  | { readonly kind: "unauthorized" }
  /** A button press that is too old to be answered. */
  | { readonly kind: "query_expired" }
  /** The message to reply to is gone. */
  | { readonly kind: "reply_gone" }
  /** A server that does not know the method: an older Bot API. */
  | { readonly kind: "unsupported" }
  /** No answer, or the server failed. `maybeAccepted`: the call may have been carried out all the same. */
  | { readonly kind: "unavailable"; readonly maybeAccepted: boolean }
  | { readonly kind: "refused"; readonly code: number };

export type CallResult =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly refusal: Refusal };

/** Performs one method of the Bot API. Never rejects; ends by itself after the caller's timeout. */
export type Call = (
  method: string,
  payload: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
) => Promise<CallResult>;

/** A file inside a payload; it becomes a multipart upload. `mime` is the media type, where it is known. */
export class Upload {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mime: string;

  constructor(name: string, bytes: Uint8Array, mime = "application/octet-stream") {
    this.name = name;
    this.bytes = bytes;
    this.mime = mime;
  }
}

export interface CallerOptions {
  /** Root of the Bot API, without a slash at the end. */
  readonly apiRoot: string;
  readonly token: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly timeoutMs: number;
}

type Grammy = typeof import("./api.ts");
type Api = InstanceType<Grammy["Api"]>;

let loaded: Grammy | undefined;

export function createCaller(options: CallerOptions): Call {
  let api: Api | undefined;
  return async (method, payload, signal) => {
    if (signal?.aborted) return refuse({ kind: "unavailable", maybeAccepted: false });
    loaded ??= await import("./api.ts");
    const grammy = loaded;
    try {
      const form = formOf(payload);
      // Inside, since it takes no empty token. A form is the body of one call, whose client is then its own.
      api ??= clientOf(grammy, options);
      const client = form === undefined ? api : clientOf(grammy, options, form);
      const perform: unknown = Reflect.get(client.raw, method);
      if (typeof perform !== "function") return refuse({ kind: "unsupported" });
      const args = WITHOUT_PAYLOAD.has(method) ? [signal] : [form === undefined ? payload : {}, signal];
      const result: unknown = await Reflect.apply(perform, undefined, args);
      return { ok: true, result };
    } catch (error) {
      return refuse(refusalOf(grammy, error));
    }
  };
}

function clientOf(grammy: Grammy, options: CallerOptions, form?: FormData): Api {
  return new grammy.Api(options.token, {
    apiRoot: options.apiRoot,
    timeoutSeconds: options.timeoutMs / 1000,
    fetch: (url: string, init: RequestInit) =>
      fetchAnswer(options.fetch, url, form === undefined ? init : withForm(init, form)),
  });
}

/** For the log and an operator: the kind and its number, nothing that anybody wrote. */
export function describeRefusal(refusal: Refusal): string {
  switch (refusal.kind) {
    case "flood":
      return `flood_${Math.ceil(refusal.retryAfterMs / 1000)}s`;
    case "unavailable":
      return refusal.maybeAccepted ? "unavailable_maybe_accepted" : "unavailable";
    case "refused":
      return `refused_${refusal.code}`;
    default:
      return refusal.kind;
  }
}

/** What an error answer of the Bot API means. `description` is Telegram's own sentence. */
export function classify(
  code: number,
  description: string,
  parameters: { readonly retry_after?: number; readonly migrate_to_chat_id?: number } = {},
): Refusal {
  if (code === 429) return { kind: "flood", retryAfterMs: (parameters.retry_after ?? DEFAULT_RETRY_AFTER_S) * 1000 };
  if (code === 401) return { kind: "unauthorized" };
  if (code === 404) return { kind: "unsupported" };
  // "Request Entity Too Large" is about the upload, not about a text's entities.
  if (code === 413) return { kind: "refused", code };
  if (code >= 500) return { kind: "unavailable", maybeAccepted: GATEWAY_TIMEOUTS.has(code) };
  if (parameters.migrate_to_chat_id !== undefined) return { kind: "migrated", toChatId: parameters.migrate_to_chat_id };
  const words = description.toLowerCase();
  const known = SENTENCES.find(([, parts]) => parts.some((part) => words.includes(part)));
  if (known) return { kind: known[0] };
  if (code === 403) return { kind: "chat_gone" };
  return { kind: "refused", code };
}

type Plain = Exclude<Refusal["kind"], "flood" | "migrated" | "unavailable" | "refused">;

/** In this order: a sentence about a reply also says "message … not found". */
const SENTENCES: readonly (readonly [Plain, readonly string[]])[] = [
  ["not_modified", ["message is not modified", "message_not_modified"]],
  ["query_expired", ["query is too old", "query id is invalid", "query_id_invalid"]],
  [
    "reply_gone",
    ["replied message not found", "reply message not found", "message to be replied not found", "message to reply not"],
  ],
  ["thread_gone", ["thread not found", "topic_deleted", "topic_closed", "topic_id_invalid", "topic not found"]],
  ["not_editable", ["message can't be edited"]],
  ["message_gone", ["message to edit not found", "message_id_invalid", "message to delete not found"]],
  ["too_long", ["is too long", "too_long", "too many characters"]],
  [
    "chat_gone",
    [
      "chat not found",
      "user not found",
      "peer_id_invalid",
      "bot was blocked",
      "bot was kicked",
      "user is deactivated",
      "can't initiate conversation",
      "not a member of",
      "group chat was upgraded",
      "group chat was deactivated",
      "group chat was deleted",
      "chat_write_forbidden",
      "not enough rights to send",
      "have no rights to send",
    ],
  ],
  ["markup", ["can't parse", "can't find end", "unsupported start tag", "entity", "entities", "rich message", "rich_"]],
];

const DEFAULT_RETRY_AFTER_S = 5;
/** Codes of a proxy that waited for the server behind it: that one may have done the work. */
const GATEWAY_TIMEOUTS: ReadonlySet<number> = new Set([504, 520, 524]);
/** Methods that grammY's raw API takes without a payload. */
const WITHOUT_PAYLOAD: ReadonlySet<string> = new Set(["getMe", "getWebhookInfo", "logOut", "close"]);
/** Causes of a failed fetch that say that no connection came about (Node's codes; workerd gives none). */
const NOT_CONNECTED = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CONNECT_TIMEOUT|CERT_|DNS/;

/** A refusal whose body never came: its status is all that is known of it. */
class AnswerLost extends Error {
  readonly status: number;
  constructor(status: number) {
    super("the answer ended before its end");
    this.status = status;
  }
}

/** Proxies refuse with HTML: any body that is no Bot API answer becomes one, so that its status is not lost. */
async function fetchAnswer(fetch: CallerOptions["fetch"], url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  // A success without a readable body has no message id: it counts as accepted or not, nobody knows.
  if (response.ok) return response;
  const { status } = response;
  const text = await response.text().catch(() => {
    throw new AnswerLost(status);
  });
  if (text.startsWith("{") && isJson(text)) return new Response(text, { status });
  return Response.json({ ok: false, error_code: status, description: "" }, { status });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function refusalOf({ GrammyError, HttpError }: Grammy, error: unknown): Refusal {
  if (error instanceof GrammyError) return classify(error.error_code, error.description, error.parameters);
  const cause = error instanceof HttpError ? error.error : error;
  if (cause instanceof AnswerLost) return classify(cause.status, "");
  return { kind: "unavailable", maybeAccepted: !NOT_CONNECTED.test(codesOf(cause)) };
}

/** The codes of an error and of what caused it. Not its message: that may hold the URL. */
function codesOf(error: unknown, depth = 0): string {
  if (typeof error !== "object" || error === null || depth > 3) return "";
  const code: unknown = Reflect.get(error, "code");
  return `${typeof code === "string" ? code : ""} ${codesOf(Reflect.get(error, "cause"), depth + 1)}`;
}

/**
 * The payload as a form, where it holds a file; undefined elsewhere. grammY's own names the file without quotes and tells no
 * media type, which not every parser of forms takes; the platform's is the one that browsers send.
 */
function formOf(payload: Readonly<Record<string, unknown>>): FormData | undefined {
  const entries = Object.entries(payload).filter(([, value]) => value !== undefined && value !== null);
  if (!entries.some(([, value]) => value instanceof Upload)) return undefined;
  const form = new FormData();
  for (const [key, value] of entries) {
    if (value instanceof Upload) form.append(key, blobOf(value), value.name.replace(/[^\p{L}\p{N}._ ()-]/gu, "_"));
    else form.append(key, typeof value === "string" ? value : JSON.stringify(value));
  }
  return form;
}

function blobOf({ bytes, mime }: Upload): Blob {
  return new Blob([Uint8Array.from(bytes)], { type: mime });
}

/** What grammY would send, with the form as its body; its boundary stands in a header that whoever sends it writes. */
function withForm({ headers: _, ...init }: RequestInit, form: FormData): RequestInit {
  return { ...init, body: form };
}

function refuse(refusal: Refusal): CallResult {
  return { ok: false, refusal };
}
