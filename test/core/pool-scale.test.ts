import { describe, expect, it } from "vitest";
import { step } from "../../src/core/pool.ts";
import { view } from "../../src/core/pool-view.ts";
import { Driver, T } from "./pool/driver.ts";
import { mulberry32 } from "./pool/walk.ts";

describe("a thousand sessions on ten keys that fail at random", () => {
  it("bench no healthy key, lease no benched key, and get a lease or an honest time at every ask", () => {
    const SEED = 20_261_122;
    const dice = mulberry32(SEED);
    const pool = new Driver(...Array.from({ length: 10 }, (_, index) => `key${index}`));
    /** Even keys are healthy: they answer, or are overloaded. Odd ones are limited, and one each is broke and revoked. */
    const isHealthy = (id: string) => Number(id.slice(3)) % 2 === 0;
    const held = new Map<number, ReturnType<Driver["lease"]>>();
    let refused = 0;
    for (let at = 0; at < 20_000; at += 1) {
      const session = Math.floor(dice() * 1000);
      const lease = held.get(session) ?? take(session);
      if (lease === undefined) continue;
      if (isHealthy(lease.credential)) pool.report(lease, dice() < 0.1 ? { class: "overload" } : undefined);
      else if (dice() < 0.5) {
        const kinds = { key7: "billing", key9: "auth" } as const;
        const name = lease.credential === "key7" || lease.credential === "key9" ? kinds[lease.credential] : "rate";
        pool.report(lease, { class: name });
        held.delete(session);
      } else pool.report(lease);
      if (dice() < 0.05) held.delete(session);
      pool.now += Math.floor(dice() * 1200);
      for (const { id, state } of view(pool.pool)) {
        if (isHealthy(id) && state !== "ready") expect.fail(`seed ${SEED}, step ${at}: healthy ${id} is ${state}`);
      }
    }
    expect(refused).toBe(0);
    expect(pool.state("key9")?.state).toBe("disabled");
    expect(pool.pool.leases.length).toBeLessThanOrEqual(512);

    function take(session: number) {
      const before = new Map(
        view(step(pool.pool, { type: "ticked" }, pool.now, 0).pool).map((one) => [one.id, one.state]),
      );
      const answer = pool.ask({ strategy: session % 2 === 0 ? "fill_first" : "random", dice: dice() });
      if (!answer.ok) {
        refused += 1;
        return undefined;
      }
      expect(before.get(answer.credential)).toBe("ready");
      const lease = { ...answer, model: "m1" };
      held.set(session, lease);
      return lease;
    }
  });

  it("are told an honest time when every key rests", () => {
    const pool = new Driver(...Array.from({ length: 10 }, (_, index) => `key${index}`));
    const leases = Array.from({ length: 1000 }, () => pool.lease({ strategy: "round_robin" }));
    leases.forEach((lease, index) => {
      pool.report(lease, { class: "rate", untilAt: T + 10_000 + index, explicit: true });
    });
    const answers = leases.map(() => pool.ask());
    expect(new Set(answers.map((answer) => (answer.ok ? "lease" : answer.earliestAt)))).toEqual(new Set([T + 10_000]));
    pool.now = T + 10_000;
    expect(leases.map(() => pool.ask()).filter(({ ok }) => ok)).toHaveLength(1);
  });
});
