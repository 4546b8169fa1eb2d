import type { JournalView, SessionView } from "../session/view.ts";

/** What the JSON routes show of a session. Fields are only ever added: scripts depend on them (contract.md). */

export interface SessionSummary {
  readonly key: string;
  readonly state: SessionView["state"];
  readonly epoch: number;
  readonly queued: number;
  /** Epoch milliseconds; 0: never. */
  readonly lastActiveAt: number;
  /** The run's id. */
  readonly run: string | null;
  readonly startedAt: number | null;
  readonly idleSeconds: number | null;
  readonly waiting: { readonly why: "credential" | "person"; readonly untilAt: number } | null;
  /** Messages that Telegram has not taken yet. */
  readonly deliveries: number;
  readonly reminders: number;
  readonly usd: number;
}

export function summaryOf(view: SessionView): SessionSummary {
  const { key, state, epoch, queued, lastActiveAt, run } = view;
  return {
    key,
    state,
    epoch,
    queued,
    lastActiveAt,
    run: run?.id ?? null,
    startedAt: run?.startedAt ?? null,
    idleSeconds: run?.idleSeconds ?? null,
    waiting: run?.waiting ?? null,
    deliveries: view.deliveries.count,
    reminders: view.reminders,
    usd: view.usd,
  };
}

/** The whole session, its journal newest first. */
export function detailOf(view: SessionView): SessionView {
  return { ...view, journal: view.journal.map(wordless).sort((one, other) => other.seq - one.seq) };
}

/** The journal is written without words; should a row of another version hold some, they end here. */
function wordless(row: JournalView): JournalView {
  if (typeof row.event !== "object" || row.event === null) return { ...row, event: {} };
  const kept = Object.entries(row.event).filter(([name]) => !WORDS.has(name));
  return { ...row, event: Object.fromEntries(kept) };
}

const WORDS: ReadonlySet<string> = new Set(["text", "entry", "words", "messages", "summary"]);
