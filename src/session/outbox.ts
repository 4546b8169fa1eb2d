import type { InlineKeyboardButton, MessageEntity } from "grammy/types";
import type { Address } from "../telegram/post.ts";
import { readContent, readIds, readProgress } from "./stored.ts";

/**
 * The outbox: what a session owes to its chat, a row each, in the order in which it was said. A row is written in the
 * transaction that made it true and deleted when Telegram has given a message id for the last of its messages; so what
 * lies here is not delivered, and everything else is.
 */

export type Content =
  /** The model's words, as Markdown; in as many messages as they need. `goesOn`: the run says more, in messages of its own. */
  | { readonly kind: "answer"; readonly markdown: string; readonly goesOn?: boolean }
  | {
      readonly kind: "notice";
      readonly text: string;
      readonly entities?: readonly MessageEntity[];
      readonly keyboard?: readonly (readonly InlineKeyboardButton[])[];
      /** Edit that message instead of sending a new one. */
      readonly editOf?: number;
    }
  /** Take the Stop button off the streamed messages of the run and leave the words as they stand. */
  | { readonly kind: "freeze"; readonly goesOn?: boolean }
  | ({ readonly kind: "file"; readonly name: string; readonly mime?: string; readonly caption?: string } & (
      | { readonly base64: string }
      | { readonly text: string }
    ));

export interface NewDelivery {
  readonly content: Content;
  readonly run?: string;
  readonly epoch: number;
  readonly place: Address;
  readonly replyTo?: number;
  /** Without a sound. Left out: notices are, and nothing else is. */
  readonly silent?: boolean;
  /** The courier starts right after this transaction: the row need not be touched before its first call. */
  readonly attempting?: boolean;
  /** A word of the caller's own by which it knows the delivery when it is done. */
  readonly tag?: string;
}

/**
 * waiting: no call for it is on. attempting: a call may be on, or was when the process died. doubtful: a call ended
 * without an answer, so that the message may stand in the chat without our knowing its id.
 */
export type DeliveryState = "waiting" | "attempting" | "doubtful";

/** What of a delivery stands already. */
export interface Progress {
  /** Form in which its words were split into parts at first. */
  readonly form: "rich" | "entities";
  /** Messages of its parts, in order; 0 where a message is gone. May be longer than `done`: streamed messages. */
  readonly ids: readonly number[];
  /** So many parts stand with their final words. */
  readonly done: number;
  /** Parts that were refused in their form, in the order of the refusals. */
  readonly lowered: readonly Lowering[];
  readonly threadTries?: number;
  readonly migrations?: number;
}

export interface Lowering {
  readonly at: number;
  readonly to: "entities" | "plain" | "pieces" | "apology";
}

export interface Delivery extends NewDelivery {
  readonly id: number;
  readonly state: DeliveryState;
  readonly dueAt: number;
  readonly createdAt: number;
  readonly attempt: number;
  readonly progress: Progress | undefined;
}

export type SqlValue = string | number | null | ArrayBuffer;

/** `ctx.storage.sql`, as far as it is used here. */
export interface Sql {
  exec<Row extends Record<string, SqlValue>>(
    query: string,
    ...bindings: SqlValue[]
  ): { toArray(): Row[]; one(): Row; readonly rowsWritten: number };
}

interface Streamed {
  readonly run: string;
  readonly ids: readonly number[];
  readonly isSending: boolean;
}

/**
 * The rows of the outbox and of the streamed messages. Every method is at most two statements and synchronous. Nobody else
 * writes these rows, so what was read or written of them is known until a rollback (`forget`).
 */
export class Outbox {
  readonly #sql: Sql;
  readonly #unreadable: () => string;
  /** The oldest row; null: there is none; undefined: not known. */
  #head: Delivery | null | undefined;
  /** How many rows there are; undefined: not known. */
  #count: number | undefined;
  /** The streamed messages by their slot; undefined: not known. There are few: one for each run that is not delivered yet. */
  #streamed: Map<number, Streamed> | undefined;

