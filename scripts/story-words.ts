import type { runOf } from "../src/core/session.ts";
import type { KeptEvent, Row } from "./journal-file.ts";

/** Events of a session's journal as parts of sentences. Ids and numbers only: there are no words in a journal. */

export function describeRun(run: NonNullable<ReturnType<typeof runOf>>, now: number): string {
  const since = `on since ${clock(run.startedAt)}`;
  if (run.phase === "running") return `${since}, its last sign of life ${span(now - run.progressAt)} before`;
  return `${since}, waiting for a ${run.why} until ${clock(run.untilAt)}`;
}

/** How the run that was on came to its end, by the event that ended it. Reads on after its name. */
export function endOf({ event }: Row): string {
  switch (event.type) {
    case "answered":
      return `answered (${event.textChars ?? 0} characters, ${event.steps} ${event.steps === 1 ? "step" : "steps"}, ${event.tokens} tokens)`;
    case "failed":
      return `failed: ${event.reason}${event.detail ? ` ${JSON.stringify(event.detail)}` : ""}`;
    case "exhausted":
      return `ended because no credential was ready${event.untilAt ? ` before ${clock(event.untilAt)}` : ""}`;
    case "ticked":
      return event.effects.includes("say:timed_out_total")
        ? "was ended: it took too long"
        : "was ended: it gave no sign of life for too long";
    case "woken":
      return `had crashed once too often`;
    case "received":
      return `was interrupted by message ${event.input.messageId}`;
    default:
      return `was ended by ${whoEnds(event)}`;
  }
}

export function whoEnds(event: KeptEvent): string {
  if (event.type === "stopped") return `a stop (${event.by})`;
  if (event.type === "resetAsked") return `a reset (${event.by})`;
  return `the event "${event.type}"`;
}

export function refusalOf(row: Row): string {
  const { effects } = row.event;
  if (effects.includes("say:queue_full")) {
    return `It was refused: the queue was full (${row.session.policy.queueLimit} messages). The person was told.`;
  }
  return `It did not stay in the session.${said(row)}`;
}

/** What was said and sent in the same transaction. */
export function said({ event }: Row): string {
  const notices = event.effects.filter((name) => name.startsWith("say:")).map((name) => name.slice(4));
  const answer = event.effects.includes("answer") ? " The answer was put into the outbox." : "";
  const left = event.effects.includes("leave") ? " What had come of the answer was left in the chat." : "";
  return `${answer}${left}${notices.length > 0 ? ` The person was told: ${notices.join(", ")}.` : ""}`;
}

export function short(run: string): string {
  return run.replace(/^([bq]\d+-)?(.{8}).*$/, "$1$2");
}

export function span(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}

/** The time of the day in UTC, as the log and the dashboard have it. */
export function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}

export function stamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
