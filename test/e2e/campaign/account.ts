/**
 * The account of a campaign: what people wrote, set against what stands in the chats, both as the stand-ins recorded
 * them. Nothing of the bot's own is believed. An update counts only if its webhook was answered with a 2xx; from then on
 * it must be answered, or its fate must be said, and nothing may stand twice unless it is marked.
 */

/** One message of a person. */
export interface Written {
  readonly update: number;
  readonly messageId: number;
  /** Messages that are one to their writer: the items of an album, the parts of a long text. */
  readonly together: readonly number[];
  /** What no other message says; absent in a bare command. */
  readonly word?: string;
  /**
   * stop and new drop what waits, and so does the press of a Stop button, to which nothing need be said; a command is
   * only answered; a promise is a reminder that has to come.
   */
  readonly kind: "words" | "stop" | "new" | "press" | "command" | "promise";
  /** Answered 2xx. */
  readonly acknowledged: boolean;
}

/** One message of the bot as it stands at the end. */
export interface Heard {
  readonly messageId: number;
  readonly replyTo?: number;
  readonly text: string;
}

export interface Account {
  readonly acknowledged: number;
  readonly answered: number;
  /** Ended otherwise, and the chat says how. */
  readonly said: number;
  /** Standing twice, with the mark. */
  readonly marked: number;
  readonly remindersKept: number;
  /** Neither answered nor said: there must be none. */
  readonly lost: readonly string[];
  /** Standing twice without a mark, or said where nobody asked: there must be none. */
  readonly wrong: readonly string[];
}

export const MARK = "↻ recovered; may be a duplicate";
/** The sentence that only a whole answer ends with; the words that it answers are in it. */
export const WHOLE = /That is all of ([w\dx ]+)!(?: Reminders are set: ([w\dx ]+)\.)?/;
const REMINDER = /⏰ due (w\d+x)/;
const STOPPED = /⏹ Stopped\.(?: Waiting messages dropped: (\d+)\.)?/;
const NEW = /✨ A new conversation starts here\.(?: Waiting messages dropped: (\d+)\.)?/;
const NOTHING = "Nothing is running here.";
/** Said to a message that steers, in other words where a question stands: the answer that it joins replies to the message that began the turn. */
const JOINS = /↪️ Noted\.|⏳ A question above waits/u;
/** What ends a turn without an answer. "⏳" and "🔋 All model keys" do not: they promise one. */
const FATE = /^(?:↻ [^\n]*\n+)?(?:⚠️|🚫|⌛|⏭️|🔋 No model key)/u;

