import type { RawEntity } from "./inbound-schema.ts";
import type { Command, Mention } from "./message.ts";

/**
 * Text with entities → Markdown, commands and mentions. Offsets are UTF-16 units, as JavaScript counts. Where Markdown
 * could not carry a formatting without changing the words (a bold that spans paragraphs, a link with brackets in its
 * text), the words stay as they are: a lost bold is nothing, a changed word is. What people typed is never escaped.
 */

interface Span {
  readonly start: number;
  readonly end: number;
  readonly entity: RawEntity;
}

/** The part of `text` from `from` on, with its formatting as Markdown. */
export function toMarkdown(text: string, entities: readonly RawEntity[], from = 0): string {
  const spans = entities
    .filter(({ type }) => FORMATS.has(type))
    .map((entity) => ({ start: entity.offset, end: entity.offset + entity.length, entity }))
    .filter(
      ({ start, end }) => start >= from && end <= text.length && !splitsPair(text, start) && !splitsPair(text, end),
    )
    // Outer before inner; of two on the same words the one Telegram named first is the outer one (the sort is stable).
    .sort((left, right) => left.start - right.start || right.end - left.end);
  return render(text, from, text.length, spans);
}

function render(text: string, from: number, to: number, spans: readonly Span[]): string {
  let markdown = "";
  let position = from;
  for (let index = 0; index < spans.length; ) {
    const span = spans[index];
    index += 1;
    // One that begins inside the span before it and ends outside of it is nothing Markdown can nest.
    if (span === undefined || span.start < position || span.end > to) continue;
    markdown += text.slice(position, span.start);
    const isBlock = BLOCKS.has(span.entity.type);
    const inner: Span[] = [];
    for (let next = spans[index]; next !== undefined && next.start < span.end; next = spans[index]) {
      // Blocks do not nest in Telegram either.
      if (next.end <= span.end && !(isBlock && BLOCKS.has(next.entity.type))) inner.push(next);
      index += 1;
    }
    const words = text.slice(span.start, span.end);
    const isCode = span.entity.type === "code" || span.entity.type === "pre";
    const formatted = format(span.entity, words, isCode ? words : render(text, span.start, span.end, inner));
    if (isBlock && markdown !== "" && !markdown.endsWith("\n")) markdown += "\n";
    markdown += formatted;
    position = span.end;
    if (isBlock && position < to && text[position] !== "\n") markdown += "\n";
  }
  return markdown + text.slice(position, to);
}

const MARKS: ReadonlyMap<string, string> = new Map([
  ["bold", "**"],
  ["italic", "*"],
  ["strikethrough", "~~"],
  ["spoiler", "||"],
]);
const BLOCKS: ReadonlySet<string> = new Set(["pre", "blockquote", "expandable_blockquote"]);
const FORMATS: ReadonlySet<string> = new Set([...MARKS.keys(), ...BLOCKS, "code", "text_link", "text_mention"]);

/** `words`: what was written. `inner`: the same with the formatting inside of it. */
function format(entity: RawEntity, words: string, inner: string): string {
  switch (entity.type) {
    case "code":
      return codeSpan(words);
    case "pre":
      return codeBlock(words, entity.language);
    case "text_link":
      return link(words, inner, entity.url);
    case "text_mention":
      return link(words, inner, entity.user && `tg://user?id=${entity.user.id}`);
    case "blockquote":
    case "expandable_blockquote":
      return inner.replace(/^/gm, "> ");
    default:
      return emphasis(words, inner, MARKS.get(entity.type) ?? "");
  }
}

function emphasis(words: string, inner: string, mark: string): string {
  const middle = inner.trim();
  const at = inner.indexOf(middle);
  // A mark inside of the words would end the formatting early, and so would an empty line; a mention alone stays as it is.
  if (middle === "" || words.includes(mark) || /\n\s*\n/.test(middle) || /^@\w+$/.test(middle)) return inner;
  return inner.slice(0, at) + mark + middle + mark + inner.slice(at + middle.length);
}

