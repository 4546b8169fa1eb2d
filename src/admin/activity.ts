import type { SessionView } from "../session/view.ts";
import { type Outcome, type RunEnd, runEnds, waits } from "./story.ts";

/** The last day in hours, out of the journals of the sessions used last: how runs ended, how long they took, what waited. */

export const HOURS = 24;
const HOUR_MS = 60 * 60_000;
const MOST_ERRORS = 50;

export const OUTCOMES: readonly Outcome[] = [
  "answered",
  "stopped",
  "reset",
  "recovered",
  "failed",
  "exhausted",
  "timed_out",
];
const ERRORS: ReadonlySet<Outcome> = new Set(["failed", "exhausted", "timed_out", "recovered"]);

export interface Hour {
  /** When it began, epoch milliseconds. */
  readonly at: number;
  /** A run that crashed and went on is no turn of its own, so `recovered` is not counted. */
  readonly turns: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly waits: number;
  /** How long turns took; null: none of known length. */
  readonly medianMs: number | null;
  readonly slowestMs: number | null;
}

export interface Activity {
  /** Oldest first; the last is the hour that is on. */
  readonly hours: readonly Hour[];
  /** Newest first. */
  readonly errors: readonly RunEnd[];
  readonly sessions: number;
}

export function activityOf(views: readonly SessionView[], now: number): Activity {
  const firstAt = Math.floor(now / HOUR_MS) * HOUR_MS - (HOURS - 1) * HOUR_MS;
  const isLate = ({ at }: { readonly at: number }) => at >= firstAt;
  const ends = views.flatMap(runEnds).filter(isLate);
  const waited = views.flatMap(waits).filter(isLate);
  const hours = Array.from({ length: HOURS }, (_, index) => {
    const at = firstAt + index * HOUR_MS;
    const isIn = (event: { readonly at: number }) => event.at >= at && event.at < at + HOUR_MS;
    return hourOf(at, ends.filter(isIn), waited.filter(isIn).length);
  });
  const errors = ends
    .filter(({ outcome }) => ERRORS.has(outcome))
    .sort((one, other) => other.at - one.at)
    .slice(0, MOST_ERRORS);
  return { hours, errors, sessions: views.length };
}

function hourOf(at: number, ends: readonly RunEnd[], waited: number): Hour {
  const outcomes = { answered: 0, stopped: 0, reset: 0, recovered: 0, failed: 0, exhausted: 0, timed_out: 0 };
  for (const { outcome } of ends) outcomes[outcome] += 1;
  const lengths = ends
    .flatMap(({ ms, outcome }) => (ms === undefined || outcome === "recovered" ? [] : [ms]))
    .sort((one, other) => one - other);
  return {
    at,
    turns: ends.length - outcomes.recovered,
    outcomes,
    waits: waited,
    medianMs: lengths[Math.floor((lengths.length - 1) / 2)] ?? null,
    slowestMs: lengths.at(-1) ?? null,
  };
}
