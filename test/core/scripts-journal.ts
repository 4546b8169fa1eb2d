import { type Journal, readJournal } from "../../scripts/journal-file.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import { type Input, newSession, type Policy, runOf, type Session } from "../../src/core/session.ts";
import { step } from "../../src/core/step.ts";
import { Store } from "../../src/session/store.ts";
import { HISTORY_FORMAT } from "../../src/session/view.ts";
import { openStorage } from "./harness/sqlite.ts";

/** A session that is driven event by event; its journal is written by the real store and read as the commands read it. */

export const NOON = Date.UTC(2026, 10, 22, 12);

export const POLICY: Policy = {
  busyMode: "queue",
  queueLimit: 3,
  runIdleTimeoutMs: 180_000,
  runTimeoutMs: 1_800_000,
  poolWaitMs: 300_000,
  idleResetMs: 0,
  clockOffsetMs: 0,
};

export class Life {
  now = NOON;
  session: Session;
  readonly #store = new Store(openStorage().sql);
  #runs = 0;
  #messages = 0;

  constructor(policy: Policy = POLICY) {
    this.session = newSession(policy);
  }

  /** The run that has the session. */
  get run(): string {
    return runOf(this.session)?.run ?? "none";
  }

  after(ms: number): this {
    this.now += ms;
    return this;
  }

  pass(event: Event): this {
    this.#runs += 1;
    const before = this.session;
    const { session, effects } = step(before, event, { now: this.now, newRun: `run${this.#runs}-aaaa-bbbb` });
    this.session = session;
    if (session !== before) this.#store.save(session, event, effects.flatMap(named), this.now);
    return this;
  }

  input(): Input {
    this.#messages += 1;
    return { update: 500_000 + this.#messages, messageId: 10 + this.#messages, from: 1001, acceptedAt: this.now };
  }

  write(): this {
    return this.pass({ type: "received", input: this.input() });
  }

  answer(text = "secret words"): this {
    return this.pass({ type: "answered", run: this.run, entry: { messages: [text] }, text, steps: 1, tokens: 42 });
  }

  /** As `npm run journal` writes it. */
  export(): string {
    return JSON.stringify({
      format: HISTORY_FORMAT,
      key: "telegram:1001",
      version: "0.1.0",
      rows: this.#store.history(),
    });
  }

  journal(): Journal {
    const read = readJournal(this.export());
    if (!read.ok) throw new Error(read.problem);
    return read.journal;
  }
}

function named(effect: Effect): string[] {
  if (effect.do === "log") return [];
  return [effect.do === "say" ? `say:${effect.notice.key}` : effect.do];
}
