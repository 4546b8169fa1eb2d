import type { Effect, Outcome } from "./effect.ts";
import type { Origin } from "./event.ts";
import { enqueued, openUntil } from "./gather.ts";
import type { Running, Session, TurnInputs, Waiting } from "./session.ts";
import { after, begin, finishedLog, leave, say, startedLog } from "./step-log.ts";
import type { Circumstances, Stepped } from "./stepped.ts";

/**
 * From one turn to the next: how a turn starts, ends, is parked and goes on. A run ends here and nowhere else, so that what is
 * owed at every end (its log line, the epoch it asked for, the messages that came too late to steer it) cannot be forgotten on one path.
 */

/** The session is free: the next turn of the queue starts, or its message is gathered first. */
export function startNext(session: Session, at: Circumstances): Stepped {
  const [inputs, ...queue] = session.queue;
  if (!inputs) return { session: { ...session, turn: { phase: "idle" } }, effects: [] };
  const untilAt = openUntil(inputs);
  if (untilAt !== undefined && untilAt > at.now) {
    return { session: { ...session, turn: { phase: "gathering", untilAt, inputs }, queue }, effects: [] };
  }
  const { modelOnce, ...choices } = session.choices;
  const running: Running = {
    phase: "running",
    run: at.newRun,
    startedAt: at.now,
    progressAt: at.now,
    deadlineAt: at.now + session.policy.runTimeoutMs,
    attempt: 1,
    inputs,
    fresh: inputs,
    steers: [],
    resetWhenDone: false,
    ...(modelOnce === undefined ? {} : { modelOnce }),
    steps: 0,
    tokens: 0,
  };
  return {
    session: { ...session, turn: running, queue, spoken: true, choices },
    effects: [startedLog(running, session.epoch), begin(running)],
  };
}

export function ungathered(session: Session, inputs: TurnInputs): Session {
  return { ...session, turn: { phase: "idle" }, queue: [inputs, ...session.queue] };
}

/** Cuts the run and ends it; the caller says so to the person. */
export function endRun(
  session: Session,
  turn: Running | Waiting,
  outcome: Outcome,
  because: "stopped" | "reset" | "interrupted",
  now: number,
): Stepped {
  const end = ended(session, turn, outcome, now);
  return {
    session: end.session,
    effects: [{ do: "cut", run: turn.run }, leave(turn, "as_is", because), ...end.effects],
  };
}

/** The run is over: the session is idle, and in a new epoch if the run had asked for one. */
export function ended(session: Session, turn: Running | Waiting, outcome: Outcome, now: number): Stepped {
  const freed: Session = { ...session, turn: { phase: "idle" }, activeAt: now };
  const finished = finishedLog(turn, outcome, session.epoch, now);
  return turn.resetWhenDone
    ? after([finished], openEpoch(freed, "tool", now))
    : { session: freed, effects: [finished] };
}

/** After a turn: messages that came too late to steer it are asked on their own, in the order in which all were written. */
export function andNext(effects: readonly Effect[], end: Stepped, late: TurnInputs, at: Circumstances): Stepped {
  const session: Session = { ...end.session, queue: late.reduce(enqueued, end.session.queue) };
  return after([...effects, ...end.effects], startNext(session, at));
}

/** The next thing is a model call: the messages that steer the turn join it. */
export function steered(turn: Running): Running {
  if (turn.steers.length === 0) return turn;
  return {
    ...turn,
    inputs: [...turn.inputs, ...turn.steers],
    fresh: [...turn.fresh, ...turn.steers],
    steers: [],
  };
}

/** What the run in memory says of its progress: how long it has truly been idle is what its log lines are for. */
export function progressed(session: Session, progressAt: number, now: number): Session {
  const { turn } = session;
  if (turn.phase !== "running") return session;
  return { ...session, turn: { ...turn, progressAt: Math.max(turn.progressAt, Math.min(progressAt, now)) } };
}

export function parked(turn: Running, untilAt: number, why: Waiting["why"], now: number, question?: string): Waiting {
  const { phase: _phase, progressAt: _progress, deadlineAt, ...run } = turn;
  return {
    ...run,
    phase: "waiting",
    untilAt,
    why,
    remainingMs: Math.max(1, deadlineAt - now),
    ...(question === undefined ? {} : { question }),
  };
}

export function resumed(turn: Waiting, now: number): Running {
  const { phase: _phase, untilAt: _until, why: _why, question: _question, isLast: _last, remainingMs, ...run } = turn;
  const running: Running = { ...run, phase: "running", progressAt: now, deadlineAt: now + remainingMs };
  // A credential is missed before a model call, so that is where the run goes on; after a question there may be tools to end first.
  return turn.why === "credential" ? steered(running) : running;
}

/** A new conversation: nothing of the old one goes on, nor the model that was chosen for it. What a message does that meets a run is the session's. */
export function openEpoch(session: Session, by: Origin, now: number, dropped = 0): Stepped {
  const epoch = session.epoch + 1;
  const { busyMode } = session.choices;
  const choices = busyMode === undefined ? {} : { busyMode };
  return {
    session: { ...session, epoch, spoken: false, choices, activeAt: now },
    effects: [
      { do: "forget", epoch: session.epoch },
      { do: "log", event: "session.reset", fields: { by, epoch, dropped } },
      say({ key: "reset", dropped, by }),
    ],
  };
}
