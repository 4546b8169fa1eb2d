/**
 * The model's answer, a piece of Markdown, as messages that Telegram takes. Three forms: a rich message, which Telegram sets
 * itself; text with entities; plain text. Nothing of an answer is lost in any of them, and no form can fail to parse.
 *
 * An answer is cut into stretches of its source, each rendered alone. Where a stretch ends depends only on what stands before,
 * so a part that was closed while the answer grew stays as it was sent, and the finished answer goes on where streaming stood.
 */
import type { MessageEntity } from "@grammyjs/types";
import { cleanText, isBlank } from "./render-clean.ts";
import { closeEnd, closeFence } from "./render-close.ts";
import { cutWindow } from "./render-cut.ts";
import { setEntities } from "./render-entities.ts";
import type { Form } from "./render-measure.ts";
import { guardRich } from "./render-rich.ts";
import { hardParts } from "./render-spans.ts";
import { type Cursor, readWindow, START } from "./render-window.ts";

export type { Form } from "./render-measure.ts";
export type { Cursor } from "./render-window.ts";

/** One message to be sent. `rich` is for sendRichMessage, the others for sendMessage without parse_mode. */
export type Part =
  | { readonly form: "rich"; readonly markdown: string }
  | { readonly form: "entities"; readonly text: string; readonly entities: MessageEntity[] }
  | { readonly form: "plain"; readonly text: string };

export interface Growing {
  /** Complete messages: no longer answer changes them. */
  readonly closed: Part[];
  /** What stands in the last message so far; undefined while nothing is to be seen. Always fits one message. */
  readonly open: Part | undefined;
  /** Where the open part begins. Given back with the longer answer, only the rest is read. */
  readonly cursor: Cursor;
}

/** The whole answer as messages, in order; none for a blank one. Nothing more comes: a mark that it leaves open was meant so. */
export function renderParts(markdown: string, form: Form): Part[] {
  const { closed, open } = split(markdown, form, START, closeFence);
  return open === undefined ? closed : [...closed, open];
}

/** The message in which a growing answer stands: the answer itself, or what follows the parts that are closed. */
export function renderGrowing(markdown: string, form: Form): Part | undefined {
  return splitGrowing(markdown, form).open;
}

/**
 * A growing answer as messages that may be left standing and one that is still to change. With the `cursor` of an earlier
 * call, for the same answer, `closed` holds only the parts closed since.
 */
export function splitGrowing(markdown: string, form: Form, from: Cursor = START): Growing {
  return split(markdown, form, from, closeEnd);
}

function split(markdown: string, form: Form, from: Cursor, complete: typeof closeEnd): Growing {
  const source = cleanText(markdown);
  const closed: Part[] = [];
  let cursor = from;
  for (;;) {
    const window = readWindow(source, cursor, form);
    const rest = window.text.slice(window.prefixChars);
    if (!window.full) {
      if (isBlank(rest)) return { closed, open: undefined, cursor };
      const parts = renderStretch(window.text, form, complete);
      return { closed: [...closed, ...parts.slice(0, -1)], open: parts.at(-1), cursor };
    }
    if (isBlank(rest)) {
      cursor = { ...START, offset: cursor.offset + Math.max(1, rest.length) };
      continue;
    }
    const cut = cutWindow(window, source);
    closed.push(...renderStretch(cut.text, form));
    cursor = cut.next.offset > cursor.offset ? cut.next : { ...START, offset: cursor.offset + rest.length };
  }
}

/** Paragraphs of words, each a line begun by a letter: nothing in them means anything to Markdown, and most short answers are no more. */
const WORDS = /^\p{L}[\p{L}\p{N} ,.;:?!'"()–—…-]*(?:\n\n\p{L}[\p{L}\p{N} ,.;:?!'"()–—…-]*)*$/u;
const NOT_WORDS_ALONE = / {2}| \n| $|www\.|\.{3}/i;

/** One stretch as one part. More than one only if the measure was wrong: then nothing is refused and nothing lost. */
function renderStretch(markdown: string, form: Form, complete = closeFence): Part[] {
  if (WORDS.test(markdown) && !NOT_WORDS_ALONE.test(markdown)) return wordsAlone(markdown, form);
  return renderMarkup(markdown, form, complete);
}

/** What `renderMarkup` would make of words, without its parser. */
function wordsAlone(words: string, form: Form): Part[] {
  if (form === "rich") return [{ form, markdown: words }];
  return hardParts(words, []).map(({ text }) => (form === "plain" ? { form, text } : { form, text, entities: [] }));
}

export function renderMarkup(markdown: string, form: Form, complete = closeFence): Part[] {
  const { text, tree } = complete(markdown);
  if (form === "rich") return [{ form, markdown: guardRich(text, tree) }];
  const set = setEntities(text, tree, form === "plain");
  // Markup that shows nothing (an empty heading) is shown as it was written.
  const shown = isBlank(set.text) ? { text: markdown.trim(), entities: [] } : set;
  return hardParts(shown.text, shown.entities).map((part) =>
    form === "plain" ? { form, text: part.text } : { form, text: part.text, entities: part.entities },
  );
}
