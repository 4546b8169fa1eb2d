import type { Pool, PoolEffect } from "./pool.ts";
import { isDry, shortage } from "./pool-choice.ts";
import { DAY_MS } from "./pool-window.ts";

/**
 * That a pool has run dry for a model, as the owners know it: they hear of it the first time only, until something has
 * proved well again (a window's end alone proves nothing: the probe may fail), or a day has passed.
 */
export interface Drought {
  readonly model: string;
  readonly toldAt: number;
}

export const TELL_AGAIN_MS = DAY_MS;
const DROUGHTS_KEPT = 32;

/** Notes that the pool is dry for the model, if it is. */
export function dryOut(pool: Pool, model: string, now: number): { pool: Pool; effects: readonly PoolEffect[] } {
  if (!isDry(pool.credentials, model)) return { pool, effects: [] };
  const known = pool.droughts.find((one) => one.model === model);
  if (known !== undefined && now < known.toldAt + TELL_AGAIN_MS) return { pool, effects: [] };
  const { earliestAt } = shortage(pool.credentials, model);
  const others = pool.droughts.filter((one) => one.model !== model).slice(-(DROUGHTS_KEPT - 1));
  const until = earliestAt === undefined ? {} : { untilAt: earliestAt };
  return {
    pool: { ...pool, droughts: [...others, { model, toldAt: now }] },
    effects: [{ do: "notify", notice: { kind: "dry", model, ...until } }],
  };
}

/** Somebody has answered: the next drought is news for the owners. */
export function forgetDroughts(pool: Pool, model: string): Pool {
  if (!pool.droughts.some((one) => one.model === model)) return pool;
  return { ...pool, droughts: pool.droughts.filter((one) => one.model !== model) };
}
