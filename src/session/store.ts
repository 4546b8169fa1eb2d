import type { Event } from "../core/event.ts";
import { newSession, type Policy, type Session } from "../core/session.ts";
import type { Inbound } from "../telegram/message.ts";
import { readFact, readJson, readMessage, readTranscript, readValue } from "./stored.ts";

/**
 * The rows of a session. Two ideas keep them few: the value and its history are one row (each transition writes the
 * value it led to into a ring of slots, so the newest slot is the value and the others are the journal), and a message
 * is one row from the moment it is accepted to the day it is forgotten, which is also what keeps its update from counting twice.
 */

/** The part of Durable Object SQLite that is used; a simulation brings its own. */
export interface Sql {
  exec<T extends Record<string, SqlValue> = Record<string, SqlValue>>(
    query: string,
    ...bindings: SqlValue[]
  ): SqlRows<T>;
}
export type SqlValue = string | number | null | ArrayBuffer;
export interface SqlRows<T> {
  toArray(): T[];
}

/** The stored form of the value; a change of its shape adds a version and an upgrade to `readValue` (stored.ts). */
const VALUE_VERSION = 1;

/** Rows of one epoch that a prompt is made of at the most; compaction keeps conversations far below. */
export const TRANSCRIPT_WINDOW_ROWS = 1_000;

/** Messages whose words are kept in memory at the most; a turn seldom has more than one. */
const MESSAGES_KNOWN = 8;
/** A conversation up to so many characters is kept in memory: many sessions share it, and a longer one costs more than its reading anyway. */
const TRANSCRIPT_KNOWN_CHARS = 16_000;

/** How many transitions the journal remembers. */
export const JOURNAL_SLOTS = 256;

export interface TranscriptRow {
  readonly seq: number;
  readonly epoch: number;
  readonly run: string;
  readonly body: TranscriptBody;
}

/** One finished step: what the person had said before it, as it was put to the model, and what came of it. */
export interface TranscriptBody {
  readonly at: number;
  /** Updates whose words these are. */
  readonly updates?: readonly number[];
  /** Messages in the AI SDK's form; files by Telegram's file id. */
  readonly user?: readonly unknown[];
  readonly messages?: readonly unknown[];
  /** The row stands for everything of the epoch before it. */
  readonly summary?: string;
  /** The turn ended here without an answer. */
  readonly ended?: string;
  /** What became of a question: the words before it have been said with it. */
  readonly asked?: boolean;
  readonly usage?: { readonly model: string; readonly input: number; readonly output: number; readonly usd: number };
}

export interface JournalRow {
  readonly seq: number;
  readonly at: number;
  readonly event: unknown;
  readonly session: Session;
}

type MessageInbound = Extract<Inbound, { kind: "message" }>;

/** The rows of an epoch after `start`, as last read and since written. */
interface Window {
  readonly epoch: number;
  readonly start: number;
  readonly rows: readonly TranscriptRow[];
  readonly chars: number;
}

const SCHEMA = [
  "CREATE TABLE IF NOT EXISTS journal (slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, event TEXT NOT NULL, value TEXT NOT NULL) STRICT",
  "CREATE TABLE IF NOT EXISTS inbox (update_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT) STRICT",
  "CREATE TABLE IF NOT EXISTS transcript (seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, run TEXT NOT NULL, body TEXT NOT NULL) STRICT",
  "CREATE TABLE IF NOT EXISTS reminders (id INTEGER PRIMARY KEY, next_at INTEGER NOT NULL, body TEXT NOT NULL) STRICT",
  "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID",
];

export class Store {
  readonly #sql: Sql;
  readonly #unreadable: (what: string) => void;
  #seq = 0;
  #transcriptSeq: number | undefined;
  // Nobody else writes these rows, so what was read or written is known until a rollback: a statement costs more than the rest of a look.
  /** Null: there is no such fact. */
  readonly #facts = new Map<string, { readonly body: unknown } | null>();
  /** Messages on their way to a model. */
  readonly #messages = new Map<number, MessageInbound>();
  /** No update beyond it is in the inbox; they come in rising order, so few are looked for. */
  #newest: number | undefined;
  #window: Window | undefined;
  #rollbacks = 0;
  #isLost = false;

