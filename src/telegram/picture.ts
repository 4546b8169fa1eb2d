import { fits, withLine } from "./post.ts";
import { type Cursor, type Part, splitGrowing } from "./render.ts";

/** A short answer is sent once, whole: nothing is shown in the first moment, nor a syllable. */
export const FIRST_TEXT_AFTER_MS = 300;
export const FIRST_TEXT_CHARS = 12;
/** Most tools end sooner than a line about them could be read. */
export const TOOL_LINE_AFTER_MS = 1_000;

export type StreamForm = "rich" | "entities";

/** What the screen should say at this moment. */
export interface View {
  readonly parts: readonly Part[];
  /** The last message without the tool's line; undefined while it holds nothing else. */
  readonly open: Part | undefined;
  readonly hasLine: boolean;
  readonly markdown: string;
}

/** The words of a growing answer: the text so far, and under it a line about what a tool does. Taking a token is cheap. */
export class Picture {
  #text = "";
  #line = "";
  #textSince: number | undefined;
  #lineSince: number | undefined;
  #read: { text: string; form: StreamForm; closed: readonly Part[]; cursor: Cursor } | undefined;

  /** The whole text so far. false: nothing new. */
  show(markdown: string, now: number): boolean {
    if (markdown === this.#text) return false;
    this.#text = markdown;
    this.#line = "";
    this.#lineSince = undefined;
    if (markdown.trim() !== "") this.#textSince ??= now;
    return true;
  }

  tool(line: string, now: number): boolean {
    if (line === this.#line) return false;
    this.#line = line;
    this.#lineSince = line === "" ? undefined : (this.#lineSince ?? now);
    return true;
  }

  /** When there is enough for a first message; undefined: not yet. */
  get firstAt(): number | undefined {
    const isLong = this.#text.trim().length >= FIRST_TEXT_CHARS;
    if (isLong && this.#textSince !== undefined) return this.#textSince + FIRST_TEXT_AFTER_MS;
    return this.#lineSince === undefined ? undefined : this.#lineSince + TOOL_LINE_AFTER_MS;
  }

  view(form: StreamForm): View {
    const { closed, open } = this.#split(form);
    const lined = this.#line === "" ? open : withLine(open ?? blank(form), this.#line, "below");
    const last = lined && fits(lined) ? lined : open;
    return { parts: last ? [...closed, last] : closed, open, hasLine: last !== open, markdown: this.#text };
  }

  /** Parts that are closed stay closed while the text grows, so only what follows them is read again. */
  #split(form: StreamForm): { readonly closed: readonly Part[]; readonly open: Part | undefined } {
    const known = this.#read;
    const from = known && known.form === form && this.#text.startsWith(known.text) ? known : undefined;
    const { closed, open, cursor } = splitGrowing(this.#text, form, from?.cursor);
    const all = [...(from?.closed ?? []), ...closed];
    this.#read = { text: this.#text, form, closed: all, cursor };
    return { closed: all, open };
  }
}

function blank(form: StreamForm): Part {
  return form === "rich" ? { form, markdown: "" } : { form, text: "", entities: [] };
}
