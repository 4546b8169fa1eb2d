import { expect, test } from "vitest";
import { newSession } from "../../../src/core/session.ts";
import { CHECKS, STATE_CHECKS } from "./invariants/all.ts";
import type { Violation } from "./invariants/check.ts";
import { explore } from "./model/explore.ts";
import { SMALL } from "./model/moves.ts";
import { mutated } from "./model/mutants.ts";
import { HISTORIC } from "./model/mutants-historic.ts";
import { OWN } from "./model/mutants-own.ts";
import { walk } from "./model/walk.ts";
import { newWorld, type Rules } from "./model/world.ts";

const MOST_STATES = 10_000;
const WALK = { seed: 28_686, steps: 100_000 };

test.for([...HISTORIC, ...OWN])("mutant «$name» is found", { timeout: 60_000 }, async (mutant) => {
  const violation = search(await mutated(mutant));
  if (!violation) expect.fail(`mutant «${mutant.name}» keeps every promise: a promise is missing`);
  const { check, complaint, path } = violation;
  console.log(
    `mutant «${mutant.name}» is found by invariant ${check} after ${path.length} events: ${complaint} (${path.slice(-6).join(" → ")})`,
  );
  expect(mutant.foundBy).toContain(check.split(":", 1)[0]);
});

/** The shortest path that shows it; what only a larger scope shows, a walk finds. */
function search(rules: Rules): Violation | undefined {
  const asked = { checks: CHECKS, stateChecks: STATE_CHECKS };
  const start = newWorld(newSession(SMALL), 1_000_000_000);
  const explored = explore(rules, { ...asked, start, scope: { rich: false }, mostStates: MOST_STATES });
  return explored.violation ?? walk(rules, { ...asked, ...WALK }).violation;
}
