import {
  BOT_NAME,
  type Body,
  draftStoppedBody,
  messageBody,
  pressBody,
  strangeBody,
  type WrittenMessage,
} from "./bodies.ts";
import { type Spot, STRANGER } from "./places.ts";
import type { Chat } from "./telegram.ts";
import type { Updates, Wanted } from "./updates.ts";
import type { World } from "./world.ts";

/**
 * People who write, send albums, pictures, voices and texts that their client splits, stop, reset, edit what they wrote,
 * reply to questions and press buttons, old ones too and some twice. Each message carries a mark by which its answer can
 * be known. In a group they call the bot by its name, and sometimes talk among themselves.
 */
const MEAN_PAUSE_MS = 25_000;
const OLD_BUTTONS_KEPT = 20;
const DRAFT_LIVES_MS = 30_000;
const OWNER = 1_000;

type More = Partial<Pick<WrittenMessage, "media" | "albumId" | "replyTo">>;

export class Person {
  readonly #world: World;
  readonly #updates: Updates;
  readonly #spots: readonly Spot[];
  readonly #id: number;
  readonly #oldButtons: { readonly spot: Spot; readonly data: string; readonly messageId: number }[] = [];
  /** When a text that a client splits was written. */
  #splitAt = Number.NEGATIVE_INFINITY;
  #last: { readonly spot: Spot; readonly message: WrittenMessage; readonly wanted: Wanted } | undefined;
  #isQuiet = false;

  constructor(world: World, updates: Updates, spots: readonly Spot[], id: number) {
    this.#world = world;
    this.#updates = updates;
    this.#spots = spots;
    this.#id = id;
    this.#wait();
  }

  quiet(): void {
    this.#isQuiet = true;
  }

  #wait(): void {
    const { timeline, chance } = this.#world;
    // A stranger comes by now and then.
    timeline.after(chance.wait(this.#id === STRANGER ? 5 * MEAN_PAUSE_MS : MEAN_PAUSE_MS), "person", () => {
      if (this.#isQuiet) return;
      this.#act();
      this.#wait();
    });
  }

  #act(): void {
    const { chance } = this.#world;
    // A stranger is mostly alone with the bot.
    const spot = this.#id === STRANGER && chance.hit(0.5) ? this.#spots[0] : chance.pick(this.#spots);
    if (!spot) return;
    const chat = this.#world.telegram.chat(spot.chatId);
    if (chat.isBlocked) return;
    if (this.#id === STRANGER && chance.hit(0.5)) return this.#say(spot, "/pair", {}, false);
    if (this.#id === OWNER && chance.hit(0.1) && this.#letIn(spot)) return;
    if (chat.draft && this.#world.timeline.now - chat.draft.at < DRAFT_LIVES_MS && chance.hit(0.3)) {
      return this.#updates.send(spot, draftStoppedBody(this.#updates.nextId(), spot, chat.draft.id), this.#wanted());
    }
    const dice = chance.next();
    if (dice < 0.3) this.#say(spot, "");
    else if (dice < 0.33) this.#chatter(spot);
    else if (dice < 0.43) this.#burst(spot);
    else if (dice < 0.46) this.#split(spot);
    else if (dice < 0.48) this.#album(spot);
    else if (dice < 0.52) this.#media(spot);
    else if (dice < 0.55) this.#say(spot, "LOOP ");
    else if (dice < 0.72) this.#command(spot);
    else if (dice < 0.8) this.#edit();
    else if (dice < 0.85) this.#reply(spot, chat);
    else this.#press(spot, chat);
  }

  /** A stranger's word is for nobody until somebody lets them in. */
  #wanted(): Wanted {
    return this.#id === STRANGER ? "any" : "in";
  }

  #burst(spot: Spot): void {
    const { timeline, chance } = this.#world;
    for (let count = chance.between(2, 4); count > 0; count -= 1) {
      timeline.after(chance.below(3_000), "person goes on", () => {
        if (!this.#isQuiet) this.#say(spot, "");
      });
    }
  }