  /** `unreadable` gives the words that stand in for a row that cannot be read. */
  constructor(sql: Sql, unreadable: () => string) {
    this.#sql = sql;
    this.#unreadable = unreadable;
    // INTEGER PRIMARY KEY without AUTOINCREMENT: one row written per insert, and ids rise while rows are there.
    sql.exec(`CREATE TABLE IF NOT EXISTS outbox (
      id INTEGER PRIMARY KEY, run TEXT, epoch INTEGER NOT NULL, chat INTEGER NOT NULL, thread INTEGER,
      reply_to INTEGER, silent INTEGER NOT NULL, tag TEXT, content TEXT NOT NULL, state TEXT NOT NULL,
      due_at INTEGER NOT NULL, created_at INTEGER NOT NULL, attempt INTEGER NOT NULL, progress TEXT) STRICT`);
    // Messages of a run that grew on screen, so that a later process edits them: a row for the run that is on, and one for
    // each run before it whose last words are still to be delivered.
    sql.exec(
      `CREATE TABLE IF NOT EXISTS growing (slot INTEGER PRIMARY KEY, run TEXT NOT NULL, ids TEXT NOT NULL, sending INTEGER NOT NULL DEFAULT 0) STRICT`,
    );
    // Sessions of 0.1.0 have the table without it; the version before, which may run beside this one, leaves it out.
    const [growing] = sql.exec<{ sql: string }>("SELECT sql FROM sqlite_master WHERE name = 'growing'").toArray();
    if (!growing?.sql.includes("sending"))
      sql.exec("ALTER TABLE growing ADD COLUMN sending INTEGER NOT NULL DEFAULT 0");
  }

  /** A transaction was rolled back: nothing that was noted in it holds. */
  forget(): void {
    this.#head = undefined;
    this.#count = undefined;
    this.#streamed = undefined;
  }

  put(delivery: NewDelivery, now: number, dueAt: number): number {
    const state: DeliveryState = delivery.attempting && dueAt <= now ? "attempting" : "waiting";
    const silent = delivery.silent ?? delivery.content.kind === "notice";
    const { id } = this.#sql
      .exec<{ id: number }>(
        `INSERT INTO outbox (run, epoch, chat, thread, reply_to, silent, tag, content, state, due_at, created_at, attempt)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING id`,
        delivery.run ?? null,
        delivery.epoch,
        delivery.place.chatId,
        delivery.place.threadId ?? null,
        delivery.replyTo ?? null,
        silent ? 1 : 0,
        delivery.tag ?? null,
        JSON.stringify(delivery.content),
        state,
        dueAt,
        now,
      )
      .one();
    if (this.#head === null) {
      this.#head = { ...delivery, silent, id, state, dueAt, createdAt: now, attempt: 0, progress: undefined };
    }
    if (this.#count !== undefined) this.#count += 1;
    return id;
  }

  /** The oldest row: strictly the next to be delivered. */
  head(): Delivery | undefined {
    if (this.#head === undefined) {
      const row = this.#sql.exec<OutboxRow>("SELECT * FROM outbox ORDER BY id LIMIT 1").toArray()[0];
      this.#head = row ? this.#deliveryOf(row) : null;
      if (!row) this.#count = 0;
    }
    return this.#head ?? undefined;
  }

  attempting(id: number): void {
    this.#sql.exec("UPDATE outbox SET state = 'attempting' WHERE id = ?", id);
    this.#changed(id, { state: "attempting" });
  }

  progressed(id: number, progress: Progress): void {
    this.#sql.exec("UPDATE outbox SET progress = ?, state = 'attempting' WHERE id = ?", JSON.stringify(progress), id);
    this.#changed(id, { progress, state: "attempting" });
  }

  park(id: number, state: DeliveryState, dueAt: number, attempt: number, progress: Progress | undefined): void {
    this.#sql.exec(
      "UPDATE outbox SET state = ?, due_at = ?, attempt = ?, progress = ? WHERE id = ?",
      state,
      dueAt,
      attempt,
      progress ? JSON.stringify(progress) : null,
      id,
    );
    this.#changed(id, { state, dueAt, attempt, progress });
  }

  /** Whatever else there is goes first. */
  moveBehind(id: number): void {
    this.#sql.exec("UPDATE outbox SET id = (SELECT MAX(id) + 1 FROM outbox) WHERE id = ?", id);
    this.#head = undefined;
  }

