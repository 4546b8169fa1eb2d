import * as z from "zod";
import type { JournalView, SessionView } from "../session/view.ts";

/**
 * What a session's journal tells: for each event what the state was and what it became, and how each run ended. Pure.
 * The journal is a ring, so its first row's past is not known: nothing is concluded from that row alone.
 */

export type Outcome = "answered" | "stopped" | "reset" | "failed" | "timed_out" | "exhausted" | "recovered";

export interface Moment {
  readonly seq: number;
  readonly at: number;
  readonly event: string;
  /** Small facts of the event: who asked, why it failed. */
  readonly facts: readonly string[];
  /** Undefined: before the journal begins. */
  readonly was: string | undefined;
  readonly became: string;
  readonly run: string | null;
  readonly epoch: number;
  readonly queued: number;
  /** What was done: `say:queued`, `answer`, `cut`. */
  readonly effects: readonly string[];
}

export interface RunEnd {
  readonly session: string;
  readonly run: string;
  readonly epoch: number;
  readonly outcome: Outcome;
  readonly reason: string | undefined;
  readonly at: number;
  /** Undefined: it began before the journal does. */
  readonly ms: number | undefined;
}

export interface Wait {
  readonly at: number;
  readonly why: "credential" | "person";
}

/** Oldest first. */
export function moments(view: SessionView): Moment[] {
  return pairs(view.journal).map(({ before, row }) => {
    const event = eventSchema.parse(row.event);
    return {
      seq: row.seq,
      at: row.at,
      event: event.type,
      facts: factsOf(event),
      was: before?.phase,
      became: row.phase,
      run: row.run ?? before?.run ?? null,
      epoch: row.epoch,
      queued: row.queued,
      effects: event.effects,
    };
  });
}

export function runEnds(view: SessionView): RunEnd[] {
  const startedAt = new Map<string, number>();
  const ends: RunEnd[] = [];
  for (const { before, row } of pairs(view.journal)) {
    if (before && row.run !== null && row.run !== before.run) startedAt.set(row.run, row.at);
    if (!before || before.run === null || before.run === row.run) continue;
    const event = eventSchema.parse(row.event);
    const outcome = outcomeOf(event, row.run !== null);
    if (!outcome) continue;
    const from = startedAt.get(before.run);
    ends.push({
      session: view.key,
      run: before.run,
      epoch: before.epoch,
      outcome,
      reason: outcome === "failed" ? (event.reason ?? "crashed") : undefined,
      at: row.at,
      ms: from === undefined ? undefined : row.at - from,
    });
  }
  return ends;
}

/** When runs began to wait for a credential or for a person. */
export function waits(view: SessionView): Wait[] {
  return pairs(view.journal).flatMap(({ before, row }) =>
    before && row.phase === "waiting" && before.phase !== "waiting"
      ? [{ at: row.at, why: eventSchema.parse(row.event).type === "asked" ? "person" : "credential" }]
      : [],
  );
}

/** As `step` ends a run: by its own report, a person's word, the clock, or a death. */
function outcomeOf(event: JournalEvent, goesOn: boolean): Outcome | undefined {
  switch (event.type) {
    case "answered":
    case "failed":
    case "exhausted":
    case "stopped":
      return event.type;
    case "resetAsked":
      return "reset";
    case "ticked":
      return "timed_out";
    // A message that interrupts.
    case "received":
      return "stopped";
    case "woken":
      return goesOn && !event.effects.includes("leave") ? "recovered" : "failed";
    default:
      return undefined;
  }
}

interface Pair {
  /** Undefined: the journal does not tell. */
  readonly before: Pick<JournalView, "phase" | "run" | "epoch"> | undefined;
  readonly row: JournalView;
}

function pairs(journal: readonly JournalView[]): Pair[] {
  const rows = [...journal].sort((one, other) => one.seq - other.seq);
  return rows.map((row, index) => {
    // The very first event of a session meets a new one.
    if (row.seq === 1) return { before: { phase: "idle", run: null, epoch: 1 }, row };
    const before = rows[index - 1];
    return { before: before?.seq === row.seq - 1 ? before : undefined, row };
  });
}

function factsOf(event: JournalEvent): string[] {
  return [
    ...(event.by ? [`by ${event.by}`] : []),
    ...(event.mode ? [`mode ${event.mode}`] : []),
    ...(event.reason ? [event.reason] : []),
    ...(event.steps === undefined ? [] : [`step ${event.steps}`]),
    ...(event.tokens === undefined ? [] : [`${event.tokens} tokens`]),
    ...(event.textChars === undefined ? [] : [`${event.textChars} characters`]),
    ...(event.untilAt === undefined ? [] : [`until ${new Date(event.untilAt).toISOString().slice(11, 19)} UTC`]),
    ...(event.lease ? [`credential ${event.lease.credential}`] : []),
  ];
}

const word = z.string().max(64).optional().catch(undefined);
const count = z.number().optional().catch(undefined);

/** What the page says of an event: names and numbers, each of which may be missing in a row of another version. */
const eventSchema = z
  .object({
    type: z.string().max(64).catch("unknown"),
    effects: z.array(z.string().max(64)).max(50).catch([]),
    by: word,
    mode: word,
    reason: word,
    steps: count,
    tokens: count,
    textChars: count,
    untilAt: z.number().min(0).max(8e15).optional().catch(undefined),
    lease: z
      .object({ credential: z.string().max(64) })
      .optional()
      .catch(undefined),
  })
  .catch({ type: "unknown", effects: [] });
type JournalEvent = z.infer<typeof eventSchema>;
