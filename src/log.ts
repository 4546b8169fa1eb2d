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

/** Longer than a model that answers at once takes to be heard, shorter than anybody notices. */
const LATER_MS = 20;
/** So much earlier a line goes along with one before it: a timer of its own costs more than it. */
const TOGETHER_MS = 6;

/**
 * The same lines in the same order, a moment later: who waits for an acknowledgement or an answer does not wait for the
 * console, which under a tail or an inspector takes longer than all the rest. Each waits as long as the others, so that
 * the lines of several objects come as they happened.
 */
export function unhurried(log: Log): Log {
  const lines: { readonly dueAt: number; readonly line: Parameters<Log> }[] = [];
  const flush = (): void => {
    const now = Date.now();
    for (let [first] = lines; first && first.dueAt <= now + TOGETHER_MS; [first] = lines) {
      lines.shift();
      log(...first.line);
    }
    if (lines[0]) setTimeout(flush, lines[0].dueAt - now);
  };
  return (...line) => {
    lines.push({ dueAt: Date.now() + LATER_MS, line });
    if (lines.length === 1) setTimeout(flush, LATER_MS);
  };
}
