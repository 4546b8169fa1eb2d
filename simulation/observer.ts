import type { Event } from "../src/core/event.ts";
import { newSession, type Session } from "../src/core/session.ts";
import { JOURNAL_SLOTS } from "../src/session/store.ts";
import type { Bus, OutboxRow, ReminderRow, TranscriptRow } from "./facts.ts";
import type { SessionHost } from "./session-host.ts";

/** Reads from a session's storage what a step of the world has changed in it, and says so as facts. */
export class Observer {
  readonly #host: SessionHost;
  readonly #bus: Bus;
  readonly #count: (what: string) => void;
  #seq = 0;
  #session: Session | undefined;
  #outbox = new Map<string, OutboxRow>();
  #reminders = new Map<string, ReminderRow>();
  #transcript = 0;

  constructor(host: SessionHost, bus: Bus, count: (what: string) => void) {
    this.#host = host;
    this.#bus = bus;
    this.#count = count;
  }

  forget(): void {
    this.#seq = 0;
    this.#session = undefined;
    this.#outbox = new Map();
    this.#reminders = new Map();
    this.#transcript = 0;
  }

  look(): number {
    const { written } = this.#host.disk;
    let seen = 0;
    if (written.size > 0 && !this.#host.disk.isNew) {
      if (written.has("journal")) seen = this.#journal();
      if (written.has("outbox")) this.#rows();
      if (written.has("reminders")) this.#due();
      if (written.has("transcript")) this.#said();
      written.clear();
    }
    this.#bus.emit("touched", { host: this.#host });
    return seen;
  }

  #journal(): number {
    let seen = 0;
    if (this.#host.wasRewritten) {
      this.#host.wasRewritten = false;
      this.#session = this.#valueAt(this.#seq);
    }
    for (;;) {
      const seq = this.#seq + 1;
      const row = this.#host.disk.rows<{ at: number; event: string; value: string }>(
        "SELECT at, event, value FROM journal WHERE slot = ? AND seq = ?",
        seq % JOURNAL_SLOTS,
        seq,
      )[0];
      if (!row) return seen;
      this.#seq = seq;
      seen += 1;
      const { session: after }: { session: Session } = JSON.parse(row.value);
      const { effects, ...event }: Event & { effects: string[] } = JSON.parse(row.event);
      const before = this.#session ? { ...this.#session, policy: after.policy } : newSession(after.policy);
      this.#session = after;
      this.#count(`event: ${event.type}`);
      for (const effect of effects) this.#count(`effect: ${effect}`);
      this.#bus.emit("transition", { host: this.#host, seq, at: row.at, before, after, event, effects });
    }
  }

  #valueAt(seq: number): Session | undefined {
    const row = this.#host.disk.rows<{ value: string }>(
      "SELECT value FROM journal WHERE slot = ? AND seq = ?",
      seq % JOURNAL_SLOTS,
      seq,
    )[0];
    if (!row) return undefined;
    const stored: { session: Session } = JSON.parse(row.value);
    return stored.session;
  }

  #rows(): void {
    const rows = this.#host.disk.rows<Stored>(
      "SELECT id, run, epoch, chat, thread, reply_to, tag, content, created_at, state, due_at FROM outbox ORDER BY id",
    );
    const now = new Map(
      rows.map((row) => {
        const known = this.#outbox.get(`${row.id} ${row.created_at} ${row.content}`);
        return [`${row.id} ${row.created_at} ${row.content}`, known ?? outboxRow(row)];
      }),
    );
    const put = [...now].flatMap(([key, row]) => (this.#outbox.has(key) ? [] : [row]));
    const gone = [...this.#outbox].flatMap(([key, row]) => (now.has(key) ? [] : [row]));
    this.#outbox = now;
    if (put.length > 0 || gone.length > 0) this.#bus.emit("outbox", { host: this.#host, put, gone });
  }

  #due(): void {
    const rows = this.#host.disk.rows<{ id: number; next_at: number; body: string }>(
      "SELECT id, next_at, body FROM reminders",
    );
    const now = new Map(rows.map((row) => [`${row.id} ${row.body}`, reminderRow(row)]));
    const put = [...now].flatMap(([key, row]) => (this.#reminders.has(key) ? [] : [row]));
    const gone = [...this.#reminders].flatMap(([key, row]) => (now.has(key) ? [] : [row]));
    this.#reminders = now;
    if (put.length > 0 || gone.length > 0) this.#bus.emit("reminders", { host: this.#host, put, gone });
  }

  #said(): void {
    const rows = this.#host.disk.rows<{ seq: number; epoch: number; run: string }>(
      "SELECT seq, epoch, run FROM transcript WHERE seq > ? ORDER BY seq",
      this.#transcript,
    );
    const last = this.#host.disk.rows<{ last: number | null }>("SELECT MAX(seq) AS last FROM transcript")[0]?.last;
    this.#transcript = last ?? 0;
    const typed: TranscriptRow[] = rows.map(({ seq, epoch, run }) => ({ seq, epoch, run }));
    if (typed.length > 0) this.#bus.emit("transcript", { host: this.#host, rows: typed });
  }
}

type Stored = {
  id: number;
  run: string | null;
  epoch: number;
  chat: number;
  thread: number | null;
  reply_to: number | null;
  tag: string | null;
  content: string;
  created_at: number;
  state: string;
  due_at: number;
};

function outboxRow(row: Stored): OutboxRow {
  return {
    id: row.id,
    run: row.run,
    epoch: row.epoch,
    chat: row.chat,
    thread: row.thread,
    replyTo: row.reply_to,
    tag: row.tag,
    content: JSON.parse(row.content),
    createdAt: row.created_at,
    state: row.state,
    dueAt: row.due_at,
  };
}

function reminderRow({ id, next_at: nextAt, body }: { id: number; next_at: number; body: string }): ReminderRow {
  const plan: { text: string; cron?: string } = JSON.parse(body);
  return { id, nextAt, text: plan.text, isRepeated: plan.cron !== undefined };
}
