import type { Event } from "../../../../src/core/event.ts";
import { type BusyMode, type Input, type KeptLease, type Policy, pending } from "../../../../src/core/session.ts";
import type { Move, World } from "./world.ts";

/**
 * Everything that may truthfully happen next. A run that lives may report; a run that was cut or has ended may report
 * late; people write, stop, reset and choose whenever they like; time passes until the alarm is due, which may go off
 * late, and now and then too early; the process dies.
 */

export const TIME_UNIT_MS = 25_000;
export const QUESTION = "question-1";
const LEASE: KeptLease = { lease: "lease-1", provider: "p", model: "m", credential: "key-1", version: 1 };

/** All durations are multiples of the heartbeat, so that the instants at which something is due are few. */
export const SMALL: Policy = {
  busyMode: "queue",
  queueLimit: 2,
  runIdleTimeoutMs: TIME_UNIT_MS,
  runTimeoutMs: 2 * TIME_UNIT_MS,
  poolWaitMs: 40_000,
  idleResetMs: 3_600_000,
  clockOffsetMs: 0,
};

export interface Scope {
  /** Also what has too many variants to be explored to the end: for walks. */
  readonly rich: boolean;
}

/** Each a kind of thing that happens; a walk takes one of a kind, so that the many kinds of late report do not crowd out the rest. */
export const KINDS_OF_MOVES: readonly ((world: World, scope: Scope) => readonly Move[])[] = [
  messages,
  words,
  choices,
  ofTheRun,
  ofTheRun,
  ofStaleRuns,
  timely,
  timely,
  process,
];

export function moves(world: World, scope: Scope): readonly Move[] {
  return [...new Set(KINDS_OF_MOVES)].flatMap((kind) => kind(world, scope));
}

function ofTheRun(world: World, scope: Scope): readonly Move[] {
  return world.living.flatMap((run) =>
    reports(run, world, scope).map((event) => happens(`${event.type} by the run`, event)),
  );
}

function ofStaleRuns(world: World, scope: Scope): readonly Move[] {
  const stale = scope.rich ? world.stale : world.stale.slice(-1);
  return stale.flatMap((run) => late(run, world));
}

const MODES: readonly (BusyMode | undefined)[] = [undefined, "steer", "interrupt"];

function messages(world: World, scope: Scope): readonly Move[] {
  const { session } = world;
  const found: Move[] = [];
  // Beyond the limit only refusals would follow, or pieces of a message that is pending.
  if (pending(session) <= session.policy.queueLimit) {
    for (const mode of MODES) {
      for (const kind of KINDS) {
        if (kind === "of another" && mode !== undefined && !scope.rich) continue;
        const input = message(world, kind);
        const event: Event = mode === undefined ? { type: "received", input } : { type: "received", input, mode };
        found.push(happens(`message ${input.messageId}, ${kind}${mode ? `, ${mode}` : ""}`, event));
      }
    }
  }
  return found;
}

function words(world: World, scope: Scope): readonly Move[] {
  const { turn } = world.session;
  const found: Move[] = [];
  if (scope.rich) {
    const input = message(world, "of an album");
    const rest: readonly Input[] = [{ ...input, update: input.update + 1, messageId: input.messageId + 1 }];
    found.push(happens("retry of an album", { type: "received", input, rest }));
  }
  found.push(happens("stop", { type: "stopped", by: "command" }));
  found.push(happens("reset", { type: "resetAsked", by: "command" }));
  for (const kind of ["plain", "long"] as const) {
    const event: Event = { type: "resetAsked", by: "skill", first: message(world, kind) };
    found.push(happens(`reset with words, ${kind}`, event));
  }
  if (turn.phase === "running" || turn.phase === "waiting") {
    found.push(happens("stop by the button", { type: "stopped", by: "button", run: turn.run }));
  }
  if (turn.phase === "waiting" && turn.question !== undefined) {
    found.push(happens("choice", { type: "chosen", question: turn.question, entry: "chosen" }));
  }
  found.push(happens("choice of an old question", { type: "chosen", question: "question-0", entry: "late" }));
  found.push(happens("pool changed", { type: "poolChanged" }));
  const { provider, credential, model } = LEASE;
  found.push(happens("lease lost", { type: "leaseLost", provider, credential }));
  found.push(happens("lease of another model lost", { type: "leaseLost", provider, credential, model: "other" }));
  if (scope.rich) {
    found.push(happens("lease of the model lost", { type: "leaseLost", provider, credential, model }));
    found.push(happens("another lease lost", { type: "leaseLost", provider, credential: "key-2" }));
    found.push(happens("lease of a namesake lost", { type: "leaseLost", provider: "other", credential }));
  }
  return found;
}

