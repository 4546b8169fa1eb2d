import { dueReset } from "./clock.ts";
import type { Effect, Notice, Outcome } from "./effect.ts";
import type { Event, Origin } from "./event.ts";
import { belongsTo, enqueued, joined, openUntil } from "./gather.ts";
import {
  type Input,
  type KeptLease,
  MOST_ATTEMPTS,
  queuedInputs,
  type Run,
  type Running,
  runOf,
  type Session,
  SHORTEST_POOL_WAIT_MS,
  type Turn,
  type TurnInputs,
  type Waiting,
} from "./session.ts";

/**
 * The one rule of a session: what an event makes of it, and what is to be done. Total and pure: every event is legal in
 * every state, time and the name of a run that may begin are arguments, and nothing here throws, awaits or reads a clock.
 * It must never free or end a run by anything but that run's own id or a person's word, and never leave a session busy
 * without a time at which it moves on.
 */

export interface Circumstances {
  readonly now: number;
  /** An unguessable id, unused so far: the name of the run, should one begin. */
  readonly newRun: string;
}

export interface Stepped {
  readonly session: Session;
  readonly effects: readonly Effect[];
}

export function step(session: Session, event: Event, at: Circumstances): Stepped {
  switch (event.type) {
    case "received":
      return received(session, event, at);
    case "stopped":
      return stopped(session, event, at);
    case "resetAsked":
      return resetAsked(session, event, at);
    case "preferred":
      return { session: { ...session, choices: event.choices }, effects: [] };
    case "ticked":
      return ticked(session, event, at);
    case "woken":
      return woken(session, at);
    case "poolChanged":
      return poolChanged(session, at);
    case "chosen":
      return chosen(session, event, at);
    case "stepped":
    case "answered":
    case "failed":
    case "exhausted":
    case "asked":
    case "resetWhenDoneAsked":
    case "compacted":
      return reported(session, event, at);
    default:
      return event satisfies never;
  }
}

type Report = Extract<Event, { readonly run: string }> & { readonly type: Exclude<Event["type"], "stopped"> };

// ---- messages -------------------------------------------------------------------------------------------------------

function received(before: Session, event: Extract<Event, { type: "received" }>, at: Circumstances): Stepped {
  const { input } = event;
  const reset = before.turn.phase === "idle" ? dueReset(before, at.now) : undefined;
  const opened = reset ? openEpoch(before, reset, at.now) : { session: before, effects: [] };
  const session: Session = { ...opened.session, activeAt: at.now };
  const { turn } = session;

  switch (turn.phase) {
    case "idle":
      return after(opened.effects, startNext({ ...session, queue: enqueued(session.queue, input) }, at));
    case "gathering": {
      if (!belongsTo(turn.inputs, input)) return enqueueAloud(session, input, at.now);
      const inputs = joined(turn.inputs, input);
      return { session: { ...session, turn: { ...turn, inputs, untilAt: openUntil(inputs) ?? at.now } }, effects: [] };
    }
    case "running":
    case "waiting":
      return meetsRun(session, turn, input, event.mode ?? session.choices.busyMode ?? session.policy.busyMode, at);
    default:
      return turn satisfies never;
  }
}

/** What a message does that meets a run. */
function meetsRun(
  session: Session,
  turn: Running | Waiting,
  input: Input,
  mode: Session["policy"]["busyMode"],
  at: Circumstances,
): Stepped {
  // A further piece of a message that is already queued goes to it, whatever the mode: a message cannot steer itself.
  if (session.queue.some((inputs) => belongsTo(inputs, input))) return enqueueAloud(session, input, at.now);
  switch (mode) {
    case "queue":
      return enqueueAloud(session, input, at.now);
    case "steer": {
      if (pending(session) >= session.policy.queueLimit) return refuse(session, input);
      const withSteer: Turn = { ...turn, steers: [...turn.steers, input] };
      return {
        session: { ...session, turn: withSteer },
        effects: [busyLog(session, "steer", at.now), say({ key: "steered" }, input)],
      };
    }
    case "interrupt": {
      const ended = endRun(session, turn, "stopped", "interrupted", at.now);
      const queued = enqueued([...asTurns(turn.steers), ...ended.session.queue], input);
      const next = startNext({ ...ended.session, queue: queued }, at);
      return after([busyLog(session, "interrupt", at.now), ...ended.effects], next);
    }
    default:
      return mode satisfies never;
  }
}

