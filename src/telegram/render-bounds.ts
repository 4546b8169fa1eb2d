/**
 * Bounds on what one paragraph costs. The library takes a time that grows with the square of the marks in it, or of the words
 * after a bracket that nobody closes: a model in a loop, or a person who means harm, would hold a Worker for half a minute.
 * Nobody writes so much in one paragraph: what is within the bounds is read as ever.
 */
import type { Code, Construct, Effects, Event, Extension, State, TokenizeContext } from "micromark-util-types";

/** Beyond so many in a paragraph, what would begin or end a look, a link, code or a formula is a letter like any other. */
export const PARAGRAPH_MARKS_MAX = 250;
/** So far back an open bracket is looked for, in which no address may stand. */
const LOOK_BACK_EVENTS_MAX = 500;

const MARKS = "*_~`$[]!<&";

/** Whether a paragraph has more marks than are read. */
export function hasTooManyMarks(paragraph: string): boolean {
  let marks = 0;
  let previous = "";
  for (const unit of paragraph) {
    if (MARKS.includes(unit) && (unit !== previous || unit === "[" || unit === "]")) marks += 1;
    previous = unit;
  }
  return marks > PARAGRAPH_MARKS_MAX;
}

/** Goes behind all other extensions: the last one is asked first. */
export function marksThenLetters(): Extension {
  const paragraphs = new WeakMap<TokenizeContext, { readonly at: number; readonly marks: number }>();
  function tokenize(this: TokenizeContext, effects: Effects, ok: State, nok: State): State {
    return (code) => {
      const at = this.now().offset;
      const seen = paragraphs.get(this) ?? { at: -1, marks: 0 };
      // A run of one mark counts once; brackets count each, for the fellow of each is looked for.
      const counts = at > seen.at && (code !== this.previous || isBracket(code));
      const marks = seen.marks + (counts ? 1 : 0);
      paragraphs.set(this, { at: Math.max(at, seen.at), marks });
      if (marks <= PARAGRAPH_MARKS_MAX) return nok(code);
      effects.enter("data");
      effects.consume(code);
      effects.exit("data");
      return ok;
    };
  }
  const letter = { name: "letter", tokenize };
  const letters = Array.from(MARKS, (mark) => mark.charCodeAt(0)).map((code) => [
    code,
    RUNS.includes(code) ? { ...letter, previous: isNotIn(code) } : letter,
  ]);
  return { text: Object.fromEntries(letters) };
}

/** A run of ticks or dollars is asked for at its first: within it the library begins nothing, and neither may we. */
const RUNS: readonly Code[] = [36, 96];

function isNotIn(mark: number): NonNullable<Construct["previous"]> {
  return function (this: TokenizeContext, code) {
    return code !== mark || this.events.at(-1)?.[1].type === "characterEscape";
  };
}

const isBracket = (code: Code): boolean => code === 91 || code === 93;

/** `extension` with bare addresses that look no further back for an open bracket than the bound. */
export function boundedLookBack(extension: Extension): Extension {
  const bounded = new Map<Construct, Construct>();
  const boundedOf = (construct: Construct): Construct => {
    if (!construct.name?.endsWith("Autolink")) return construct;
    const known = bounded.get(construct) ?? { ...construct, tokenize: unlessFar(construct) };
    bounded.set(construct, known);
    return known;
  };
  const text = Object.entries(extension.text ?? {}).map(([code, found]) => [
    code,
    found === undefined || !Array.isArray(found) ? found && boundedOf(found) : found.map(boundedOf),
  ]);
  return { ...extension, text: Object.fromEntries(text) };
}

function unlessFar(construct: Construct): Construct["tokenize"] {
  return function (this: TokenizeContext, effects, ok, nok) {
    return isLookedBackTo(this.events) ? construct.tokenize.call(this, effects, ok, nok) : nok;
  };
}

/** Whether the library's own walk back ends within the bound: at an open bracket, or where it has been before. */
function isLookedBackTo(events: readonly Event[]): boolean {
  const end = Math.max(0, events.length - LOOK_BACK_EVENTS_MAX);
  if (end === 0) return true;
  for (let index = events.length - 1; index >= end; index -= 1) {
    const token = events[index]?.[1];
    if (token === undefined) continue;
    if ((token.type === "labelLink" || token.type === "labelImage") && token._balanced !== true) return true;
    if ("_gfmAutolinkLiteralWalkedInto" in token) return true;
  }
  return false;
}