  #split(spot: Spot): void {
    const { timeline, chance } = this.#world;
    this.#say(spot, LONG_TEXT);
    this.#splitAt = timeline.now;
    timeline.after(chance.below(2_500), "rest of a text", () => {
      if (!this.#isQuiet) this.#say(spot, "");
    });
  }

  #album(spot: Spot): void {
    const { chance } = this.#world;
    const albumId = chance.id();
    for (let count = chance.between(2, 4); count > 0; count -= 1)
      this.#say(spot, "", { albumId, media: photo(chance.id()) });
  }

  #media(spot: Spot): void {
    const { chance } = this.#world;
    const media = chance.pick(MEDIA)(chance.id());
    const isWordless = spot.type === "private" && chance.hit(0.5);
    if (this.#id === OWNER && chance.hit(0.1)) return this.#say(spot, "", { media: skillFile(chance.id()) }, false);
    this.#say(spot, "", { media }, !isWordless);
  }

  /** In a group people talk to each other, and to other bots. */
  #chatter(spot: Spot): void {
    if (spot.type === "private") {
      this.#updates.send(spot, strangeBody(this.#updates.nextId(), spot), "out");
      return;
    }
    const { chance } = this.#world;
    const words = chance.pick(["to nobody", "/status@another_bot", "@another_bot and you?"]);
    const update = this.#updates.nextId();
    // Right after a long text it may be the rest of that.
    const isRest = this.#world.timeline.now - this.#splitAt < 4_000;
    const body = messageBody(update, "message", spot, this.#id, this.#write(spot, words));
    this.#updates.send(spot, body, isRest ? "any" : "out");
  }

  #command(spot: Spot): void {
    const { chance } = this.#world;
    const command = chance.pick(COMMANDS);
    const [name = "", ...rest] = command.split(" ");
    const named = spot.type !== "private" && (name === "nonsense" || chance.hit(0.3)) ? `@${BOT_NAME}` : "";
    const update = this.#updates.nextId();
    const words = rest.join(" ").replace("WORDS", `zq${update}z`);
    const written = this.#write(spot, `/${name}${named}${words === "" ? "" : ` ${words}`}`);
    this.#world.count(`command: ${name}`);
    this.#last = { spot, message: written, wanted: this.#wanted() };
    this.#updates.send(spot, messageBody(update, "message", spot, this.#id, written), this.#wanted());
  }

  #say(spot: Spot, words: string, more: More = {}, marked = true): void {
    const update = this.#updates.nextId();
    if (words.startsWith("/")) this.#world.count(`command: ${words.slice(1).split(" ", 1)[0]}`);
    const isCall = spot.type !== "private" && more.replyTo === undefined && !words.startsWith("/");
    const called = isCall ? `@${BOT_NAME} ` : "";
    const written = this.#write(spot, `${called}${words}${marked ? `zq${update}z` : ""}`.trim(), more);
    this.#last = { spot, message: written, wanted: this.#wanted() };
    this.#updates.send(spot, messageBody(update, "message", spot, this.#id, written), this.#wanted());
  }

  #write(spot: Spot, text: string, more: More = {}): WrittenMessage {
    const { telegram, timeline } = this.#world;
    const messageId = telegram.written(telegram.chat(spot.chatId), text, spot.threadId);
    return { messageId, writtenAt: timeline.now, text, ...more };
  }

  #edit(): void {
    if (!this.#last) return;
    const { spot, message, wanted } = this.#last;
    const edited = { ...message, text: `${message.text} edited` };
    const update = this.#updates.nextId();
    this.#updates.send(spot, messageBody(update, "edited_message", spot, this.#id, edited), wanted);
  }

  /** To a question of the bot, where one stands. */
  #reply(spot: Spot, chat: Chat): void {
    const asked = [...chat.messages].findLast(
      ([id, message]) =>
        message.isBot &&
        message.thread === spot.threadId &&
        // A topic's number is that of the message that opened it, which is never the bot's.
        id !== spot.threadId &&
        message.buttons[0]?.startsWith("ask:"),
    );
    if (!asked) return this.#say(spot, "");
    if (this.#world.chance.hit(0.5)) this.#say(spot, "yes", {}, false);
    else this.#say(spot, "my own words ", { replyTo: asked[0] });
  }

  #press(spot: Spot, chat: Chat): void {
    const { chance } = this.#world;
    const standing = [...chat.messages].flatMap(([messageId, message]) =>
      message.isBot && message.thread === spot.threadId
        ? message.buttons.map((data) => ({ spot, data, messageId }))
        : [],
    );
    const old = chance.hit(0.2) ? chance.pick(this.#oldButtons) : undefined;
    const button = old ?? chance.pick(standing.slice(-6));
    if (!button) return this.#say(spot, "");
    this.#oldButtons.push(button);
    if (this.#oldButtons.length > OLD_BUTTONS_KEPT) this.#oldButtons.shift();
    this.#world.count(`button: ${button.data.split(":", 1)[0]}`);
    const pressed = chat.messages.get(button.messageId);
    if (pressed) pressed.wasPressed = true;
    for (let times = chance.hit(0.15) ? 2 : 1; times > 0; times -= 1) {
      const update = this.#updates.nextId();
      const body = pressBody(update, button.spot, this.#id, button.data, button.messageId);
      this.#updates.send(button.spot, body, this.#wanted());
    }
  }

  /** The owner has been told a code, and hands it in. */
  #letIn(spot: Spot): boolean {
    if (spot.type !== "private") return false;
    const told = [...this.#world.telegram.chat(STRANGER).messages.values()].findLast(({ text }) => CODE.test(text));
    const code = told && CODE.exec(told.text)?.[0];
    if (!code) return false;
    this.#say(spot, `/pair ${code}`, {}, false);
    return true;
  }
}

const CODE = /\b[A-HJ-NP-Z2-9]{8}\b/;
/** As long as a text can be: its writer's client has cut it. */
const LONG_TEXT = `${"long ".repeat(813)} `;

function photo(id: string): Body {
  return { photo: [{ file_id: `photo-${id}`, file_unique_id: id, width: 1, height: 1, file_size: 68 }] };
}

function skillFile(id: string): Body {
  return { document: { file_id: `skill-${id}`, file_unique_id: id, file_name: "SKILL.md", file_size: 80 } };
}

const MEDIA: readonly [(id: string) => Body, ...((id: string) => Body)[]] = [
  photo,
  (id) => ({
    voice: { file_id: `voice-${id}`, file_unique_id: id, duration: 3, mime_type: "audio/ogg", file_size: 90 },
  }),
  (id) => ({
    document: {
      file_id: `text-${id}`,
      file_unique_id: id,
      file_name: "notes.txt",
      mime_type: "text/plain",
      file_size: 9,
    },
  }),
  (id) => ({ sticker: { file_id: `sticker-${id}`, file_unique_id: id, emoji: "🙂", file_size: 68 } }),
  (id) => ({ video: { file_id: `video-${id}`, file_unique_id: id, duration: 9, file_size: 1_000 } }),
  (id) => ({ document: { file_id: `large-${id}`, file_unique_id: id, file_name: "large.bin", file_size: 30_000_000 } }),
  () => ({ location: { latitude: 1.5, longitude: 2.5 } }),
];

const COMMANDS = [
  "stop",
  "stop",
  "stop",
  "new",
  "new",
  "new WORDS",
  "reset",
  "cc WORDS",
  "cc",
  "summarize WORDS",
  "status",
  "queue WORDS",
  "q WORDS",
  "steer WORDS",
  "steer WORDS",
  "bg WORDS",
  "btw WORDS",
  "bg",
  "busy steer",
  "busy interrupt",
  "busy queue",
  "busy",
  "retry",
  "retry",
  "undo",
  "model",
  "model default",
  "model anthropic/claude once",
  "model anthropic/claude",
  "compact",
  "compact",
  "export",
  "export json",
  "usage",
  "memory",
  "forget all",
  "forget 1",
  "pool",
  "pool reset",
  "help",
  "start",
  "version",
  "nonsense",
  "persona a pirate",
  "persona off",
  "remind",
  "remind me of WORDS",
  "timezone Europe/Berlin",
  "skills",
  "whoami",
] as const;