function choices(world: World, scope: Scope): readonly Move[] {
  const chosen = world.session.choices;
  if (!scope.rich) return [];
  return [
    happens("prefers a model once", { type: "preferred", choices: { ...chosen, modelOnce: "a/b" } }),
    happens("prefers steering", { type: "preferred", choices: { ...chosen, busyMode: "steer" } }),
    happens("prefers nothing", { type: "preferred", choices: {} }),
  ];
}

const KINDS = ["plain", "of an album", "long", "of another"] as const;

function message(world: World, kind: (typeof KINDS)[number]): Input {
  const number = world.messagesSent + 1;
  const input: Input = {
    update: 1_000 + number,
    messageId: number,
    from: kind === "of another" ? 8 : 7,
    acceptedAt: world.now,
  };
  if (kind === "of an album") return { ...input, album: "album-1" };
  return kind === "long" ? { ...input, maySplit: true } : input;
}

type Report = Extract<Event, { readonly run: string }>;

function reports(run: string, world: World, scope: Scope): readonly Report[] {
  const { session, now } = world;
  const { turn } = session;
  const current = turn.phase === "running" ? turn : undefined;
  const steps = current?.steps ?? 0;
  const found: Report[] = [
    { type: "stepped", run, entry: "tools", boundary: true, steps, tokens: 0 },
    { type: "stepped", run, entry: "calls", boundary: false, steps, tokens: 0, lease: LEASE },
    { type: "answered", run, entry: "answer", text: "answer", steps, tokens: 0 },
    { type: "failed", run, reason: "network" },
    { type: "exhausted", run },
    { type: "resetWhenDoneAsked", run },
    { type: "compacted", run, entry: "summary", keepFrom: 3 },
  ];
  // To park in the very instant of the deadline leaves a millisecond, and a scope of all milliseconds: that is for walks.
  const mayPark = scope.rich || current === undefined || current.deadlineAt > now;
  if (mayPark) found.push({ type: "exhausted", run, untilAt: now + TIME_UNIT_MS });
  // A question is a tool's, and the call of it was a step: what the turn was asked with is written by then.
  if (mayPark && current?.fresh.length === 0) {
    found.push({ type: "asked", run, question: QUESTION, untilAt: now + TIME_UNIT_MS });
  }
  if (scope.rich) {
    found.push({ type: "exhausted", run, untilAt: now - 5 }, { type: "exhausted", run, untilAt: now + 1 });
    found.push({ type: "failed", run, reason: "auth", text: "what had come", lease: null });
  }
  return found;
}

/** A run that is not the session's any more says what it likes, and its buttons are still on screen. */
function late(run: string, world: World): readonly Move[] {
  const all: readonly Event[] = [
    ...reports(run, world, { rich: false }),
    { type: "asked", run, question: "question-0", untilAt: world.now + TIME_UNIT_MS },
    { type: "stopped", by: "button", run },
  ];
  return all.map((event) => happens(`${event.type} by a stale run`, event));
}

function timely(world: World, scope: Scope): readonly Move[] {
  const { session, now, alarmAt, living } = world;
  const found: Move[] = [happens("tick", { type: "ticked" })];
  if (living.length > 0) found.push(happens("tick, at work", { type: "ticked", progressAt: now }));
  if (alarmAt !== undefined && alarmAt > now) {
    found.push({ label: "time until the alarm", until: alarmAt });
    if (scope.rich) found.push({ label: "a little time", until: Math.min(alarmAt, now + 700) });
  }
  if (session.turn.phase === "idle" && session.spoken && now - session.activeAt < session.policy.idleResetMs) {
    found.push({ label: "time until the idle reset", until: now + session.policy.idleResetMs });
  }
  return found;
}

function process(world: World): readonly Move[] {
  const found: Move[] = [];
  if (world.living.length > 0) found.push({ label: "crash", crash: true });
  if (world.isDead) found.push(happens("woken", { type: "woken" }));
  return found;
}

function happens(label: string, event: Event): Move {
  return { label, event };
}
