import type { Lease, LeaseAnswer } from "../agent/failover.ts";
import type { ModelName } from "../config.ts";
import type { Verdict } from "../core/failure.ts";
import type { Door } from "./door.ts";
import type { SessionPorts } from "./ports.ts";

/**
 * The session's side of the pool: asks for leases and reports what became of them. A pool object that cannot be reached
 * must not silence a chat: the session goes on with the keys it knows of, and the log says so.
 */

/** The version of a lease that no pool gave; a report of it changes nothing anywhere. */
const NO_VERSION = -1;

export async function leaseFrom(
  ports: SessionPorts,
  door: Door,
  run: string,
  model: ModelName,
  exclude: readonly string[],
): Promise<LeaseAnswer> {
  try {
    return await ports.pool(model.provider).lease({
      session: ports.key,
      run,
      model: model.model,
      exclude,
    });
  } catch (error) {
    unreachable(door, run, model, error);
    const known = await ports.credentials(model.provider);
    const credential = known.find((candidate) => !exclude.includes(candidate));
    if (credential === undefined) return { ok: false, allDisabled: false, empty: known.length === 0 };
    return { ok: true, lease: `local-${ports.newId()}`, credential, version: NO_VERSION };
  }
}

export async function reportTo(
  ports: SessionPorts,
  door: Door,
  run: string,
  model: ModelName,
  lease: Lease,
  outcome: { ok: true } | { ok: false; verdict: Verdict },
): Promise<void> {
  if (lease.version === NO_VERSION) return;
  try {
    await ports.pool(model.provider).report({
      lease: lease.lease,
      credential: lease.credential,
      version: lease.version,
      model: model.model,
      session: ports.key,
      run,
      outcome,
    });
  } catch (error) {
    unreachable(door, run, model, error);
  }
}

function unreachable(door: Door, run: string, model: ModelName, error: unknown): void {
  door.log("pool.unreachable", {
    run,
    epoch: door.session.epoch,
    provider: model.provider,
    name: error instanceof Error ? error.name : "unknown",
  });
}
