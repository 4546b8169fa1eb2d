/**
 * The log: one JSON object a line, `event` first. Facts only: ids, counts, durations, names of outcomes. Never what
 * people or the model wrote, never a key or a token; the fields below are all there is, so there is no place for either.
 */

export type LogEvent =
  | "update.accepted"
  | "update.duplicate"
  | "update.ignored"
  | "update.refused"
  | "turn.queued"
  | "run.started"
  | "run.waiting"
  | "run.step"
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
