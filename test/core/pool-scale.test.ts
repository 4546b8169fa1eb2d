import { describe, expect, it } from "vitest";
import type { PoolEffect } from "../../src/core/pool.ts";
import { step } from "../../src/core/pool.ts";
import { LEASES_KEPT } from "../../src/core/pool-lease.ts";
import { view } from "../../src/core/pool-view.ts";
import { Driver, T } from "./pool/driver.ts";
import { mulberry32 } from "./pool/walk.ts";

describe("a thousand sessions on ten keys that fail at random", () => {
  const STEPS = process.env.POOL_FULL === "1" ? 20_000 : 4_000;
  it("bench no healthy key, call no benched key, and get a lease or an honest time at every ask", {
    timeout: 60_000,
  }, () => {
    const SEED = 20_261_122;
    const dice = mulberry32(SEED);
    const pool = new Driver(...Array.from({ length: 10 }, (_, index) => `key${index}`));
    /** Even keys are healthy: they answer, or are overloaded. Odd ones are limited, and one each is broke and revoked. */
    const isHealthy = (id: string) => Number(id.slice(3)) % 2 === 0;
    const held = new Map<string, ReturnType<Driver["lease"]>>();
    const states = () => new Map(view(pool.pool).map((one) => [one.id, one.state]));
    let refused = 0;
    let revoked = 0;
    for (let at = 0; at < STEPS; at += 1) {
      const session = `s${Math.floor(dice() * 1000)}`;
      const lease = kept(session) ?? take(session);
      if (lease === undefined) continue;
      if (isHealthy(lease.credential)) deliver(pool.report(lease, dice() < 0.1 ? { class: "overload" } : undefined));
      else if (dice() < 0.2) {
        const kinds = { key7: "billing", key9: "auth" } as const;
        const name = lease.credential === "key7" || lease.credential === "key9" ? kinds[lease.credential] : "rate";
        held.delete(session);
        deliver(pool.report(lease, { class: name }));
      } else deliver(pool.report(lease));
      if (dice() < 0.05) held.delete(session);
      pool.now += Math.floor(dice() * 1200);
      for (const [id, state] of states()) {
        if (isHealthy(id) && state !== "ready") expect.fail(`seed ${SEED}, step ${at}: healthy ${id} is ${state}`);
      }
    }
    expect(refused).toBe(0);
    expect(revoked).toBeGreaterThan(100);
    expect(pool.state("key9")?.state).toBe("disabled");
    expect(pool.pool.leases.length).toBeLessThanOrEqual(LEASES_KEPT);

    /** What the session would call with without asking: it must be one that may be called. */
    function kept(session: string) {
      const lease = held.get(session);
      if (lease === undefined || (lease.keepUntilAt ?? Number.POSITIVE_INFINITY) <= pool.now) return undefined;
      const now = new Map(
        view(step(pool.pool, { type: "ticked" }, pool.now, 0).pool).map((one) => [one.id, one.state]),
      );
      expect(now.get(lease.credential)).toBe("ready");
      return lease;
    }

    function take(session: string) {
      const done = step(pool.pool, { type: "ticked" }, pool.now, 0).pool;
      const before = new Map(view(done).map((one) => [one.id, one.state]));
      const seen = pool.effects.length;
      const answer = pool.ask({ session, strategy: dice() < 0.5 ? "fill_first" : "random", dice: dice() });
      deliver({ effects: pool.effects.slice(seen) });
      if (!answer.ok) {
        refused += 1;
        return undefined;
      }
      expect(before.get(answer.credential)).toBe("ready");
      const lease = { ...answer, model: "m1" };
      held.set(session, lease);
      return lease;
    }

    function deliver({ effects }: { readonly effects: readonly PoolEffect[] }) {
      for (const effect of effects) {
        if (effect.do !== "revoke") continue;
        for (const { session } of effect.holders) {
          expect(held.get(session)?.credential ?? effect.credential).toBe(effect.credential);
          held.delete(session);
          revoked += 1;
        }
      }
    }
  });

  it("are told an honest time when every key rests, and are all woken by the probe that goes well", () => {
    const pool = new Driver(...Array.from({ length: 10 }, (_, index) => `key${index}`));
    const leases = Array.from({ length: 1000 }, (_, at) => pool.lease({ session: `s${at}`, strategy: "round_robin" }));
    leases.forEach((lease, index) => {
      pool.report(lease, { class: "rate", untilAt: T + 10_000 + index, explicit: true });
    });
    const ask = () => leases.map((_, at) => pool.ask({ session: `s${at}` }));
    expect(new Set(ask().map((answer) => (answer.ok ? "lease" : answer.earliestAt)))).toEqual(new Set([T + 10_000]));
    pool.now = T + 10_000;
    const given = ask().flatMap((answer) => (answer.ok ? [{ ...answer, model: "m1" }] : []));
    expect(given).toHaveLength(1);
    const woken = given.flatMap((probe) => pool.report(probe).effects);
    expect(woken).toEqual([{ do: "wake", sessions: leases.slice(1).map((_, at) => `s${at + 1}`) }]);
  });
});
