import { DatabaseSync } from "node:sqlite";
import type { Sql, SqlValue } from "../../../src/session/outbox.ts";

/**
 * The storage of a Durable Object in plain Node: `sql.exec` with its cursor, and `transactionSync`. It outlives whoever
 * uses it, so that a test can let a process die and start another one on what is left.
 */
export interface Storage {
  readonly sql: Sql;
  transactionSync<T>(work: () => T): T;
  /** Rows inserted, updated and deleted so far (index rows, which the platform counts too, are not in it). */
  readonly rowsWritten: number;
  close(): void;
}

export function openStorage(path = ":memory:"): Storage {
  const database = new DatabaseSync(path);
  let written = 0;
  let depth = 0;

  const changes = database.prepare("SELECT total_changes() AS total");
  const total = () => Number(changes.get()?.total ?? 0);

  const sql: Sql = {
    exec<Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]) {
      const before = total();
      const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value));
      const found: Record<string, unknown>[] = database.prepare(query).all(...values);
      const rowsWritten = total() - before;
      written += rowsWritten;
      // node:sqlite gives what the statement selects; the caller says what that is, as with the platform's cursor.
      const rows = found.map((row) => ({ ...row })) as Row[];
      return {
        rowsWritten,
        toArray: () => rows,
        one() {
          const [only] = rows;
          if (!only || rows.length !== 1) throw new Error(`expected exactly one row, got ${rows.length}`);
          return only;
        },
      };
    },
  };

  return {
    sql,
    transactionSync(work) {
      const name = `nested_${depth}`;
      database.exec(depth === 0 ? "BEGIN IMMEDIATE" : `SAVEPOINT ${name}`);
      depth += 1;
      try {
        const result = work();
        database.exec(depth === 1 ? "COMMIT" : `RELEASE ${name}`);
        return result;
      } catch (error) {
        database.exec(depth === 1 ? "ROLLBACK" : `ROLLBACK TO ${name}; RELEASE ${name}`);
        throw error;
      } finally {
        depth -= 1;
      }
    },
    get rowsWritten() {
      return written;
    },
    close: () => database.close(),
  };
}
