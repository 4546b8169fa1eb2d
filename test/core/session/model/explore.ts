import { type Check, complaintAbout, type StateCheck, type Violation } from "../invariants/check.ts";
import { canonical } from "./canonical.ts";
import { frozen } from "./frozen.ts";
import { moves, type Scope } from "./moves.ts";
import type { Rules, World } from "./world.ts";

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** Whether every reachable world was met, and not only the first `mostStates`. */
  readonly isComplete: boolean;
  readonly violation?: Violation;
}

export interface Exploration {
  readonly start: World;
  readonly scope: Scope;
  readonly checks: readonly Check[];
  readonly stateChecks: readonly StateCheck[];
  readonly mostStates: number;
}

/** Every interleaving, breadth first, so that the path to a violation is a shortest one. */
export function explore(rules: Rules, { start, scope, checks, stateChecks, mostStates }: Exploration): Explored {
  const worlds: World[] = [frozen(start)];
  const parents: number[] = [-1];
  const labels: string[] = ["start"];
  const seen = new Set<string>([canonical(start)]);
  let transitions = 0;

  const found = (check: string, complaint: string, from: number, label: string): Explored => {
    const path = [label];
    for (let at = from; at > 0; at = parents[at] ?? 0) path.unshift(labels[at] ?? "");
    return { states: seen.size, transitions, isComplete: false, violation: { check, complaint, path } };
  };

  for (let index = 0; index < worlds.length; index++) {
    const world = worlds[index];
    if (!world) break;
    for (const move of moves(world, scope)) {
      transitions++;
      const result = complaintAbout(rules, checks, world, move, transitions % 100 === 0);
      if ("complaint" in result) return found(result.check, result.complaint, index, move.label);
      const next = result.transition.after;
      if (next.session === world.session && next.now === world.now && next.living === world.living) {
        if (next.alarmAt === world.alarmAt && next.isDead === world.isDead) continue;
      }
      const key = canonical(next);
      if (seen.has(key)) continue;
      seen.add(key);
      for (const check of stateChecks) {
        const complaint = check.holds(next, rules);
        if (complaint !== undefined) return found(check.name, complaint, index, move.label);
      }
      if (seen.size > mostStates) return { states: seen.size, transitions, isComplete: false };
      worlds.push(frozen(next));
      parents.push(index);
      labels.push(move.label);
    }
  }
  return { states: seen.size, transitions, isComplete: true };
}
