import { expect, test } from "vitest";
import { HARMLESS, MUTANTS } from "./mutants.ts";
import { runMutated, violationIn } from "./program.ts";

/** Worlds that a mutant is given; most are found in the first minutes of the first. */
const WORLDS = 12;

test("a run that does not hear that it was cut is kept out by the fence", { timeout: 300_000 }, async () => {
  const { code, output } = await runMutated(HARMLESS, ["--seed", "28686", "--minutes", "30", "--worlds", "4"]);
  expect(violationIn(output)).toBeUndefined();
  expect(code).toBe(0);
});

test.for(MUTANTS)("the shells without it are found out: $name", { timeout: 300_000 }, async (mutant) => {
  const { code, output } = await runMutated(mutant, [
    "--seed",
    String(mutant.seed ?? 28_686),
    "--minutes",
    "30",
    "--worlds",
    String(WORLDS),
  ]);
  const violation = violationIn(output);
  if (!violation) expect.fail(`mutant «${mutant.name}» keeps every promise (code ${code}): ${output.slice(-600)}`);
  console.log(`mutant «${mutant.name}» is found by ${violation.check}: ${violation.complaint}`);
  expect(mutant.foundBy).toContain(violation.check.split(":", 1)[0]);
});
