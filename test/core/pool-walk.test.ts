import { describe, expect, it } from "vitest";
import { walk } from "./pool/walk.ts";
import { realSystem } from "./pool/world.ts";

const WALKS = process.env.POOL_FULL === "1" ? 1_000 : 40;
const STEPS = 1_600;

describe("the pool, walked at random", () => {
  it(`keeps every law for ${WALKS * STEPS} steps`, { timeout: 600_000 }, () => {
    const first = Number(process.env.POOL_SEED ?? 1);
    const start = performance.now();
    let steps = 0;
    for (let seed = first; seed < first + WALKS; seed += 1) {
      const walked = walk(realSystem, seed, STEPS);
      steps += walked.steps;
      if (walked.broken) expect.fail(`POOL_SEED=${seed}: ${JSON.stringify(walked.broken, null, 2)}`);
    }
    console.log(`pool: ${steps} random steps in ${Math.round(performance.now() - start)} ms`);
    expect(steps).toBe(WALKS * STEPS);
  });
});
