import type { Effect, Notice } from "../../../../src/core/effect.ts";
import type { Input, Session } from "../../../../src/core/session.ts";
import { runOf } from "../../../../src/core/session.ts";
import { apply, type Move, type Rules, type Transition, type World } from "../model/world.ts";

/** A promise of reference/hermes.md, part 7, by its number there: it holds of every transition, or says what is wrong. */
export interface Check {
  readonly name: string;
  readonly holds: (transition: Transition) => string | undefined;
}

/** The same of a world, whatever led to it. */
export interface StateCheck {
  readonly name: string;
  readonly holds: (world: World, rules: Rules) => string | undefined;
}

export interface Violation {
  readonly check: string;
  readonly complaint: string;
  /** What happened, the last of it being what broke the promise. */
  readonly path: readonly string[];
}

export type Result = { readonly transition: Transition } | { readonly check: string; readonly complaint: string };

export const TOTAL = "0: step is total, deterministic, and leaves what it is given alone";

/** Makes the move and asks every check. A rule that throws (on a frozen value, too) is not total. */
export function complaintAbout(
  rules: Rules,
  checks: readonly Check[],
  world: World,
  move: Move,
  twice: boolean,
): Result {
  let transition: Transition;
  try {
    transition = apply(rules, world, move);
    if (twice && JSON.stringify(apply(rules, world, move)) !== JSON.stringify(transition)) {
      return { check: TOTAL, complaint: "the same event made something else the second time" };
    }
  } catch (error) {
    return { check: TOTAL, complaint: `step threw: ${String(error)}` };
  }
  for (const check of checks) {
    const complaint = check.holds(transition);
    if (complaint !== undefined) return { check: check.name, complaint };
  }
  return { transition };
}

// ---- what a transition shows ----

export type Say = Extract<Effect, { do: "say" }>;
export type Log = Extract<Effect, { do: "log" }>;

export function says(effects: readonly Effect[], key: Notice["key"]): readonly Say[] {
  return effects.filter((effect): effect is Say => effect.do === "say" && effect.notice.key === key);
}

export function logs(effects: readonly Effect[], event: Log["event"]): readonly Log[] {
  return effects.filter((effect): effect is Log => effect.do === "log" && effect.event === event);
}

/** Every message that is accepted and neither answered nor said to be lost, in no order. */
export function unsettled(session: Session): readonly Input[] {
  const { turn, queue } = session;
  const found: Input[] = [];
  if (turn.phase !== "idle") found.push(...turn.inputs);
  if (turn.phase === "running" || turn.phase === "waiting") found.push(...turn.steers);
  for (const inputs of queue) found.push(...inputs);
  return found;
}

/** The messages that the event brings. */
export function brought({ event }: Transition): readonly Input[] {
  if (event?.type === "received") return event.rest ? [event.input, ...event.rest] : [event.input];
  return event?.type === "resetAsked" && event.first ? [event.first] : [];
}

/** The turn that was on before and is over now, however it ended; a crash that is recovered from does not end it. */
export function endedTurn({ before, effects }: Transition) {
  const run = runOf(before.session);
  if (!run) return undefined;
  const finished = logs(effects, "run.finished").find((log) => log.fields.run === run.run);
  return finished && finished.fields.outcome !== "recovered" ? run : undefined;
}
