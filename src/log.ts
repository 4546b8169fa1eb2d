/**
 * The log: one JSON object a line, `event` first. Facts only: ids, counts, durations, names of outcomes. Never what
 * people or the model wrote, never a key or a token; the fields below are all there is, so there is no place for either.
 */

export type LogEvent =
  | "update.accepted"
  | "update.duplicate"
  | "update.ignored"
  | "update.refused"
  | "update.dropped"
  | "turn.queued"
  | "run.started"
  | "run.waiting"
  | "run.finished"
  | "run.stale"
  | "run.failure"
  | "session.reset"
  | "alarm.fired"
  | "credential.leased"
  | "credential.cooling"
  | "credential.disabled"
  | "credential.ready"
  | "pool.exhausted"
  | "pool.unreachable"
  | "mcp.unreachable"
  | "delivery.retry"
  | "delivery.failed"
  | "delivery.sent"
  | "admin.refused"
  | "admin.did"
  | "config.invalid"
  | "internal.error";

/** Stable keys. Durations end in `ms`, times are epoch milliseconds. */
export interface LogFields {
  readonly session?: string;
  readonly run?: string;
  readonly epoch?: number;
  readonly [key: string]: string | number | boolean | null | undefined;
}

export type Log = (event: LogEvent, fields?: LogFields) => void;

/** Writes to the console, where `wrangler tail` and the dashboard read it. */
export const log: Log = (event, fields = {}) => {
  console.log(JSON.stringify({ event, ...fields }));
};

/** A turn that is answered at once is over by then. */
const LATE_MS = 20;

/**
 * The same lines in the same order, a moment later: who waits for an answer does not wait for the console, which under a tail
 * or an inspector takes longer than all the rest of a short turn.
 */
export function unhurried(log: Log): Log {
  let lines: Parameters<Log>[] = [];
  const flush = (): void => {
    const due = lines;
    lines = [];
    for (const [event, fields] of due) log(event, fields);
  };
  return (event, fields) => {
    lines.push([event, fields]);
    if (lines.length === 1) setTimeout(flush, LATE_MS);
  };
}
