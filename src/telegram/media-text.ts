import { describeBytes, sniffMime } from "./media.ts";

/** Documents that are text, whatever they are called: their words go into the turn, up to a limit that is then stated. */

export const INLINE_LIMIT_BYTES = 100 * 1024;

export interface InlinedText {
  readonly text: string;
  readonly isCut: boolean;
  readonly bytes: number;
}

/**
 * The text of a document, or undefined where it is none: an image, an archive, a foreign encoding. A name or type that
 * promises text is not believed against the bytes, and one that promises nothing is no obstacle.
 */
export function textOf(
  bytes: Uint8Array,
  about: { readonly mime?: string | undefined; readonly name?: string | undefined } = {},
): InlinedText | undefined {
  if (sniffMime(bytes) !== undefined || (isBinaryType(about.mime) && !hasTextName(about.name))) return undefined;
  const { encoding, offset } = encodingOf(bytes);
  const isCut = bytes.length - offset > INLINE_LIMIT_BYTES;
  const text = decode(bytes.subarray(offset, offset + INLINE_LIMIT_BYTES), encoding, isCut);
  return text === undefined || hasControls(text) ? undefined : { text, isCut, bytes: bytes.length };
}

/** NUL and its like are in no text that people write, and in nearly every binary format. Escape (27) is in logs. */
function hasControls(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 9 || (code > 13 && code < 27)) return true;
  }
  return false;
}

/** The words of a document as a part of a turn, fenced so that they cannot be taken for the person's own. */
export function inlineText(name: string | undefined, inlined: InlinedText): string {
  const longest = Math.max(2, ...(inlined.text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const size = describeBytes(inlined.bytes);
  const extent = inlined.isCut ? `the first ${describeBytes(INLINE_LIMIT_BYTES)} of ${size}; the rest was cut` : size;
  return `Content of ${name === undefined ? "the document" : `"${name.replace(/\s+/g, " ")}"`} (${extent}):\n${fence}\n${inlined.text}\n${fence}`;
}

function isBinaryType(mime: string | undefined): boolean {
  if (mime === undefined) return false;
  if (/^image\/svg\b/i.test(mime)) return false;
  return (
    /^(image|audio|video|font)\//i.test(mime) ||
    /^application\/(pdf|zip|gzip|x-tar|x-7z-compressed|vnd\.rar)\b/i.test(mime)
  );
}

/** Telegram's clients guess: TypeScript comes as `video/mp2t`, a playlist as audio. */
function hasTextName(name: string | undefined): boolean {
  return /\.(ts|mts|m3u8?|txt|md|csv|json|xml|ya?ml|log|srt|vtt|svg|[jt]sx?|py|html?|css|sql|sh|toml|ini|tex)$/i.test(
    name ?? "",
  );
}

function encodingOf(bytes: Uint8Array): { encoding: "utf-8" | "utf-16le" | "utf-16be"; offset: number } {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { encoding: "utf-8", offset: 3 };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: "utf-16le", offset: 2 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { encoding: "utf-16be", offset: 2 };
  return { encoding: "utf-8", offset: 0 };
}

function decode(bytes: Uint8Array, encoding: string, isCut: boolean): string | undefined {
  try {
    // `stream` keeps back a character whose bytes were cut off, instead of refusing the whole for its sake.
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: false }).decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}
