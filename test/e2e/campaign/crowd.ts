import { BOT } from "../../../playground/telegram/cast.ts";
import type { StoredMessage, User } from "../../../playground/telegram/chats.ts";
import type { Sent, WriteOptions } from "../../../playground/telegram/people.ts";
import type { TelegramStandIn } from "../../../playground/telegram.ts";
import { type Account, account, type Heard, type Written } from "./account.ts";
import { WISHES } from "./mind.ts";

/** The people of a campaign and the places where they write: each place is one session of the bot. */

/** A person who has so many messages open waits for an answer before writing on. */
const MOST_OPEN = 6;
/** One in so many does not. */
const PATIENT_PEOPLE = 60;
/** From here on a client may have split a text, so the bot waits for the rest (src/core/gather.ts). */
const SPLIT_CHARS = 4_050;
/** A press that came too early, or was lost with the process, is made again. */
const PRESS_AGAIN_MS = 5_000;

let wordsMade = 0;

export class Place {
  readonly name: string;
  /** Of its session. */
  readonly key: string;
  readonly #telegram: TelegramStandIn;
  readonly #chatId: number;
  readonly #threadId: number | undefined;
  readonly #from: User;
  readonly #isShared: boolean;
  readonly #written: (Omit<Written, "acknowledged"> & { readonly sent: Pick<Sent, "update"> })[] = [];
  readonly #chosenAt = new Map<number, number>();

  constructor(telegram: TelegramStandIn, name: string, chatId: number, from: User, threadId?: number) {
    this.#telegram = telegram;
    this.name = name;
    this.key = `telegram:${chatId}${threadId === undefined ? "" : `:topic:${threadId}`}`;
    this.#chatId = chatId;
    this.#threadId = threadId;
    this.#from = from;
    this.#isShared = chatId < 0;
  }

  /** The queue of updates in which what is written here waits for the Worker. */
  get updatesQueue(): string {
    return `m${this.#chatId}`;
  }

  /** One thing a person does, by the dice. Nothing where too much of theirs is open. */
  act(dice: (below: number) => number): void {
    if (dice(2) === 0) this.choose();
    if (this.open() >= MOST_OPEN && dice(PATIENT_PEOPLE) > 0) return;
    const roll = dice(100);
    if (roll < 52) this.say();
    else if (roll < 58) this.#bundle("album", 2 + dice(2));
    else if (roll < 62) this.#bundle("split", 2);
    else if (roll < 69) this.#wish("remind", "promise");
    else if (roll < 74) this.#wish("remember", "words");
    else if (roll < 79) this.#wish("ask", "words");
    else if (roll < 82) this.#wish("session_reset", "words");
    else if (roll < 87) this.#write("stop", () => "/stop", false);
    else if (roll < 90) this.#pressStop();
    else if (roll < 92) this.#write("new", () => "/new", false);
    else if (roll < 95) this.#write("new", (word) => `/new ${word}`);
    else this.#write("command", () => "/status", false);
  }

  /** Answers the questions that stand here, by their first button. */
  choose(): void {
    for (const { id, keyboard } of this.#said()) {
      const button = (keyboard ?? []).flat().find(({ callback_data }) => callback_data?.startsWith("ask:"));
      if (!button?.callback_data || Date.now() - (this.#chosenAt.get(id) ?? 0) < PRESS_AGAIN_MS) continue;
      this.#chosenAt.set(id, Date.now());
      this.#telegram.people.pressData(this.#chatId, id, button.callback_data, this.#from);
    }
  }

  /** An ordinary message. */
  say(): void {
    this.#write("words", (word) => `tell me of ${word}`);
  }

  /** Messages that wait for their answer or for word of their fate, as far as the chat shows. */
  open(): number {
    const { lost } = this.account();
    return lost.length + this.#written.filter(({ sent }) => sent.update.state === "pending").length;
  }

  account(): Account {
    const written = this.#written.map(({ sent, ...one }) => ({
      ...one,
      acknowledged: sent.update.attempts.some(({ status }) => status !== undefined && status >= 200 && status < 300),
    }));
    return account(written, this.#heard());
  }

  /** Messages that stand there with their Stop button, although nothing works on them. */
  growing(): number {
    return this.#said().filter(({ keyboard }) => isStoppable(keyboard)).length;
  }

  /** What stands in the chat, a line each: what a person has to read who looks into a fault. */
  story(): string[] {
    const visible = this.#telegram.chat(this.#chatId).visible(this.#threadId);
    return visible.map(({ id, from, replyTo, text, rich }) => {
      const words = (rich?.plain ?? text).replace(/\s+/g, " ").slice(0, 160);
      return `${id} ${from.is_bot ? "bot" : "   "}${replyTo === undefined ? "" : ` to ${replyTo}`}: ${words}`;
    });
  }

