import { describe, expect, it } from "vitest";
import { explore, type Scope } from "./pool/explore.ts";
import { LAWS } from "./pool/laws.ts";
import { MUTANTS } from "./pool/mutants.ts";
import { LAWS_OF_SESSIONS } from "./pool/sessions.ts";
import { walk } from "./pool/walk.ts";

/** Gone through for each mutant until its law breaks. */
const COMMON = { sessions: ["s1", "s2"], models: ["m1"] };
const ONE_KEY: Scope = {
  ...COMMON,
  fingerprints: [{ id: "A" }],
  outcomes: ["rate", "auth"],
  asks: 3,
  waits: 2,
  lifts: 1,
};
const TWO_KEYS: Scope = {
  ...COMMON,
  fingerprints: [{ id: "A" }, { id: "B" }],
  outcomes: ["ok", "rate", "billing", "auth", "overload"],
  asks: 2,
  waits: 1,
  lifts: 1,
};
const FOUND_ELSEWHERE = ["the end of every window is announced by the alarm"];

describe("each historic mistake, put in on purpose", () => {
  for (const { mistake, system, scope, foundBy } of MUTANTS) {
    it(`is found: ${mistake}`, { timeout: 60_000 }, () => {
      for (const law of foundBy) {
        expect([...Object.keys(LAWS), ...Object.keys(LAWS_OF_SESSIONS), ...FOUND_ELSEWHERE]).toContain(law);
        const isFound = explore(system, scope === "one key" ? ONE_KEY : TWO_KEYS, law).broken.has(law);
        expect(isFound, law).toBe(true);
      }
    });

    it(`is met by a random walk as well: ${mistake}`, { timeout: 60_000 }, () => {
      let seed = 1;
      while (seed <= 60 && walk(system, seed, 1_600).broken === undefined) seed += 1;
      expect(seed).toBeLessThanOrEqual(60);
    });
  }
});
