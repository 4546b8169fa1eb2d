import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guardLoop, LOOP_COOL_MS, LOOP_MESSAGES, LOOP_WINDOW_MS, NO_LOOP } from "../../src/core/loopguard.ts";
import { allow, type Bucket } from "../../src/core/rate.ts";

describe("the rate of a person", () => {
  it("lets a minute's worth through at once, and says when the next may come", () => {
    let bucket: Bucket | undefined;
    for (let count = 0; count < 3; count++) {
      const allowance = allow(bucket, 1000, 3);
      expect(allowance.allowed).toBe(true);
      bucket = allowance.bucket;
    }
    const refused = allow(bucket, 1000, 3);
    expect(refused).toMatchObject({ allowed: false, retryAt: 21_000 });
    expect(allow(refused.bucket, 20_999, 3).allowed).toBe(false);
    expect(allow(refused.bucket, 21_000, 3).allowed).toBe(true);
  });

  it("has no limit at 0", () => {
    expect(allow({ tokens: 0, filledAt: 0 }, 0, 0).allowed).toBe(true);
  });

  it("gains nothing from a clock that goes back", () => {
    expect(allow({ tokens: 0, filledAt: 60_000 }, 0, 60).allowed).toBe(false);
  });

  it("never lets more through than the bucket and its refill", () => {
    const times = fc.array(fc.nat(120_000), { maxLength: 200 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 30 }), (waits, perMinute) => {
        let bucket: Bucket | undefined;
        let now = 0;
        let passed = 0;
        for (const waitMs of waits) {
          now += waitMs % 2000;
          const allowance = allow(bucket, now, perMinute);
          bucket = allowance.bucket;
          if (allowance.allowed) passed += 1;
          else expect(allow(bucket, allowance.retryAt, perMinute).allowed).toBe(true);
        }
        expect(passed).toBeLessThanOrEqual(perMinute + (now * perMinute) / 60_000 + 1e-6);
      }),
      { seed: 8 },
    );
  });
});

describe("the loop guard", () => {
  const guardAfter = (count: number, everyMs: number) => {
    let guard = NO_LOOP;
    for (let index = 0; index < count; index++) guard = guardLoop(guard, index * everyMs).guard;
    return guard;
  };

  it("takes twenty messages of bots in five minutes and cools for ten at the next", () => {
    const full = guardAfter(LOOP_MESSAGES, 1000);
    const now = LOOP_MESSAGES * 1000;
    const tripped = guardLoop(full, now);
    expect(tripped).toEqual({ allowed: false, guard: { phase: "cooling", until: now + LOOP_COOL_MS } });
    expect(guardLoop(tripped.guard, now + LOOP_COOL_MS - 1)).toEqual({ allowed: false, guard: tripped.guard });
    expect(guardLoop(tripped.guard, now + LOOP_COOL_MS)).toMatchObject({ allowed: true, guard: { phase: "counting" } });
  });

  it("never trips at a pace that people keep", () => {
    const guard = guardAfter(500, LOOP_WINDOW_MS / LOOP_MESSAGES);
    expect(guard.phase).toBe("counting");
  });
});
