/**
 * What a session is doing, as one value. It decides nothing: `step` (step.ts) makes the next value of it, and nothing
 * else may. A phase owns its data: there is no run without a deadline, no waiting without a time at which it ends, and
 * no second place that says who runs. People's words are never in it, only the numbers of the updates that carry them.
 */

/** A message that belongs to a turn; its words lie in the inbox under `update`. Times are epoch milliseconds. */
export interface Input {
  readonly update: number;
  readonly messageId: number;
  readonly from: number;
  /** When it was accepted here. */
  readonly acceptedAt: number;
  /** Telegram sends an album as one update for each item. */
  readonly album?: string;
  /** An order to the bot: it is answered at once, and is no piece of another message. */
  readonly isCommand?: true;
  /** Long enough that the person's client may have split the text, so that more may follow. */
  readonly maySplit?: boolean;
}

/** What one turn of the queue will be asked with: one message, or an album or split text that is one message to its writer. */
export type TurnInputs = readonly Input[];

/** What is true of a turn from its start to its end, whether it works or waits. */
export interface Run {
  /** Unguessable and new for every attempt. Every report quotes it. */
  readonly run: string;
  readonly startedAt: number;
  /** Which attempt this is: 1, and one more after each crash. */
  readonly attempt: number;
  /** Everything the turn was asked with. */
  readonly inputs: TurnInputs;
  /** What of it is not in the transcript yet: it is what the next model call is asked with. */
  readonly fresh: TurnInputs;
  /** Messages that steer the turn: they become fresh before its next model call. */
  readonly steers: TurnInputs;
  /** What was chosen for this turn alone (`Choices.modelOnce`); a choice made while it is on is for the next. */
  readonly modelOnce?: string;
  /** The tool `session_reset` was called: the next turn is in a new epoch, however this one ends. */
  readonly resetWhenDone: boolean;
  /** Model calls finished, and the tokens they used. */
  readonly steps: number;
  readonly tokens: number;
  /** Until when this turn is willing to wait for a credential; set when it first waits. */
  readonly poolWaitEndsAt?: number;
  /** A person was told that a message is queued behind this run. Said once. */
  readonly saidQueued?: boolean;
  /** A person was told that this turn waits for a credential. Said once. */
  readonly saidWaiting?: boolean;
}

export interface Idle {
  readonly phase: "idle";
}

/** The next turn's message may not be whole yet. */
export interface Gathering {
  readonly phase: "gathering";
  readonly untilAt: number;
  readonly inputs: TurnInputs;
}

/** A run works on the turn, in this object's memory. */
export interface Running extends Run {
  readonly phase: "running";
  /** The last token, tool event or finished step. */
  readonly progressAt: number;
  readonly deadlineAt: number;
}

/** The turn is parked: nothing of it is in memory, and it goes on at `untilAt` at the latest. */
export interface Waiting extends Run {
  readonly phase: "waiting";
  readonly untilAt: number;
  readonly why: "credential" | "person";
  /** The question that stands, when the wait is for a person. */
  readonly question?: string;
  /** Once it is answered, the next thing is a model call. */
  readonly isLast?: boolean;
  /** What was left until the deadline: waiting is not working. */
  readonly remainingMs: number;
}

export type Turn = Idle | Gathering | Running | Waiting;

export type BusyMode = "queue" | "steer" | "interrupt";

/** The settings that `step` decides by. Durations in milliseconds; 0 where "never" is meant. */
export interface Policy {
  readonly busyMode: BusyMode;
  readonly queueLimit: number;
  readonly runIdleTimeoutMs: number;
  readonly runTimeoutMs: number;
  readonly poolWaitMs: number;
  readonly idleResetMs: number;
  /** Hour of the day, 0–23. */
  readonly dailyResetHour?: number;
  /** What to add to UTC for the person's clock. */
  readonly clockOffsetMs: number;
}

/** What was chosen in the chat. */
export interface Choices {
  /** For this session, in all its conversations. */
  readonly busyMode?: BusyMode;
  /** `provider/model` for every turn of this conversation from now on. */
  readonly model?: string;
  /** `provider/model` for the next turn alone. */
  readonly modelOnce?: string;
}

/** The credential that the session keeps from turn to turn while it is well, so that a healthy turn asks no pool. */
export interface KeptLease {
  readonly lease: string;
  readonly provider: string;
  readonly model: string;
  readonly credential: string;
  readonly version: number;
  /** When a better choice may be ready again, so that the pool is to be asked anew. */
  readonly untilAt?: number;
}

export interface Session {
  /** One conversation of the session; a reset opens the next. */
  readonly epoch: number;
  readonly turn: Turn;
  /** Turns to come, in the order in which they were written. */
  readonly queue: readonly TurnInputs[];
  /** When a message or an answer last came. 0: never. */
  readonly activeAt: number;
  /** Whether this epoch has had a turn: an empty one is not reset again by the clock. */
  readonly spoken: boolean;
  readonly choices: Choices;
  readonly lease?: KeptLease;
  readonly policy: Policy;
}

/** A crash is noticed within a minute: while a run is on, the alarm is never further off than this. See design.md, "The life of a turn". */
export const HEARTBEAT_MS = 25_000;

/** A turn that crashed so often ends aloud. */
export const MOST_ATTEMPTS = 3;

/** Ready in less is ready: a shorter wait would only have the run ask the pool again at once. */
export const SHORTEST_POOL_WAIT_MS = 1_000;

export function newSession(policy: Policy): Session {
  return { epoch: 1, turn: { phase: "idle" }, queue: [], activeAt: 0, spoken: false, choices: {}, policy };
}

/** The run that has the session, working or waiting. */
export function runOf(session: Session): Running | Waiting | undefined {
  const { turn } = session;
  return turn.phase === "running" || turn.phase === "waiting" ? turn : undefined;
}

/** Messages that are accepted and not yet part of a run. */
export function queuedInputs(session: Session): readonly Input[] {
  const gathered = session.turn.phase === "gathering" ? session.turn.inputs : [];
  return [...gathered, ...session.queue.flat()];
}

/** Messages that wait for their turn, or to join the one that is on. */
export function pendingInputs(session: Session): readonly Input[] {
  return [...queuedInputs(session), ...(runOf(session)?.steers ?? [])];
}

export function pending(session: Session): number {
  return pendingInputs(session).length;
}

/**
 * When the object must be woken, whatever happens until then; undefined: never. A session that is not idle always has
 * such a time, and when it has passed, `ticked` moves the session on: that is why nothing can stay busy.
 */
export function nextAlarm(session: Session, now: number): number | undefined {
  const { turn, policy } = session;
  switch (turn.phase) {
    case "idle":
      return undefined;
    case "gathering":
    case "waiting":
      return turn.untilAt;
    case "running":
      return Math.min(turn.progressAt + policy.runIdleTimeoutMs, turn.deadlineAt, now + HEARTBEAT_MS);
    default:
      return turn satisfies never;
  }
}
