import type { Entity, Formatted } from "./entities.ts";
import { byteOffset, MarkupError } from "./markup-error.ts";

/** `parse_mode: MarkdownV2`: eighteen characters that stand for themselves only behind a backslash. */
const RESERVED = "_*[]()~`>#+-=|{}.!";

const MARKS: readonly { readonly mark: string; readonly type: string; readonly name: string }[] = [
  { mark: "```", type: "pre", name: "Pre" },
  { mark: "`", type: "code", name: "Code" },
  { mark: "||", type: "spoiler", name: "Spoiler" },
  { mark: "__", type: "underline", name: "Underline" },
  { mark: "*", type: "bold", name: "Bold" },
  { mark: "_", type: "italic", name: "Italic" },
  { mark: "~", type: "strikethrough", name: "Strikethrough" },
];

interface OpenMark {
  readonly type: string;
  readonly name: string;
  readonly mark: string;
  readonly offset: number;
  readonly at: number;
  readonly language?: string;
}

export function parseMarkdownV2(source: string): Formatted {
  let text = "";
  const entities: Entity[] = [];
  const open: OpenMark[] = [];
  let quoteAt: number | undefined;
  let at = 0;

  const close = (extra: Partial<Entity> = {}): void => {
    const mark = open.pop();
    if (!mark) return;
    const length = text.length - mark.offset;
    if (length > 0) {
      const language = mark.language ? { language: mark.language } : {};
      entities.push({ type: mark.type, offset: mark.offset, length, ...language, ...extra });
    }
  };

  while (at < source.length) {
    const top = open.at(-1);
    const char = source.charAt(at);
    if (char === "\\" && RESERVED.concat("\\").includes(source.charAt(at + 1)) && at + 1 < source.length) {
      text += source.charAt(at + 1);
      at += 2;
      continue;
    }
    if (top && (top.type === "code" || top.type === "pre")) {
      if (source.startsWith(top.mark, at)) {
        at += top.mark.length;
        close();
      } else {
        text += char;
        at += 1;
      }
      continue;
    }
    if (char === ">" && (at === 0 || source.charAt(at - 1) === "\n")) {
      quoteAt ??= text.length;
      at += 1;
      continue;
    }
    if (char === "\n" && quoteAt !== undefined && source.charAt(at + 1) !== ">") {
      entities.push({ type: "blockquote", offset: quoteAt, length: text.length - quoteAt });
      quoteAt = undefined;
    }
    const mark = MARKS.find((candidate) => source.startsWith(candidate.mark, at));
    if (mark) {
      at += mark.mark.length;
      if (top?.mark === mark.mark) close();
      else {
        const language = mark.type === "pre" ? (/^([\w+#-]+)\n/.exec(source.slice(at))?.[1] ?? "") : "";
        if (mark.type === "pre") at += language ? language.length + 1 : source.charAt(at) === "\n" ? 1 : 0;
        open.push({ ...mark, offset: text.length, at: at - mark.mark.length, ...(language ? { language } : {}) });
      }
      continue;
    }
    if (char === "[" || (char === "!" && source.charAt(at + 1) === "[")) {
      open.push({ type: "text_link", name: "TextUrl", mark: "]", offset: text.length, at });
      at += char === "!" ? 2 : 1;
      continue;
    }
    if (char === "]" && top?.type === "text_link") {
      const link = /^\]\(((?:\\.|[^)\\])*)\)/.exec(source.slice(at));
      at += link ? link[0].length : 1;
      close({ url: (link?.[1] ?? text.slice(top.offset)).replace(/\\(.)/g, "$1") });
      continue;
    }
    if (RESERVED.includes(char)) {
      throw new MarkupError(`Character '${char}' is reserved and must be escaped with the preceding '\\'`);
    }
    text += char;
    at += 1;
  }
  const unclosed = open.at(-1);
  if (unclosed) {
    throw new MarkupError(
      `Can't find end of ${unclosed.name} entity at byte offset ${byteOffset(source, unclosed.at)}`,
    );
  }
  if (quoteAt !== undefined && text.length > quoteAt) {
    entities.push({ type: "blockquote", offset: quoteAt, length: text.length - quoteAt });
  }
  return { text, entities: entities.sort((a, b) => a.offset - b.offset || b.length - a.length) };
}

const OLD_MARKS: Readonly<Record<string, string>> = { "*": "bold", _: "italic", "`": "code" };

/** `parse_mode: Markdown`, the old one: no nesting, and every lone mark is an error. */
export function parseMarkdown(source: string): Formatted {
  let text = "";
  const entities: Entity[] = [];
  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    if (char === "\\" && "_*`[".includes(source.charAt(at + 1)) && at + 1 < source.length) {
      text += source.charAt(at + 1);
      at += 2;
      continue;
    }
    const mark = source.startsWith("```", at) ? "```" : char;
    const type = mark === "```" ? "pre" : OLD_MARKS[char];
    if (type) {
      const end = source.indexOf(mark, at + mark.length);
      if (end < 0) throw unfinished(source, at);
      const inner = source.slice(at + mark.length, end);
      if (inner !== "") entities.push({ type, offset: text.length, length: inner.length });
      text += inner;
      at = end + mark.length;
      continue;
    }
    if (char === "[") {
      const link = /^\[([^\]]*)\](?:\(([^)]*)\))?/.exec(source.slice(at));
      if (!link) throw unfinished(source, at);
      const inner = link[1] ?? "";
      if (link[2] && inner !== "") {
        entities.push({ type: "text_link", offset: text.length, length: inner.length, url: link[2] });
      }
      text += link[2] === undefined ? link[0] : inner;
      at += link[0].length;
      continue;
    }
    text += char;
    at += 1;
  }
  return { text, entities };
}

function unfinished(source: string, at: number): MarkupError {
  return new MarkupError(`Can't find end of the entity starting at byte offset ${byteOffset(source, at)}`);
}
