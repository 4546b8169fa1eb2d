import { expect, test } from "vitest";
import { newSession } from "../../../src/core/session.ts";
import { CHECKS, STATE_CHECKS } from "./invariants/all.ts";
import { explore } from "./model/explore.ts";
import { SMALL } from "./model/moves.ts";
import { newWorld, REAL } from "./model/world.ts";

test("every interleaving of a small scope keeps every promise", { timeout: 120_000 }, () => {
  const startedAt = performance.now();
  const explored = explore(REAL, {
    start: newWorld(newSession(SMALL), 1_000_000_000),
    scope: { rich: false },
    checks: CHECKS,
    stateChecks: STATE_CHECKS,
    mostStates: 1_000_000,
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`explored ${explored.states} distinct states by ${explored.transitions} transitions in ${seconds} s`);
  expect(explored.violation).toBeUndefined();
  expect(explored.isComplete).toBe(true);
});
