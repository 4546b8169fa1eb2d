import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { CHECKS, STATE_CHECKS } from "./invariants/all.ts";
import { walk } from "./model/walk.ts";
import { REAL } from "./model/world.ts";

/** At least a million steps, half of them from a seed that is always the same and half from a new one. */
const STEPS = Number(process.env["WALK_STEPS"] ?? 1_000_000);
const FIXED_SEED = 28_686;
const given = process.env["WALK_SEED"];
const seeds = given === undefined ? [FIXED_SEED, randomInt(2 ** 31)] : [Number(given)];

test.for(seeds)("a long random walk keeps every promise (WALK_SEED=%i)", { timeout: 600_000 }, (seed) => {
  const startedAt = performance.now();
  const steps = Math.ceil(STEPS / seeds.length);
  const walked = walk(REAL, { seed, steps, checks: CHECKS, stateChecks: STATE_CHECKS });
  const { violation } = walked;
  if (violation) {
    const path = violation.path.slice(-40).join("\n  ");
    expect.fail(`${violation.check}\n${violation.complaint}\nstep ${walked.steps} of WALK_SEED=${seed}\n  ${path}`);
  }
  const perSecond = Math.round((steps / (performance.now() - startedAt)) * 1000);
  console.log(`walked ${walked.steps} steps from seed ${seed}, ${perSecond} a second`);
  expect(walked.steps).toBe(steps);
});