/** "Queued" is said only of what is queued; above the limit the refusal is said instead. */
function enqueueAloud(session: Session, input: Input, now: number): Stepped {
  const isPiece = session.queue.some((inputs) => belongsTo(inputs, input));
  // The rest of a message that was taken in is never refused: half an album would be asked, and the other half said to be lost.
  if (!isPiece && pending(session) >= session.policy.queueLimit) return refuse(session, input);
  const queue = enqueued(session.queue, input);
  const queued: Session = { ...session, queue };
  const { turn } = session;
  const effects: Effect[] = [busyLog(queued, "queue", now)];
  if (turn.phase !== "running" && turn.phase !== "waiting") return { session: queued, effects };
  if (turn.saidQueued) return { session: queued, effects };
  const behindQuestion = turn.phase === "waiting" && turn.why === "person";
  effects.push(say(behindQuestion ? { key: "queued_behind_question" } : { key: "queued", ahead: queue.length }, input));
  return { session: { ...queued, turn: { ...turn, saidQueued: true } }, effects };
}

/** Messages that wait for their turn, or to join the one that is on. */
function pending(session: Session): number {
  return queuedInputs(session).length + (runOf(session)?.steers.length ?? 0);
}

function refuse(session: Session, input: Input): Stepped {
  const limit = session.policy.queueLimit;
  return {
    session,
    effects: [
      { do: "log", event: "update.refused", fields: { reason: "queue_full", update: input.update, limit } },
      say({ key: "queue_full", limit }, input),
    ],
  };
}

/** Every message that a busy session takes in leaves a line that says which run it met and how long that run has been idle. */
function busyLog(session: Session, mode: string, now: number): Effect {
  const run = runOf(session);
  return {
    do: "log",
    event: "turn.queued",
    fields: {
      mode,
      depth: queuedInputs(session).length,
      ...(run ? { run: run.run, idle_ms: run.phase === "running" ? Math.max(0, now - run.progressAt) : 0 } : {}),
    },
  };
}

// ---- stop and reset ---------------------------------------------------------------------------------------------------

function stopped(session: Session, event: Extract<Event, { type: "stopped" }>, at: Circumstances): Stepped {
  const run = runOf(session);
  if (event.run !== undefined && event.run !== run?.run) {
    return { session, effects: [staleLog(event.run, "stopped", run, at.now)] };
  }
  const dropped = pending(session);
  if (!run && dropped === 0) return { session, effects: [say({ key: "nothing_to_stop" })] };
  const ended = run ? endRun(session, run, "stopped", "stopped", at.now) : { session, effects: [] };
  return {
    session: { ...ended.session, turn: { phase: "idle" }, queue: [] },
    effects: [...ended.effects, say({ key: "stopped", dropped })],
  };
}

function resetAsked(session: Session, event: Extract<Event, { type: "resetAsked" }>, at: Circumstances): Stepped {
  const run = runOf(session);
  const dropped = pending(session);
  const ended = run ? endRun(session, run, "reset", "reset", at.now) : { session, effects: [] };
  // The run's own wish to reset is granted by this reset; it must not open a second epoch.
  const emptied: Session = { ...session, turn: { phase: "idle" }, queue: [] };
  const opened = openEpoch(emptied, event.by, at.now, dropped);
  const effects = [...ended.effects.filter((effect) => !opensEpoch(effect)), ...opened.effects];
  if (!event.then) return { session: opened.session, effects };
  const withFirst: Session = { ...opened.session, queue: [[event.then]], activeAt: at.now };
  return after(effects, startNext(withFirst, at));
}

function opensEpoch(effect: Effect): boolean {
  return (
    effect.do === "forget" ||
    (effect.do === "log" && effect.event === "session.reset") ||
    (effect.do === "say" && effect.notice.key === "reset")
  );
}

/** A new conversation: nothing of the old one, and none of what was chosen for it, goes on. */
function openEpoch(session: Session, by: Origin, now: number, dropped = 0): Stepped {
  const epoch = session.epoch + 1;
  return {
    session: { ...session, epoch, spoken: false, choices: {}, activeAt: now },
    effects: [
      { do: "forget", epoch: session.epoch },
      { do: "log", event: "session.reset", fields: { by, epoch, dropped } },
      say({ key: "reset", dropped, by }),
    ],
  };
}

