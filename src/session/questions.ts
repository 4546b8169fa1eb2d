import { toolMessage } from "../agent/run.ts";
import { short } from "../agent/tools/tool.ts";
import { safe, styled } from "../words/styled.ts";
import { words } from "../words/words.ts";
import type { Door } from "./door.ts";

/**
 * Questions that a run put to a person: durable, one row each, so that a button pressed after a restart still works, and
 * one that is pressed twice or too late is told the truth.
 */

export interface Question {
  readonly id: string;
  readonly call: { readonly id: string; readonly name: string };
  readonly question: string;
  readonly options: readonly string[];
  readonly untilAt: number;
  /** Whose turn it is: they may answer. Absent: anybody (a channel asked, or an older version wrote the row). */
  readonly askers?: readonly number[];
  /** The message that carries the buttons, once Telegram has given its id. */
  readonly messageId?: number;
}

/** It was answered, or given up, before its message was known to be in the chat: that is told when it is. */
interface Closed {
  readonly question: Question;
  readonly choice?: string;
}

/** A reply may be as long as a message, and with the question before it would be two. */
const CHOICE_SHOWN_CHARS = 200;

const PREFIX = "question:";
const CLOSED = "closed-question:";

/** Inside `rows`: the question and the message with its buttons. */
export function put(door: Door, question: Question, replyTo: number | undefined): void {
  door.store.setFact(PREFIX + question.id, question);
  const { language } = door.whereabouts;
  door.say({
    content: {
      kind: "notice",
      ...styled(words(language, "question", { question: safe(question.question) })),
      keyboard: question.options.map((option, index) => [
        { text: option, callback_data: `ask:${question.id}:${index}` },
      ]),
    },
    // The run waits for it, so it is heard.
    silent: false,
    tag: PREFIX + question.id,
    ...(replyTo === undefined ? {} : { replyTo }),
  });
}

export function find(door: Door, id: string): Question | undefined {
  return door.store.fact<Question>(PREFIX + id);
}

/** A question may stand before something that cannot be undone: in a group nobody answers it in another's place. */
export function isFor({ askers }: Question, userId: number): boolean {
  return askers === undefined || askers.includes(userId);
}

export function all(door: Door): Question[] {
  return door.store.factNames(PREFIX).flatMap((name) => door.store.fact<Question>(name) ?? []);
}

/** The message of a question is in the chat: it can be edited once the question is answered. */
export function delivered(door: Door, tag: string, messageId: number): void {
  const question = door.store.fact<Question>(tag);
  if (question) return door.store.setFact(tag, { ...question, messageId });
  const name = CLOSED + tag.slice(PREFIX.length);
  const closed = door.store.fact<Closed>(name);
  if (!closed) return;
  door.keep(() => {
    door.store.dropFact(name);
    tellClosed(door, closed, [messageId]);
  });
}

/** Inside `rows`: the chat has another id, and what carries the buttons in the old one cannot be edited any more. */
export function moved(door: Door): void {
  for (const question of all(door)) {
    if (question.messageId !== undefined) door.store.setFact(PREFIX + question.id, { ...question, messageId: 0 });
  }
}

/** A person chose, by the update of that number. True: the run goes on with it; false: the question was no longer open. */
export function answer(
  door: Door,
  question: Question,
  choice: string,
  by: { readonly update: number; readonly kind: "message" | "press"; readonly messageId?: number },
  rows: () => void,
): boolean {
  const { effects } = door.pass(
    {
      type: "chosen",
      question: question.id,
      entry: { messages: [toolMessage(question.call, choice)], asked: true },
    },
    () => {
      rows();
      close(door, question, choice, by.messageId);
    },
    () => door.log("update.accepted", { update: by.update, kind: by.kind }),
  );
  return effects.some((effect) => effect.do === "begin");
}

/**
 * Inside `rows`: the question is no longer open, and its message says so. `pressed` is the message whose button was pressed:
 * after a crash the question may stand twice, and a press may come before Telegram's word that it stands at all.
 */
export function close(door: Door, question: Question, choice: string | undefined, pressed?: number): void {
  door.store.dropFact(PREFIX + question.id);
  const closed: Closed = { question, ...(choice === undefined ? {} : { choice }) };
  if (question.messageId === undefined) door.store.setFact(CLOSED + question.id, closed);
  tellClosed(door, closed, [question.messageId, pressed]);
}

function tellClosed(door: Door, { question, choice }: Closed, messageIds: readonly (number | undefined)[]): void {
  const { language } = door.whereabouts;
  const asked = safe(question.question);
  const marked =
    choice === undefined
      ? words(language, "question_closed", { question: asked })
      : words(language, "question_answered", { question: asked, choice: safe(short(choice, CHOICE_SHOWN_CHARS)) });
  for (const editOf of new Set(messageIds)) {
    if (editOf) door.say({ content: { kind: "notice", ...styled(marked), editOf }, silent: true });
  }
}
