import type { Verdict } from "../../../src/core/failure.ts";
import {
  emptyPool,
  type LeaseAnswer,
  type Pool,
  type PoolEffect,
  type PoolEvent,
  step,
} from "../../../src/core/pool.ts";
import type { Strategy } from "../../../src/core/pool-choice.ts";
import { view } from "../../../src/core/pool-view.ts";

export const T = 1_000_000_000;

/** Drives a pool and keeps what it said. */
export class Driver {
  pool: Pool = emptyPool;
  now = T;
  effects: PoolEffect[] = [];
  #leases = 0;

  constructor(...ids: string[]) {
    this.do({ type: "synced", fingerprints: ids.map(fingerprintOf) });
  }

  do(event: PoolEvent, dice = 0) {
    const done = step(this.pool, event, this.now, dice);
    this.pool = done.pool;
    this.effects.push(...done.effects);
    return done;
  }

  ask(
    options: {
      session?: string;
      model?: string;
      strategy?: Strategy;
      exclude?: string[];
      prefer?: string;
      dice?: number;
    } = {},
  ): LeaseAnswer {
    const {
      session = `s${this.#leases + 1}`,
      model = "m1",
      strategy = "fill_first",
      exclude = [],
      prefer,
      dice = 0,
    } = options;
    this.#leases += 1;
    const asked = { type: "leaseAsked", lease: `l${this.#leases}`, session, model, strategy, exclude } as const;
    const { answer } = this.do(prefer === undefined ? asked : { ...asked, prefer }, dice);
    if (answer === undefined) throw new Error("no answer");
    return answer;
  }

  lease(options: Parameters<Driver["ask"]>[0] = {}) {
    const answer = this.ask(options);
    if (!answer.ok) throw new Error(`no lease: ${JSON.stringify(answer)}`);
    return { ...answer, model: options.model ?? "m1" };
  }

  report(lease: { lease: string; credential: string; version: number; model: string }, verdict?: Partial<Verdict>) {
    const { credential, version, model } = lease;
    const full: Verdict = { class: "rate", retryable: true, ...verdict };
    const outcome = verdict === undefined ? ({ ok: true } as const) : ({ ok: false, verdict: full } as const);
    return this.do({ type: "reported", lease: lease.lease, credential, version, model, outcome });
  }

  state(id: string) {
    const found = view(this.pool).find((one) => one.id === id);
    return found === undefined ? undefined : { state: found.state, until: found.until, reason: found.reason };
  }
}

export function fingerprintOf(written: string) {
  const [id = "", account] = written.split("@");
  return account === undefined ? { id } : { id, account };
}
