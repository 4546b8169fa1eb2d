import * as z from "zod";
import type { Memory } from "../agent/tools/tool.ts";
import { isTimezone } from "../agent/wall-clock.ts";
import { anyOf, type Sql } from "./search.ts";

/**
 * What is kept of one person, across their sessions and epochs: memories, a profile, and what they spent. Storage and
 * clock are given, so it runs in the Durable Object (object.ts) and in a simulation alike. Every method takes and returns
 * plain data, for it is what crosses RPC.
 *
 * It never drops what it was told to keep: a full memory refuses, and says so.
 */

export const MEMORIES_PER_PERSON = 500;
export const MEMORY_CHARS = 2000;
export const PERSONA_CHARS = 4000;
const RECALLED = 12;
/** Usage by day and model is kept for a year and a bit. */
const USAGE_DAYS = 400;
const DAY_MS = 24 * 3600 * 1000;

export interface Profile {
  readonly timezone?: string;
  readonly language?: string;
  readonly persona?: string;
}

/** `null` clears a field, a field left out stays as it is. */
export type ProfileChange = { readonly [Field in keyof Profile]?: Profile[Field] | null };

export interface Spend {
  readonly usd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Model calls. */
  readonly calls: number;
}

export interface UsageRow extends Spend {
  /** UTC, "2026-11-22". */
  readonly day: string;
  readonly model: string;
}

/** What is known of somebody of whom nothing was ever kept. */
export const NOTHING: ReturnType<PersonShell["overview"]> = {
  ok: true,
  profile: {},
  today: { usd: 0, inputTokens: 0, outputTokens: 0, calls: 0 },
  memories: 0,
};

/** Whether anything was ever kept here; asking makes nothing. */
export function hasAnything(sql: Sql): boolean {
  return sql.exec("SELECT 1 AS found FROM sqlite_master WHERE name = 'profile'").toArray().length > 0;
}

export class PersonShell {
  readonly #sql: Sql;
  readonly #clock: () => number;

