import type { Nodes, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { mathFromMarkdown } from "mdast-util-math";
import { gfm } from "micromark-extension-gfm";
import { math } from "micromark-extension-math";
import { isRecord } from "./args.ts";
import { badRequest } from "./refusal.ts";

/** A rich message as it was sent: exactly one of the three forms, and the plain words in it. */
export interface Rich {
  readonly form: "markdown" | "html" | "blocks";
  readonly markdown?: string;
  readonly html?: string;
  readonly blocks?: readonly unknown[];
  readonly plain: string;
}

/** Limits of a rich message (@grammyjs/types 5.0.0, rich.d.ts). */
const LIMITS = { chars: 32_768, blocks: 500, levels: 16, media: 50, columns: 20 } as const;

interface Tally {
  plain: string;
  blocks: number;
  levels: number;
  media: number;
  columns: number;
}

export function readRich(value: Readonly<Record<string, unknown>> | undefined): Rich {
  if (value === undefined) throw badRequest("rich message must be non-empty");
  const forms = (["markdown", "html", "blocks"] as const).filter((form) => value[form] !== undefined);
  const [form] = forms;
  if (form === undefined || forms.length > 1) {
    throw badRequest("exactly one of the fields html, markdown, or blocks must be used in the rich message");
  }
  const content = value[form];
  const tally: Tally = { plain: "", blocks: 0, levels: 0, media: 0, columns: 0 };
  if (form === "blocks") {
    if (!Array.isArray(content)) throw badRequest("can't parse rich message: blocks must be of type Array");
    for (const block of content) tallyBlock(block, 1, tally);
  } else {
    if (typeof content !== "string") throw badRequest(`can't parse rich message: ${form} must be of type String`);
    if (form === "markdown") tallyNode(parseRichMarkdown(content), 0, tally);
    else tallyHtml(content, tally);
  }
  requireWithinLimits(tally);
  return { form, plain: tally.plain.trim(), [form]: content };
}

/** Telegram's Rich Markdown is GitHub's with maths. */
export function parseRichMarkdown(markdown: string): Root {
  return fromMarkdown(markdown, {
    extensions: [gfm(), math()],
    mdastExtensions: [gfmFromMarkdown(), mathFromMarkdown()],
  });
}

function requireWithinLimits(tally: Tally): void {
  if (tally.plain.trim() === "" && tally.media === 0) throw badRequest("message text is empty");
  const chars = [...tally.plain].length;
  if (chars > LIMITS.chars) throw badRequest("message is too long");
  if (tally.blocks > LIMITS.blocks) throw badRequest("can't parse rich message: too many blocks");
  if (tally.levels > LIMITS.levels) throw badRequest("can't parse rich message: too many levels of nesting");
  if (tally.media > LIMITS.media) throw badRequest("can't parse rich message: too many media");
  if (tally.columns > LIMITS.columns) throw badRequest("can't parse rich message: too many table columns");
}

const BLOCK_NODES = new Set([
  "paragraph",
  "heading",
  "code",
  "math",
  "thematicBreak",
  "blockquote",
  "list",
  "listItem",
  "table",
  "tableRow",
  "html",
  "footnoteDefinition",
]);

function tallyNode(node: Nodes, level: number, tally: Tally): void {
  tally.levels = Math.max(tally.levels, level);
  if (BLOCK_NODES.has(node.type)) tally.blocks += 1;
  if (node.type === "tableRow") tally.columns = Math.max(tally.columns, node.children.length);
  if (node.type === "image") {
    // Telegram fetches the medium itself, so that anything but a web address fails the whole message.
    if (!/^(https?:\/\/|tg:\/\/)/i.test(node.url)) throw badRequest("wrong HTTP URL specified");
    tally.media += 1;
  }
  if ("value" in node) tally.plain += node.type === "html" ? node.value.replace(/<[^>]*>/g, "") : node.value;
  if (node.type === "break") tally.plain += "\n";
  if ("children" in node) for (const child of node.children) tallyNode(child, level + 1, tally);
  if (BLOCK_NODES.has(node.type)) tally.plain += "\n";
  if (node.type === "tableCell") tally.plain += "\t";
}

const BLOCK_TAGS = /^(p|h[1-6]|pre|footer|hr|ul|ol|li|blockquote|aside|table|tr|details|figure|tg-math-block|tg-map)$/;
const INLINE_TAGS =
  /^(a|b|strong|i|em|u|ins|s|strike|del|code|mark|sub|sup|br|cite|summary|caption|figcaption|th|td|input|img|video|audio|tg-[a-z-]+)$/;
const VOID_TAGS = new Set(["br", "hr", "img", "input", "tg-map"]);

function tallyHtml(html: string, tally: Tally): void {
  const open: string[] = [];
  let columns = 0;
  for (const match of html.matchAll(/<(\/?)([a-z][a-z0-9-]*)[^>]*?(\/?)>|<|([^<]+)/gi)) {
    const [all, closing, written = "", selfClosing, text] = match;
    const tag = written.toLowerCase();
    if (text !== undefined) tally.plain += text;
    else if (tag === "" || !(BLOCK_TAGS.test(tag) || INLINE_TAGS.test(tag))) {
      throw badRequest(`can't parse entities: Unsupported start tag "${tag}" at byte offset ${match.index}`);
    } else if (closing) {
      const expected = open.pop();
      if (expected !== tag) {
        throw badRequest(
          `can't parse entities: Unmatched end tag at byte offset ${match.index}, expected "</${expected ?? ""}>", found "${all}"`,
        );
      }
    } else {
      if (BLOCK_TAGS.test(tag)) tally.blocks += 1;
      if (/^(img|video|audio|tg-document)$/.test(tag)) tally.media += 1;
      if (tag === "tr") columns = 0;
      if (tag === "td" || tag === "th") tally.columns = Math.max(tally.columns, ++columns);
      if (!selfClosing && !VOID_TAGS.has(tag)) open.push(tag);
      tally.levels = Math.max(tally.levels, open.length);
    }
  }
  const unclosed = open.at(-1);
  if (unclosed) throw badRequest(`can't parse entities: Can't find end tag corresponding to start tag "${unclosed}"`);
}

const BLOCK_TYPES = new Set(
  (
    "paragraph heading pre footer divider mathematical_expression anchor list blockquote expandable_blockquote " +
    "pullquote collage slideshow table details map animation audio document photo video voice_note buttons thinking"
  ).split(" "),
);

function tallyBlock(block: unknown, level: number, tally: Tally): void {
  if (!isRecord(block) || typeof block.type !== "string" || !BLOCK_TYPES.has(block.type)) {
    throw badRequest("can't parse rich message: Unsupported block type specified");
  }
  tally.blocks += 1;
  if (/^(animation|audio|document|photo|video|voice_note)$/.test(block.type)) tally.media += 1;
  tallyInner(block, level, tally);
  tally.plain += "\n";
}

function tallyInner(value: unknown, level: number, tally: Tally): void {
  tally.levels = Math.max(tally.levels, level);
  if (typeof value === "string") tally.plain += value;
  else if (Array.isArray(value)) for (const part of value) tallyInner(part, level, tally);
  else if (isRecord(value)) {
    for (const [name, part] of Object.entries(value)) {
      if (name === "blocks" && Array.isArray(part)) for (const block of part) tallyBlock(block, level + 1, tally);
      else if (name === "items" && Array.isArray(part)) {
        tally.blocks += part.length;
        for (const item of part) tallyInner(item, level + 1, tally);
      } else if (name === "cells" && Array.isArray(part)) {
        tally.blocks += part.length;
        for (const row of part) tally.columns = Math.max(tally.columns, Array.isArray(row) ? row.length : 0);
        tallyInner(part, level + 1, tally);
      } else if (["text", "caption", "summary", "expression", "credit"].includes(name))
        tallyInner(part, level + 1, tally);
    }
  }
}
