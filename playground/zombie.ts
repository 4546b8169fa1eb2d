import type { Stage } from "./stage.ts";
import type { ChatOptions, StoredMessage, User } from "./telegram/chats.ts";
import type { LogLine } from "./worker.ts";

/** Where the race is run: a chat of its own, so that nothing else is disturbed. */
export const MARY: User = {
  id: 1818,
  is_bot: false,
  first_name: "Mary",
  last_name: "Shelley",
  username: "mary_s",
  language_code: "en",
};
export const RACE_CHAT: ChatOptions = { id: MARY.id, type: "private", title: "Mary Shelley", people: [MARY] };

export interface Step {
  readonly title: string;
  state: "waiting" | "now" | "done" | "failed";
  detail: string;
}

export interface Race {
  readonly chatId: number;
  readonly steps: readonly Step[];
  verdict: "" | "survived" | "failed";
  running: boolean;
}

const TITLES = [
  "Mary writes. A run begins and takes her session.",
  "The model accepts the call and holds it: the session is busy.",
  "From inside its own run the model calls session_reset.",
  "At that very moment every credential fails: 429, 429.",
  "The run ends aloud: Mary is told, and the reset takes effect.",
  "With all keys still dry, her next message is not swallowed.",
  "The credentials come back.",
  "The next message is answered, in a new conversation.",
] as const;

const WAIT_MS = 30_000;
/** Longer than the playground's POOL_WAIT_SECONDS, so that the turn is refused at once instead of waiting. */
const DRY_SECONDS = 15;

/**
 * The race that killed sessions for good: a reset meets a dry credential pool while a run is in flight. Each step waits
 * for what the Worker itself reports or writes; a step that does not come is shown as failed, with what came instead.
 */
export class ZombieRace {
  readonly race: Race = {
    chatId: RACE_CHAT.id,
    steps: TITLES.map((title) => ({ title, state: "waiting", detail: "" })),
    verdict: "",
    running: true,
  };
  readonly #stage: Stage;
  readonly #changed: () => void;

  constructor(stage: Stage, changed: () => void) {
    this.#stage = stage;
    this.#changed = changed;
  }

  async run(): Promise<void> {
    const { telegram, model, worker } = this.#stage.parts;
    const chatId = RACE_CHAT.id;
    const session = `telegram:${chatId}`;
    const began = worker.lastLog;
    const log = (event: string, more: (line: LogLine) => boolean = () => true): Promise<LogLine> =>
      worker.waitForLog((line) => line.event === event && (line.session ?? session) === session && more(line), {
        after: began,
        timeoutMs: WAIT_MS,
      });
    // The answer to a message replies to it; where it does not, the second new one is (the first says that a conversation ends).
    const answerTo = async (sent: { readonly messageId: number }): Promise<string> => {
      const later = ({ id, keyboard }: StoredMessage): boolean => id > sent.messageId && !hasStop(keyboard);
      const message = await telegram.waitFor(
        "an answer to Mary",
        () => {
          const fresh = telegram.said(chatId).filter(later);
          return fresh.find(({ replyTo }) => replyTo === sent.messageId) ?? fresh[1];
        },
        WAIT_MS,
      );
      return (message.rich?.plain ?? message.text).replaceAll("\n", " ").slice(0, 160);
    };
    const mine = (line: LogLine): boolean => line.session === session;
    try {
      this.#stage.setModel("normal");
      this.#stage.setKeys("all well");
      this.#stage.setTelegram("normal");
      await this.#stage.start();
      await this.#stage.healPool();

      const held = model.hold({ tools: [{ name: "session_reset", args: {} }] }, (said) =>
        said.messages.some(({ text }) => text.includes(OPENING)),
      );
      let opening = { messageId: 0 };
      const first = await this.#step(0, async () => {
        opening = telegram.people.write(chatId, OPENING);
        const started = await log("run.started", mine);
        return [started, `run ${started.run ?? "?"} of epoch ${started.epoch ?? "?"}`];
      });
      const asked = await this.#step(1, async () => {
        const request = await model.waitForRequest(
          (one) => one.lastUserText.includes(OPENING) && one.endedAt === undefined,
          WAIT_MS,
        );
        return [request, "not one word has been sent"];
      });
      await this.#step(2, async () => {
        for (const key of this.#stage.parts.keys)
          model.door({ kind: "rate_limited", retryAfterSeconds: DRY_SECONDS }, key);
        held.release();
        await model.waitFor("the call to end", () => asked.endedAt !== undefined, WAIT_MS);
        return [undefined, "the tool is called, the run goes on to its next step"];
      });
      await this.#step(3, async () => {
        const refused = await model.waitFor(
          "both keys to be refused",
          () => {
            const later = model.requests.filter(({ n, status }) => n > asked.n && status === 429);
            return new Set(later.map(({ key }) => key)).size === this.#stage.parts.keys.length && later;
          },
          WAIT_MS,
        );
        return [undefined, `${refused.length} calls, one with each key, are refused`];
      });
      await this.#step(4, async () => {
        const finished = await log("run.finished", (line) => line.run === first.run);
        await log("session.reset");
        const words = await answerTo(opening);
        return [finished, `run.finished: ${String(finished.outcome)}. “${words}”`];
      });
      await this.#step(5, async () => {
        const sent = telegram.people.write(chatId, "Are you still there?");
        return [undefined, `“${await answerTo(sent)}”`];
      });
      await this.#step(6, async () => {
        this.#stage.setKeys("all well");
        const healed = await this.#stage.healPool();
        if (!healed)
          await worker.waitForLog("credential.ready", { after: began, timeoutMs: DRY_SECONDS * 1000 + WAIT_MS });
        return [undefined, healed ? "a maintainer presses reset on the pool" : "their time has passed"];
      });
      await this.#step(7, async () => {
        const mark = worker.lastLog;
        const sent = telegram.people.write(chatId, CLOSING);
        const next = await worker.waitForLog((line) => line.event === "run.started" && mine(line), {
          after: mark,
          timeoutMs: WAIT_MS,
        });
        const done = await worker.waitForLog((line) => line.event === "run.finished" && line.run === next.run, {
          after: mark,
          timeoutMs: WAIT_MS,
        });
        if (done.outcome !== "answered") throw new Error(`the run ended as ${String(done.outcome)}`);
        if (!(Number(next.epoch) > Number(first.epoch))) throw new Error(`it is still epoch ${next.epoch ?? "?"}`);
        return [undefined, `epoch ${next.epoch ?? "?"}. “${await answerTo(sent)}”`];
      });
      this.race.verdict = "survived";
    } catch {
      this.race.verdict = "failed";
    } finally {
      this.race.running = false;
      this.#stage.setKeys("all well");
      this.#changed();
    }
  }

  async #step<T>(index: number, act: () => Promise<readonly [T, string]>): Promise<T> {
    const step = this.race.steps[index];
    if (!step) throw new Error(`the race has no step ${index}`);
    step.state = "now";
    this.#changed();
    try {
      const [value, detail] = await act();
      step.state = "done";
      step.detail = detail;
      this.#changed();
      return value;
    } catch (error) {
      step.state = "failed";
      step.detail = error instanceof Error ? error.message.slice(0, 300) : String(error);
      throw error;
    }
  }
}

/** A message that still has its Stop button is not the last word. */
function hasStop(keyboard: StoredMessage["keyboard"]): boolean {
  return (keyboard ?? []).flat().some(({ text }) => /stop/i.test(text));
}

const OPENING = "Clear the table, would you, and let us start over.";
const CLOSING = "Good evening again. Who are you?";
