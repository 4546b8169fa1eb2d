import type { ModelRequest } from "../../playground/model/request.ts";
import type { StoredMessage, User } from "../../playground/telegram/chats.ts";
import type { Sent, WriteOptions } from "../../playground/telegram/people.ts";
import type { LogLine } from "../../playground/worker.ts";
import type { World } from "./harness/world.ts";

/**
 * One person in their own chat with the bot, so that tests of one world do not meet. What a test scripts for the model it
 * ties to words of its own (`says`), and what it waits for are things that happened.
 */
export class Scene {
  readonly world: World;
  readonly user: User;
  readonly chatId: number;
  readonly session: string;
  /** Log lines before this one are of other tests. */
  readonly #since: number;

  constructor(world: World, user: User) {
    this.world = world;
    this.user = user;
    this.chatId = user.id;
    this.session = `telegram:${user.id}`;
    this.#since = world.worker.lastLog;
  }

  write(text: string, options: WriteOptions = {}): Sent {
    return this.world.telegram.people.write(this.chatId, text, options);
  }

  /** Writes, and waits until the bot has acknowledged it. */
  async tell(text: string, options: WriteOptions = {}): Promise<Sent> {
    const sent = this.write(text, options);
    if (!(await this.world.telegram.delivered(sent))) throw new Error(`"${text}" was never taken`);
    return sent;
  }

  /** What the bot has said that is no longer growing, the oldest first. */
  get said(): StoredMessage[] {
    return this.world.telegram.said(this.chatId).filter((message) => !isGrowing(message));
  }

  get lines(): string[] {
    return this.said.map(plain);
  }

  count(words: string): number {
    return this.lines.filter((line) => line.includes(words)).length;
  }

  /** A message that is whole and says this; `times` asks for so many of them. */
  hears(words: string, options: { readonly times?: number; readonly timeoutMs?: number } = {}): Promise<StoredMessage> {
    const { times = 1, timeoutMs } = options;
    return this.world.telegram.waitFor(
      `the bot to say "${words}" to ${this.chatId}`,
      () => this.said.filter((message) => plain(message).includes(words))[times - 1],
      timeoutMs,
    );
  }

  /** A message that says this by now, growing or not. */
  sees(words: string): Promise<StoredMessage> {
    return this.world.telegram.waitFor(`"${words}" to be seen in ${this.chatId}`, () =>
      this.world.telegram.said(this.chatId).find((message) => plain(message).includes(words)),
    );
  }

  /** Everything that ever stood in the chat, deleted and edited away included. */
  everShown(words: string): boolean {
    return [...this.world.telegram.chat(this.chatId).messages.values()].some(
      (message) =>
        message.from.is_bot &&
        (plain(message).includes(words) || message.history.some(({ text }) => text.includes(words))),
    );
  }

  logs(event: string): LogLine[] {
    return this.world.worker.logs((line) => line.event === event && line.session === this.session, this.#since);
  }

  log(
    event: string,
    options: { readonly times?: number; readonly timeoutMs?: number; readonly where?: (line: LogLine) => boolean } = {},
  ): Promise<LogLine> {
    const { times = 1, timeoutMs = 15_000, where = () => true } = options;
    const found = (): LogLine | undefined => this.logs(event).filter(where)[times - 1];
    return this.world.worker
      .waitForLog((line) => line === found(), { after: this.#since, timeoutMs })
      .catch((error: unknown) => {
        throw new Error(`no ${event} of ${this.session}: ${error instanceof Error ? error.message : ""}`);
      });
  }

  /** The `times`-th run of this session is over. */
  finished(times = 1, timeoutMs?: number): Promise<LogLine> {
    return this.log("run.finished", timeoutMs === undefined ? { times } : { times, timeoutMs });
  }

  /** Requests whose conversation has these words. */
  asked(words: string): ModelRequest[] {
    return this.world.model.requests.filter((request) => heard(request.conversation.messages, words));
  }

  request(words: string, timeoutMs?: number): Promise<ModelRequest> {
    return this.world.model.waitForRequest((request) => request.lastUserText.includes(words), timeoutMs);
  }

  /** Everything the bot owed this chat before this is delivered: it answers in order. */
  async settled(): Promise<void> {
    const before = this.count("Turnkeeper ");
    await this.tell("/version");
    await this.hears("Turnkeeper ", { times: before + 1 });
  }
}

let people = 0;

/** Somebody new, in a private chat of their own. */
export function newcomer(world: World, name = "Test"): Scene {
  people += 1;
  const id = 50_000 + people;
  const user: User = {
    id,
    is_bot: false,
    first_name: `${name}${people}`,
    username: `person_${id}`,
    language_code: "en",
  };
  world.telegram.chats.add({ id, type: "private", title: user.first_name, people: [user] });
  return new Scene(world, user);
}

/** A reply for the requests of whoever said this last. */
export function says(
  words: string,
): (conversation: { readonly messages: readonly { role: string; text: string }[] }) => boolean {
  return ({ messages }) => messages.findLast(({ role }) => role === "user")?.text.includes(words) ?? false;
}

export function heard(messages: readonly { readonly text: string }[], words: string): boolean {
  return messages.some(({ text }) => text.includes(words));
}

export function plain(message: StoredMessage): string {
  return message.rich?.plain ?? message.text;
}

export function isGrowing(message: StoredMessage): boolean {
  return (message.keyboard ?? []).flat().some(({ text }) => text.includes("Stop"));
}

/** When the bot had acknowledged this update. */
export function acknowledgedAt(sent: Pick<Sent, "update">): number {
  const attempt = sent.update.attempts.at(-1);
  if (attempt?.status !== 200) throw new Error("it was not acknowledged");
  return attempt.at + (attempt.tookMs ?? 0);
}