// ---- the run's own reports ----------------------------------------------------------------------------------------------

function reported(before: Session, event: Report, at: Circumstances): Stepped {
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
      const waiting = parked(turn, event.untilAt, "person", at.now, event.question);
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

function chosen(session: Session, event: Extract<Event, { type: "chosen" }>, at: Circumstances): Stepped {
  const { turn } = session;
  if (turn.phase !== "waiting" || turn.why !== "person" || turn.question !== event.question) {
    return { session, effects: [staleLog(event.question, "chosen", runOf(session), at.now)] };
  }
  const running = resumed(turn, at.now);
  return {
    session: { ...session, turn: running },
    effects: [write({ ...turn, fresh: [] }, event.entry), { do: "begin", run: turn.run }],
  };
}

// ---- time, death and return -----------------------------------------------------------------------------------------------

function ticked(session: Session, event: Extract<Event, { type: "ticked" }>, at: Circumstances): Stepped {
  const { turn, policy } = session;
  switch (turn.phase) {
    case "idle":
      // An idle session with a queue cannot be written by `step`; should storage hold one, it heals here.
      return session.queue.length > 0 ? startNext(session, at) : { session, effects: [] };
    case "gathering":
      return at.now >= turn.untilAt ? startNext(ungathered(session, turn.inputs), at) : { session, effects: [] };
    case "waiting":
      if (at.now < turn.untilAt) return { session, effects: [] };
      return {
        session: { ...session, turn: resumed(turn, at.now) },
        effects: [
          ...(turn.why === "person" ? [say({ key: "question_expired" }, turn.inputs[0])] : []),
          { do: "begin", run: turn.run },
        ],
      };
    case "running": {
      const progressAt = Math.max(turn.progressAt, Math.min(event.progressAt ?? 0, at.now));
      if (at.now >= turn.deadlineAt) {
        return timedOut(session, turn, { key: "timed_out_total", seconds: policy.runTimeoutMs / 1000 }, at);
      }
      if (at.now >= progressAt + policy.runIdleTimeoutMs) {
        return timedOut(session, turn, { key: "timed_out_idle", seconds: policy.runIdleTimeoutMs / 1000 }, at);
      }
      return progressAt === turn.progressAt
        ? { session, effects: [] }
        : { session: { ...session, turn: { ...turn, progressAt } }, effects: [] };
    }
    default:
      return turn satisfies never;
  }
}

function timedOut(session: Session, turn: Running, notice: Notice, at: Circumstances): Stepped {
  const said: Effect[] = [
    { do: "cut", run: turn.run },
    leave(turn, "completed", "timed_out"),
    say(notice, turn.inputs[0]),
  ];
  return andNext(said, ended(session, turn, "timed_out", at.now), turn.steers, at);
}

/** The process died under the run. It goes on from the last finished step under a new name, so that the dead one is fenced. */
function woken(session: Session, at: Circumstances): Stepped {
  const { turn } = session;
  if (turn.phase !== "running") return { session, effects: [] };
  if (turn.attempt >= MOST_ATTEMPTS) {
    const said: Effect[] = [leave(turn, "as_is", "failed"), say({ key: "failed", reason: "crashed" }, turn.inputs[0])];
    return andNext(said, ended(session, turn, "failed", at.now), turn.steers, at);
  }
  const next: Running = { ...turn, run: at.newRun, attempt: turn.attempt + 1, progressAt: at.now };
  return {
    session: { ...session, turn: next },
    effects: [finishedLog(turn, "recovered", session.epoch, at.now), startedLog(next, session.epoch), begin(next)],
  };
}

function poolChanged(session: Session, at: Circumstances): Stepped {
  const { turn } = session;
  if (turn.phase !== "waiting" || turn.why !== "credential") return { session, effects: [] };
  return { session: { ...session, turn: resumed(turn, at.now) }, effects: [{ do: "begin", run: turn.run }] };
}

// ---- from one turn to the next ----------------------------------------------------------------------------------------------

/** The session is free: the next turn of the queue starts, or its message is gathered first. */
function startNext(session: Session, at: Circumstances): Stepped {
  const [inputs, ...queue] = session.queue;
  if (!inputs) return { session: { ...session, turn: { phase: "idle" } }, effects: [] };
  const untilAt = openUntil(inputs);
  if (untilAt !== undefined && untilAt > at.now) {
    return { session: { ...session, turn: { phase: "gathering", untilAt, inputs }, queue }, effects: [] };
  }
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
    steps: 0,
    tokens: 0,
  };
  return {
    session: { ...session, turn: running, queue, spoken: true },
    effects: [startedLog(running, session.epoch), begin(running)],
  };
}

