/**
 * What Telegram would say to one outgoing message, as strictly as reference/platform.md 4.3 and 4.4 and the Bot API's types
 * tell. Written without looking at the renderer, which it checks; the playground's stand-in for Telegram uses it too.
 */
import type { Nodes, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { mathFromMarkdown } from "mdast-util-math";
import { gfm } from "micromark-extension-gfm";
import { math } from "micromark-extension-math";

/** A message as it goes out; entities as Telegram's own MessageEntity. */
export type OutgoingPart =
  | { readonly form: "rich"; readonly markdown: string }
  | { readonly form: "entities"; readonly text: string; readonly entities: readonly OutgoingEntity[] }
  | { readonly form: "plain"; readonly text: string };

export interface OutgoingEntity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
  readonly language?: string;
}

// biome-ignore lint/suspicious/noMisleadingCharacterClass: single units, never characters
const EMPTY = /^[\s\u00ad\u034f\u180e\u200b-\u200f\u2028-\u202f\u2060-\u2064\u2800\u3164\ufeff]*$/;

/** Everything Telegram would object to; empty when the message is fine. */
export function checkPart(part: OutgoingPart): string[] {
  switch (part.form) {
    case "rich":
      return checkRich(part.markdown);
    case "entities":
      return [...checkText(part.text), ...checkEntities(part.text, part.entities)];
    case "plain":
      return checkText(part.text);
  }
}

function checkText(text: string): string[] {
  const faults = checkLetters(text);
  if (text.length > 4096) faults.push(`message is too long: ${text.length} UTF-16 units`);
  if (/\s$/.test(text) || /^\n/.test(text)) faults.push("text that Telegram would trim");
  return faults;
}

function checkLetters(text: string): string[] {
  const faults: string[] = [];
  if (EMPTY.test(text)) faults.push("message text is empty");
  if (!text.isWellFormed()) faults.push("strings must be encoded in UTF-8: half of a surrogate pair");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be sent
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) faults.push("control characters");
  return faults;
}

const KNOWN = [
  "bold",
  "italic",
  "underline",
  "strikethrough",
  "spoiler",
  "blockquote",
  "expandable_blockquote",
  "code",
  "pre",
  "text_link",
];

export function checkEntities(text: string, entities: readonly OutgoingEntity[]): string[] {
  const faults: string[] = [];
  if (entities.length > 100) faults.push(`${entities.length} entities, those beyond 100 are ignored`);
  for (const entity of entities) {
    const { offset, length } = entity;
    const at = `${entity.type} at ${offset}+${length}`;
    const covered = text.slice(offset, offset + length);
    if (!KNOWN.includes(entity.type)) faults.push(`unknown entity ${at}`);
    if (!Number.isInteger(offset) || !Number.isInteger(length) || offset < 0) faults.push(`no place: ${at}`);
    if (length <= 0) faults.push(`empty entity ${at}`);
    if (offset + length > text.length) faults.push(`entity beyond the end: ${at}`);
    if (/^\s*$/.test(covered)) faults.push(`entity over space only: ${at}`);
    if (/\s$/.test(covered) || (entity.type !== "pre" && /^\s/.test(covered)))
      faults.push(`entity with space at its edge: ${at}`);
    if (splitsPair(text, offset) || splitsPair(text, offset + length))
      faults.push(`entity inside a surrogate pair: ${at}`);
    if (entity.type === "text_link" && !isAcceptedUrl(entity.url)) faults.push(`wrong HTTP URL: ${entity.url}`);
    if (entity.type !== "text_link" && entity.url !== undefined) faults.push(`url on ${at}`);
    if (entity.type !== "pre" && entity.language !== undefined) faults.push(`language on ${at}`);
  }
  const ordered = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const open: OutgoingEntity[] = [];
  for (const entity of ordered) {
    while (open.length > 0 && endOf(open.at(-1)) <= entity.offset) open.pop();
    for (const outer of open) {
      if (endOf(entity) > endOf(outer))
        faults.push(`${entity.type} at ${entity.offset} overlaps ${outer.type} at ${outer.offset}`);
      faults.push(...nesting(outer, entity));
    }
    open.push(entity);
  }
  return faults;
}