  remove(id: number): void {
    this.#sql.exec("DELETE FROM outbox WHERE id = ?", id);
    if (this.#count !== undefined) this.#count -= 1;
    if (this.#head?.id === id) this.#head = this.#count === 0 ? null : undefined;
  }

  #changed(id: number, what: Partial<Delivery>): void {
    if (this.#head?.id === id) this.#head = { ...this.#head, ...what };
  }

  removeAll(): Delivery[] {
    const rows = this.#sql.exec<OutboxRow>("SELECT * FROM outbox ORDER BY id").toArray();
    this.#sql.exec("DELETE FROM outbox");
    this.#head = null;
    this.#count = 0;
    return rows.map((row) => this.#deliveryOf(row));
  }

  /**
   * Rows addressed to a chat that has a new id. What they reply to, edit and grew in has other ids there, or belongs to
   * somebody else: they are sent anew, from the part on that does not stand yet.
   */
  readdress(fromChatId: number, toChatId: number, form: Progress["form"]): void {
    const rows = this.#sql.exec<OutboxRow>("SELECT * FROM outbox WHERE chat = ?", fromChatId).toArray();
    for (const row of rows) {
      const known = row.progress === null ? undefined : readProgress(row.progress);
      const before: Progress = known ?? { form, ids: [], done: 0, lowered: [] };
      const moved: Progress = {
        ...before,
        ids: before.ids.slice(0, before.done),
        migrations: (before.migrations ?? 0) + 1,
      };
      this.#sql.exec(
        "UPDATE outbox SET chat = ?, reply_to = NULL, progress = ? WHERE id = ?",
        toChatId,
        JSON.stringify(moved),
        row.id,
      );
    }
    this.#sql.exec("UPDATE growing SET ids = '[]', sending = 0");
    this.forget();
  }

  has(run: string): boolean {
    return this.#sql.exec("SELECT 1 AS found FROM outbox WHERE run = ? LIMIT 1", run).toArray().length > 0;
  }

  get isEmpty(): boolean {
    return this.head() === undefined;
  }

  pending(): { readonly count: number; readonly oldestAt: number | undefined } {
    const { count, oldest } = this.#sql
      .exec<{ count: number; oldest: number | null }>("SELECT COUNT(*) AS count, MIN(created_at) AS oldest FROM outbox")
      .one();
    this.#count = count;
    return { count, oldestAt: oldest ?? undefined };
  }

  /** `isSending`: one more message is on its way, and whether it was accepted is not known yet. */
  remember(run: string, ids: readonly number[], isSending: boolean): void {
    // In its own row, or in that of a run which nobody goes back to: one row is written either way.
    const { slot } = this.#sql
      .exec<{ slot: number }>(
        `INSERT INTO growing (slot, run, ids, sending) VALUES (COALESCE(
          (SELECT slot FROM growing WHERE run = ?1),
          (SELECT MIN(slot) FROM growing WHERE run NOT IN (SELECT run FROM outbox WHERE run IS NOT NULL)),
          (SELECT COALESCE(MAX(slot), 0) + 1 FROM growing)), ?1, ?2, ?3)
          ON CONFLICT (slot) DO UPDATE SET run = excluded.run, ids = excluded.ids, sending = excluded.sending
          RETURNING slot`,
        run,
        JSON.stringify(ids),
        isSending ? 1 : 0,
      )
      .one();
    this.#streamed?.set(slot, { run, ids: [...ids], isSending });
  }

  /** A message of the run was on its way when this was last written. */
  isSending(run: string): boolean {
    return this.#streamedOf(run)?.isSending ?? false;
  }

  /** One that cannot be read must not hold up those behind it: it becomes a word of what happened. */
  #deliveryOf(row: OutboxRow): Delivery {
    return deliveryOf(row, readContent(row.content) ?? { kind: "notice", text: this.#unreadable() });
  }

  remembered(run: string): readonly number[] {
    return this.#streamedOf(run)?.ids ?? [];
  }

  #streamedOf(run: string): Streamed | undefined {
    this.#streamed ??= this.#readStreamed();
    for (const streamed of this.#streamed.values()) if (streamed.run === run) return streamed;
    return undefined;
  }

  #readStreamed(): Map<number, Streamed> {
    const rows = this.#sql
      .exec<{ slot: number; run: string; ids: string; sending: number }>("SELECT slot, run, ids, sending FROM growing")
      .toArray();
    return new Map(
      rows.map(({ slot, run, ids, sending }) => [slot, { run, ids: readIds(ids) ?? [], isSending: sending === 1 }]),
    );
  }
}

type OutboxRow = {
  id: number;
  run: string | null;
  epoch: number;
  chat: number;
  thread: number | null;
  reply_to: number | null;
  silent: number;
  tag: string | null;
  content: string;
  state: string;
  due_at: number;
  created_at: number;
  attempt: number;
  progress: string | null;
};

function deliveryOf(row: OutboxRow, content: Content): Delivery {
  const progress = row.progress === null ? undefined : readProgress(row.progress);
  return {
    id: row.id,
    content,
    epoch: row.epoch,
    place: { chatId: row.chat, ...(row.thread === null ? {} : { threadId: row.thread }) },
    silent: row.silent === 1,
    ...(row.run === null ? {} : { run: row.run }),
    ...(row.reply_to === null ? {} : { replyTo: row.reply_to }),
    ...(row.tag === null ? {} : { tag: row.tag }),
    // Where its progress cannot be read it begins anew, and parts of it may stand already.
    state: row.progress !== null && !progress ? "doubtful" : stateOf(row.state),
    dueAt: row.due_at,
    createdAt: row.created_at,
    attempt: row.attempt,
    progress,
  };
}

function stateOf(state: string): DeliveryState {
  return state === "attempting" || state === "doubtful" ? state : "waiting";
}