function ungathered(session: Session, inputs: TurnInputs): Session {
  return { ...session, turn: { phase: "idle" }, queue: [inputs, ...session.queue] };
}

/** Cuts the run and ends it; the caller says so to the person. */
function endRun(
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

/** The run is over: the session is idle, and in a new epoch if the run had asked for one. What was chosen for one turn is used up. */
function ended(session: Session, turn: Running | Waiting, outcome: Outcome, now: number): Stepped {
  const { modelOnce: _used, ...choices } = session.choices;
  const freed: Session = { ...session, turn: { phase: "idle" }, activeAt: now, choices };
  const finished = finishedLog(turn, outcome, session.epoch, now);
  return turn.resetWhenDone
    ? after([finished], openEpoch(freed, "tool", now))
    : { session: freed, effects: [finished] };
}

/** After a turn: messages that came too late to steer it are asked on their own, then the queue goes on. */
function andNext(effects: readonly Effect[], end: Stepped, late: TurnInputs, at: Circumstances): Stepped {
  const session: Session = { ...end.session, queue: [...asTurns(late), ...end.session.queue] };
  return after([...effects, ...end.effects], startNext(session, at));
}

/** Each message is a turn of its own, and the pieces of one message are one. */
function asTurns(inputs: TurnInputs): readonly TurnInputs[] {
  return inputs.reduce<readonly TurnInputs[]>(enqueued, []);
}

/** The next thing is a model call: the messages that steer the turn join it. */
function steered(turn: Running): Running {
  if (turn.steers.length === 0) return turn;
  return {
    ...turn,
    inputs: [...turn.inputs, ...turn.steers],
    fresh: [...turn.fresh, ...turn.steers],
    steers: [],
  };
}

function parked(turn: Running, untilAt: number, why: Waiting["why"], now: number, question?: string): Waiting {
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

function resumed(turn: Waiting, now: number): Running {
  const { phase: _phase, untilAt: _until, why: _why, question: _question, remainingMs, ...run } = turn;
  const running: Running = { ...run, phase: "running", progressAt: now, deadlineAt: now + remainingMs };
  // A credential is missed before a model call, so that is where the run goes on; after a question there may be tools to end first.
  return turn.why === "credential" ? steered(running) : running;
}

// ---- effects ------------------------------------------------------------------------------------------------------------

function after(first: readonly Effect[], then: Stepped): Stepped {
  return { session: then.session, effects: [...first, ...then.effects] };
}

function say(notice: Notice, replyTo?: Input): Effect {
  return replyTo ? { do: "say", notice, replyTo } : { do: "say", notice };
}

function begin(turn: Running): Effect {
  return { do: "begin", run: turn.run };
}

function write(turn: Run, entry: unknown): Effect {
  return { do: "write", run: turn.run, inputs: turn.fresh, entry };
}

function leave(
  turn: Run,
  shown: "as_is" | "completed",
  because: Extract<Effect, { do: "leave" }>["because"],
  text?: string,
): Effect {
  return { do: "leave", run: turn.run, inputs: turn.fresh, shown, because, ...(text ? { text } : {}) };
}

function startedLog(turn: Running, epoch: number): Effect {
  return {
    do: "log",
    event: "run.started",
    fields: { run: turn.run, epoch, attempt: turn.attempt, messages: turn.inputs.length },
  };
}

function waitingLog(turn: Waiting): Effect {
  return { do: "log", event: "run.waiting", fields: { run: turn.run, why: turn.why, until: turn.untilAt } };
}

function finishedLog(turn: Run, outcome: Outcome, epoch: number, now: number): Effect {
  return {
    do: "log",
    event: "run.finished",
    fields: { run: turn.run, epoch, outcome, ms: now - turn.startedAt, steps: turn.steps, tokens: turn.tokens },
  };
}

function staleLog(stale: string, report: string, run: Running | Waiting | undefined, now: number): Effect {
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