function link(words: string, inner: string, url: string | undefined): string {
  if (url === undefined || url === words) return inner;
  if (!/^(https?|tg|mailto|tel|ton):\S+$/i.test(url) || /[[\]\n]/.test(words)) return `${inner} (${url})`;
  return `[${inner}](${/[()<>]/.test(url) ? `<${url.replaceAll("<", "%3C").replaceAll(">", "%3E")}>` : url})`;
}

function codeSpan(words: string): string {
  if (words.includes("\n")) return codeBlock(words, undefined);
  const fence = "`".repeat(longestRun(words) + 1);
  const pad = words.startsWith("`") || words.endsWith("`") ? " " : "";
  return fence + pad + words + pad + fence;
}

function codeBlock(words: string, language: string | undefined): string {
  const fence = "`".repeat(Math.max(3, longestRun(words) + 1));
  const name = language !== undefined && /^[\w+#.-]{1,32}$/.test(language) ? language : "";
  return `${fence}${name}\n${words}${words.endsWith("\n") ? "" : "\n"}${fence}`;
}

function longestRun(words: string): number {
  return Math.max(0, ...(words.match(/`+/g) ?? []).map((run) => run.length));
}

function splitsPair(text: string, offset: number): boolean {
  const unit = text.charCodeAt(offset);
  return offset > 0 && unit >= 0xdc00 && unit <= 0xdfff;
}

/**
 * `/name@bot words` at the very start. The name is followed by white space or the end (`/a/b` is a path), except where
 * Telegram itself marked a command (`/new!`). What is formatted as code is shown, not ordered.
 */
export function findCommandIn(text: string, entities: readonly RawEntity[]): Command | undefined {
  if (entities.some(({ type, offset }) => offset === 0 && (type === "code" || type === "pre"))) return undefined;
  const marked = entities.find(({ type, offset }) => type === "bot_command" && offset === 0)?.length;
  const match = COMMAND.exec(text) ?? (marked === undefined ? null : MARKED_COMMAND.exec(text.slice(0, marked)));
  const [whole, name, bot] = match ?? [];
  if (whole === undefined || name === undefined || text[whole.length] === "/") return undefined;
  return {
    name: name.toLowerCase(),
    words: toMarkdown(text, entities, whole.length).trim(),
    ...(bot === undefined ? {} : { bot: bot.toLowerCase() }),
  };
}

// Telegram's own are 1–32 of a–z, 0–9, _; a hyphen is taken too, because the folder of a skill may have one.
const COMMAND = /^\/([a-z0-9_][a-z0-9_-]{0,63})(?:@([a-z0-9_]{1,64}))?(?=\s|$)/i;
const MARKED_COMMAND = /^\/([a-z0-9_]{1,64})(?:@([a-z0-9_]{1,64}))?$/i;

/**
 * Who is named: `@username` where Telegram marked it, or a person without a username. Telegram marks every one of them;
 * a text that came without any entity (other clients of the webhook do that) is read by eye.
 */
export function findMentions(text: string, entities: readonly RawEntity[]): Mention[] {
  if (entities.length === 0) {
    return Array.from(text.matchAll(/(?<![\w@/.])@(\w{3,32})(?!\w)/g), ([, name = ""]) => ({
      username: name.toLowerCase(),
    }));
  }
  const mentions: Mention[] = [];
  for (const { type, offset, length, user } of entities) {
    const words = text.slice(offset, offset + length);
    if (type === "mention" && /^@\w{1,64}$/.test(words)) mentions.push({ username: words.slice(1).toLowerCase() });
    if (type === "text_mention" && user !== undefined) {
      mentions.push(
        user.username === undefined ? { userId: user.id } : { userId: user.id, username: user.username.toLowerCase() },
      );
    }
  }
  return mentions;
}
