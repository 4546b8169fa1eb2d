import { describe, expect, it } from "vitest";
import { explore, type Scope } from "./pool/explore.ts";
import { realSystem } from "./pool/world.ts";

/** Every order of everything that can happen in a small scope, to the end, under every law of laws.ts. */
const SCOPES: Readonly<Record<string, Scope>> = {
  "two keys, two sessions, two models": {
    fingerprints: [{ id: "A" }, { id: "B" }],
    sessions: ["s1", "s2"],
    models: ["m1", "m2"],
    outcomes: ["ok", "rate", "rateNamed", "billing", "auth", "overload"],
    asksPerSession: 1,
    waits: 2,
    lifts: 1,
  },
};

describe("the pool, explored to the end", () => {
  for (const [name, scope] of Object.entries(SCOPES)) {
    it(`keeps every law with ${name}`, { timeout: 120_000 }, () => {
      const start = performance.now();
      const { states, steps, broken } = explore(realSystem, scope);
      console.log(`pool: ${name}: ${states} states, ${steps} steps, ${Math.round(performance.now() - start)} ms`);
      expect([...broken].map(([law, way]) => ({ law, way: way.map((one) => JSON.stringify(one)) }))).toEqual([]);
    });
  }
});