export function account(written: readonly Written[], heard: readonly Heard[]): Account {
  const taken = written.filter(({ acknowledged }) => acknowledged);
  const lost: string[] = [];
  const wrong: string[] = [];
  const answers = heard.flatMap((message) => {
    const words = WHOLE.exec(message.text)?.[1];
    return words === undefined ? [] : [{ ...message, words: words.split(" ") }];
  });
  const copiesOf = (word: string) => answers.filter(({ words }) => words.includes(word));
  const own = new Map(written.flatMap((one) => (one.word ? [[one.word, one] as const] : [])));
  const fates = heard.filter(({ text }) => FATE.test(text));
  const joined = new Set(heard.flatMap(({ text, replyTo }) => (JOINS.test(text) && replyTo ? [replyTo] : [])));
  let answered = 0;
  let said = 0;
  let marked = 0;
  let remindersKept = 0;
  const twice = (what: string, copies: readonly Heard[]): void => {
    if (copies.filter(({ text }) => !text.includes(MARK)).length > 1) wrong.push(`${what} stands twice, unmarked`);
    marked += Math.max(0, copies.length - 1);
  };

  const dropped: Written[] = [];
  for (const one of taken) {
    if (one.word === undefined) continue;
    const copies = copiesOf(one.word);
    twice(`the answer to ${one.word}`, copies);
    // An album, or a text that was split, is told it by its first message.
    const hasJoined = one.together.some((id) => joined.has(id));
    const isWithItsFirst = ({ words, replyTo }: (typeof answers)[number]) =>
      written.some(({ word, messageId }) => messageId === replyTo && word !== undefined && words.includes(word));
    if (copies.some(({ replyTo }) => isOf(one, replyTo))) answered += 1;
    else if (hasJoined && copies.some(isWithItsFirst)) answered += 1;
    else if (copies.length > 0) wrong.push(`the answer to ${one.word} replies to another message`);
    else if (fates.some((fate) => isOf(one, fate.replyTo) || (hasJoined && fate.messageId > one.messageId))) said += 1;
    else dropped.push(one);
  }

  // A stop or a reset says how many it dropped, beside the turn that it ended: no more than these may have gone with it.
  const ends = heard.flatMap(({ messageId, text }) => {
    const match = STOPPED.exec(text) ?? NEW.exec(text);
    return match ? [{ messageId, room: Number(match[1] ?? 0), text }] : [];
  });
  // One that had joined the turn ended with it.
  const most = Math.max(1, ...written.map(({ together }) => together.length));
  const room = joined.size + ends.reduce((sum, end) => sum + end.room + most, 0);
  for (const [index, one] of dropped.entries()) {
    const isSaid = index < room && ends.some(({ messageId }) => messageId > one.messageId);
    if (isSaid) said += 1;
    else lost.push(`${one.word} (update ${one.update}): no answer, and no word of its fate`);
  }

  // What stop and new say replies to nobody: each has its notice, and there are no more unmarked ones than were asked for.
  const notices = heard.filter(({ text }) => STOPPED.test(text) || NEW.test(text) || text.includes(NOTHING));
  const asked = taken.filter(({ kind }) => kind === "stop" || kind === "new");
  const unmarked = notices.filter(({ text }) => !text.includes(MARK)).length;
  if (notices.length < asked.length)
    lost.push(`${asked.length - notices.length} of ${asked.length} stops and resets: nothing said`);
  const presses = taken.filter(({ kind }) => kind === "press");
  if (unmarked > written.filter(({ kind }) => kind === "stop" || kind === "new" || kind === "press").length) {
    wrong.push(`${unmarked} stops and resets are said, unmarked, and ${asked.length} were asked for`);
  }
  said += presses.length + asked.filter(({ word }) => word === undefined).length;
  marked += Math.max(0, notices.length - asked.length);

  for (const one of taken.filter(({ kind }) => kind === "command")) {
    const copies = heard.filter(({ replyTo }) => replyTo === one.messageId);
    if (copies.length === 0) lost.push(`the command of update ${one.update}: no answer`);
    else answered += 1;
    twice(`the answer to the command of update ${one.update}`, copies);
  }

  for (const one of taken.filter(({ kind }) => kind === "promise")) {
    const { word = "" } = one;
    const copies = heard.filter(({ text }) => REMINDER.exec(text)?.[1] === word);
    twice(`the reminder of ${word}`, copies);
    const isPromised = copiesOf(word).some(({ text }) => WHOLE.exec(text)?.[2]?.split(" ").includes(word));
    if (isPromised && copies.length === 0) lost.push(`the reminder of ${word}: it was promised and has not come`);
    if (copies.length > 0) remindersKept += 1;
  }

  for (const { words } of answers) {
    for (const word of words) if (!own.has(word)) wrong.push(`${word} is answered where nobody wrote it`);
  }
  return { acknowledged: taken.length, answered, said, marked, remindersKept, lost, wrong };
}

export function sum(accounts: readonly Account[]): Account {
  return accounts.reduce((all, one) => ({
    acknowledged: all.acknowledged + one.acknowledged,
    answered: all.answered + one.answered,
    said: all.said + one.said,
    marked: all.marked + one.marked,
    remindersKept: all.remindersKept + one.remindersKept,
    lost: [...all.lost, ...one.lost],
    wrong: [...all.wrong, ...one.wrong],
  }));
}

function isOf(one: Written, replyTo: number | undefined): boolean {
  return replyTo !== undefined && one.together.includes(replyTo);
}
