/**
 * The rules entities live by: none is empty or begins or ends in space; code holds nothing and lies in nothing but a quote;
 * a look lies once on a word; links hold no links; a hundred at most.
 */
import type { MessageEntity } from "@grammyjs/types";
import { characterBoundary, isBlank } from "./render-clean.ts";
import { ENTITIES_MAX, TEXT_CHARS_MAX } from "./render-measure.ts";

export type SpanType = "bold" | "italic" | "strikethrough" | "spoiler" | "code" | "pre" | "text_link" | "blockquote";

export interface Span {
  readonly type: SpanType;
  readonly start: number;
  readonly end: number;
  readonly url?: string;
  readonly language?: string;
}

export interface SetText {
  readonly text: string;
  readonly entities: MessageEntity[];
}

/** Which entities stay when there are too many: what carries meaning before what carries a look. */
const RANK: Readonly<Record<SpanType, number>> = {
  text_link: 0,
  pre: 1,
  blockquote: 2,
  spoiler: 3,
  code: 4,
  bold: 5,
  italic: 6,
  strikethrough: 6,
};

/** Which is outside where two cover the same words. */
const OUTER: readonly SpanType[] = [
  "pre",
  "code",
  "italic",
  "strikethrough",
  "bold",
  "text_link",
  "spoiler",
  "blockquote",
];

/** Text and spans as Telegram takes them: trimmed, legal, in order. */
export function settle(text: string, spans: readonly Span[]): SetText {
  const pre = spans.find((span) => span.type === "pre");
  const blank = /^\s*/.exec(text)?.[0].length ?? 0;
  // The indentation of code at the very beginning belongs to the code.
  const lead = pre !== undefined && pre.start < blank ? pre.start : blank;
  const trimmed = text.slice(lead).trimEnd();
  const moved = spans
    .map((span) => ({ ...span, start: Math.max(0, span.start - lead), end: Math.min(span.end - lead, trimmed.length) }))
    .map((span) => tighten(trimmed, span))
    .filter((span) => span.end > span.start);
  return { text: trimmed, entities: chosen(legal(trimmed, moved)).map(entity) };
}

function tighten<T extends Span>(text: string, span: T): T {
  let { start, end } = span;
  while (end > start && isBlank(text.charAt(end - 1)) && !isPartOfPair(text, end - 1)) end -= 1;
  if (span.type !== "pre") while (end > start && isBlank(text.charAt(start)) && !isPartOfPair(text, start)) start += 1;
  return isBlank(text.slice(start, end)) ? { ...span, start, end: start } : { ...span, start, end };
}

const isPartOfPair = (text: string, at: number): boolean => /\ufe0f|\u200d/.test(text.charAt(at));

function legal(text: string, spans: readonly Span[]): Span[] {
  const links = spans.filter((span) => span.type === "text_link");
  const codes = spans.filter(
    (span) => span.type === "pre" || (span.type === "code" && !links.some((link) => overlap(link, span))),
  );
  codes.sort((a, b) => a.start - b.start);
  const quotes = spans.filter((span) => span.type === "blockquote");
  // A quote begins at its first letter; code that begins it gives up the space before.
  const result: Span[] = codes.map((code) => {
    const quote = quotes.find((one) => code.start < one.start && one.start < code.end);
    return quote === undefined ? code : { ...code, start: quote.start };
  });
  const lastEnd = new Map<SpanType, number>();
  const rest = spans.filter((span) => span.type !== "pre" && span.type !== "code");
  rest.sort((a, b) => a.start - b.start || b.end - a.end);
  for (const span of rest) {
    // The same look within itself says nothing more; links and quotes do not nest.
    if (span.start < (lastEnd.get(span.type) ?? 0)) continue;
    lastEnd.set(span.type, span.end);
    if (span.type === "blockquote" || span.type === "text_link") result.push(span);
    else result.push(...without(text, span, codes));
  }
  return result.sort((a, b) => a.start - b.start || b.end - a.end || OUTER.indexOf(b.type) - OUTER.indexOf(a.type));
}

const overlap = (a: Span, b: Span): boolean => a.start < b.end && b.start < a.end;

/** What of `span` is left around code. `codes` are in order. */
function without(text: string, span: Span, codes: readonly Span[]): Span[] {
  const pieces: Span[] = [];
  let start = span.start;
  for (const code of codes) {
    if (code.end <= start) continue;
    if (code.start >= span.end) break;
    pieces.push({ ...span, start, end: Math.max(start, code.start) });
    start = Math.min(code.end, span.end);
  }
  pieces.push({ ...span, start });
  return pieces.map((piece) => tighten(text, piece)).filter((piece) => piece.end > piece.start);
}

function chosen(spans: Span[]): Span[] {
  if (spans.length <= ENTITIES_MAX) return spans;
  const kept = new Set([...spans].sort((a, b) => RANK[a.type] - RANK[b.type]).slice(0, ENTITIES_MAX));
  return spans.filter((span) => kept.has(span));
}

function entity(span: Span): MessageEntity {
  const place = { offset: span.start, length: span.end - span.start };
  if (span.type === "text_link") return { type: "text_link", ...place, url: span.url ?? "" };
  if (span.type === "pre") {
    return span.language === undefined ? { type: "pre", ...place } : { type: "pre", ...place, language: span.language };
  }
  return { type: span.type, ...place };
}

/** Text that is too long after all, cut between characters, its entities with it. Usually the text itself. */
export function hardParts(text: string, entities: MessageEntity[]): SetText[] {
  if (text.length <= TEXT_CHARS_MAX) return isBlank(text) ? [] : [{ text, entities }];
  const parts: SetText[] = [];
  for (let from = 0; from < text.length; ) {
    const to = from + characterBoundary(text.slice(from), Math.min(TEXT_CHARS_MAX, text.length - from));
    const spans = entities.flatMap((one): Span[] => {
      const start = Math.max(0, one.offset - from);
      const end = Math.min(to, one.offset + one.length) - from;
      return end > start && isSpan(one.type) ? [{ ...one, type: one.type, start, end }] : [];
    });
    const part = settle(text.slice(from, to), spans);
    if (!isBlank(part.text)) parts.push(part);
    from = to;
  }
  return parts;
}

const isSpan = (type: string): type is SpanType => type in RANK;
