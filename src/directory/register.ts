import * as z from "zod";
import type { AccessSql } from "./access.ts";

/**
 * The register of one shard: which sessions there are and when each was last used, so that they can be listed. It is told
 * at most once a message and read only when a maintainer looks. So there is no index by time: it would make every touch
 * two or three rows written, at a thousand times the price of a row read; a look reads the shard instead.
 */

export interface Registered {
  readonly key: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export const MOST_ROWS_A_PAGE = 200;
/** The platform's limit of an object's name is 1,024 bytes; a key is far shorter. */
const KEY_CHARS = 256;

export class Register {
  readonly #sql: AccessSql;

  constructor(sql: AccessSql) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS sessions (key TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID");
  }

  /** One row written, none where it says nothing new: a late touch never makes a session look older. False: no key. */
  touch({ key, at }: Registered): boolean {
    if (key === "" || key.length > KEY_CHARS || !Number.isSafeInteger(at)) return false;
    this.#sql.exec(
      "INSERT INTO sessions (key, at) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET at = ?2 WHERE at < ?2",
      key,
      at,
    );
    return true;
  }

  /** Newest first, those after `before`; keys part what happened in the same millisecond, so that no page skips any. */
  page(before: Registered | undefined, limit: number): readonly Registered[] {
    const most = Math.max(1, Math.min(MOST_ROWS_A_PAGE, Math.trunc(limit) || 1));
    const rows = before
      ? this.#sql.exec(
          "SELECT key, at FROM sessions WHERE (at, key) < (?, ?) ORDER BY at DESC, key DESC LIMIT ?",
          before.at,
          before.key,
          most,
        )
      : this.#sql.exec("SELECT key, at FROM sessions ORDER BY at DESC, key DESC LIMIT ?", most);
    return rows.toArray().map((row) => rowSchema.parse(row));
  }

  has(key: string): boolean {
    return this.#sql.exec("SELECT 1 FROM sessions WHERE key = ?", key).toArray().length > 0;
  }

  /** Every session in which this person talks alone with the bot, asides included: what is theirs to have deleted. */
  ofPerson(userId: number): readonly string[] {
    const rows = this.#sql.exec(
      "SELECT key, at FROM sessions WHERE instr(key || ':', ?1) = 1 OR instr(key || ':', ?2) > 0",
      `telegram:${userId}:`,
      `:user:${userId}:`,
    );
    return rows.toArray().map((row) => rowSchema.parse(row).key);
  }

  /** Every session of a chat: its own, those of its people, its asides. Keys are in order, so this reads no others. */
  ofChat(chatId: number): readonly string[] {
    const own = `telegram:${chatId}`;
    const rows = this.#sql.exec(
      "SELECT key, at FROM sessions WHERE key = ?1 OR (key > ?2 AND key < ?3)",
      own,
      `${own}:`,
      `${own};`,
    );
    return rows.toArray().map((row) => rowSchema.parse(row).key);
  }

  count(): number {
    return countSchema.parse(this.#sql.exec("SELECT COUNT(*) AS count FROM sessions").toArray()[0]).count;
  }

  /** A session that deleted its storage is listed no more. False: it was not listed. */
  drop(key: string): boolean {
    return this.#sql.exec("DELETE FROM sessions WHERE key = ? RETURNING key", key).toArray().length > 0;
  }
}

const rowSchema = z.object({ key: z.string(), at: z.number() });
const countSchema = z.object({ count: z.number() });
