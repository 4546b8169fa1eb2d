import { expect, test } from "vitest";
import { run, violationIn } from "./program.ts";

/** Worlds of ../../simulation/, as `npm run simulate -- --seed 7 --minutes 20` runs them. */

async function keepsItsPromises(args: readonly string[]): Promise<string> {
  const { code, output } = await run(args);
  if (code !== 0) expect.fail(`${violationIn(output)?.complaint ?? "it ended badly"}\n${output.slice(-30_000)}`);
  return output;
}

test("worlds of fixed seeds keep every promise, and whatever should occur in them does", async () => {
  console.log(
    await keepsItsPromises(["--seed", "7", "--minutes", "20", "--worlds", "32", "--workers", "2", "--covered"]),
  );
});

test("fresh worlds keep every promise", async () => {
  console.log(await keepsItsPromises(["--minutes", "30", "--worlds", "100", "--seconds", "12"]));
});

test("the same seed is the same world, to the last word of its trace", async () => {
  const printOf = (output: string) => /print [0-9a-f]+: 1 worlds, \d+ events/.exec(output)?.[0];
  const [one, other] = await Promise.all([
    keepsItsPromises(["--seed", "5", "--minutes", "15"]),
    keepsItsPromises(["--seed", "5", "--minutes", "15"]),
  ]);
  expect(printOf(one)).toBeDefined();
  expect(printOf(other)).toBe(printOf(one));
});

test.each([["--sed"], ["--seed", "abc"]])(
  "%s %s is answered with one line that says what was expected",
  async (...args) => {
    const { code, output } = await run(args.filter((arg) => arg !== undefined));
    expect(code).toBe(2);
    expect(output).toMatch(
      /^(?:Unknown option '--sed'|--seed abc: expected a number from 0)\. Expected: npm run simulate -- .*\n$/,
    );
  },
);
