/**
 * An answer that is still growing ends anywhere: in a fence, in a bold word, in a link, in a table. Here its end is completed so
 * that it reads as what it is about to be. The text itself is never changed, only continued.
 */
import type { Nodes, Root } from "mdast";
import { hasTooManyMarks } from "./render-bounds.ts";
import { containerOf, endOf, fenceOf, isFenceClosed, isParent, parseMarkdown, sourceOf } from "./render-tree.ts";

export interface Closed {
  readonly text: string;
  readonly tree: Root;
}

/** Completes what is open at the end of `markdown`. */
export function closeEnd(markdown: string): Closed {
  const tree = parseMarkdown(markdown);
  const text = markdown + closing(markdown, tree);
  if (text === markdown) return { text, tree };
  const bare = markdown.trimEnd();
  const completed = bare + closing(bare, tree);
  return { text: completed, tree: parseMarkdown(completed) };
}

/** Completes a block of code or a formula that is open at the end of `markdown`, and nothing else. */
export function closeFence(markdown: string): Closed {
  const tree = parseMarkdown(markdown);
  const block = lastBlock(tree);
  const fence = block && missingFence(markdown, block);
  if (!fence) return { text: markdown, tree };
  const text = markdown.trimEnd() + fence;
  return { text, tree: parseMarkdown(text) };
}

function missingFence(markdown: string, block: Nodes): string {
  if (block.type !== "code" && block.type !== "math") return "";
  const fence = fenceOf(markdown, block);
  if (fence === "" || isFenceClosed(markdown, block)) return "";
  return `\n${containerOf(markdown, block)}${fence}`;
}

function closing(markdown: string, tree: Root): string {
  const block = lastBlock(tree);
  if (block === undefined) return "";
  if (block.type === "code" || block.type === "math") return missingFence(markdown, block);
  if (block.type === "tableRow") return openMarks(/[^|]*$/.exec(sourceOf(markdown, block).trimEnd())?.[0] ?? "");
  if (block.type !== "paragraph" && block.type !== "heading") return "";
  // Blank lines after it: the paragraph is complete, whatever it leaves open was meant so.
  if (/\n[ \t>]*\n/.test(markdown.slice(endOf(block)))) return "";
  const source = sourceOf(markdown, block);
  return block.type === "paragraph" ? (tableStart(source) ?? openMarks(source)) : openMarks(source);
}

/** The last block of text, however deep: a paragraph, a heading, a row, a block of code. */
function lastBlock(node: Nodes): Nodes | undefined {
  if (node.type === "paragraph" || node.type === "heading" || node.type === "tableRow" || !isParent(node)) return node;
  const last = node.children.at(-1);
  return last === undefined ? undefined : lastBlock(last);
}

/** The rest of a table's second line, when the first stands and the second is missing or begun. */
function tableStart(source: string): string | undefined {
  const lines = source.split("\n");
  const [head = "", rule] = lines;
  if (lines.length > 2 || !/^\|(?!\|).*[^\\]\|[ \t]*$/.test(head)) return undefined;
  if (rule !== undefined && !/^[ \t>]*[|:\- \t]*$/.test(rule)) return undefined;
  const columns = head.replace(/\\./g, "").split("|").length - 2;
  // Alone, the line is a table only if it has the look of a first row; `|x|` may be anything.
  if (rule === undefined) return columns > 1 ? `\n|${"---|".repeat(columns)}` : undefined;
  const cells = rule.replace(/^[ \t>]*\|?/, "").split("|");
  const begun = cells.at(-1) ?? "";
  const missing = columns - cells.length;
  if (missing < 0) return undefined;
  return `${begun.includes("-") ? "" : "-"}|${"---|".repeat(missing)}`;
}

interface Open {
  readonly mark: string;
  count: number;
  readonly closes: boolean;
}

/** So many looks, one in the other, may be open at an end. Beyond, the stars and bars are no looks that were meant. */
const OPEN_MAX = 16;

/** The marks that would close the emphasis, code and link that a paragraph leaves open, innermost first. */
export function openMarks(source: string): string {
  const stack: Open[] = [];
  const last = source.trimEnd();
  if (hasTooManyMarks(last)) return "";
  let at = 0;
  while (at < last.length) {
    const unit = last.charAt(at);
    if (unit === "\\") {
      at += 2;
      continue;
    }
    if (unit === "`") {
      const run = runAt(last, at);
      const end = closingTicks(last, at + run.length, run);
      if (end === undefined) {
        // Ticks at the very end open nothing yet.
        if (at + run.length < last.length && run.length < 3) return run + marks(stack);
        at += run.length;
        continue;
      }
      at = end;
      continue;
    }
    if (unit === "]" && last.charAt(at + 1) === "(") {
      const angled = /^\(<[^<>\n]*$/.test(last.slice(at + 1, at + 4097));
      if (angled) return `>)${marks(stack)}`;
      const end = /^\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*/.exec(last.slice(at + 1, at + 4097))?.[0].length ?? 1;
      if (at + 1 + end >= last.length) return `)${marks(stack)}`;
      at += 1 + end;
      continue;
    }
    if (unit === "*" || unit === "_" || unit === "~" || unit === "|") {
      const run = runAt(last, at);
      take(
        stack,
        run,
        last.charAt(at - 1),
        last.charAt(at + run.length),
        last.slice(last.lastIndexOf("\n", at) + 1, at),
      );
      if (stack.length > OPEN_MAX) return "";
      at += run.length;
      continue;
    }
    at += 1;
  }
  return marks(stack);
}

function runAt(text: string, at: number): string {
  let end = at + 1;
  while (text.charAt(end) === text.charAt(at)) end += 1;
  return text.slice(at, end);
}

function closingTicks(text: string, from: number, run: string): number | undefined {
  for (let at = text.indexOf("`", from); at !== -1; ) {
    const found = runAt(text, at);
    if (found.length === run.length) return at + found.length;
    at = text.indexOf("`", at + found.length);
  }
  return undefined;
}

const SPACE = /^\s*$/;
const WORD = /[\p{L}\p{N}]/u;

function take(stack: Open[], run: string, before: string, after: string, line: string): void {
  const mark = run.charAt(0);
  if ((mark === "~" || mark === "|") && run.length !== 2) return;
  let left = run.length;
  if (!SPACE.test(before)) {
    while (left > 0) {
      const at = stack.findLastIndex((open) => open.mark === mark);
      const open = stack[at];
      if (open === undefined) break;
      const used = Math.min(open.count, left);
      left -= used;
      open.count -= used;
      stack.length = open.count === 0 ? at : at + 1;
    }
  }
  // Between two letters it is a power or a name, not emphasis that begins.
  if (left === 0 || SPACE.test(after) || WORD.test(before)) return;
  // A single star at the beginning of a line is as often a note as emphasis.
  stack.push({ mark, count: Math.min(left, 3), closes: left > 1 || !/^[ \t>]*$/.test(line) });
}

const marks = (stack: readonly Open[]): string =>
  stack
    .filter((open) => open.closes)
    .map((open) => open.mark.repeat(open.count))
    .reverse()
    .join("");
