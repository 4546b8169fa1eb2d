import type { Effect, Notice, Outcome } from "./effect.ts";
import { type Input, pendingInputs, type Run, type Running, type Session, type Waiting } from "./session.ts";
import type { Stepped } from "./stepped.ts";

/** The effects that several rules share, each made in one way. They decide nothing. */

export function after(first: readonly Effect[], then: Stepped): Stepped {
  return { session: then.session, effects: [...first, ...then.effects] };
}

export function say(notice: Notice, replyTo?: Input): Effect {
  return replyTo ? { do: "say", notice, replyTo } : { do: "say", notice };
}

export function begin(turn: Running): Effect {
  return { do: "begin", run: turn.run };
}

export function write(turn: Run, entry: unknown): Effect {
  return { do: "write", run: turn.run, inputs: turn.fresh, entry };
}

export function leave(
  turn: Run,
  shown: "as_is" | "completed",
  because: Extract<Effect, { do: "leave" }>["because"],
  text?: string,
): Effect {
  return { do: "leave", run: turn.run, inputs: turn.fresh, shown, because, ...(text ? { text } : {}) };
}

export function startedLog(turn: Running, epoch: number): Effect {
  return {
    do: "log",
    event: "run.started",
    fields: { run: turn.run, epoch, attempt: turn.attempt, messages: turn.inputs.length },
  };
}

export function waitingLog(turn: Waiting): Effect {
  return { do: "log", event: "run.waiting", fields: { run: turn.run, why: turn.why, until: turn.untilAt } };
}

export function finishedLog(turn: Run, outcome: Outcome, epoch: number, now: number): Effect {
  return {
    do: "log",
    event: "run.finished",
    fields: { run: turn.run, epoch, outcome, ms: now - turn.startedAt, steps: turn.steps, tokens: turn.tokens },
  };
}

/** A line for each message that goes with the queue: who looks for one finds what became of it. */
export function droppedLogs(session: Session, reason: "stopped" | "reset"): Effect[] {
  return pendingInputs(session).map(({ update }) => ({
    do: "log",
    event: "update.dropped",
    fields: { update, reason, epoch: session.epoch },
  }));
}

export function staleLog(stale: string, report: string, run: Running | Waiting | undefined, now: number): Effect {
  return {
    do: "log",
    event: "run.stale",
    fields: {
      run: stale,
      report,
      ...(run ? { current: run.run, idle_ms: run.phase === "running" ? Math.max(0, now - run.progressAt) : 0 } : {}),
    },
  };
}
