import * as z from "zod";
import type { Attachment } from "./message.ts";
import type { Call, Refusal } from "./outbound.ts";

/** Files of a message: what they are in words, and how their bytes are fetched. Never more than the limit is read. */

/** What a bot may download (Bot API, getFile). */
export const FILE_LIMIT_BYTES = 20 * 1024 * 1024;

export type FetchedFile =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly mime: string }
  | { readonly ok: false; readonly reason: "too_big" | "gone" }
  /** It may go well another time; `retryAfterMs`: not before so long, as Telegram said. */
  | { readonly ok: false; readonly reason: "network"; readonly retryAfterMs?: number };

export interface FetchFileOptions {
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
  /** Waits before it is tried again. Absent: it is tried once. */
  readonly pause?: (ms: number) => Promise<void>;
  readonly fetch?: (
    url: string,
    init: { signal?: AbortSignal; redirect: "error" | "manual" | "follow" },
  ) => Promise<Response>;
}

const fileSchema = z.object({
  file_path: z.string().min(1).max(1024),
  file_size: z.int().nonnegative().optional().catch(undefined),
});

const MOST_TRIES = 3;
const FIRST_PAUSE_MS = 1_000;
/** Who waits for an answer does not wait longer than this for a file. */
const MOST_PAUSE_MS = 30_000;

/**
 * getFile, then the download; again where that failed in passing. A failure is a word, never an Error: the URL contains the bot's token, and what throws here
 * would carry it into a log. An abort is a "network" failure, too; whoever aborted knows.
 */
export async function fetchFile(
  call: Call,
  apiRoot: string,
  token: string,
  attachment: Attachment,
  options: FetchFileOptions = {},
): Promise<FetchedFile> {
  for (let tries = 1; ; tries += 1) {
    const fetched = await fetchOnce(call, apiRoot, token, attachment, options);
    if (fetched.ok || fetched.reason !== "network" || tries === MOST_TRIES || !options.pause) return fetched;
    const pauseMs = fetched.retryAfterMs ?? FIRST_PAUSE_MS * tries;
    if (pauseMs > MOST_PAUSE_MS || options.signal?.aborted) return fetched;
    await options.pause(pauseMs);
  }
}

async function fetchOnce(
  call: Call,
  apiRoot: string,
  token: string,
  attachment: Attachment,
  options: FetchFileOptions,
): Promise<FetchedFile> {
  const limitBytes = Math.min(options.limitBytes ?? FILE_LIMIT_BYTES, FILE_LIMIT_BYTES);
  if ((attachment.bytes ?? 0) > limitBytes) return { ok: false, reason: "too_big" };
  try {
    const got = await call("getFile", { file_id: attachment.fileId }, options.signal);
    if (!got.ok) return lostBy(got.refusal);
    const file = fileSchema.safeParse(got.result);
    if (!file.success) return { ok: false, reason: "gone" };
    if ((file.data.file_size ?? 0) > limitBytes) return { ok: false, reason: "too_big" };

    const path = pathOf(file.data.file_path);
    if (path === undefined) return { ok: false, reason: "gone" };
    const load = options.fetch ?? fetch;
    const response = await load(`${apiRoot}/file/bot${token}/${path}`, {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      // A redirect would carry the token in the path to wherever it leads.
      redirect: "manual",
    });
    const body = await read(response, limitBytes);
    return body instanceof Uint8Array
      ? { ok: true, bytes: body, mime: mimeOf(body, attachment, path) }
      : { ok: false, reason: body };
  } catch {
    return { ok: false, reason: "network" };
  }
}

/** Telegram tells a size above 20 MB in the message itself; here that and a lost file both are a plain 400. */
function lostBy(refusal: Refusal): FetchedFile {
  if (refusal.kind === "flood") return { ok: false, reason: "network", retryAfterMs: refusal.retryAfterMs };
  const isPassing = refusal.kind === "unavailable" || refusal.kind === "unauthorized";
  return { ok: false, reason: isPassing ? "network" : "gone" };
}

/** Segments encoded one by one; a path that climbs out of the bot's own folder is none. */
function pathOf(filePath: string): string | undefined {
  const segments = filePath.split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) return undefined;
  return segments.map(encodeURIComponent).join("/");
}

async function read(response: Response, limitBytes: number): Promise<Uint8Array | "too_big" | "gone" | "network"> {
  if (!response.ok) {
    await response.body?.cancel();
    return response.status === 404 || response.status === 400 ? "gone" : "network";
  }
  if (Number(response.headers.get("content-length") ?? 0) > limitBytes) {
    await response.body?.cancel();
    return "too_big";
  }
  // The header may be missing or wrong: what counts is what comes.
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = (
    response.body ?? new ReadableStream<Uint8Array>({ start: (controller) => controller.close() })
  ).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.byteLength;
    if (length > limitBytes) {
      await reader.cancel();
      return "too_big";
    }
    chunks.push(part.value);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** What the bytes say, then what the sender says, then what the name says. */
function mimeOf(bytes: Uint8Array, attachment: Attachment, path: string): string {
  return sniffMime(bytes) ?? attachment.mime ?? mimeOfName(attachment.name ?? path) ?? "application/octet-stream";
}

/** Images and PDF by their first bytes: what a model is given must be what it is called. */
export function sniffMime(bytes: Uint8Array): string | undefined {
  const starts = (signature: readonly number[], at = 0) => signature.every((byte, index) => bytes[at + index] === byte);
  if (starts([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "image/png";
  if (starts([0xff, 0xd8, 0xff])) return "image/jpeg";
  if (starts([0x47, 0x49, 0x46, 0x38])) return "image/gif";
  if (starts([0x52, 0x49, 0x46, 0x46]) && starts([0x57, 0x45, 0x42, 0x50], 8)) return "image/webp";
  if (starts([0x25, 0x50, 0x44, 0x46, 0x2d])) return "application/pdf";
  return undefined;
}

const MIME_OF_EXTENSION: ReadonlyMap<string, string> = new Map([
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["png", "image/png"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["pdf", "application/pdf"],
  ["oga", "audio/ogg"],
  ["ogg", "audio/ogg"],
  ["opus", "audio/ogg"],
  ["mp3", "audio/mpeg"],
  ["m4a", "audio/mp4"],
  ["wav", "audio/wav"],
  ["mp4", "video/mp4"],
  ["webm", "video/webm"],
]);

function mimeOfName(name: string): string | undefined {
  return MIME_OF_EXTENSION.get(/\.([a-z0-9]{1,8})$/i.exec(name)?.[1]?.toLowerCase() ?? "");
}

/** A file in words a model can read: `document "report.pdf", application/pdf, 1.2 MB`. */
export function describeAttachment(attachment: Attachment): string {
  const kind = attachment.kind === "voice" ? "voice message" : attachment.kind.replace("_", " ");
  const details = [
    attachment.emoji,
    attachment.kind === "photo" || attachment.kind === "sticker" ? undefined : attachment.mime,
    attachment.seconds === undefined ? undefined : `${Math.round(attachment.seconds)} s`,
    attachment.bytes === undefined ? undefined : describeBytes(attachment.bytes),
  ].filter((detail) => detail !== undefined);
  const name = attachment.name === undefined ? "" : ` "${attachment.name.replace(/\s+/g, " ")}"`;
  return [`${kind}${name}`, ...details].join(", ");
}

/** Units of 1,024, as the limits of Telegram are. */
export function describeBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const [value, unit] = bytes < 1024 * 1024 ? [bytes / 1024, "KB"] : [bytes / (1024 * 1024), "MB"];
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ${unit}`;
}
