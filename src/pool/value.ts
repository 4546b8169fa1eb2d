import { emptyPool, type Pool } from "../core/pool.ts";

/**
 * How a pool lies in storage: its value in one row, as JSON with the schema it was written by, its leases in rows of their
 * own (leases.ts). The only place that casts: what is read here was written here, by this version, an older or (during a
 * deploy) a newer one. Fields are only added.
 */
export const POOL_SCHEMA = 3;

/** From this schema on leases are no part of the value. */
const LEASES_IN_ROWS = 3;

export interface StoredPool {
  /** With the leases that the row has itself, where it is of a schema before 3. */
  readonly pool: Pool;
  /** It is to be written anew, and its leases to rows of their own. */
  readonly isOld: boolean;
  /** When old leases were last looked for. */
  readonly sweptAt: number;
}

/** Undefined where the row cannot be read. What a pool knows is evidence that comes again, so it may begin anew. */
export function readPool(schema: unknown, json: unknown): StoredPool | undefined {
  if (typeof schema !== "number" || typeof json !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null) return undefined;
    const { sweptAt, ...rest } = { sweptAt: 0, ...emptyPool, ...upgrade(schema, value) };
    const pool = rest as Pool;
    const lists = [pool.credentials, pool.leases, pool.spent, pool.droughts, pool.waiting];
    if (!lists.every((list) => Array.isArray(list)) || typeof sweptAt !== "number") return undefined;
    return { pool, sweptAt, isOld: schema < LEASES_IN_ROWS };
  } catch {
    return undefined;
  }
}

export function writePool({ leases: _, ...value }: Pool, sweptAt: number): string {
  return JSON.stringify({ ...value, sweptAt });
}

/** One case for each schema before the present one, each leading to the next. */
function upgrade(schema: number, value: object): object {
  // Leases of schema 1 name no session. A report needs none, and whoever keeps one asks anew when it is refused.
  return schema < 2 ? { ...value, leases: [] } : value;
}
