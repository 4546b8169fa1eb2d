import type { Lease, LeaseAnswer } from "../agent/failover.ts";
import type { Event } from "../core/event.ts";
import { touchesCredential, type Verdict } from "../core/failure.ts";
import type { ModelName } from "../core/model-name.ts";
import type { Door } from "./door.ts";
import type { SessionPorts } from "./ports.ts";

/** The pool's word that leases of a credential are no longer honoured. Absent `model`: for any. */
export interface LostLease {
  readonly provider: string;
  readonly credential: string;
  readonly model?: string;
}

/** The version of a lease that no pool gave; a report of it changes nothing anywhere. */
const NO_VERSION = -1;
/** A lease may be lost while its answer is under way; then the pool is asked again, but not for ever. */
const MOST_ASKS = 3;

/**
 * A run's side of the pool: asks for leases, reports what became of them, and remembers which were taken back. A pool
 * object that cannot be reached must not silence a chat: the session goes on with the keys it knows of, and the log says so.
 */
export class Leasing {
  readonly #run: string;
  readonly #door: Door;
  readonly #ports: SessionPorts;
  #lost: readonly LostLease[] = [];
  #isPoolChanged = false;

  constructor(run: string, door: Door, ports: SessionPorts) {
    this.#run = run;
    this.#door = door;
    this.#ports = ports;
  }

  async lease(model: ModelName, exclude: readonly string[]): Promise<LeaseAnswer> {
    for (let asks = 1; ; asks += 1) {
      // Whoever asks holds nothing of this provider that was taken back before: what is lost from here on is the new lease.
      this.#lost = this.#lost.filter(({ provider }) => provider !== model.provider);
      const answer = await this.#ask(model, exclude);
      if (!answer.ok || !this.isLost(model, answer.credential) || asks === MOST_ASKS) return answer;
    }
  }

  async report(model: ModelName, lease: Lease, outcome: { ok: true } | { ok: false; verdict: Verdict }): Promise<void> {
    // The pool tells the others only. Whatever becomes of this run, the next does not begin with a key that has failed.
    if (!outcome.ok && touchesCredential(outcome.verdict)) this.#door.pass(lostBy(model, lease.credential));
    if (lease.version === NO_VERSION) return;
    try {
      await this.#ports.pool(model.provider).report({
        lease: lease.lease,
        credential: lease.credential,
        version: lease.version,
        model: model.model,
        session: this.#ports.key,
        run: this.#run,
        epoch: this.#door.session.epoch,
        outcome,
      });
    } catch (error) {
      this.#unreachable(model, error);
    }
  }

  lose(lost: LostLease): void {
    this.#lost = [...this.#lost, lost];
  }

  isLost({ provider, model }: ModelName, credential: string): boolean {
    return this.#lost.some(
      (lost) =>
        lost.provider === provider &&
        lost.credential === credential &&
        (lost.model === undefined || lost.model === model),
    );
  }

  poolChanged(): void {
    this.#isPoolChanged = true;
  }

  /** The pool may say that a credential is ready before the run that was refused one has begun to wait. */
  hastened(event: Event): Event {
    if (event.type !== "exhausted" || event.untilAt === undefined || !this.#isPoolChanged) return event;
    return { ...event, untilAt: this.#ports.now() };
  }

  async #ask(model: ModelName, exclude: readonly string[]): Promise<LeaseAnswer> {
    const ports = this.#ports;
    try {
      return await ports
        .pool(model.provider)
        .lease({ session: ports.key, run: this.#run, epoch: this.#door.session.epoch, model: model.model, exclude });
    } catch (error) {
      this.#unreachable(model, error);
      const known = await ports.credentials(model.provider);
      const credential = known.find((candidate) => !exclude.includes(candidate));
      if (credential === undefined) return { ok: false, allDisabled: false, empty: known.length === 0 };
      // For this turn only: the pool knows nothing of it, so it could not take it back.
      return {
        ok: true,
        lease: `local-${ports.newId()}`,
        credential,
        version: NO_VERSION,
        keepUntilAt: ports.now(),
      };
    }
  }

  #unreachable(model: ModelName, error: unknown): void {
    this.#door.log("pool.unreachable", {
      run: this.#run,
      epoch: this.#door.session.epoch,
      provider: model.provider,
      name: error instanceof Error ? error.name : "unknown",
    });
  }
}

function lostBy({ provider, model }: ModelName, credential: string): Event {
  return { type: "leaseLost", provider, credential, model };
}
