import { expect, test } from "vitest";
import { CHECKS } from "../../simulation/checks/all.ts";
import { HARMLESS, MUTANTS } from "./mutants.ts";
import { isThere, runMutated, violationIn } from "./program.ts";

/** Worlds that a mutant is given; most are found in the first minutes of the first. */
const WORLDS = 12;
/** Promises that the world itself keeps an eye on. */
const OF_THE_WORLD = ["0: nothing is thrown into the void", "0: time goes on", "1: every update gets its 200"];

test("each promise has a mutant that breaks it", () => {
  const broken = new Set(MUTANTS.map(({ check }) => check));
  expect([...CHECKS.map(({ name }) => name), ...OF_THE_WORLD].filter((name) => !broken.has(name))).toEqual([]);
});

test("each mutant is named once, and what it changes is there, once", () => {
  const names = MUTANTS.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  const gone = [HARMLESS, ...MUTANTS].flatMap(({ name, changes }) =>
    changes.filter((change) => !isThere(change)).map(({ file }) => `${name}: ${file}`),
  );
  expect(gone).toEqual([]);
});

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
    "--only",
    mutant.check ?? "",
  ]);
  const violation = violationIn(output);
  if (!violation) expect.fail(`mutant «${mutant.name}» keeps every promise (code ${code}): ${output.slice(-600)}`);
  console.log(`mutant «${mutant.name}» is found by ${violation.check}: ${violation.complaint}`);
  if (mutant.check) expect(violation.check).toBe(mutant.check);
});
