import * as z from "zod";
import type { AccessSql } from "./access.ts";

/**
 * The skills that owners added in the chat: SKILL.md texts, kept as they were sent. Whether a text is a skill is said by
 * agent/skills.ts before it comes here; here are only the limits of the shelf.
 */

export const MOST_SKILLS = 50;
export const SKILL_BYTES = 64 * 1024;

export type Added =
  | { readonly ok: true; readonly isReplacement: boolean }
  /** `limit`: skills in all, bytes of one. A bad name has none. */
  | { readonly ok: false; readonly reason: "too_many" | "too_large"; readonly limit: number }
  | { readonly ok: false; readonly reason: "bad_name" };

/** As in a SKILL.md; a command writes "_" for "-", so the two are one name. */
const NAME = /^[a-z0-9_]{1,32}$/;

export class Shelf {
  readonly #sql: AccessSql;

  constructor(sql: AccessSql) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS skills (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID");
  }

  /** Replaces the skill of the same name. */
  add(name: string, text: string): Added {
    const known = commandName(name);
    if (!NAME.test(known)) return { ok: false, reason: "bad_name" };
    // A character is at least a byte: what is far too long is not encoded to be measured.
    const isTooLarge = text.length > SKILL_BYTES || new TextEncoder().encode(text).length > SKILL_BYTES;
    if (isTooLarge) return { ok: false, reason: "too_large", limit: SKILL_BYTES };
    const isReplacement = this.#sql.exec("SELECT 1 FROM skills WHERE name = ?", known).toArray().length > 0;
    if (!isReplacement && this.all().length >= MOST_SKILLS)
      return { ok: false, reason: "too_many", limit: MOST_SKILLS };
    this.#sql.exec(
      "INSERT INTO skills (name, text) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET text = ?2",
      known,
      text.toWellFormed(),
    );
    return { ok: true, isReplacement };
  }

  /** False: there was none of that name. */
  remove(name: string): boolean {
    return this.#sql.exec("DELETE FROM skills WHERE name = ? RETURNING name", commandName(name)).toArray().length > 0;
  }

  all(): readonly { readonly name: string; readonly text: string }[] {
    const rows = this.#sql.exec("SELECT name, text FROM skills ORDER BY name").toArray();
    return rows.map((row) => rowSchema.parse(row));
  }
}

function commandName(name: string): string {
  return name.trim().replace(/^\//, "").toLowerCase().replaceAll("-", "_");
}

const rowSchema = z.object({ name: z.string(), text: z.string() });
