import type { Effect } from "../../../src/core/effect.ts";
import type { Event } from "../../../src/core/event.ts";
import { type Input, newSession, type Policy, type Session } from "../../../src/core/session.ts";
import { step } from "../../../src/core/step.ts";

/** A session told as a story: one event after the other, and what came of each in words. */
export class Telling {
  session: Session;
  now = 0;
  #runs = 0;
  #messages = 0;

  constructor(policy: Partial<Policy> = {}) {
    this.session = newSession({ ...POLICY, ...policy });
    this.now = Date.UTC(2026, 10, 22, 12);
  }

  /** What came of it, and nothing more. Runs are named run-1, run-2, … in the order in which they begin. */
  on(event: Event): string[] {
    const newRun = `run-${this.#runs + 1}`;
    const stepped = step(this.session, event, { now: this.now, newRun });
    this.session = stepped.session;
    if (stepped.effects.some((effect) => effect.do === "begin" && effect.run === newRun)) this.#runs++;
    return stepped.effects.map(told);
  }

  /** The next message of user 7. */
  message(more: Partial<Input> = {}): Input {
    const messageId = ++this.#messages;
    return { update: 1_000 + messageId, messageId, from: 7, acceptedAt: this.now, ...more };
  }

  writes(more: Partial<Input> = {}): string[] {
    return this.on({ type: "received", input: this.message(more) });
  }

  answers(run: string): string[] {
    return this.on({ type: "answered", run, entry: "entry", text: `answer of ${run}`, steps: 1, tokens: 10 });
  }

  steps(run: string, boundary = true): string[] {
    return this.on({ type: "stepped", run, entry: "entry", boundary, steps: 1, tokens: 10 });
  }

  after(ms: number, event: Event = { type: "ticked" }): string[] {
    this.now += ms;
    return this.on(event);
  }

  get phase(): string {
    const { turn } = this.session;
    return turn.phase === "running" || turn.phase === "waiting" ? `${turn.phase} ${turn.run}` : turn.phase;
  }
}

const POLICY: Policy = {
  busyMode: "queue",
  queueLimit: 2,
  runIdleTimeoutMs: 180_000,
  runTimeoutMs: 1_800_000,
  poolWaitMs: 300_000,
  idleResetMs: 0,
  clockOffsetMs: 0,
};

function told(effect: Effect): string {
  switch (effect.do) {
    case "begin":
    case "cut":
      return `${effect.do} ${effect.run}`;
    case "write":
      return `write ${numbers(effect.inputs)}for ${effect.run}`;
    case "leave":
      return `leave ${numbers(effect.inputs)}of ${effect.run}: ${effect.because}`;
    case "answer":
      return `answer ${effect.replyTo?.messageId} by ${effect.run}`;
    case "say": {
      const { key, ...values } = effect.notice;
      const details = Object.values(values).filter((value) => typeof value !== "object");
      return `say ${[key, ...details].join(" ")}${effect.replyTo ? ` to ${effect.replyTo.messageId}` : ""}`;
    }
    case "forget":
      return `forget epoch ${effect.epoch}`;
    case "compact":
      return `compact from ${effect.keepFrom}`;
    case "log": {
      const { run, outcome, mode, reason } = effect.fields;
      return `log ${[effect.event, outcome ?? mode ?? reason, run].filter((part) => part !== undefined).join(" ")}`;
    }
    default:
      return effect satisfies never;
  }
}

function numbers(inputs: readonly Input[]): string {
  return inputs.length === 0 ? "" : `${inputs.map((input) => input.messageId).join("+")} `;
}
