import type { Effect } from "../../../../src/core/effect.ts";
import type { Event } from "../../../../src/core/event.ts";
import { nextAlarm, runOf, type Session } from "../../../../src/core/session.ts";
import { step } from "../../../../src/core/step.ts";
import type { Circumstances, Stepped } from "../../../../src/core/stepped.ts";

/**
 * What stands beside the value and is not in it: which runs live in memory, which are cut and may report all the same,
 * whether the process died unnoticed, and when the alarm goes off. It does what the effects say and what the platform
 * does; what it may do next is in moves.ts.
 */
export interface World {
  readonly session: Session;
  readonly now: number;
  readonly alarmAt: number | undefined;
  /** Runs that were begun, and neither cut nor ended since. */
  readonly living: readonly string[];
  /** Runs that were cut, ended or died: the latest, which may still report. */
  readonly stale: readonly string[];
  /** The process died under a run, and the object has not noticed. */
  readonly isDead: boolean;
  readonly runsNamed: number;
  readonly messagesSent: number;
}

/** The rules under test: the real ones, or a mutant's. */
export interface Rules {
  readonly step: (session: Session, event: Event, at: Circumstances) => Stepped;
  readonly nextAlarm: (session: Session, now: number) => number | undefined;
}

export const REAL: Rules = { step, nextAlarm };

/** One thing that happens: an event at the door, time passing until an instant, or the death of the process. */
export type Move =
  | { readonly label: string; readonly event: Event }
  | { readonly label: string; readonly until: number }
  | { readonly label: string; readonly crash: true };

export interface Transition {
  readonly before: World;
  readonly after: World;
  readonly event: Event | undefined;
  readonly at: Circumstances;
  readonly effects: readonly Effect[];
}

export function newWorld(session: Session, now: number): World {
  return {
    session,
    now,
    alarmAt: undefined,
    living: [],
    stale: [],
    isDead: false,
    runsNamed: 0,
    messagesSent: 0,
  };
}

export function apply(rules: Rules, before: World, move: Move): Transition {
  const at: Circumstances = { now: before.now, newRun: `run-${before.runsNamed + 1}` };
  if ("event" in move) return eventful(rules, before, move.event, at);
  const after: World =
    "until" in move
      ? { ...before, now: move.until }
      : {
          ...before,
          living: [],
          isDead: before.session.turn.phase === "running",
        };
  return { before, after, event: undefined, at, effects: [] };
}

function eventful(rules: Rules, before: World, event: Event, at: Circumstances): Transition {
  const { session, effects } = rules.step(before.session, event, at);
  const run = runOf(session);
  let living = before.living;
  let stale = before.stale;
  let begun = false;
  if (endsProcess(event) && living.includes(event.run)) living = living.filter((name) => name !== event.run);
  for (const effect of effects) {
    if (effect.do === "cut") living = living.filter((name) => name !== effect.run);
    if (effect.do === "begin") {
      living = [...living, effect.run];
      begun = true;
    }
  }
  const old = runOf(before.session)?.run;
  if (old !== undefined && old !== run?.run) stale = withStale(stale, [old]);
  const accepted =
    event.type === "received" ? 1 + (event.rest?.length ?? 0) : event.type === "resetAsked" && event.first ? 1 : 0;
  const after: World = {
    session,
    now: before.now,
    alarmAt: rules.nextAlarm(session, before.now),
    living,
    stale,
    isDead: before.isDead && !begun && run?.run === old && session.turn.phase === "running",
    runsNamed: before.runsNamed + 1,
    messagesSent: before.messagesSent + accepted,
  };
  return { before, after, event, at, effects };
}

type Ending = Extract<Event, { type: "answered" | "failed" | "exhausted" | "asked" }>;

/** A run that has said one of these has nothing more to do, and returns. */
function endsProcess(event: Event): event is Ending {
  return event.type === "answered" || event.type === "failed" || event.type === "exhausted" || event.type === "asked";
}

function withStale(stale: readonly string[], more: readonly string[]): readonly string[] {
  return more.length === 0 ? stale : [...stale.filter((name) => !more.includes(name)), ...more].slice(-2);
}
