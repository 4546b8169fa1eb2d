import type { Attachment, Inbound, Message, Place, Sender } from "../src/telegram/message.ts";
import type { SessionHost } from "./session-host.ts";
import type { Chat } from "./telegram.ts";
import type { Updates } from "./updates.ts";
import type { World } from "./world.ts";

/**
 * People who write, send albums and texts that their client splits, stop, reset, edit what they wrote, reply to questions
 * and press buttons, old ones too and some twice. Each message carries a mark by which its answer can be known.
 */
const MEAN_PAUSE_MS = 25_000;
const OLD_BUTTONS_KEPT = 20;

export class Person {
  readonly #world: World;
  readonly #updates: Updates;
  readonly #hosts: readonly SessionHost[];
  readonly #sender: Sender;
  readonly #oldButtons: { readonly host: SessionHost; readonly data: string; readonly messageId: number }[] = [];
  #last: { readonly host: SessionHost; readonly message: Message } | undefined;
  #isQuiet = false;

  constructor(world: World, updates: Updates, hosts: readonly SessionHost[], id: number) {
    this.#world = world;
    this.#updates = updates;
    this.#hosts = hosts;
    this.#sender = { id, name: `Person ${id}`, language: "en" };
    this.#wait();
  }

  quiet(): void {
    this.#isQuiet = true;
  }

  #wait(): void {
    const { timeline, chance } = this.#world;
    timeline.after(chance.wait(MEAN_PAUSE_MS), "person", () => {
      if (this.#isQuiet) return;
      this.#act();
      this.#wait();
    });
  }

  #act(): void {
    const { chance } = this.#world;
    const host = chance.pick(this.#hosts);
    if (!host) return;
    const chat = this.#world.telegram.chat(host.chatId);
    if (chat.isBlocked) return;
    const dice = chance.next();
    if (dice < 0.36) this.#say(host, "");
    else if (dice < 0.46) this.#burst(host);
    else if (dice < 0.5) this.#split(host);
    else if (dice < 0.53) this.#album(host);
    else if (dice < 0.56) this.#say(host, "LOOP ");
    else if (dice < 0.72) this.#command(host);
    else if (dice < 0.8) this.#edit();
    else if (dice < 0.84) this.#reply(host, chat);
    else this.#press(host, chat);
  }

  #burst(host: SessionHost): void {
    const { timeline, chance } = this.#world;
    for (let count = chance.between(2, 4); count > 0; count -= 1) {
      timeline.after(chance.below(3_000), "person goes on", () => {
        if (!this.#isQuiet) this.#say(host, "");
      });
    }
  }

  #split(host: SessionHost): void {
    const { timeline, chance } = this.#world;
    this.#say(host, "", { textChars: 4096 });
    timeline.after(chance.below(2_500), "rest of a text", () => {
      if (!this.#isQuiet) this.#say(host, "");
    });
  }

  #album(host: SessionHost): void {
    const { chance } = this.#world;
    const albumId = chance.id();
    for (let count = chance.between(2, 4); count > 0; count -= 1) {
      const uniqueId = chance.id();
      const photo: Attachment = { kind: "photo", fileId: `file-${uniqueId}`, uniqueId, bytes: 68, mime: "image/png" };
      this.#say(host, "", { albumId, attachments: [photo] });
    }
  }

  #command(host: SessionHost): void {
    const { chance } = this.#world;
    const command = chance.pick(COMMANDS);
    const [name = "", ...rest] = command.split(" ");
    this.#say(host, `/${command} `, { command: { name, words: rest.join(" ") } }, rest.length > 0);
  }

  #say(host: SessionHost, words: string, more: Partial<Message> = {}, marked = true): void {
    const { telegram, timeline } = this.#world;
    const update = this.#updates.nextId();
    const mark = marked && more.command === undefined ? `zq${update}z` : "";
    const text = `${words}${mark}`;
    const messageId = telegram.written(telegram.chat(host.chatId), text, host.threadId);
    const command = more.command && {
      ...more.command,
      words: more.command.words.replace("WORDS", `zq${update}z`),
    };
    const message: Message = {
      messageId,
      writtenAt: timeline.now,
      text,
      textChars: text.length,
      attachments: [],
      notes: [],
      ...more,
      ...(command ? { command } : {}),
    };
    this.#last = { host, message };
    this.#updates.send(host, { kind: "message", update, place: placeOf(host), from: this.#sender, message });
  }

  #edit(): void {
    if (!this.#last) return;
    const { host, message } = this.#last;
    const edited = { ...message, text: `${message.text} edited`, attachments: [] };
    this.#updates.send(host, {
      kind: "edit",
      update: this.#updates.nextId(),
      place: placeOf(host),
      from: this.#sender,
      message: edited,
    });
  }

  /** To a question of the bot, where one stands. */
  #reply(host: SessionHost, chat: Chat): void {
    const asked = [...chat.messages].findLast(
      ([, message]) => message.isBot && message.thread === host.threadId && message.buttons[0]?.startsWith("ask:"),
    );
    if (!asked) return this.#say(host, "");
    const reply = { messageId: asked[0], from: "the bot", text: "a question" };
    if (this.#world.chance.hit(0.5)) this.#say(host, "yes", {}, false);
    else this.#say(host, "my own words ", { reply });
  }

  #press(host: SessionHost, chat: Chat): void {
    const { chance } = this.#world;
    const standing = [...chat.messages].flatMap(([messageId, message]) =>
      message.isBot && message.thread === host.threadId
        ? message.buttons.map((data) => ({ host, data, messageId }))
        : [],
    );
    const old = chance.hit(0.2) ? chance.pick(this.#oldButtons) : undefined;
    const button = old ?? chance.pick(standing.slice(-6));
    if (!button) return this.#say(host, "");
    this.#oldButtons.push(button);
    if (this.#oldButtons.length > OLD_BUTTONS_KEPT) this.#oldButtons.shift();
    for (let times = chance.hit(0.15) ? 2 : 1; times > 0; times -= 1) {
      const update = this.#updates.nextId();
      this.#updates.send(button.host, {
        kind: "press",
        update,
        place: placeOf(button.host),
        from: this.#sender,
        queryId: `query-${update}`,
        data: button.data,
        messageId: button.messageId,
      });
    }
  }
}

const COMMANDS = [
  "stop",
  "stop",
  "stop",
  "new",
  "new",
  "new WORDS",
  "cc WORDS",
  "cc",
  "status",
  "queue WORDS",
  "steer WORDS",
  "steer WORDS",
  "busy steer",
  "busy interrupt",
  "busy queue",
  "retry",
  "undo",
  "model",
  "model anthropic/claude once",
  "compact",
  "export",
  "usage",
  "memory",
  "pool",
  "pool reset",
  "help",
  "nonsense",
  "persona a pirate",
  "remind",
  "skills",
  "whoami",
] as const;

export function placeOf(host: SessionHost): Place {
  const isPrivate = host.chatId > 0;
  return {
    chatId: host.chatId,
    chatType: isPrivate ? "private" : "supergroup",
    ...(host.threadId === undefined ? {} : { threadId: host.threadId }),
    ...(isPrivate ? {} : { title: "A group" }),
  };
}

export type Written = Extract<Inbound, { kind: "message" }>;
