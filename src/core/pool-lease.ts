import type { Pool, PoolEffect, PoolEvent, PoolStep } from "./pool.ts";
import { choose, shortage } from "./pool-choice.ts";
import { beginTrial, type Credential, changeEach, endTrial, isPresent, standing } from "./pool-credential.ts";
import { dryOut } from "./pool-drought.ts";
import { leaveWaiting, wait } from "./pool-waiting.ts";
import { DAY_MS, MINUTE_MS } from "./pool-window.ts";

/**
 * Who holds which credential. A session keeps its lease from turn to turn without a word to the pool, so the pool must
 * never stop honouring a lease without saying so to the session that holds it, and never hand out one for ever.
 */
export interface Lease {
  /** Unguessable; given by whoever asks. */
  readonly lease: string;
  /** The session that holds it; for one model it holds one at the most. */
  readonly session: string;
  readonly credential: string;
  readonly version: number;
  readonly model: string;
  readonly takenAt: number;
}

/** A lease that is no longer honoured, as its holder knows it. */
export interface Holder {
  readonly session: string;
  readonly model: string;
}

/**
 * A bound, not a working size: a lease costs its holder's place in a table and nothing to anybody else. Beyond it the
 * oldest is taken back, aloud: a session that is not known could not be told when its key fails.
 */
export const LEASES_KEPT = 100_000;
export const LEASE_KEEP_MS = DAY_MS;
/** A lease is asked for anew long before the pool forgets it. */
export const FIRST_CHOICE_MS = LEASE_KEEP_MS / 2;
/** Whoever has not the first choice asks again by then, whatever else is known: a person may have lifted it. */
export const SECOND_CHOICE_MS = 10 * MINUTE_MS;

export function lease(
  pool: Pool,
  event: Extract<PoolEvent, { type: "leaseAsked" }>,
  now: number,
  dice: number,
): PoolStep {
  const { model, session } = event;
  const chosen = choose(pool.credentials, pool.cursor, event, dice);
  if (chosen === undefined) {
    const answer = { ok: false, ...shortage(pool.credentials, model) } as const;
    const dried = dryOut(pool, model, now);
    const until = answer.earliestAt === undefined ? {} : { untilAt: answer.earliestAt };
    const exhausted: PoolEffect = { do: "log", event: "pool.exhausted", model, ...until };
    return {
      pool: wait(dried.pool, session, model, answer.earliestAt),
      effects: [exhausted, ...dried.effects],
      answer,
    };
  }
  const { id, version } = chosen;
  const tried = beginTrial(chosen, model, event.lease, now);
  const used: Credential = { ...tried, uses: tried.uses + 1, lastUsedAt: now };
  const taken: Lease = { lease: event.lease, session, credential: id, version, model, takenAt: now };
  const leases = [...pool.leases.filter((one) => one.session !== session || one.model !== model), taken];
  const changed = changeEach(pool, (one) => (one === chosen ? used : one));
  return {
    pool: leaveWaiting({ ...changed, leases, cursor: id }, session),
    effects: [{ do: "log", event: "credential.leased", credential: id, model }],
    answer: {
      ok: true,
      lease: event.lease,
      credential: id,
      version,
      isProbe: tried !== chosen,
      ...(event.strategy === "fill_first" ? { keepUntilAt: keepUntilAt(pool, event, id, now) } : {}),
    },
  };
}

export function release(pool: Pool, lease: string): Pool {
  const next = changeEach(pool, (one) => endTrial(one, lease));
  if (!next.leases.some((one) => one.lease === lease)) return next;
  return { ...next, leases: next.leases.filter((one) => one.lease !== lease) };
}

/**
 * Takes back every lease of a credential that rests, is disabled, is gone or was lifted, whatever made it so.
 * The lease whose own report it was is gone from the list by then: its session knows.
 */
export function takeBack(
  before: Pool,
  pool: Pool,
  event: PoolEvent,
): { readonly pool: Pool; readonly effects: readonly PoolEffect[] } {
  // A tick looks at all of them: it finds what was left over, and those that are too many.
  const isTick = event.type === "ticked";
  if (pool.credentials === before.credentials && !isTick) return { pool, effects: [] };
  const honoured = pool.leases.filter(({ credential, version, model }) => {
    const held = pool.credentials.find(({ id }) => id === credential);
    // A lift begins a new version: what is reported of an older one counts for nothing, so nobody may go on with it.
    if (held === undefined || !isPresent(held) || held.version !== version) return false;
    const { kind } = standing(held, model);
    // One that is being tried is honoured: while it rested everybody else's was taken back.
    return kind === "free" || kind === "trial";
  });
  const leases = isTick ? honoured.slice(-LEASES_KEPT) : honoured;
  if (leases.length === pool.leases.length) return { pool, effects: [] };
  const kept = new Set(leases);
  return { pool: { ...pool, leases }, effects: revokes(pool.leases.filter((one) => !kept.has(one))) };
}

/**
 * Whether what became of the credentials may concern other leases than the event's own. Where it may not, a step needs to
 * see no others, and comes to the same: that is what lets leases lie in rows of their own.
 */
export function reachesOthers(before: Pool, after: Pool): boolean {
  if (after.credentials === before.credentials) return false;
  const now = new Map(after.credentials.map((one) => [one.id, one]));
  return before.credentials.some((was) => {
    const is = now.get(was.id);
    if (is === undefined || is.version !== was.version || is.goneAt !== was.goneAt) return true;
    return is.state !== was.state || is.models !== was.models;
  });
}

function revokes(lost: readonly Lease[]): PoolEffect[] {
  const credentials = [...new Set(lost.map(({ credential }) => credential))];
  return credentials.map((credential) => ({
    do: "revoke",
    credential,
    holders: lost
      .filter((one) => one.credential === credential)
      .map(({ session, model }): Holder => ({ session, model })),
  }));
}

/** When a credential that stands before this one may be chosen again: then the pool is to be asked. */
function keepUntilAt(
  { credentials }: Pool,
  { model, exclude }: Extract<PoolEvent, { type: "leaseAsked" }>,
  leased: string,
  now: number,
): number {
  const present = credentials.filter(isPresent);
  const before = present.slice(
    0,
    present.findIndex(({ id }) => id === leased),
  );
  const times = before.flatMap((one) => {
    const stands = standing(one, model);
    switch (stands.kind) {
      case "cooling":
      case "trial":
        return [stands.untilAt];
      case "free":
        // Only this turn may not have it; one that is merely not preferred is the session's own wish.
        return exclude.includes(one.id) ? [now] : [];
      case "disabled":
        return [];
      default:
        return stands satisfies never;
    }
  });
  return Math.min(now + (before.length > 0 ? SECOND_CHOICE_MS : FIRST_CHOICE_MS), ...times);
}
