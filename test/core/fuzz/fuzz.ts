import { appendFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";

/**
 * Fuzzing from one seed. A border has a number of cases for the everyday run; FUZZ_RUNS asks for so many in all, shared
 * out in the same proportion, and FUZZ_SEED for another walk. `npm run fuzz` does both and adds up what was tried.
 */

const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_122);
/** What the everyday runs of all borders add up to; test/core/fuzz/total.test.ts holds it to that. */
export const EVERYDAY_RUNS = 20_000;
const FACTOR = process.env["FUZZ_RUNS"] === undefined ? 1 : Number(process.env["FUZZ_RUNS"]) / EVERYDAY_RUNS;
const NIGHT_MS = 3 * 3_600_000;
const EVERYDAY_MS = 60_000;

/** A test that tries `check` on so many values; what it throws is the fault, shown with the smallest value that has it. */
export function fuzz<T>(
  says: string,
  everydayRuns: number,
  values: fc.Arbitrary<T>,
  check: (value: T) => void | Promise<void>,
): void {
  const numRuns = Math.max(1, Math.round(everydayRuns * FACTOR));
  it(
    says,
    async () => {
      let tried = 0;
      const begunAt = performance.now();
      const property = fc.asyncProperty(values, async (value) => {
        tried += 1;
        await check(value);
      });
      await fc.assert(property, { seed: SEED, numRuns });
      expect(tried).toBeGreaterThanOrEqual(numRuns);
      const counts = process.env["FUZZ_COUNTS"];
      if (counts)
        appendFileSync(counts, `${JSON.stringify({ border: borderNow(), tried, ms: performance.now() - begunAt })}\n`);
    },
    FACTOR > 1 ? NIGHT_MS : EVERYDAY_MS,
  );
}

/** The sentence that the describe and the test around a property make. */
const borderNow = (): string => (expect.getState().currentTestName ?? "").replaceAll(" > ", " ");
