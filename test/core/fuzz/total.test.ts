import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { EVERYDAY_RUNS } from "./fuzz.ts";

it("the everyday runs of all borders add up to what FUZZ_RUNS is shared out by", () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts"));
  const runs = files
    .flatMap((name) => [
      ...readFileSync(join(import.meta.dirname, name), "utf8").matchAll(/\bfuzz\(\s*"[^"]+",\s*([\d_]+)/g),
    ])
    .map((match) => Number((match[1] ?? "").replaceAll("_", "")));
  expect(runs.length).toBeGreaterThan(10);
  expect(runs.reduce((sum, one) => sum + one, 0)).toBe(EVERYDAY_RUNS);
});
