/**
 * Where a message that is full ends and how the next one begins: between paragraphs, else between smaller blocks, lines,
 * sentences, words, and last between two characters. What is cut in two is closed here and opened again there.
 */
import type { Nodes, Root } from "mdast";
import { characterBoundary, isBlank } from "./render-clean.ts";
import { closeEnd } from "./render-close.ts";
import { containerOf, endOf, fenceOf, isParent, sourceOf, startOf } from "./render-tree.ts";
import { type Cursor, cursorAt, type Window } from "./render-window.ts";

export interface Cut {
  /** The Markdown of the part that is now complete. */
  readonly text: string;
  readonly next: Cursor;
}

/** The longest that what is opened again may be; a longer link or table head is not repeated. */
const PREFIX_CHARS_MAX = 1_000;

/** Places to cut, from the best kind to the worst, each list in rising order. */
type Places = Record<"block" | "inner" | "line" | "sentence" | "word" | "marked", number[]>;

/** Cuts a full window. Depends on nothing beyond it. */
export function cutWindow(window: Window, source: string): Cut {
  const { text } = window;
  const { tree } = closeEnd(text);
  const places: Places = { block: [], inner: [], line: [], sentence: [], word: [], marked: [] };
  collect(tree, text, places);
  const at = choose(places, window) ?? hardPlace(window);
  const chain = ancestors(tree, at);
  const reopened = reopen(chain, text, at);
  const inCode = chain.some((node) => node.type === "code" || node.type === "math");
  const kept = text.slice(0, at).trimEnd() + reopened.suffix;
  const next = cursorAt(window, reopened.from, reopened.prefix, reopened.dedent);
  const offset = inCode ? next.offset : skipSpace(source, next.offset);
  return { text: kept, next: { ...next, offset } };
}

/** Past blank lines, and past the space that stood between two words; the indentation of a line stays. */
function skipSpace(source: string, offset: number): number {
  let at = offset;
  for (let end = at; end < source.length; end += 1) {
    const unit = source.charAt(end);
    if (unit === "\n") at = end + 1;
    else if (unit !== " " && unit !== "\t") return offset > 0 && source.charAt(at - 1) !== "\n" ? end : at;
  }
  return at;
}

function collect(node: Nodes, text: string, places: Places): void {
  const limit = text.length;
  if (node.type === "code" || node.type === "math") {
    for (let at = text.indexOf("\n", startOf(node)); at !== -1 && at < endOf(node); at = text.indexOf("\n", at + 1)) {
      places.inner.push(at + 1);
    }
    return;
  }
  if (node.type === "text" || node.type === "html") {
    collectText(node, text, places, node.type === "html");
    return;
  }
  if (!isParent(node)) return;
  if (isMarked(node)) {
    collectMarked(node, text, places);
    return;
  }
  const blocks = node.type === "root" || !isTextual(node);
  for (const [index, child] of node.children.entries()) {
    const before = node.children[index - 1];
    // A heading stays with what it is the heading of; a table's first row is not a place.
    if (blocks && before !== undefined && before.type !== "heading" && startOf(child) < limit) {
      const place = lineStart(text, startOf(child));
      if (child.type !== "tableCell") (node.type === "root" ? places.block : places.inner).push(place);
    }
    collect(child, text, places);
  }
}

const isTextual = (node: Nodes): boolean =>
  node.type === "paragraph" || node.type === "heading" || node.type === "tableCell";
const isMarked = (node: Nodes): boolean =>
  node.type === "emphasis" || node.type === "strong" || node.type === "delete" || node.type === "link";

