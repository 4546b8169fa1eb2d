import { nextOccurrence, REMINDERS_PER_SESSION, type Reminder, type ReminderPlan } from "../agent/reminders.ts";
import type { AddedReminder, RemindersPort } from "../agent/tools/tool.ts";
import { safe, styled } from "../words/styled.ts";
import { words } from "../words/words.ts";
import type { Door } from "./door.ts";
import type { Sql } from "./outbox.ts";
import { readReminder } from "./stored.ts";

/**
 * The reminders of a session: rows with the time of their next coming, which the object's alarm follows. One that comes
 * is taken out (or moved to its next time) in the transaction that puts its words into the outbox, so it comes once. They
 * belong to the chat, not to a conversation: a reset leaves them.
 */
export class Reminders implements RemindersPort {
  readonly #door: Door;
  readonly #sql: Sql;
  /** The first of them, asked for at each event; until a row changes or a transaction is rolled back. */
  #next: { readonly at: number | undefined; readonly rollbacks: number } | undefined;

  constructor(door: Door, sql: Sql) {
    this.#door = door;
    this.#sql = sql;
  }

  add(plan: ReminderPlan): AddedReminder {
    if (this.list().length >= REMINDERS_PER_SESSION) {
      return {
        refused: `There are ${REMINDERS_PER_SESSION} reminders here already, which is the most. Cancel one first.`,
      };
    }
    let id = 0;
    this.#door.keep(() => {
      this.#next = undefined;
      id = this.#sql
        .exec<{ id: number }>(
          "INSERT INTO reminders (next_at, body) VALUES (?, ?) RETURNING id",
          plan.nextAt,
          JSON.stringify(plan),
        )
        .one().id;
    });
    return { id };
  }

  /** Inside `rows`: what another session had. Two of the same text for the same time are one. */
  adopt(plans: readonly ReminderPlan[]): void {
    const known = new Set(this.list().map(({ text, nextAt }) => `${nextAt} ${text}`));
    this.#next = undefined;
    for (const plan of plans) {
      if (known.has(`${plan.nextAt} ${plan.text}`)) continue;
      this.#sql.exec("INSERT INTO reminders (next_at, body) VALUES (?, ?)", plan.nextAt, JSON.stringify(plan));
    }
  }

  /** Inside `rows`. */
  drop(ids: readonly number[]): void {
    this.#next = undefined;
    for (const id of ids) this.#sql.exec("DELETE FROM reminders WHERE id = ?", id);
  }

  list(): readonly Reminder[] {
    const rows = this.#read("SELECT id, body FROM reminders ORDER BY next_at");
    return rows.flatMap(({ id, plan }) => (plan ? [{ ...plan, id }] : []));
  }

  cancel(id: number): boolean {
    let found = false;
    this.#door.keep(() => {
      this.#next = undefined;
      found = this.#sql.exec("DELETE FROM reminders WHERE id = ? RETURNING id", id).toArray().length > 0;
    });
    return found;
  }

  nextAt(): number | undefined {
    const { rollbacks } = this.#door.store;
    if (this.#next?.rollbacks !== rollbacks) {
      const row = this.#sql.exec<{ next: number | null }>("SELECT MIN(next_at) AS next FROM reminders").toArray()[0];
      this.#next = { at: row?.next ?? undefined, rollbacks };
    }
    return this.#next.at;
  }

  /** Says what is due. */
  fire(now: number): void {
    const due = this.#read("SELECT id, body FROM reminders WHERE next_at <= ? ORDER BY next_at", now);
    if (due.length === 0) return;
    const { language } = this.#door.whereabouts;
    this.#door.keep(() => {
      this.#next = undefined;
      for (const { id, plan: reminder } of due) {
        if (!reminder) {
          // It would be due for ever.
          this.#sql.exec("DELETE FROM reminders WHERE id = ?", id);
          this.#door.log("internal.error", { where: "stored", what: "reminder" });
          this.#door.say({ content: { kind: "notice", ...styled(words(language, "failed_internal")) } });
          continue;
        }
        const next = reminder.cron ? nextOccurrence(reminder, now) : undefined;
        if (next === undefined) this.#sql.exec("DELETE FROM reminders WHERE id = ?", id);
        else {
          this.#sql.exec(
            "UPDATE reminders SET next_at = ?, body = ? WHERE id = ?",
            next,
            JSON.stringify({ ...reminder, nextAt: next }),
            id,
          );
        }
        const marked = words(language, "remind_due", { text: safe(reminder.text) });
        // It is there to be heard.
        this.#door.say({ content: { kind: "notice", ...styled(marked) }, silent: false });
      }
    });
  }

  #read(query: string, ...bindings: number[]): { readonly id: number; readonly plan: ReminderPlan | undefined }[] {
    const rows = this.#sql.exec<{ id: number; body: string }>(query, ...bindings).toArray();
    return rows.map(({ id, body }) => ({ id, plan: readReminder(body) }));
  }
}
