import type { Lease } from "../core/pool-lease.ts";

/**
 * The leases of a pool, a row each, by who holds them: giving one writes one, however many there are. All of them are read
 * only where something befell a credential, and once an hour to forget the old.
 */
export type Exec = (query: string, ...bindings: (string | number)[]) => Record<string, unknown>[];

export interface Holding {
  readonly session: string;
  readonly model: string;
}

export class LeaseRows {
  readonly #exec: Exec;

  constructor(exec: Exec) {
    this.#exec = exec;
    // Without a rowid there is no second index to write.
    exec(
      "CREATE TABLE IF NOT EXISTS lease (session TEXT NOT NULL, model TEXT NOT NULL, lease TEXT NOT NULL, credential TEXT NOT NULL, version INTEGER NOT NULL, taken_at INTEGER NOT NULL, PRIMARY KEY (session, model)) STRICT, WITHOUT ROWID",
    );
  }

  /** The lease that a session holds for a model: none or one. */
  of({ session, model }: Holding): readonly Lease[] {
    return this.#exec("SELECT * FROM lease WHERE session = ? AND model = ?", session, model).flatMap(read);
  }

  /** Oldest first. */
  all(): readonly Lease[] {
    return this.#exec("SELECT * FROM lease ORDER BY taken_at").flatMap(read);
  }

  /** How many leases are out, by credential; those taken before `since` are not. */
  counts(since: number): ReadonlyMap<string, number> {
    const rows = this.#exec("SELECT credential, COUNT(*) AS leases FROM lease WHERE taken_at > ? GROUP BY 1", since);
    return new Map(rows.map(({ credential, leases }) => [String(credential), Number(leases)]));
  }

  /** Writes what differs. Call in a transaction. */
  change(before: readonly Lease[], after: readonly Lease[]): void {
    const [were, are] = [new Set(before), new Set(after)];
    const added = after.filter((one) => !were.has(one));
    const replaced = new Set(added.map(nameOf));
    for (const one of before) {
      if (are.has(one) || replaced.has(nameOf(one))) continue;
      this.#exec("DELETE FROM lease WHERE session = ? AND model = ?", one.session, one.model);
    }
    for (const one of added) this.#put(one);
  }

  #put({ session, model, lease, credential, version, takenAt }: Lease): void {
    this.#exec(
      "INSERT INTO lease (session, model, lease, credential, version, taken_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (session, model) DO UPDATE SET lease = excluded.lease, credential = excluded.credential, version = excluded.version, taken_at = excluded.taken_at",
      session,
      model,
      lease,
      credential,
      version,
      takenAt,
    );
  }
}

/** One string for a session and a model; no key of a session has a line break. */
export function nameOf({ session, model }: Holding): string {
  return `${session}\n${model}`;
}

function read({ session, model, lease, credential, version, taken_at }: Record<string, unknown>): Lease[] {
  if (typeof session !== "string" || typeof model !== "string" || typeof lease !== "string") return [];
  return [
    { lease, session, credential: String(credential), version: Number(version), model, takenAt: Number(taken_at) },
  ];
}