function collectText(node: Nodes, text: string, places: Places, marked: boolean): void {
  const end = Math.min(endOf(node), text.length);
  for (let at = startOf(node); at < end; at += 1) {
    const unit = text.charAt(at);
    if (unit !== " " && unit !== "\n") continue;
    if (marked) places.marked.push(at);
    else if (unit === "\n") places.line.push(at + 1);
    else if (/[.!?…:;。！？]["'”’»)\]*_]?$/.test(text.slice(Math.max(0, at - 3), at))) places.sentence.push(at);
    else places.word.push(at);
  }
}

function collectMarked(node: Nodes, text: string, places: Places): void {
  if (!isParent(node)) return;
  for (const child of node.children) {
    if (child.type === "text") collectText(child, text, places, true);
    else if (isMarked(child)) collectMarked(child, text, places);
  }
}

/** Only space, quote marks before it on its line: then the place is the line's beginning. */
function lineStart(text: string, at: number): number {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  return /^[ \t>]*$/.test(text.slice(start, at)) ? start : at;
}

function choose(places: Places, window: Window): number | undefined {
  const { text, prefixChars } = window;
  const own = text.length - prefixChars;
  const kinds = [places.block, places.inner, places.line, places.sentence, places.word];
  const steps: readonly [number, readonly number[][]][] = [
    [0.5, kinds],
    [0.1, kinds],
    [0.5, [places.marked]],
    [0, kinds],
    [0, [places.marked]],
  ];
  for (const [share, lists] of steps) {
    for (const list of lists) {
      const at = list.findLast((place) => place <= text.length && place > prefixChars);
      if (at === undefined || at - prefixChars < own * share) continue;
      if (!isBlank(text.slice(prefixChars, at))) return at;
    }
  }
  return undefined;
}

/** No word ends in the window. The last character may go on beyond it, so it is left to the next part. */
function hardPlace(window: Window): number {
  const { text, prefixChars } = window;
  const at = characterBoundary(`${text}\u0000`, text.length - 1);
  return at > prefixChars ? at : text.length;
}

/** The nodes in which `at` lies, outermost first. */
function ancestors(tree: Root, at: number): Nodes[] {
  const chain: Nodes[] = [];
  let node: Nodes | undefined = tree;
  while (node !== undefined && isParent(node)) {
    const children: readonly Nodes[] = node.children;
    // A place at a line's beginning lies before the indentation of what begins there.
    node = children.find((child) => startOf(child) < at && at < endOf(child));
    if (node !== undefined) chain.push(node);
  }
  return chain;
}

interface Reopened {
  readonly suffix: string;
  readonly prefix: string;
  readonly dedent: number;
  /** Where the next part goes on: `at`, or behind quote marks that the prefix repeats. */
  readonly from: number;
}

function reopen(chain: readonly Nodes[], text: string, at: number): Reopened {
  const dedent = listIndent(chain, text);
  const quoted = chain.some((node) => node.type === "blockquote");
  const atLineStart = text.charAt(at - 1) === "\n";
  let opening = "";
  let suffix = "";
  let from = at;
  let quote = "";
  for (const node of chain) {
    const source = sourceOf(text, node);
    const container = containerOf(text, node);
    const shifted = quoted ? container.slice(dedent).trimStart().replace(/ {2,}/g, " ") : "";
    if (node.type === "code" || node.type === "math") {
      const fence = fenceOf(text, node);
      if (fence === "") continue;
      const head = /^[^\n]*/.exec(source)?.[0].slice(0, 200) ?? fence;
      return {
        suffix: `\n${container}${fence}`,
        prefix: `${shifted}${head}\n${atLineStart ? "" : shifted}`,
        dedent,
        from,
      };
    }
    if (node.type === "table" && atLineStart) {
      const head = source.split("\n", 2);
      const second = (head[1] ?? "").replace(/^[ \t>]+/, "");
      const prefix = `${shifted}${head[0] ?? ""}\n${shifted}${second}\n`;
      return { suffix: "", prefix: prefix.length > PREFIX_CHARS_MAX ? "" : prefix, dedent, from };
    }
    if (node.type === "list" && node.ordered === true && atLineStart && !quoted) {
      const renumbered = renumber(node, text, at);
      if (renumbered !== undefined && chain.at(-1) === node) return { suffix: "", dedent: 0, ...renumbered };
    }
    if (node.type === "paragraph" || node.type === "heading" || node.type === "html") quote = shifted;
    if (node.type === "heading" || isMarked(node)) {
      const [first, last] = isParent(node) ? [node.children[0], node.children.at(-1)] : [];
      if (first === undefined || last === undefined) continue;
      opening += text.slice(startOf(node), startOf(first));
      const { start, end } = { start: endOf(last), end: endOf(node) };
      // Beyond the window the end was only completed; the mark that opened closes as well.
      suffix =
        (end > text.length ? mirrored(text.slice(startOf(node), startOf(first))) : text.slice(start, end)) + suffix;
    }
    if (node.type === "inlineCode") {
      const ticks = /^`+/.exec(source)?.[0] ?? "";
      opening += ticks;
      suffix = ticks + suffix;
    }
  }
  if (opening.length > PREFIX_CHARS_MAX) opening = "";
  if (atLineStart && opening !== "") from += /^[ \t>]*/.exec(text.slice(at))?.[0].length ?? 0;
  const lead = quoted && (!atLineStart || opening !== "") ? quote : "";
  return { suffix, prefix: lead + opening, dedent, from };
}

const mirrored = (opening: string): string => (opening === "[" ? "" : /^#/.test(opening) ? "" : opening);

/** Columns by which a list in which the cut lies is indented. Inside quotes indentation is left as it is. */
function listIndent(chain: readonly Nodes[], text: string): number {
  let columns = 0;
  for (const node of chain) {
    if (node.type === "blockquote") break;
    if (node.type === "list") columns = containerOf(text, node).length;
    if (node.type === "listItem") {
      const first = node.children[0];
      columns = first === undefined ? columns + 2 : containerOf(text, first).length;
    }
  }
  return columns;
}

/** "1. 1. 1." counts on by itself within one list; a list that goes on in a new message must be told its number. */
function renumber(list: Nodes, text: string, at: number): { from: number; prefix: string } | undefined {
  if (list.type !== "list") return undefined;
  const index = list.children.findIndex((item) => startOf(item) >= at);
  const found = /^[ \t]*(\d+)([.)])([ \t]+)/.exec(text.slice(at, at + 100));
  if (index < 1 || found === null) return undefined;
  const number = (list.start ?? 1) + index;
  return found[1] === String(number) ? undefined : { from: at + found[0].length, prefix: `${number}${found[2]} ` };
}
