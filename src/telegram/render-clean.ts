/**
 * Text as Telegram takes it. What is done here is done letter by letter, so that the cleaned beginning of an answer is the
 * beginning of the cleaned answer: growing answers depend on it.
 */

/** A pair cut in two at the end: its other half is still to come. */
const HALF_PAIR_AT_END = /[\ud800-\udbff]$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
const LINE_ENDS = /\r\n?|[\u2028\u2029]/g;
/** What Telegram does not count as content: a message of nothing else is refused as empty. */
const INVISIBLE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single units are looked at, never characters
  /[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc]/u;
const ONLY_INVISIBLE = new RegExp(`^(?:${INVISIBLE.source})*$`, "u");

/** Marks of quotes and lists beyond the thirty-second on one line: no reader sees that deep, and the parser recurses. */
const TOO_DEEP = /^((?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])){32})(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t]))+/gm;

/** One kind of line end, no control characters, no half of a surrogate pair (U+FFFD stands in its place). */
export function cleanText(text: string): string {
  return text
    .replace(HALF_PAIR_AT_END, "")
    .replace(LINE_ENDS, "\n")
    .replace(CONTROLS, "")
    .replace(TOO_DEEP, "$1")
    .toWellFormed();
}

/** Whether Telegram would call this text empty. */
export const isBlank = (text: string): boolean => ONLY_INVISIBLE.test(text);

/** Whether an answer leaves nothing to be sent: no part would come of it, and the person would hear nothing. */
export const saysNothing = (markdown: string): boolean => isBlank(cleanText(markdown));

/** Whether one UTF-16 unit is something that is seen. */
export const isVisibleUnit = (unit: string): boolean => !INVISIBLE.test(unit);

/** The last place at or before `end` where text may be cut: between two characters as people see them. */
export function characterBoundary(text: string, end: number): number {
  if (end >= text.length) return text.length;
  // A character may be long (a family of emoji, a letter under many marks), yet not endless.
  const from = Math.max(0, end - 256);
  let boundary = from;
  for (const { index } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(
    text.slice(from, end + 64),
  )) {
    if (from + index > end) break;
    boundary = from + index;
  }
  if (boundary > from) return boundary;
  return /[\udc00-\udfff]/.test(text.charAt(end)) ? end - 1 : end;
}
