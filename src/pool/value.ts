import { emptyPool, type Pool } from "../core/pool.ts";

/**
 * How a pool lies in storage: one row, JSON, with the schema it was written by. The only place that casts: what is read
 * here was written here, by this version, an older or (during a deploy) a newer one. Fields are only added.
 */
export const POOL_SCHEMA = 2;

/** Undefined where the row cannot be read. What a pool knows is evidence that comes again, so it may begin anew. */
export function readPool(schema: unknown, json: unknown): Pool | undefined {
  if (typeof schema !== "number" || typeof json !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null) return undefined;
    const pool = { ...emptyPool, ...upgrade(schema, value) } as Pool;
    const lists = [pool.credentials, pool.leases, pool.spent, pool.droughts, pool.waiting];
    return lists.every((list) => Array.isArray(list)) ? pool : undefined;
  } catch {
    return undefined;
  }
}

/** One case for each schema before the present one, each leading to the next. */
function upgrade(schema: number, value: object): object {
  // Leases of schema 1 name no session. A report needs none, and whoever keeps one asks anew when it is refused.
  return schema < 2 ? { ...value, leases: [] } : value;
}
