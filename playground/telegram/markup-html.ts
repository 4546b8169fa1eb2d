import type { Entity, Formatted } from "./entities.ts";
import { byteOffset, MarkupError } from "./markup-error.ts";

/** `parse_mode: HTML`: few tags, each closed, in order; five escapes. */
const TAG_TYPES: Readonly<Record<string, string>> = {
  b: "bold",
  strong: "bold",
  i: "italic",
  em: "italic",
  u: "underline",
  ins: "underline",
  s: "strikethrough",
  strike: "strikethrough",
  del: "strikethrough",
  "tg-spoiler": "spoiler",
  span: "spoiler",
  "tg-emoji": "custom_emoji",
  "tg-time": "date_time",
  a: "text_link",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
};

const ESCAPES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };

interface OpenTag {
  readonly tag: string;
  readonly offset: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export function parseHtml(source: string): Formatted {
  let text = "";
  const entities: Entity[] = [];
  const open: OpenTag[] = [];
  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    if (char === "&") {
      const escaped = /^&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/i.exec(source.slice(at, at + 12));
      const decoded = escaped ? decode(escaped) : undefined;
      text += decoded ?? "&";
      at += decoded === undefined ? 1 : (escaped?.[0].length ?? 1);
    } else if (char === "<") {
      const tag = /^<(\/?)([^\s<>/]*)((?:\s+[^<>]*?)?)\s*>/.exec(source.slice(at));
      if (!tag) {
        throw new MarkupError(`Unclosed start tag at byte offset ${byteOffset(source, at)}`);
      }
      const [all, closing, written = "", attributes = ""] = tag;
      const name = written.toLowerCase();
      if (closing) closeTag(name, open, entities, text, source, at);
      else openTag(name, attributes, open, text, source, at);
      at += all.length;
    } else {
      text += char;
      at += 1;
    }
  }
  const unclosed = open.at(-1);
  if (unclosed) throw new MarkupError(`Can't find end tag corresponding to start tag "${unclosed.tag}"`);
  return { text, entities: entities.sort((a, b) => a.offset - b.offset || b.length - a.length) };
}

function decode(escaped: RegExpExecArray): string | undefined {
  if (escaped[1]) return String.fromCodePoint(Number(escaped[1]) % 0x110000);
  if (escaped[2]) return String.fromCodePoint(Number.parseInt(escaped[2], 16) % 0x110000);
  return ESCAPES[escaped[3] ?? ""];
}

function openTag(name: string, written: string, open: OpenTag[], text: string, source: string, at: number): void {
  const attributes: Record<string, string> = {};
  for (const match of written.matchAll(/([a-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+)))?/gi)) {
    attributes[(match[1] ?? "").toLowerCase()] = match[2] ?? match[3] ?? match[4] ?? "";
  }
  const known = Object.hasOwn(TAG_TYPES, name) && (name !== "span" || attributes.class === "tg-spoiler");
  if (!known) throw new MarkupError(`Unsupported start tag "${name}" at byte offset ${byteOffset(source, at)}`);
  open.push({ tag: name, offset: text.length, attributes });
}

function closeTag(name: string, open: OpenTag[], entities: Entity[], text: string, source: string, at: number): void {
  const start = open.pop();
  if (!start) throw new MarkupError(`Unexpected end tag at byte offset ${byteOffset(source, at)}`);
  if (start.tag !== name) {
    throw new MarkupError(
      `Unmatched end tag at byte offset ${byteOffset(source, at)}, expected "</${start.tag}>", found "</${name}>"`,
    );
  }
  const length = text.length - start.offset;
  if (length === 0) return;
  const { attributes, offset } = start;
  switch (name) {
    case "a": {
      const url = attributes.href ?? text.slice(offset);
      // A link that is none is shown as plain text.
      if (/^(https?|tg|mailto|tel):/i.test(url) || /^[\w-]+(\.[\w-]+)+(\/\S*)?$/.test(url)) {
        entities.push({ type: "text_link", offset, length, url });
      }
      return;
    }
    case "code": {
      const outer = open.at(-1);
      if (outer?.tag === "pre" && outer.offset === offset) {
        const language = /^language-(.+)$/.exec(attributes.class ?? "")?.[1];
        entities.push({ type: "pre", offset, length, ...(language ? { language } : {}) });
      } else entities.push({ type: "code", offset, length });
      return;
    }
    case "pre":
      if (!entities.some((entity) => entity.type === "pre" && entity.offset === offset && entity.length === length)) {
        entities.push({ type: "pre", offset, length });
      }
      return;
    case "blockquote":
      entities.push({ type: "expandable" in attributes ? "expandable_blockquote" : "blockquote", offset, length });
      return;
    case "tg-emoji":
      entities.push({ type: "custom_emoji", offset, length, custom_emoji_id: attributes["emoji-id"] ?? "" });
      return;
    default:
      entities.push({ type: TAG_TYPES[name] ?? name, offset, length });
  }
}
