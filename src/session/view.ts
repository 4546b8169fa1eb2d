import { runOf } from "../core/session.ts";
import type { Failed } from "./delivery.ts";
import type { Door } from "./door.ts";
import type { SessionPorts } from "./ports.ts";
import type { Reminders } from "./reminders.ts";
import type { JournalRow } from "./store.ts";
import { TRANSCRIPT_WINDOW_ROWS } from "./store.ts";

/** A session as an operator sees it: what it is doing and how it came to that. No words of people or of the model. */
export interface SessionView {
  readonly key: string;
  readonly state: "idle" | "gathering" | "running" | "waiting";
  readonly epoch: number;
  readonly queued: number;
  readonly lastActiveAt: number;
  readonly run: RunView | null;
  readonly queue: readonly {
    readonly update: number;
    readonly messageId: number;
    readonly from: number;
    readonly acceptedAt: number;
  }[];
  readonly deliveries: {
    readonly count: number;
    readonly oldestAt: number | null;
    /** The last that was given up: the chat never got to see it. */
    readonly lost: Failed | null;
  };
  readonly reminders: number;
  readonly usd: number;
  readonly journal: readonly JournalView[];
}

export interface RunView {
  readonly id: string;
  readonly startedAt: number;
  readonly idleSeconds: number;
  readonly deadlineAt: number;
  readonly attempt: number;
  /** Fingerprint of the key in use. */
  readonly credential: string | null;
  readonly steps: number;
  readonly tokens: number;
  readonly waiting?: { readonly why: "credential" | "person"; readonly untilAt: number };
}

export interface JournalView {
  readonly seq: number;
  readonly at: number;
  readonly event: unknown;
  readonly phase: string;
  readonly epoch: number;
  readonly run: string | null;
  readonly queued: number;
}

/** What an exported journal says it is; a change of its shape changes the number. */
export const HISTORY_FORMAT = "turnkeeper-journal-1";

/** A session's journal for export: enough to decide every transition again, and no words. */
export interface SessionHistory {
  readonly format: typeof HISTORY_FORMAT;
  readonly key: string;
  /** The version that exported it; its rows may be older. */
  readonly version: string;
  /** Oldest first. */
  readonly rows: readonly JournalRow[];
}

export function viewOf(door: Door, ports: SessionPorts, reminders: Reminders, journalRows: number): SessionView {
  const { session, store, live } = door;
  const now = ports.now();
  const run = runOf(session);
  const gathering = session.turn.phase === "gathering" ? session.turn.inputs : [];
  const queue = [...gathering, ...session.queue.flat(), ...(run?.steers ?? [])];
  const { count, oldestAt } = door.courier.pending();
  const usd = store
    .transcript(session.epoch, TRANSCRIPT_WINDOW_ROWS)
    .reduce((sum, row) => sum + (row.body.usage?.usd ?? 0), 0);
  const progressAt =
    run?.phase === "running" ? Math.max(run.progressAt, live?.run === run.run ? live.progressAt : 0) : now;
  return {
    key: ports.key,
    state: session.turn.phase,
    epoch: session.epoch,
    queued: queue.length,
    lastActiveAt: Math.max(session.activeAt, store.lastAcceptedAt()),
    run: run
      ? {
          id: run.run,
          startedAt: run.startedAt,
          idleSeconds: Math.max(0, Math.round((now - progressAt) / 1000)),
          deadlineAt: run.phase === "running" ? run.deadlineAt : run.untilAt + run.remainingMs,
          attempt: run.attempt,
          credential: live?.credential ?? session.lease?.credential ?? null,
          steps: run.steps,
          tokens: run.tokens,
          ...(run.phase === "waiting" ? { waiting: { why: run.why, untilAt: run.untilAt } } : {}),
        }
      : null,
    queue: queue.map(({ update, messageId, from, acceptedAt }) => ({ update, messageId, from, acceptedAt })),
    deliveries: { count, oldestAt: oldestAt ?? null, lost: store.fact<Failed>("undelivered") ?? null },
    reminders: reminders.list().length,
    usd,
    journal: store.journal(journalRows, session.policy).map((row) => ({
      seq: row.seq,
      at: row.at,
      event: row.event,
      phase: row.session.turn.phase,
      epoch: row.session.epoch,
      run: runOf(row.session)?.run ?? null,
      queued: row.session.queue.length,
    })),
  };
}