const endOf = (entity: OutgoingEntity | undefined): number =>
  entity === undefined ? 0 : entity.offset + entity.length;
const splitsPair = (text: string, at: number): boolean =>
  /[\ud800-\udbff]/.test(text.charAt(at - 1)) && /[\udc00-\udfff]/.test(text.charAt(at));

/** "pre and code can't contain or be part of others; blockquotes can't be nested; all others but looks can't contain each other." */
function nesting(outer: OutgoingEntity, inner: OutgoingEntity): string[] {
  const pair = `${inner.type} at ${inner.offset} inside ${outer.type} at ${outer.offset}`;
  if (outer.type === inner.type) return [`the same twice: ${pair}`];
  if (outer.type === "pre" || outer.type === "code") return [pair];
  const isCode = inner.type === "pre" || inner.type === "code";
  if (isCode && !outer.type.endsWith("blockquote")) return [pair];
  if (inner.type.endsWith("blockquote") && outer.type.endsWith("blockquote")) return [pair];
  return [];
}

function isAcceptedUrl(url: string | undefined): boolean {
  if (url === undefined) return false;
  if (/^tg:\/\/(?!photo|video|document|audio|emoji|time)[a-z]+/i.test(url)) return true;
  if (!/^https?:\/\/\S+$/i.test(url) || !URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname.includes(".") && !hostname.startsWith("[");
}

const BLOCKS = new Set([
  "paragraph",
  "heading",
  "code",
  "html",
  "blockquote",
  "list",
  "listItem",
  "table",
  "tableRow",
  "thematicBreak",
  "footnoteDefinition",
]);

export function checkRich(markdown: string): string[] {
  const faults = checkLetters(markdown);
  const characters = Array.from(markdown).length;
  if (characters > 32_768) faults.push(`rich message of ${characters} characters`);
  const tree: Root = fromMarkdown(markdown, {
    extensions: [gfm({ singleTilde: false }), math({ singleDollarTextMath: false })],
    mdastExtensions: [gfmFromMarkdown(), mathFromMarkdown()],
  });
  let blocks = 0;
  let seen = false;
  const walk = (node: Nodes, level: number): void => {
    if (BLOCKS.has(node.type)) blocks += 1;
    if (level > 16) faults.push(`level ${level}: ${node.type}`);
    if (node.type === "html") faults.push(`HTML: ${node.value.slice(0, 40)}`);
    if (node.type === "image" || node.type === "imageReference") faults.push("an image, which Telegram would fetch");
    if (node.type === "link" && !/^(?:https?:\/\/|mailto:|tel:|tg:\/\/)/i.test(node.url))
      faults.push(`link to ${node.url}`);
    if (node.type === "link" && /^tg:\/\/(?:photo|video|document|audio|emoji|time)/i.test(node.url))
      faults.push(`media: ${node.url}`);
    if (node.type === "table") {
      const columns = Math.max(...node.children.map((row) => row.children.length));
      if (columns > 20) faults.push(`table of ${columns} columns`);
    }
    if (node.type === "text" || "value" in node) seen ||= !EMPTY.test(node.value);
    // Text has no level of its own.
    if ("children" in node) for (const child of node.children) walk(child, child.type === "text" ? level : level + 1);
  };
  walk(tree, 0);
  if (blocks > 500) faults.push(`${blocks} blocks`);
  if (!seen) faults.push("rich message without text");
  const last = tree.children.at(-1);
  if (last?.type === "code" && /^(?:`{3}|~{3})/.test(markdown.slice(last.position?.start.offset))) {
    if (!/\n[ \t>]*(?:`{3,}|~{3,})\s*$/.test(markdown)) faults.push("a fence that is not closed");
  }
  return faults;
}
