/**
 * Words for a rich message: what our parser reads as words, written so that Telegram's reads them as words too.
 */
import type { Nodes } from "mdast";
import { isLinkable, shownAddress } from "./render-link.ts";
import { parseMarkdown } from "./render-tree.ts";

/** A link, or its label and address where Telegram would not make one. */
export function link(label: string, address: string): string {
  if (address === "") return label;
  if (!isLinkable(address))
    return label === "" ? escaped(shownAddress(address)) : `${label} (${escaped(shownAddress(address))})`;
  return `[${label === "" ? escaped(address) : label}](<${address}>)`.replace(/\(<([^()]*)>\)$/, "($1)");
}

export const escaped = (text: string): string =>
  text.replace(/[\\`*_{}[\]<>()#+\-.!|~$=&]/g, "\\$&").replace(/\s+/g, " ");

/** HTML shown as it is written, but for line breaks. A block of it becomes a paragraph. */
export function literal(html: string, parent: Nodes, following: string): string {
  const lineBreak = parent.type === "paragraph" || parent.type === "root" ? "  \n" : " ";
  const lines = html
    .split(/<br\s*\/?>\n?|\n/i)
    .map((line) => escaped(line.replace(/^[ \t>]+/, "")))
    .filter((line, index, all) => line !== "" || index === 0 || index === all.length - 1);
  // What follows on a new line of its own must not become a list or a fence there.
  const endsInBreak = lines.length > 1 && lines.at(-1) === "";
  if (endsInBreak && !/^ ?[\p{L}\n]/u.test(following)) return `${lines.slice(0, -1).join(lineBreak)} `;
  return lines.join(lineBreak);
}

/** The source of plain words: what we read as words must be words for Telegram too, and a new line stays one. */
export function guardText(source: string, breaks: boolean): string {
  const paired = pairedMarks(source);
  const characters = decodedReferences(source);
  let out = "";
  for (let at = 0; at < source.length; at += 1) {
    const unit = source.charAt(at);
    const two = source.slice(at, at + 2);
    if (unit === "\\") {
      const formula = latexFormula(source.slice(at, at + 1_000));
      out += formula === undefined ? two : `$${tagless(formula.source)}$`;
      at += (formula?.chars ?? 2) - 1;
    } else if (two === "||" || two === "==") {
      out += paired.has(at) ? two : `\\${unit}\\${unit}`;
      at += 1;
    } else if ("*`~<$".includes(unit) || two === "![" || two === "](" || two === "][") out += `\\${unit}`;
    else if (unit === "_") out += isInsideWord(source, at) ? unit : "\\_";
    else if (unit === "\n" && breaks) out += "  \n";
    else if (unit === "&") {
      const reference = REFERENCE_AT_START.exec(source.slice(at, at + 40))?.[0];
      out += reference === undefined ? unit : (characters.get(reference) ?? `\\${reference}`);
      at += (reference?.length ?? 1) - 1;
    } else out += unit;
  }
  return out;
}

/** `\(x^2\)` and `\[x^2\]`, as some models write formulas; `\[1\]` is a number in brackets. */
function latexFormula(source: string): { source: string; chars: number } | undefined {
  const found = /^\\\((.+?)\\\)/.exec(source) ?? /^\\\[(.+?)\\\]/.exec(source);
  const inner = found?.[1]?.trim() ?? "";
  return found !== null && /[\\^=_]/.test(inner) && !inner.includes("$")
    ? { source: inner, chars: found[0].length }
    : undefined;
}

/** In a formula "<" is followed by space, lest anybody take what follows for a tag. LaTeX does not mind. */
export const tagless = (formula: string): string => formula.replace(/<(?=[A-Za-z/!?])/g, "< ");

const isInsideWord = (source: string, at: number): boolean =>
  /[\p{L}\p{N}]/u.test(source.charAt(at - 1)) && /[\p{L}\p{N}]/u.test(source.charAt(at + 1));

const REFERENCE = /&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{0,31});/g;
const REFERENCE_AT_START = new RegExp(`^${REFERENCE.source}`);

/** Telegram knows few of the names HTML has for characters, so the characters themselves are sent. All are asked for at once. */
function decodedReferences(source: string): ReadonlyMap<string, string> {
  const references = [...new Set(Array.from(source.matchAll(REFERENCE), ([reference]) => reference))];
  if (references.length === 0) return new Map();
  const paragraphs = parseMarkdown(references.join("\n\n")).children;
  return new Map(
    references.map((reference, index) => {
      const paragraph = paragraphs[index];
      const text = paragraph?.type === "paragraph" ? paragraph.children[0] : undefined;
      const value = text?.type === "text" ? text.value : reference;
      return [reference, value === reference ? `\\${reference}` : escaped(value)];
    }),
  );
}

/** `||secret||` and `==marked==` stand around words; "a || b" and "a == b" are conditions. */
function pairedMarks(source: string): ReadonlySet<number> {
  const paired = new Set<number>();
  for (const mark of ["\\|\\|", "=="]) {
    for (const found of source.matchAll(
      new RegExp(`(?<![|=\\\\])${mark}(?![\\s|=])([^|=\\\\\n]*[^|=\\\\\\s])${mark}(?![|=])`, "g"),
    )) {
      paired.add(found.index);
      paired.add(found.index + found[0].length - 2);
    }
  }
  return paired;
}

/** A code block around `source`, its fence longer than any inside. */
export function fenced(source: string): string {
  const longest = Math.max(2, ...Array.from(source.matchAll(/`+/g), (run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${source}\n${fence}`;
}
