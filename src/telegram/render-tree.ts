/**
 * What the model wrote, as a tree of CommonMark with tables, tasks, footnotes, strikethrough and formulas. The only place
 * that knows the library. What counts as markup here counts as markup in every form of an answer.
 */
import type { Nodes, Parents, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { mathFromMarkdown } from "mdast-util-math";
import { gfm } from "micromark-extension-gfm";
import { math } from "micromark-extension-math";
import type { Code, Effects, Extension, State, TokenizeContext } from "micromark-util-types";
import { boundedLookBack, marksThenLetters } from "./render-bounds.ts";

type Options = Exclude<Parameters<typeof fromMarkdown>[1], string | null | undefined>;

let options: Options | undefined;

/** Parses Markdown. Every node has a position; offsets are UTF-16 units of `markdown`. */
export function parseMarkdown(markdown: string): Root {
  // Made at the first answer: a Worker that only takes in updates does not pay for it.
  options ??= {
    extensions: [boundedLookBack(gfm({ singleTilde: false })), formulasNotPrices(), marksThenLetters()],
    // The transforms of the library look for addresses in finished text and make nodes without a position.
    mdastExtensions: [...gfmFromMarkdown().map((extension) => ({ ...extension, transforms: [] })), mathFromMarkdown()],
  };
  return fromMarkdown(markdown, options);
}

export const startOf = (node: Nodes): number => node.position?.start.offset ?? 0;
export const endOf = (node: Nodes): number => node.position?.end.offset ?? 0;
export const isParent = (node: Nodes): node is Parents => "children" in node;

/** The Markdown of a node as it was written. */
export const sourceOf = (markdown: string, node: Nodes): string => markdown.slice(startOf(node), endOf(node));

/** What stands before a node on its line, as the lines below it must repeat it: quote marks stay, the rest is space. */
export function containerOf(markdown: string, node: Nodes): string {
  const lineStart = markdown.lastIndexOf("\n", startOf(node) - 1) + 1;
  return markdown.slice(startOf(node) === 0 ? 0 : lineStart, startOf(node)).replace(/[^>\t]/g, " ");
}

/** The fence of a code block or formula block as written (three or more of one mark), or "" where it is indented code. */
export function fenceOf(markdown: string, node: Nodes): string {
  return /^(?:`{3,}|~{3,}|\${2,})/.exec(markdown.slice(startOf(node), startOf(node) + 200))?.[0] ?? "";
}

/** Whether a fenced block has its closing fence. */
export function isFenceClosed(markdown: string, node: Nodes): boolean {
  const fence = fenceOf(markdown, node);
  const source = sourceOf(markdown, node);
  const last = source.slice(source.lastIndexOf("\n") + 1).trimEnd();
  return source.includes("\n") && last.endsWith(fence) && /^[ \t>]*$/.test(last.replace(/[`~$]+$/, ""));
}

const DOLLAR = 36;

/**
 * `$x$` is a formula by pandoc's rule: no space inside the dollars, no letter or digit after the second. Otherwise "from $5 to
 * **$10**" would be one.
 */
function formulasNotPrices(): Extension {
  const whole = math();
  const found = whole.text?.[DOLLAR];
  const inline = Array.isArray(found) ? found[0] : found;
  if (inline === undefined) return whole;
  function tokenize(this: TokenizeContext, effects: Effects, ok: State, nok: State): State {
    if (inline === undefined) return nok;
    return effects.check(
      { tokenize: looksLikeFormula, partial: true },
      inline.tokenize.call(this, effects, ok, nok),
      nok,
    );
  }
  return { ...whole, text: { [DOLLAR]: { ...inline, tokenize } } };
}

function looksLikeFormula(this: TokenizeContext, effects: Effects, ok: State, nok: State): State {
  const isBreak = (code: Code): boolean => code !== null && code < -2;
  const isSpace = (code: Code): boolean => code === null || code < 0 || code === 32;
  let before: Code = null;
  return (code) => {
    effects.enter("data");
    effects.consume(code);
    return first;
  };
  function first(code: Code): State | undefined {
    if (code === DOLLAR) return ok(code);
    return isSpace(code) ? nok(code) : inside(code);
  }
  function inside(code: Code): State | undefined {
    if (code === null) return nok(code);
    if (code === DOLLAR) {
      if (isSpace(before)) return nok(code);
      effects.consume(code);
      return after;
    }
    before = code;
    if (isBreak(code)) {
      effects.exit("data");
      effects.enter("lineEnding");
      effects.consume(code);
      effects.exit("lineEnding");
      effects.enter("data");
      return inside;
    }
    effects.consume(code);
    return inside;
  }
  function after(code: Code): State | undefined {
    effects.exit("data");
    return code !== null && code > 0 && /[\p{L}\p{N}$]/u.test(String.fromCharCode(code)) ? nok(code) : ok(code);
  }
}
