import * as z from "zod";
import {
  type Approved,
  approve,
  type Book,
  CODE_CHARS,
  codeFrom,
  EMPTY_BOOK,
  isPaired,
  normaliseCode,
  type Paired,
  REQUEST_PAUSE_MS,
  type Requested,
  request,
  revoke,
} from "../core/pairing.ts";

/**
 * The book of who was let in by pairing, kept in the Directory object's SQLite. The rules are core/pairing.ts; here is
 * only how the book is loaded, changed and written, each change in one synchronous piece, so that two calls that meet
 * in the object cannot undo each other.
 */

/** What of a Durable Object's `storage.sql` the book needs. */
export interface AccessSql {
  exec(query: string, ...bindings: (string | number | null)[]): { toArray(): Record<string, unknown>[] };
}

export interface AccessOutside {
  readonly sql: AccessSql;
  /** Keyed by a secret of this bot (an HMAC, say), so that a stolen book does not yield its codes. Hex or base64. */
  readonly hash: (code: string) => string | Promise<string>;
  /** Cryptographically random bytes. */
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
}

/** `code` is shown to the stranger and stored nowhere. */
export type RequestedCode =
  | Exclude<Requested, { ok: true }>
  | { readonly ok: true; readonly code: string; readonly expiresAt: number };

const NAME_CHARS = 128;
const LANGUAGE_CHARS = 35;
/** As long as a request to pair keeps a person waiting: by then being told again says something new. */
export const TELL_PAUSE_MS = REQUEST_PAUSE_MS;

export class AccessBook {
  readonly #outside: AccessOutside;

  constructor(outside: AccessOutside) {
    this.#outside = outside;
    outside.sql.exec(
      "CREATE TABLE IF NOT EXISTS access (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, book TEXT NOT NULL)",
    );
    outside.sql.exec(
      "CREATE TABLE IF NOT EXISTS access_told (user_id INTEGER PRIMARY KEY, told_at INTEGER NOT NULL) WITHOUT ROWID",
    );
  }

  /** A stranger asks to be let in. */
  async request(userId: number, name: string, language?: string): Promise<RequestedCode> {
    const code = codeFrom(this.#outside.random(CODE_CHARS));
    const codeHash = await this.#outside.hash(code);
    // From here to the write nothing awaits: the book is read after the hash, never before it.
    const asked = {
      userId,
      name: name.slice(0, NAME_CHARS).toWellFormed(),
      codeHash,
      ...(language === undefined ? {} : { language: language.slice(0, LANGUAGE_CHARS) }),
    };
    const { book, result } = request(this.#load(), asked, this.#outside.now());
    this.#write(book);
    return result.ok ? { ok: true, code, expiresAt: result.expiresAt } : result;
  }

  /** The owner `by` hands in a code, as typed. */
  async approve(code: string, by: number): Promise<Approved> {
    // What cannot be a code counts as a wrong one: otherwise its refusal would tell a guesser the form for free.
    const codeHash = await this.#outside.hash(normaliseCode(code) ?? "");
    const { book, result } = approve(this.#load(), { codeHash, by }, this.#outside.now());
    this.#write(book);
    return result;
  }

  /** Whether there was somebody to take out. */
  revoke(userId: number): boolean {
    const { book, wasPaired } = revoke(this.#load(), userId);
    this.#write(book);
    return wasPaired;
  }

  isPaired(userId: number): boolean {
    return isPaired(this.#load(), userId);
  }

  list(): readonly Paired[] {
    return this.#load().paired;
  }

  /** Whether a stranger is to be told (again) that they may not: once in TELL_PAUSE_MS, whatever they send. */
  tellsStranger(userId: number): boolean {
    const { sql, now } = this.#outside;
    const at = now();
    sql.exec("DELETE FROM access_told WHERE told_at <= ?", at - TELL_PAUSE_MS);
    if (sql.exec("SELECT 1 FROM access_told WHERE user_id = ?", userId).toArray().length > 0) return false;
    sql.exec("INSERT INTO access_told (user_id, told_at) VALUES (?, ?)", userId, at);
    return true;
  }

  #load(): Book {
    const [row] = this.#outside.sql.exec("SELECT version, book FROM access WHERE id = 1").toArray();
    return row === undefined ? EMPTY_BOOK : rowSchema.parse(row).book;
  }

  #write(book: Book): void {
    this.#outside.sql.exec(
      "INSERT OR REPLACE INTO access (id, version, book) VALUES (1, ?, ?)",
      VERSION,
      JSON.stringify(book),
    );
  }
}

/** Version of the stored book. A new one adds its upgrade to `rowSchema`. */
const VERSION = 1;

const bookSchema = z.object({
  pending: z.array(
    z.object({
      userId: z.number(),
      name: z.string(),
      codeHash: z.string(),
      askedAt: z.number(),
      language: z.string().exactOptional(),
    }),
  ),
  paired: z.array(z.object({ userId: z.number(), name: z.string(), pairedAt: z.number(), by: z.number() })),
  failedApprovals: z.number(),
  lockedUntil: z.number(),
});

const rowSchema = z.object({
  version: z.literal(VERSION),
  book: z.string().transform((text) => bookSchema.parse(JSON.parse(text))),
});