  constructor(sql: Sql, clock: () => number) {
    this.#sql = sql;
    this.#clock = clock;
    sql.exec("CREATE TABLE IF NOT EXISTS profile (field TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID");
    sql.exec(
      "CREATE TABLE IF NOT EXISTS usage (day TEXT, model TEXT, usd REAL NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, calls INTEGER NOT NULL, PRIMARY KEY (day, model)) STRICT, WITHOUT ROWID",
    );
    sql.exec(
      "CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    );
    this.#createMemory();
  }

  #createMemory(): void {
    this.#sql.exec(
      "CREATE VIRTUAL TABLE IF NOT EXISTS memory USING fts5(text, createdAt UNINDEXED, tokenize='unicode61 remove_diacritics 2')",
    );
  }

  /** Keeps a text. The same text again is the same memory, so that a repeated call changes nothing. */
  remember(request: { readonly text: string }): { ok: true; id: number } | { ok: false; expected: string } {
    const text = request.text.trim();
    if (text === "") return { ok: false, expected: "expected a text that is not empty." };
    if (text.length > MEMORY_CHARS) return { ok: false, expected: `expected at most ${MEMORY_CHARS} characters.` };
    const same = this.#memories("SELECT rowid AS id, text, createdAt FROM memory WHERE text = ? LIMIT 1", text)[0];
    if (same) return { ok: true, id: same.id };
    if (this.#count() >= MEMORIES_PER_PERSON) {
      return {
        ok: false,
        expected: `memory is full (${MEMORIES_PER_PERSON}): something must be forgotten first, by forget or /memory.`,
      };
    }
    // An id is never used again: a model may still quote one that it saw in an older conversation.
    const rows = this.#sql
      .exec(
        "INSERT INTO counter (name, value) VALUES ('memory', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value AS id",
      )
      .toArray();
    const { id } = idRow.parse(rows[0]);
    this.#sql.exec("INSERT INTO memory (rowid, text, createdAt) VALUES (?, ?, ?)", id, text, this.#clock());
    return { ok: true, id };
  }

  /** The memories that fit the words best; where none does, the newest (`found` is false then). */
  recall(request: { readonly query: string; readonly limit?: number }): {
    ok: true;
    found: boolean;
    memories: Memory[];
  } {
    const limit = Math.max(1, Math.min(request.limit ?? RECALLED, 100));
    const match = anyOf(request.query);
    if (match !== undefined) {
      const ranked = this.#memories(
        "SELECT rowid AS id, text, createdAt FROM memory WHERE memory MATCH ? ORDER BY rank LIMIT ?",
        match.fts,
        limit,
      );
      if (ranked.length > 0) return { ok: true, found: true, memories: ranked };
      // Scripts without spaces are one token to FTS5; there a word is found as a part of the text.
      const parts = match.words.map(() => "instr(lower(text), ?) > 0").join(" OR ");
      const within = this.#memories(
        `SELECT rowid AS id, text, createdAt FROM memory WHERE ${parts} ORDER BY rowid DESC LIMIT ?`,
        ...match.words,
        limit,
      );
      if (within.length > 0) return { ok: true, found: true, memories: within };
    }
    return { ok: true, found: false, memories: this.memories({ limit }).memories };
  }

  forget(request: { readonly id: number }): { ok: true; forgotten: boolean } {
    const before = this.#sql.exec("SELECT rowid AS id FROM memory WHERE rowid = ?", request.id).toArray();
    if (before.length > 0) this.#sql.exec("DELETE FROM memory WHERE rowid = ?", request.id);
    return { ok: true, forgotten: before.length > 0 };
  }

  /** Newest first. */
  memories(request: { readonly limit?: number }): { ok: true; total: number; memories: Memory[] } {
    const memories = this.#memories(
      "SELECT rowid AS id, text, createdAt FROM memory ORDER BY rowid DESC LIMIT ?",
      request.limit ?? MEMORIES_PER_PERSON,
    );
    return { ok: true, total: this.#count(), memories };
  }

  /**
   * Everything that is known of the person: memories, profile, and the usage of earlier days. What was spent today stays
   * until the day is over, for otherwise a budget would end at this command.
   */
  erase(_request: object): { ok: true; memories: number } {
    const memories = this.#count();
    // Dropped, not emptied: an emptied index keeps the words in its pages.
    this.#sql.exec("DROP TABLE memory");
    this.#createMemory();
    this.#sql.exec("DELETE FROM profile");
    this.#sql.exec("DELETE FROM usage WHERE day < ?", this.#today());
    return { ok: true, memories };
  }

  profile(_request: object): { ok: true; profile: Profile } {
    const rows = this.#sql.exec("SELECT field, value FROM profile").toArray();
    const fields = new Map(rows.map((row) => profileRow.parse(row)).map(({ field, value }) => [field, value]));
    const timezone = fields.get("timezone");
    const language = fields.get("language");
    const persona = fields.get("persona");
    return {
      ok: true,
      profile: { ...(timezone && { timezone }), ...(language && { language }), ...(persona && { persona }) },
    };
  }

  setProfile(change: ProfileChange): { ok: true; profile: Profile } | { ok: false; expected: string } {
    if (change.timezone && !isTimezone(change.timezone)) {
      return { ok: false, expected: "expected a time zone by its IANA name, such as Europe/Berlin." };
    }
    if (change.language && !/^[a-z]{2,3}(-[a-z\d]{2,8})*$/i.test(change.language)) {
      return { ok: false, expected: "expected a language by its code, such as de." };
    }
    if (change.persona && change.persona.length > PERSONA_CHARS) {
      return { ok: false, expected: `expected a persona of at most ${PERSONA_CHARS} characters.` };
    }
    const { profile: before } = this.profile({});
    for (const field of PROFILE_FIELDS) {
      const value = change[field];
      if (value === undefined || (value ?? undefined) === before[field]) continue;
      if (value === null || value === "") this.#sql.exec("DELETE FROM profile WHERE field = ?", field);
      else this.#sql.exec("INSERT OR REPLACE INTO profile (field, value) VALUES (?, ?)", field, value);
    }
    return this.profile({});
  }

  /** Adds what a model call cost to the day it ended on; returns the day's sum, for the budget. */
  addSpend(request: {
    readonly model: string;
    readonly usd: number;
    readonly inputTokens: number;
    readonly outputTokens: number;
  }): { ok: true; today: Spend } {
    const day = this.#today();
    if (this.#spent(day).calls === 0) {
      this.#sql.exec("DELETE FROM usage WHERE day < ?", dayOf(this.#clock() - USAGE_DAYS * DAY_MS));
    }
    this.#sql.exec(
      "INSERT INTO usage (day, model, usd, input, output, calls) VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT (day, model) DO UPDATE SET usd = usd + excluded.usd, input = input + excluded.input, output = output + excluded.output, calls = calls + 1",
      day,
      request.model,
      amount(request.usd),
      Math.round(amount(request.inputTokens)),
      Math.round(amount(request.outputTokens)),
    );
    return { ok: true, today: this.#spent(day) };
  }

  spentToday(_request: object): { ok: true; today: Spend } {
    return { ok: true, today: this.#spent(this.#today()) };
  }

  /** By day and model, the newest day first. `days`: how many, today included. */
  usage(request: { readonly days?: number }): { ok: true; rows: UsageRow[] } {
    const since = dayOf(this.#clock() - ((request.days ?? 30) - 1) * DAY_MS);
    const rows = this.#sql
      .exec(
        "SELECT day, model, usd, input AS inputTokens, output AS outputTokens, calls FROM usage WHERE day >= ? ORDER BY day DESC, usd DESC, model",
        since,
      )
      .toArray();
    return { ok: true, rows: rows.map((row) => usageRow.parse(row)) };
  }

  /** What a turn needs at its beginning, in one call. */
  overview(_request: object): { ok: true; profile: Profile; today: Spend; memories: number } {
    return { ok: true, profile: this.profile({}).profile, today: this.#spent(this.#today()), memories: this.#count() };
  }

  #memories(query: string, ...values: (string | number)[]): Memory[] {
    return this.#sql
      .exec(query, ...values)
      .toArray()
      .map((row) => memoryRow.parse(row));
  }

  #count(): number {
    return countRow.parse(this.#sql.exec("SELECT count(*) AS total FROM memory").toArray()[0]).total;
  }

  #spent(day: string): Spend {
    const rows = this.#sql
      .exec(
        "SELECT total(usd) AS usd, total(input) AS inputTokens, total(output) AS outputTokens, total(calls) AS calls FROM usage WHERE day = ?",
        day,
      )
      .toArray();
    return spendRow.parse(rows[0]);
  }

  #today(): string {
    return dayOf(this.#clock());
  }
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** A price that is unknown, or a provider that counts nonsense, adds nothing. */
function amount(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0;
}

const PROFILE_FIELDS = ["timezone", "language", "persona"] as const;
const profileRow = z.object({ field: z.string(), value: z.string() });
const idRow = z.object({ id: z.number() });
const countRow = z.object({ total: z.number() });
const memoryRow = z.object({ id: z.number(), text: z.string(), createdAt: z.number() });
const spendRow = z.object({ usd: z.number(), inputTokens: z.number(), outputTokens: z.number(), calls: z.number() });
const usageRow = spendRow.extend({ day: z.string(), model: z.string() });
