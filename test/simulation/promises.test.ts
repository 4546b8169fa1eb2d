import { expect, test } from "vitest";
import { run, violationIn } from "./program.ts";

/**
 * Worlds of the simulation (`../simulation/`), as `npm run simulate -- --seed 1 --minutes 60` runs them: fixed seeds, so that what was mended stays so,
 * and, where SIMULATE_FRESH=1 asks for it, a fresh one, which says its seed when it fails.
 */

const FRESH = process.env.SIMULATE_FRESH === "1" ? [Math.floor(Math.random() * 2 ** 31)] : [];

test.for([1, 28686, ...FRESH])("every promise is kept in the worlds of seed %i", { timeout: 300_000 }, async (seed) => {
  const { code, output } = await run(["--seed", String(seed), "--minutes", "60", "--worlds", "1"]);
  console.log(output.trim().split("\n").slice(-2).join("\n"));
  expect(violationIn(output), output.slice(-4_000)).toBeUndefined();
  expect(code).toBe(0);
});
