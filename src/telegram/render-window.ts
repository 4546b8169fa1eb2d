/**
 * The next stretch of an answer, as long as one message can hold, in the shape in which it can be read alone: what the part
 * before it left open is opened again, and what was indented under a list item stands at the margin.
 */
import { type Form, measureMessage } from "./render-measure.ts";

/** Where the next part begins in the cleaned source, and what it needs to be read alone. */
export interface Cursor {
  readonly offset: number;
  /** Put before the text: an opened fence, a table's first lines, quote marks, emphasis. */
  readonly prefix: string;
  /** Columns of indentation to take away, until a line has less. */
  readonly dedent: number;
}

export const START: Cursor = { offset: 0, prefix: "", dedent: 0 };

interface Line {
  /** Where the line begins in `text`. */
  readonly at: number;
  /** The same place in the source, after and before its indentation was taken away. */
  readonly source: number;
  readonly sourceStart: number;
  readonly dedent: number;
}

export interface Window {
  readonly text: string;
  readonly prefixChars: number;
  /** More is visible beyond: the window is as long as a message can be. */
  readonly full: boolean;
  readonly lines: readonly Line[];
}

/** Reads on from `cursor` until a message in `form` is full, or to the end. */
export function readWindow(source: string, cursor: Cursor, form: Form): Window {
  const measure = measureMessage(form);
  const lines: Line[] = [];
  const prefixLines = cursor.prefix.split("\n");
  const lead = prefixLines.pop() ?? "";
  for (const line of prefixLines) measure.line(line);
  let text = cursor.prefix;
  let start = cursor.offset;
  let dedent = cursor.dedent;
  const atLineStart = start === 0 || source.charAt(start - 1) === "\n";
  for (let first = true; first || start <= source.length; first = false) {
    const found = source.indexOf("\n", start);
    const end = found === -1 ? source.length : found;
    const raw = source.slice(start, end);
    let taken = 0;
    if (dedent > 0 && (!first || atLineStart)) {
      const stripped = stripColumns(raw, dedent);
      taken = stripped.chars;
      if (stripped.columns < dedent && raw.trim() !== "") dedent = stripped.columns;
    }
    const line = raw.slice(taken);
    if (!first) text += "\n";
    lines.push({ at: text.length, source: start + taken, sourceStart: start, dedent });
    const full = measure.line(first ? lead + line : line);
    if (full !== -1) {
      const kept = Math.max(0, first ? full - lead.length : full);
      return { text: text + line.slice(0, kept), prefixChars: cursor.prefix.length, full: true, lines };
    }
    text += line;
    start = end + 1;
    if (found === -1) break;
  }
  return { text, prefixChars: cursor.prefix.length, full: false, lines };
}

function stripColumns(line: string, columns: number): { chars: number; columns: number } {
  let column = 0;
  let chars = 0;
  while (column < columns) {
    const unit = line.charAt(chars);
    if (unit === " ") column += 1;
    else if (unit === "\t") column += 4 - (column % 4);
    else break;
    chars += 1;
  }
  return { chars, columns: Math.min(column, columns) };
}

/** The cursor for a cut at `at` in the window's text. */
export function cursorAt(window: Window, at: number, prefix: string, dedent: number): Cursor {
  const line = window.lines.findLast((candidate) => candidate.at <= at) ?? window.lines[0];
  if (line === undefined) return { ...START, prefix };
  if (at === line.at) return { offset: line.sourceStart, prefix, dedent: line.dedent + dedent };
  return { offset: line.source + (at - line.at), prefix, dedent: line.dedent + dedent };
}
