import { describe, expect, it } from "vitest";
import { explore, type Scope } from "./pool/explore.ts";
import { realSystem } from "./pool/world.ts";

/**
 * Every order of everything that can happen in a small scope, to the end, under every law of laws.ts. POOL_FULL=1 takes
 * wider scopes, which need some minutes.
 */
const IS_FULL = process.env.POOL_FULL === "1";
const [A, B] = [{ id: "A" }, { id: "B" }];
const [A1, C1] = [
  { id: "A", account: "one" },
  { id: "C", account: "one" },
];
const SESSIONS = ["s1", "s2"];

const SCOPES: Readonly<Record<string, Scope>> = {
  "two keys, two sessions, two models": {
    fingerprints: [A, B],
    sessions: SESSIONS,
    models: ["m1", "m2"],
    outcomes: IS_FULL ? ["ok", "rate", "billing", "auth", "overload"] : ["ok", "rate", "auth"],
    asks: 2,
    waits: 1,
    lifts: 1,
  },
  "two keys and longer turns": {
    fingerprints: [A, B],
    sessions: SESSIONS,
    models: ["m1"],
    outcomes: IS_FULL ? ["ok", "rate"] : ["rate"],
    asks: 3,
    waits: IS_FULL ? 3 : 1,
    lifts: 0,
  },
  "three keys, two of one account": {
    fingerprints: [A1, B, C1],
    sessions: SESSIONS,
    models: IS_FULL ? ["m1", "m2"] : ["m1"],
    outcomes: IS_FULL ? ["ok", "rateNamed", "quota", "auth"] : ["ok", "quota"],
    asks: 2,
    waits: 1,
    lifts: 1,
  },
  "one key": {
    fingerprints: [A],
    sessions: SESSIONS,
    models: ["m1", "m2"],
    outcomes: IS_FULL ? ["ok", "rate", "rateNamed", "quotaModel", "network"] : ["ok", "rate"],
    asks: 2,
    waits: 2,
    lifts: 1,
  },
};

describe("the pool, explored to the end", () => {
  for (const [name, scope] of Object.entries(SCOPES)) {
    it(`keeps every law with ${name}`, { timeout: 300_000 }, () => {
      const start = performance.now();
      const { states, steps, broken } = explore(realSystem, scope);
      console.log(`pool: ${name}: ${states} states, ${steps} steps, ${Math.round(performance.now() - start)} ms`);
      expect([...broken].map(([law, way]) => ({ law, way: way.map((one) => JSON.stringify(one)) }))).toEqual([]);
    });
  }
});
