import type { Pool, PoolEffect } from "./pool.ts";
import { isDry, shortage } from "./pool-choice.ts";
import { DAY_MS } from "./pool-window.ts";

/**
 * That a pool has run dry for a model, said once. The log says it each time it becomes so; the owners hear of it the
 * first time only, until something has proved well again (a window's end alone proves nothing: the probe may fail), or
 * a day has passed.
 */
export interface Drought {
  readonly model: string;
  /** Nobody may be used now, and the log has said so. */
  readonly isOpen: boolean;
  readonly toldAt: number;
}

export const TELL_AGAIN_MS = DAY_MS;
const DROUGHTS_KEPT = 32;

/** Notes that the pool is dry for the model, if it is. */
export function dryOut(pool: Pool, model: string, now: number): { pool: Pool; effects: readonly PoolEffect[] } {
  if (!isDry(pool.credentials, model)) return { pool, effects: [] };
  const known = pool.droughts.find((one) => one.model === model);
  const isTold = known !== undefined && now < known.toldAt + TELL_AGAIN_MS;
  if (known?.isOpen && isTold) return { pool, effects: [] };
  const { earliestAt } = shortage(pool.credentials, model);
  const until = earliestAt === undefined ? {} : { untilAt: earliestAt };
  const drought: Drought = { model, isOpen: true, toldAt: isTold ? known.toldAt : now };
  const others = pool.droughts.filter((one) => one.model !== model).slice(-(DROUGHTS_KEPT - 1));
  const effects: PoolEffect[] = [];
  if (!known?.isOpen) effects.push({ do: "log", event: "pool.exhausted", model, ...until });
  if (!isTold) effects.push({ do: "notify", notice: { kind: "dry", model, ...until } });
  return { pool: { ...pool, droughts: [...others, drought] }, effects };
}

/** Somebody may be used again: the next time nobody may, the log says so again. */
export function endDroughts(pool: Pool): Pool {
  const over = pool.droughts.filter(({ isOpen, model }) => isOpen && !isDry(pool.credentials, model));
  if (over.length === 0) return pool;
  return { ...pool, droughts: pool.droughts.map((one) => (over.includes(one) ? { ...one, isOpen: false } : one)) };
}

/** Somebody has answered: the next drought is news for the owners. */
export function forgetDroughts(pool: Pool, model: string): Pool {
  if (!pool.droughts.some((one) => one.model === model)) return pool;
  return { ...pool, droughts: pool.droughts.filter((one) => one.model !== model) };
}
