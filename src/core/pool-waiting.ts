import type { Pool, PoolEffect } from "./pool.ts";
import { isPresent, standing } from "./pool-credential.ts";

/**
 * The sessions that were told "no, but then": they come again at that time by themselves. Decides who need not wait so
 * long, because a credential came free before it (a lift, a probe that went well, a new key). Times are epoch milliseconds.
 */
export interface Waiter {
  readonly session: string;
  readonly model: string;
  /** When it comes by itself. */
  readonly untilAt: number;
}

/** The oldest beyond it is not woken early. */
export const WAITING_KEPT = 1024;

/** Notes that the session was told a time; without one it does not wait. */
export function wait(pool: Pool, session: string, model: string, untilAt: number | undefined): Pool {
  const known = pool.waiting.find((one) => one.session === session && one.model === model);
  if (known?.untilAt === untilAt) return pool;
  const others = pool.waiting.filter((one) => one !== known);
  if (untilAt === undefined) return { ...pool, waiting: others };
  return { ...pool, waiting: [...others, { session, model, untilAt }].slice(-WAITING_KEPT) };
}

/** It has been given a credential, for whichever model. */
export function leaveWaiting(pool: Pool, session: string): Pool {
  if (!pool.waiting.some((one) => one.session === session)) return pool;
  return { ...pool, waiting: pool.waiting.filter((one) => one.session !== session) };
}

/** Whose time has come is no longer waited for. */
export function endWaiting(pool: Pool, now: number): Pool {
  if (pool.waiting.every(({ untilAt }) => untilAt > now)) return pool;
  return { ...pool, waiting: pool.waiting.filter(({ untilAt }) => untilAt > now) };
}

/**
 * Where `after` has a free credential for a model and `before` had none, everybody who waited for it is woken. Who has been
 * told a time only now is not: it knows, and may have tried that very credential in this turn.
 */
export function wake(before: Pool, after: Pool): { readonly pool: Pool; readonly effects: readonly PoolEffect[] } {
  if (after.credentials === before.credentials) return { pool: after, effects: [] };
  const waited = new Set(before.waiting);
  const asleep = after.waiting.filter((one) => waited.has(one));
  const models = new Set(asleep.map(({ model }) => model));
  const opened = new Set([...models].filter((model) => hasFree(after, model) && !hasFree(before, model)));
  const due = new Set(asleep.filter(({ model }) => opened.has(model)).map(({ session }) => session));
  if (due.size === 0) return { pool: after, effects: [] };
  return {
    pool: { ...after, waiting: after.waiting.filter(({ session }) => !due.has(session)) },
    effects: [{ do: "wake", sessions: [...due] }],
  };
}

function hasFree({ credentials }: Pool, model: string): boolean {
  return credentials.some((one) => isPresent(one) && standing(one, model).kind === "free");
}
