import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { SqlValue } from "../src/session/outbox.ts";
import { Gone } from "./gone.ts";

/**
 * What of an object outlives its process: SQLite, and the alarm, which is written with it and rolled back with it. It
 * knows nothing of who uses it; that the dead may not is the business of life.ts.
 */
export class Disk {
  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  #alarmAt: number | undefined;
  #depth = 0;
  #isNew = true;
  /** Told when the alarm is another one, outside of any transaction. */
  onAlarm: () => void = () => {};
  /** Tables that were written since somebody asked last. */
  readonly written = new Set<string>();
  readonly #ages = new Map<string, number>();
  #rollbacks = 0;
  /** Rises whenever the journal may say something else than before. */
  journalAge = 0;

  get alarmAt(): number | undefined {
    return this.#alarmAt;
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  setAlarm(at: number | undefined): void {
    if (this.#alarmAt === at) return;
    this.#alarmAt = at;
    if (this.#depth === 0) this.onAlarm();
  }

  /** Changes whenever the table may say something else than before. */
  age(table: string): number {
    return (this.#ages.get(table) ?? 0) + this.#rollbacks;
  }

  rows<Row extends Record<string, SqlValue>>(query: string, ...bindings: readonly SqlValue[]): Row[] {
    this.#note(query);
    const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value));
    const found = this.#statement(query).all(...values);
    // node:sqlite gives what the statement selects; the caller says what that is, as with the platform's cursor.
    return found as Row[];
  }

  /** Whether something lies here that a process could go on with: the table that is made last is there. */
  get isNew(): boolean {
    this.#isNew &&= this.rows("SELECT 1 FROM sqlite_master WHERE name = 'growing'").length === 0;
    return this.#isNew;
  }

  /** `mayCommit`: asked last of all; false: the process died in the middle of it. */
  transaction<T>(work: () => T, mayCommit: () => boolean): T {
    const name = `nested_${this.#depth}`;
    const alarmAt = this.#alarmAt;
    this.#run(this.#depth === 0 ? "BEGIN" : `SAVEPOINT ${name}`);
    this.#depth += 1;
    let isDone = false;
    try {
      const result = work();
      if (!mayCommit()) throw new Gone();
      this.#run(this.#depth === 1 ? "COMMIT" : `RELEASE ${name}`);
      isDone = true;
      return result;
    } finally {
      if (!isDone) {
        this.#alarmAt = alarmAt;
        this.journalAge += 1;
        this.#rollbacks += 1;
        this.#run(this.#depth === 1 ? "ROLLBACK" : `ROLLBACK TO ${name}`);
      }
      this.#depth -= 1;
      if (this.#depth === 0 && isDone && this.#alarmAt !== alarmAt) this.onAlarm();
    }
  }

  wipe(): void {
    this.#isNew = true;
    this.journalAge += 1;
    this.#rollbacks += 1;
    for (const { name } of this.rows<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )) {
      this.#database.exec(`DROP TABLE IF EXISTS ${name}`);
    }
    this.#statements.clear();
    this.setAlarm(undefined);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #statement(query: string): StatementSync {
    const known = this.#statements.get(query);
    if (known) return known;
    const made = this.#database.prepare(query);
    this.#statements.set(query, made);
    return made;
  }

  #run(statement: string): void {
    this.#statement(statement).run();
  }

  #note(query: string): void {
    const match = WRITES.exec(query);
    if (!match?.[1]) return;
    this.written.add(match[1]);
    this.#ages.set(match[1], (this.#ages.get(match[1]) ?? 0) + 1);
    if (match[1] === "journal") this.journalAge += 1;
  }
}

const WRITES = /^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)/;
