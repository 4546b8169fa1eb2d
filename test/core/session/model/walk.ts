import { type BusyMode, newSession, type Policy } from "../../../../src/core/session.ts";
import { type Check, complaintAbout, type StateCheck, type Violation } from "../invariants/check.ts";
import { frozen } from "./frozen.ts";
import { KINDS_OF_MOVES } from "./moves.ts";
import { chance } from "./random.ts";
import { newWorld, type Rules, type World } from "./world.ts";

export interface Walk {
  readonly seed: number;
  readonly steps: number;
  readonly checks: readonly Check[];
  readonly stateChecks: readonly StateCheck[];
}

export interface Walked {
  readonly steps: number;
  readonly violation?: Violation;
}

const STEPS_OF_A_LIFE = 400;
const STEPS_BETWEEN_STATE_CHECKS = 200;
const MODES: readonly BusyMode[] = ["queue", "steer", "interrupt"];

/**
 * Goes at random through what is too big to be explored: real durations, every busy mode as the setting, choices, waits of
 * a millisecond. It starts anew now and then, so that a path is short enough to be read.
 */
export function walk(rules: Rules, { seed, steps, checks, stateChecks }: Walk): Walked {
  const pick = chance(seed);
  let world = born(pick);
  let path: string[] = [];
  for (let taken = 1; taken <= steps; taken++) {
    if (path.length >= STEPS_OF_A_LIFE) {
      world = born(pick);
      path = [];
    }
    const kind = KINDS_OF_MOVES[pick(KINDS_OF_MOVES.length)];
    const possible = kind?.(world, { rich: true }) ?? [];
    const move = possible[pick(Math.max(1, possible.length))];
    if (!move) {
      taken--;
      continue;
    }
    path.push(move.label);
    const result = complaintAbout(rules, checks, world, move, taken % 100 === 0);
    if ("complaint" in result) return { steps: taken, violation: { ...result, path } };
    world = frozen(result.transition.after);
    if (taken % STEPS_BETWEEN_STATE_CHECKS !== 0) continue;
    for (const check of stateChecks) {
      const complaint = check.holds(world, rules);
      if (complaint !== undefined) return { steps: taken, violation: { check: check.name, complaint, path } };
    }
  }
  return { steps };
}

function born(pick: (below: number) => number): World {
  const policy: Policy = {
    busyMode: MODES[pick(MODES.length)] ?? "queue",
    queueLimit: 1 + pick(4),
    runIdleTimeoutMs: 60_000 + 1_000 * pick(120),
    runTimeoutMs: 300_000 + 1_000 * pick(1_500),
    poolWaitMs: 1_000 * pick(300),
    idleResetMs: 60_000 * pick(60),
    clockOffsetMs: 0,
    ...(pick(2) === 0 ? {} : { dailyResetHour: pick(24) }),
  };
  return newWorld(newSession(policy), 1_780_000_000_000 + pick(86_400_000));
}