  /** `unreadable` is told which kind of row could not be read; the session goes on without it. */
  constructor(sql: Sql, unreadable: (what: string) => void = () => {}) {
    this.#sql = sql;
    this.#unreadable = unreadable;
    const known = sql.exec("SELECT name FROM sqlite_master WHERE name = 'facts'").toArray();
    if (known.length === 0) for (const statement of SCHEMA) sql.exec(statement);
  }

  // ---- the value ----

  /** Where the newest value cannot be read, an idle one of the same conversation stands in, and `isLost` says so. */
  load(policy: Policy, now: number): Session {
    const row = this.#sql
      .exec<{ seq: number; value: string }>("SELECT seq, value FROM journal ORDER BY seq DESC LIMIT 1")
      .toArray()[0];
    if (!row) return newSession(policy);
    this.#seq = row.seq;
    const session = readValue(row.value, now);
    if (session) return { ...session, policy };
    this.#isLost = true;
    this.#unreadable("value");
    return { ...newSession(policy), epoch: this.#lastEpoch(), spoken: true };
  }

  /** The value could not be read: what was under way is gone, and that has not been said yet. A `save` ends it. */
  get isLost(): boolean {
    return this.#isLost;
  }

  #lastEpoch(): number {
    const row = this.#sql.exec<{ last: number | null }>("SELECT MAX(epoch) AS last FROM transcript").toArray()[0];
    return Math.max(1, row?.last ?? 1, this.fact<{ epoch: number }>("began")?.epoch ?? 1);
  }

