import type { Effect } from "./effect.ts";
import type { Event } from "./event.ts";
import { type KeptLease, type Running, runOf, type Session, SHORTEST_POOL_WAIT_MS, type Waiting } from "./session.ts";
import { leave, say, staleLog, waitingLog, write } from "./step-log.ts";
import type { Circumstances, Stepped } from "./stepped.ts";
import { andNext, ended, parked, resumed, steered } from "./turnover.ts";

/** What a run says of itself, and what a person answers it. The report of a run that is not the session's changes nothing. */

type Report = Extract<Event, { readonly run: string }> & { readonly type: Exclude<Event["type"], "stopped"> };

export function reported(before: Session, event: Report, at: Circumstances): Stepped {
  const { turn } = before;
  // Of tools called together one may park the run before the other is done; what it asked for is this run's wish all the same.
  if (event.type === "resetWhenDoneAsked" && turn.phase === "waiting" && turn.run === event.run) {
    return { session: { ...before, turn: { ...turn, resetWhenDone: true } }, effects: [] };
  }
  // The fence. A report of a run that is not the session's changes nothing.
  if (turn.phase !== "running" || turn.run !== event.run) {
    return { session: before, effects: [staleLog(event.run, event.type, runOf(before), at.now)] };
  }
  const session = "lease" in event && event.lease !== undefined ? withLease(before, event.lease) : before;
  switch (event.type) {
    case "stepped": {
      const written: Running = { ...turn, progressAt: at.now, fresh: [], steps: event.steps, tokens: event.tokens };
      const next = event.boundary ? steered(written) : written;
      return { session: { ...session, turn: next }, effects: [write(turn, event.entry)] };
    }
    case "resetWhenDoneAsked":
      return { session: { ...session, turn: { ...turn, resetWhenDone: true, progressAt: at.now } }, effects: [] };
    case "compacted": {
      const next: Running = { ...turn, progressAt: at.now };
      return {
        session: { ...session, turn: next },
        effects: [{ do: "compact", run: turn.run, entry: event.entry, keepFrom: event.keepFrom }],
      };
    }
    case "answered": {
      const counted: Running = { ...turn, steps: event.steps, tokens: event.tokens };
      const said: Effect[] = [
        write(turn, event.entry),
        { do: "answer", run: turn.run, replyTo: turn.inputs[0], text: event.text },
      ];
      return andNext(said, ended(session, counted, "answered", at.now), turn.steers, at);
    }
    case "failed": {
      const said: Effect[] = [
        leave(turn, "completed", "failed", event.text),
        say({ key: "failed", reason: event.reason, ...(event.detail ? { detail: event.detail } : {}) }, turn.inputs[0]),
      ];
      return andNext(said, ended(session, turn, "failed", at.now), turn.steers, at);
    }
    case "exhausted":
      return exhausted(session, turn, event, at);
    case "asked": {
      const waiting: Waiting = {
        ...parked(turn, event.untilAt, "person", at.now, event.question),
        ...(event.isLast ? { isLast: true } : {}),
      };
      return { session: { ...session, turn: waiting }, effects: [waitingLog(waiting)] };
    }
    default:
      return event satisfies never;
  }
}

function withLease(session: Session, lease: KeptLease | null): Session {
  const { lease: _old, ...rest } = session;
  return lease ? { ...rest, lease } : rest;
}

/** The next turn asks the pool. A call that is under way is left alone: its key fails it or does not. */
export function leaseLost(session: Session, event: Extract<Event, { type: "leaseLost" }>): Stepped {
  const { lease } = session;
  if (lease === undefined || lease.provider !== event.provider || lease.credential !== event.credential) {
    return { session, effects: [] };
  }
  const isMeant = event.model === undefined || event.model === lease.model;
  return { session: isMeant ? withLease(session, null) : session, effects: [] };
}

/** No key for any model: wait for one that comes back soon, or end aloud with the time. Never an exception, never silence. */
function exhausted(
  session: Session,
  turn: Running,
  event: Extract<Event, { type: "exhausted" }>,
  at: Circumstances,
): Stepped {
  const poolWaitEndsAt = turn.poolWaitEndsAt ?? at.now + session.policy.poolWaitMs;
  const detail = event.detail ? { detail: event.detail } : {};
  // A time that is past or all but here would have the run ask again at once, and again, for as long as the pool says so.
  const untilAt = event.untilAt === undefined ? undefined : Math.max(event.untilAt, at.now + SHORTEST_POOL_WAIT_MS);
  if (untilAt !== undefined && untilAt <= poolWaitEndsAt) {
    const waiting: Waiting = {
      ...parked(turn, untilAt, "credential", at.now),
      poolWaitEndsAt,
      saidWaiting: true,
    };
    const tell: Effect[] = turn.saidWaiting ? [] : [say({ key: "waiting", untilAt }, turn.inputs[0])];
    return { session: { ...session, turn: waiting }, effects: [waitingLog(waiting), ...tell] };
  }
  const until = untilAt === undefined ? {} : { untilAt };
  const said: Effect[] = [
    leave(turn, "completed", "exhausted", event.text),
    say({ key: "exhausted", ...until, ...detail }, turn.inputs[0]),
  ];
  return andNext(said, ended(session, turn, "exhausted", at.now), turn.steers, at);
}

export function chosen(session: Session, event: Extract<Event, { type: "chosen" }>, at: Circumstances): Stepped {
  const { turn } = session;
  if (turn.phase !== "waiting" || turn.why !== "person" || turn.question !== event.question) {
    return { session, effects: [staleLog(event.question, "chosen", runOf(session), at.now)] };
  }
  const running = resumed(turn, at.now);
  return {
    session: { ...session, turn: turn.isLast ? steered(running) : running },
    effects: [write({ ...turn, fresh: [] }, event.entry), { do: "begin", run: turn.run }],
  };
}