  #said() {
    return this.#telegram
      .said(this.#chatId)
      .filter(({ threadId }) => this.#threadId === undefined || threadId === this.#threadId);
  }

  #heard(): Heard[] {
    return this.#said().map((message) => ({
      messageId: message.id,
      text: message.rich?.plain ?? message.text,
      ...(message.replyTo === undefined ? {} : { replyTo: message.replyTo }),
    }));
  }

  #write(kind: Written["kind"], text: (word: string) => string, hasWord = true): void {
    const word = hasWord ? newWord() : undefined;
    const sent = this.#telegram.people.write(this.#chatId, this.#addressed(text(word ?? "")), this.#options());
    this.#note([{ sent, ...(word ? { word } : {}) }], kind);
  }

  #wish(wish: keyof typeof WISHES, kind: "promise" | "words"): void {
    this.#write(kind, (word) => `${WISHES[wish]} ${word}`);
  }

  /** The Stop button of an answer that grows, or one that was left behind; nothing where there is none. */
  #pressStop(): void {
    const growing = this.#said().findLast(({ keyboard }) => isStoppable(keyboard));
    const data = (growing?.keyboard ?? []).flat().find(isStop)?.callback_data;
    if (!growing || data === undefined) return;
    const { update } = this.#telegram.people.pressData(this.#chatId, growing.id, data, this.#from);
    const { update_id } = update.update;
    this.#written.push({ sent: { update }, update: update_id, messageId: growing.id, together: [], kind: "press" });
  }

  /** Several updates that are one message to the person who sends them. */
  #bundle(form: "album" | "split", count: number): void {
    const words = Array.from({ length: count }, newWord);
    const { people } = this.#telegram;
    if (form === "split") {
      const long = this.#addressed(`${words[0]} ${"so ".repeat(SPLIT_CHARS)}`.slice(0, SPLIT_CHARS));
      const texts = [long, this.#addressed(`and ${words[1]}`)];
      const sent = texts.map((text) => people.write(this.#chatId, text, this.#options()));
      return this.#note(
        sent.map((one, index) => ({ sent: one, word: words[index] ?? "" })),
        "words",
      );
    }
    const files = words.map((word) => ({
      kind: "document" as const,
      name: "leaf.txt",
      mime: "text/plain",
      bytes: new TextEncoder().encode("a leaf of paper"),
      caption: this.#addressed(`the leaf ${word}`),
    }));
    const sent = people.album(this.#chatId, files, this.#options());
    this.#note(
      sent.map((one, index) => ({ sent: one, word: words[index] ?? "" })),
      "words",
    );
  }

  #note(messages: readonly { readonly sent: Sent; readonly word?: string }[], kind: Written["kind"]): void {
    const together = messages.map(({ sent }) => sent.messageId);
    for (const { sent, word } of messages) {
      const { updateId: update, messageId } = sent;
      this.#written.push({ sent, update, messageId, together, kind, ...(word ? { word } : {}) });
    }
  }

  /** In a group the bot hears what names it. */
  #addressed(text: string): string {
    if (!this.#isShared) return text;
    return text.startsWith("/") ? text.replace(/^\/\w+/, `$&@${BOT.username}`) : `@${BOT.username} ${text}`;
  }

  #options(): WriteOptions {
    return { from: this.#from, ...(this.#threadId === undefined ? {} : { threadId: this.#threadId }) };
  }
}

type Keyboard = StoredMessage["keyboard"];

function isStoppable(keyboard: Keyboard): boolean {
  return (keyboard ?? []).flat().some(isStop);
}

function isStop({ callback_data }: NonNullable<Keyboard>[number][number]): boolean {
  return callback_data?.startsWith("stop:") ?? false;
}

function newWord(): string {
  wordsMade += 1;
  return `w${wordsMade}x`;
}

/** Half of them private chats, then groups and topics of one forum in turn. */
export function placesOf(telegram: TelegramStandIn, count: number): Place[] {
  const person = (n: number): User => ({
    id: 70_000 + n,
    is_bot: false,
    first_name: `Person${n}`,
    language_code: "en",
  });
  const forumId = -1_007_000_000_000;
  const topics: Record<number, string> = {};
  for (let n = 0; n < count; n += 1) topics[10 + n] = `Topic ${n}`;
  const everybody = Array.from({ length: count }, (_, n) => person(n));
  telegram.chats.add({ id: forumId, type: "supergroup", title: "Forum", isForum: true, people: everybody, topics });
  return everybody.map((from, n) => {
    if (n < count / 2) {
      telegram.chats.add({ id: from.id, type: "private", title: from.first_name, people: [from] });
      return new Place(telegram, `private ${n}`, from.id, from);
    }
    if (n % 2 === 1) return new Place(telegram, `topic ${n}`, forumId, from, 10 + n);
    const id = -70_000 - n;
    telegram.chats.add({ id, type: "group", title: `Group ${n}`, people: [from, person(count + n)] });
    return new Place(telegram, `group ${n}`, id, from);
  });
}
