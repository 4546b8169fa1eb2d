/**
 * Tables in a message that has none: narrow ones as aligned type, wide ones (and those with links) as a list of records.
 */
import type { AlignType } from "mdast";
import { isBlank } from "./render-clean.ts";
import { TABLE_WIDTH_MAX } from "./render-measure.ts";
import type { Span } from "./render-spans.ts";

export interface Cell {
  readonly text: string;
  readonly spans: readonly Span[];
}

interface Set {
  readonly text: string;
  readonly spans: Span[];
}

const BETWEEN = " │ ";

/** Sets the rows of a table, the first of them its head. */
export function setTable(rows: readonly (readonly Cell[])[], align: readonly AlignType[]): Set {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, typeWidth(cell.text));
  }
  const width = widths.reduce((sum, one) => sum + one, BETWEEN.length * (widths.length - 1));
  const hasLinks = rows.some((row) => row.some((cell) => cell.spans.some((span) => span.type === "text_link")));
  if (width <= TABLE_WIDTH_MAX && !hasLinks && widths.length > 0) return aligned(rows, widths, align);
  return records(rows);
}

function aligned(rows: readonly (readonly Cell[])[], widths: readonly number[], align: readonly AlignType[]): Set {
  const lines = rows.map((row) =>
    widths
      .map((width, column) => padded(row[column]?.text ?? "", width, align[column] ?? null))
      .join(BETWEEN)
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "─".repeat(width)).join("─┼─"));
  const text = lines.join("\n");
  return { text, spans: [{ type: "pre", start: 0, end: text.length }] };
}

function padded(text: string, width: number, align: AlignType): string {
  const space = width - typeWidth(text);
  if (align === "right") return " ".repeat(space) + text;
  if (align === "center") return " ".repeat(space >> 1) + text + " ".repeat(space - (space >> 1));
  return text + " ".repeat(space);
}

/** A record a row: its first cell, then the others by name. Empty cells are left out once a row has shown the name. */
function records([head = [], ...rows]: readonly (readonly Cell[])[]): Set {
  const out: Set & { text: string } = { text: "", spans: [] };
  const add = (cell: Cell): void => {
    for (const span of cell.spans) {
      out.spans.push({ ...span, start: span.start + out.text.length, end: span.end + out.text.length });
    }
    out.text += cell.text;
  };
  if (rows.length === 0) {
    // A head alone, on its way to be a table: no longer than it was written, or the message might not hold it.
    for (const [column, cell] of head.entries()) {
      if (column > 0) out.text += "|";
      add(cell);
    }
    return out;
  }
  for (const [index, row] of rows.entries()) {
    if (index > 0) out.text += "\n";
    const columns = Math.max(row.length, index === 0 ? head.length : 0);
    let begun = false;
    for (let column = 0; column < columns; column += 1) {
      const cell = row[column] ?? { text: "", spans: [] };
      const name = head[column]?.text ?? "";
      if (isBlank(cell.text) && (index > 0 || isBlank(name))) continue;
      if (begun) out.text += "\n• ";
      if (!isBlank(name)) out.text += isBlank(cell.text) ? `${name}:` : `${name}: `;
      const start = out.text.length;
      add(cell);
      if (!begun && cell.text !== "") out.spans.push({ type: "bold", start, end: out.text.length });
      begun = true;
    }
  }
  return out;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const NARROWEST = /\p{Mark}|[\u200b-\u200f]/u;

/** Columns of type a text takes: two for ideographs and emoji, none for marks. */
function typeWidth(text: string): number {
  let width = 0;
  for (const character of text) width += NARROWEST.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
