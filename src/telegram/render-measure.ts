/**
 * How far an answer fits into one message, told from its source in one pass and never from what comes later: a part that was
 * closed once is closed in the same place for every longer answer. So the measure only ever grows, and what is rendered is
 * never longer than it (the tests hold the two against each other).
 */
import { isVisibleUnit } from "./render-clean.ts";

export type Form = "rich" | "entities" | "plain";

/** Telegram: 4096 UTF-16 units of text, 100 entities (more are ignored). */
export const TEXT_CHARS_MAX = 4096;
export const ENTITIES_MAX = 100;
/** Telegram: 32,768 characters, 500 blocks, 16 levels, 20 columns in a rich message. */
export const RICH_CHARS_MAX = 32_768;
export const RICH_BLOCKS_MAX = 500;
export const RICH_LEVELS_MAX = 16;
export const RICH_COLUMNS_MAX = 20;
/** Columns of type that an aligned table may take; beyond, a phone wraps every row and a list of records reads better. */
export const TABLE_WIDTH_MAX = 44;

/** What is kept free for closing marks, a table's first lines, a fence put around something. */
const TEXT_RESERVE = 160;
const RICH_RESERVE = 1_500;
const BLOCKS_RESERVE = 24;
const ENTITIES_RESERVE = 4;

/**
 * The library takes a time that grows with the square of the lines in one paragraph (of a quote, if only its first line is
 * marked as quoted) and of the cells in one row. Nobody writes so many: they are cut before they cost seconds. What grows
 * within a paragraph has its bound in render-bounds.ts.
 */
const PARAGRAPH_LINES_MAX = 500;
const LINE_BARS_MAX = 1_000;

const FENCE = /^[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)*(`{3,}(?=[^`]*$)|~{3,})/;
const TABLE_RULE = /^[\s>*+\d.)|:-]*$/;
const WORD = /[\p{L}\p{N}]/u;
/** What the rich form may have to escape, or to break with two spaces: it counts more than once there. */
const DEARER_WHEN_RICH = "*_~`<>|=$\\[]!#&()";

/** What may stand before the words of a line: marks of quotes, lists and headings. */
const LEADING = "->*+.)#0123456789";

export interface Measure {
  /** Takes the next line (without its end). Answers where in it the message is full, or -1 while all of it fits. */
  line(text: string): number;
}

/** A measure of one message in `form`. */
export function measureMessage(form: Form): Measure {
  const rich = form === "rich";
  const charsMax = rich ? RICH_CHARS_MAX - RICH_RESERVE : TEXT_CHARS_MAX - TEXT_RESERVE;
  const blocksMax = rich ? RICH_BLOCKS_MAX - BLOCKS_RESERVE : Number.POSITIVE_INFINITY;
  const entitiesMax = form === "entities" ? ENTITIES_MAX - ENTITIES_RESERVE : Number.POSITIVE_INFINITY;
  let chars = 0;
  let blocks = 0;
  let entities = 0;
  let fence = "";
  /** What a row of the table we are in may take beyond its own length: padding, or the names of all columns. */
  let rowChars = 0;
  let paragraphLines = 0;
  let before = "";
  let beforeStarts = "";

  function endLine(): void {
    const found = FENCE.exec(before)?.[1];
    if (fence === "") {
      fence = found ?? "";
      if (before.includes("-") && /[|:]/.test(before) && TABLE_RULE.test(before)) {
        rowChars = Math.max(TABLE_WIDTH_MAX + 4, headChars);
        chars += 2 * rowChars;
      }
    } else if (found?.startsWith(fence) && before.trimEnd().endsWith(found)) fence = "";
    if (/^[\s>]*$/.test(before)) {
      rowChars = 0;
      paragraphLines = 0;
    }
    headChars = before.length + 6 * before.split("|").length;
  }
  let headChars = 0;
  let first = true;

  function line(text: string): number {
    if (!first) endLine();
    first = false;
    chars += (rich ? 3 : 1) + rowChars;
    const code = fence !== "";
    paragraphLines += code ? 0 : 1;
    let leading = true;
    let bars = 0;
    let closingFence = code;
    let previous = "";
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charAt(at);
      const space = unit === " " || unit === "\t";
      chars += rich && DEARER_WHEN_RICH.includes(unit) ? 2 : unit === "\t" ? 4 : leading && space ? 2 : 1;
      if (!code) {
        if (entitiesMax < 1e9) entities += marksAt(text, at, unit, previous);
        if (unit === "|") bars += 1;
        if (leading) {
          if (space && "-*+.)".includes(previous) && previous !== "") {
            blocks += 2;
            paragraphLines = 1;
          } else if (unit === ">") {
            blocks += 1;
            if (previous === "" && beforeStarts !== ">") entities += 1;
          } else if (unit === "#" && previous === "") entities += 1;
          else if (!space && !LEADING.includes(unit)) {
            // A line of words under a line of words goes on with its paragraph.
            if (rowChars > 0 || !WORD.test(unit) || !WORD.test(beforeStarts)) blocks += 1;
            if (rowChars > 0) entities += 1;
          }
        }
      }
      if (!space && (code || !LEADING.includes(unit))) leading = false;
      if (closingFence && unit !== "`" && unit !== "~" && unit !== ">" && !space) closingFence = false;
      if (
        chars > charsMax ||
        blocks > blocksMax ||
        entities > entitiesMax ||
        paragraphLines > PARAGRAPH_LINES_MAX ||
        bars > LINE_BARS_MAX
      ) {
        // Space at the end is trimmed and a closing fence is not text: only what is seen needs a new message.
        if (!closingFence && isVisibleUnit(unit)) return at;
      }
      previous = unit;
    }
    before = text;
    beforeStarts = /\S/.exec(text)?.[0] ?? "";
    return -1;
  }
  return { line };
}

/** About how many entities begin here; those beyond a hundred lose their look, never their text. */
function marksAt(text: string, at: number, unit: string, previous: string): number {
  if (unit === "`") return previous === "`" ? 0 : 0.5;
  if (unit === "$") return 0.5;
  if (unit === "|") return previous === "|" ? 0.5 : 0;
  if ((unit === "(" || unit === "[") && previous === "]") return 1;
  if (previous !== "*" && previous !== "_" && previous !== "~") return 0;
  if (unit === previous || unit === " ") return 0;
  let start = at - 1;
  while (start > 0 && text.charAt(start - 1) === previous) start -= 1;
  return start === 0 || !WORD.test(text.charAt(start - 1)) ? 1 : 0;
}
