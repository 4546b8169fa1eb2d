import { dueReset } from "./clock.ts";
import type { Effect } from "./effect.ts";
import type { Event } from "./event.ts";
import { belongsTo, enqueued, joined, openUntil, placed } from "./gather.ts";
import {
  type Choices,
  type Input,
  pending,
  queuedInputs,
  type Running,
  runOf,
  type Session,
  type Turn,
  type TurnInputs,
  type Waiting,
} from "./session.ts";
import { after, say } from "./step-log.ts";
import type { Circumstances, Stepped } from "./stepped.ts";
import { endRun, openEpoch, progressed, startNext } from "./turnover.ts";

/** What a message does that arrives: it starts a turn, completes a message, waits, steers, interrupts, or is refused aloud. Never nothing. */

export function received(before: Session, event: Extract<Event, { type: "received" }>, at: Circumstances): Stepped {
  const { input } = event;
  const reset = before.turn.phase === "idle" ? dueReset(before, at.now) : undefined;
  const opened = reset ? openEpoch(before, reset, at.now) : { session: before, effects: [] };
  const session: Session = progressed({ ...opened.session, activeAt: at.now }, event.progressAt ?? 0, at.now);
  const { turn } = session;
  const rest = event.rest ?? [];

  switch (turn.phase) {
    case "idle": {
      const queue = rest.length > 0 ? placed(session.queue, [input, ...rest]) : enqueued(session.queue, input);
      return after(opened.effects, startNext({ ...session, queue }, at));
    }
    case "gathering": {
      if (rest.length > 0) return enqueueAloud(session, input, at.now, rest);
      if (!belongsTo(turn.inputs, input)) return enqueueAloud(session, input, at.now);
      const inputs = joined(turn.inputs, input);
      return { session: { ...session, turn: { ...turn, inputs, untilAt: openUntil(inputs) ?? at.now } }, effects: [] };
    }
    case "running":
    case "waiting":
      if (rest.length > 0) return enqueueAloud(session, input, at.now, rest);
      return meetsRun(session, turn, input, event.mode ?? session.choices.busyMode ?? session.policy.busyMode, at);
    default:
      return turn satisfies never;
  }
}

/** After a reset by the clock only the model that was chosen just now holds; else the next message would forget it with the rest. */
export function preferred(session: Session, event: Extract<Event, { type: "preferred" }>, at: Circumstances): Stepped {
  const reset = session.turn.phase === "idle" ? dueReset(session, at.now) : undefined;
  if (!reset) return { session: { ...session, choices: event.choices }, effects: [] };
  const opened = openEpoch(session, reset, at.now);
  return { session: { ...opened.session, choices: newly(event.choices, session.choices) }, effects: opened.effects };
}

function newly(chosen: Choices, before: Choices): Choices {
  const { busyMode, model, modelOnce } = chosen;
  return {
    ...(busyMode === undefined ? {} : { busyMode }),
    ...(model === undefined || model === before.model ? {} : { model }),
    ...(modelOnce === undefined || modelOnce === before.modelOnce ? {} : { modelOnce }),
  };
}

/** What a message does that meets a run. */
function meetsRun(
  session: Session,
  turn: Running | Waiting,
  input: Input,
  wanted: Session["policy"]["busyMode"],
  at: Circumstances,
): Stepped {
  // A further piece goes where the pieces before it are, whatever the mode: a message cannot steer itself, nor be torn.
  if (session.queue.some((inputs) => belongsTo(inputs, input))) return enqueueAloud(session, input, at.now);
  const isSteering = belongsTo(turn.steers, input);
  const mode = isSteering ? "steer" : wanted;
  switch (mode) {
    case "queue":
      return enqueueAloud(session, input, at.now);
    case "steer": {
      if (!isSteering && pending(session) >= session.policy.queueLimit) return refuse(session, input);
      const withSteer: Turn = { ...turn, steers: [...turn.steers, input] };
      const effects: Effect[] = [busyLog(session, "steer", at.now)];
      // Of an album it is said once.
      if (isSteering) return { session: { ...session, turn: withSteer }, effects };
      // What is no answer to the question that stands joins only after one: who takes it for one would wait for nothing.
      effects.push(
        isBehindQuestion(turn) ? say({ key: "steered_behind_question" }, input) : say({ key: "steered" }, input),
      );
      return { session: { ...session, turn: withSteer }, effects };
    }
    case "interrupt": {
      const ended = endRun(session, turn, "stopped", "interrupted", at.now);
      const queued = [...turn.steers, input].reduce(enqueued, ended.session.queue);
      const next = startNext({ ...ended.session, queue: queued }, at);
      const told = say({ key: "interrupted" }, turn.inputs[0]);
      return after([busyLog(session, "interrupt", at.now), ...ended.effects, told], next);
    }
    default:
      return mode satisfies never;
  }
}

/** "Queued" is said only of what is queued; above the limit the refusal is said instead. */
function enqueueAloud(session: Session, input: Input, now: number, rest: TurnInputs = []): Stepped {
  const isPiece = rest.length === 0 && session.queue.some((inputs) => belongsTo(inputs, input));
  // The rest of a message that was taken in is never refused: half an album would be asked, and the other half said to be lost.
  if (!isPiece && pending(session) >= session.policy.queueLimit) return refuse(session, input);
  const queue = rest.length > 0 ? placed(session.queue, [input, ...rest]) : enqueued(session.queue, input);
  const queued: Session = { ...session, queue };
  const { turn } = session;
  const effects: Effect[] = [busyLog(queued, "queue", now)];
  if (turn.phase !== "running" && turn.phase !== "waiting") return { session: queued, effects };
  // Said once of what people write; who orders something hears of it each time.
  if (turn.saidQueued && !input.isCommand) return { session: queued, effects };
  effects.push(
    say(isBehindQuestion(turn) ? { key: "queued_behind_question" } : { key: "queued", ahead: queue.length }, input),
  );
  return { session: { ...queued, turn: { ...turn, saidQueued: true } }, effects };
}

function isBehindQuestion(turn: Turn): boolean {
  return turn.phase === "waiting" && turn.why === "person";
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