  /** One row: the value, and how it came to be. */
  save(session: Session, event: Event, effects: readonly string[], at: number): void {
    this.#seq += 1;
    this.#isLost = false;
    this.#sql.exec(
      "INSERT INTO journal (slot, seq, at, event, value) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (slot) DO UPDATE SET seq = ?2, at = ?3, event = ?4, value = ?5",
      this.#seq % JOURNAL_SLOTS,
      this.#seq,
      at,
      JSON.stringify({ ...withoutWords(event), effects }),
      JSON.stringify({ v: VALUE_VERSION, session }),
    );
  }

  journal(limit: number, policy: Policy): JournalRow[] {
    return this.#sql
      .exec<{ seq: number; at: number; event: string; value: string }>(
        "SELECT seq, at, event, value FROM journal ORDER BY seq DESC LIMIT ?",
        limit,
      )
      .toArray()
      .flatMap((row) => this.#journalRow(row))
      .map((row) => ({ ...row, session: { ...row.session, policy } }));
  }

  /** Everything the journal remembers, oldest first, each value with the policy that it was decided by: what a replay needs. */
  history(): JournalRow[] {
    return this.#sql
      .exec<{ seq: number; at: number; event: string; value: string }>(
        "SELECT seq, at, event, value FROM journal ORDER BY seq",
      )
      .toArray()
      .flatMap((row) => this.#journalRow(row));
  }

  #journalRow(row: { seq: number; at: number; event: string; value: string }): JournalRow[] {
    const session = readValue(row.value);
    const event = readJson(row.event);
    return session && event !== undefined ? [{ seq: row.seq, at: row.at, event, session }] : [];
  }

  // ---- the inbox ----

  has(update: number): boolean {
    this.#newest ??=
      this.#sql.exec<{ newest: number | null }>("SELECT MAX(update_id) AS newest FROM inbox").toArray()[0]?.newest ??
      Number.NEGATIVE_INFINITY;
    if (update > this.#newest) return false;
    return this.#sql.exec("SELECT 1 FROM inbox WHERE update_id = ?", update).toArray().length > 0;
  }

  /** When the newest update came; 0: never. */
  lastAcceptedAt(): number {
    return this.#sql.exec<{ at: number }>("SELECT at FROM inbox ORDER BY update_id DESC LIMIT 1").toArray()[0]?.at ?? 0;
  }

  /** `inbound` is kept where its words are needed later; null marks the update as seen. */
  accept(update: number, at: number, inbound: Inbound | null): void {
    const body = inbound === null ? null : JSON.stringify(inbound);
    this.#sql.exec("INSERT INTO inbox (update_id, at, body) VALUES (?, ?, ?)", update, at, body);
    if (this.#newest !== undefined) this.#newest = Math.max(this.#newest, update);
    if (inbound?.kind === "message") this.#noteMessage(update, inbound);
  }

  rewrite(update: number, inbound: MessageInbound): void {
    this.#sql.exec("UPDATE inbox SET body = ? WHERE update_id = ?", JSON.stringify(inbound), update);
    this.#noteMessage(update, inbound);
  }

  message(update: number): MessageInbound | undefined {
    const known = this.#messages.get(update);
    if (known) return known;
    const [row] = this.#sql
      .exec<{ body: string | null }>("SELECT body FROM inbox WHERE update_id = ?", update)
      .toArray();
    if (!row?.body) return undefined;
    const inbound = readMessage(row.body);
    if (inbound) this.#noteMessage(update, inbound);
    else this.#unreadable("message");
    return inbound;
  }

  #noteMessage(update: number, inbound: MessageInbound): void {
    if (this.#messages.size >= MESSAGES_KNOWN) this.#messages.clear();
    this.#messages.set(update, inbound);
  }

  // ---- the transcript ----

  write(epoch: number, run: string, body: TranscriptBody): number {
    const seq = this.#nextTranscriptSeq();
    const written = JSON.stringify(body);
    this.#sql.exec("INSERT INTO transcript (seq, epoch, run, body) VALUES (?, ?, ?, ?)", seq, epoch, run, written);
    const known = this.#window;
    if (known?.epoch === epoch) {
      const rows = [...known.rows, { seq, epoch, run, body }];
      this.#noteWindow({ ...known, rows, chars: known.chars + written.length });
    }
    return seq;
  }

  /** The newest rows of an epoch, oldest first, back to the last summary, at most `limit`. */
  transcript(epoch: number, limit: number): readonly TranscriptRow[] {
    const start = this.#epochStart(epoch);
    const known = this.#window;
    if (known?.epoch === epoch && known.start === start && known.rows.length <= limit) return known.rows;
    let chars = 0;
    const rows = this.#sql
      .exec<{ seq: number; epoch: number; run: string; body: string }>(
        "SELECT seq, epoch, run, body FROM transcript WHERE seq > ? ORDER BY seq DESC LIMIT ?",
        start,
        limit,
      )
      .toArray()
      .filter((row) => row.epoch === epoch)
      .flatMap((row) => {
        chars += row.body.length;
        const body = readTranscript(row.body);
        if (!body) this.#unreadable("transcript");
        return body ? [{ ...row, body }] : [];
      })
      .reverse();
    if (rows.length < limit) this.#noteWindow({ epoch, start, rows, chars });
    return rows;
  }

  #noteWindow(window: Window): void {
    this.#window = window.chars <= TRANSCRIPT_KNOWN_CHARS ? window : undefined;
  }

  /** What stands for the rows before the window, where the epoch was shortened. */
  summary(epoch: number): string | undefined {
    const fact = this.fact<{ epoch: number; summary: string }>("compacted");
    return fact?.epoch === epoch ? fact.summary : undefined;
  }

  /** Takes these rows out of the conversation. What they cost was spent all the same, so that stays. */
  erase(rows: readonly TranscriptRow[]): void {
    for (const { seq, body } of rows) {
      const { at, usage } = body;
      if (usage === undefined) this.#sql.exec("DELETE FROM transcript WHERE seq = ?", seq);
      else this.#sql.exec("UPDATE transcript SET body = ? WHERE seq = ?", JSON.stringify({ at, usage }), seq);
    }
    this.#window = undefined;
    this.#transcriptSeq = undefined;
  }

  /** A new epoch begins: what was written until now is not read for it. */
  beginEpoch(epoch: number): void {
    this.setFact("began", { epoch, seq: this.#lastTranscriptSeq() });
  }

  /** Rows are in order, so the rows of the last epoch are the last rows; a compaction starts them later. */
  #epochStart(epoch: number): number {
    const began = this.fact<{ epoch: number; seq: number }>("began");
    const compacted = this.fact<{ epoch: number; seq: number }>("compacted");
    return Math.max(began?.epoch === epoch ? began.seq : 0, compacted?.epoch === epoch ? compacted.seq - 1 : 0);
  }

  #nextTranscriptSeq(): number {
    this.#transcriptSeq = this.#lastTranscriptSeq() + 1;
    return this.#transcriptSeq;
  }

  #lastTranscriptSeq(): number {
    if (this.#transcriptSeq === undefined) {
      const row = this.#sql.exec<{ last: number | null }>("SELECT MAX(seq) AS last FROM transcript").toArray()[0];
      this.#transcriptSeq = row?.last ?? 0;
    }
    return this.#transcriptSeq;
  }

  /** A transaction was rolled back: nothing that was counted or noted in it holds. */
  forgetCounters(seq: number): void {
    this.#seq = seq;
    this.#transcriptSeq = undefined;
    this.#facts.clear();
    this.#messages.clear();
    this.#newest = undefined;
    this.#window = undefined;
    this.#rollbacks += 1;
  }

  /** How often that was: what others noted of rows before it holds no more. */
  get rollbacks(): number {
    return this.#rollbacks;
  }

  get seq(): number {
    return this.#seq;
  }

  // ---- facts: small things beside the value, a name and a JSON each ----

  fact<T>(name: string): T | undefined {
    const known = this.#facts.get(name);
    // Only what was read or written under that name lies there.
    if (known !== undefined) return known === null ? undefined : (known.body as T);
    const [row] = this.#sql.exec<{ body: string }>("SELECT body FROM facts WHERE name = ?", name).toArray();
    const fact = row && readFact<T>(name, row.body);
    if (row && fact === undefined) this.#unreadable("fact");
    this.#facts.set(name, fact === undefined ? null : { body: fact });
    return fact;
  }

  setFact(name: string, body: unknown): void {
    this.#sql.exec(
      "INSERT INTO facts (name, body) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET body = ?2",
      name,
      JSON.stringify(body),
    );
    this.#facts.set(name, { body });
  }

  dropFact(name: string): void {
    this.#sql.exec("DELETE FROM facts WHERE name = ?", name);
    this.#facts.set(name, null);
  }

  factNames(prefix: string): string[] {
    return this.#sql
      .exec<{ name: string }>("SELECT name FROM facts WHERE name >= ? AND name < ?", prefix, `${prefix}\uffff`)
      .toArray()
      .map((row) => row.name);
  }

  // ---- age ----

  /** Deletes what is older than `before` (epoch ms), keeping what the value still refers to. */
  prune(before: number, keepUpdates: readonly number[], epoch: number): void {
    const keep = keepUpdates.length > 0 ? ` AND update_id NOT IN (${keepUpdates.map(Number).join(",")})` : "";
    this.#sql.exec(`DELETE FROM inbox WHERE at < ?${keep}`, before);
    this.#messages.clear();
    this.#sql.exec(
      "DELETE FROM transcript WHERE epoch < ? AND CASE WHEN json_valid(body) THEN json_extract(body, '$.at') ELSE 0 END < ?",
      epoch,
      before,
    );
  }
}

/** What the journal keeps of an event: everything but what people and the model wrote. */
function withoutWords(event: Event): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) {
    if (key === "text" && typeof value === "string") kept["textChars"] = value.length;
    else if (key !== "entry") kept[key] = value;
  }
  return kept;
}
