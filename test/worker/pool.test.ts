import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Pool } from "../../src/pool/object.ts";

const pools = (env as unknown as { POOL: DurableObjectNamespace<Pool> }).POOL;
const SESSION = "telegram:1";
const A = { id: "aaaaaaaaaaaa" };
const B = { id: "bbbbbbbbbbbb" };

function ask(more: { exclude?: string[]; fingerprints?: { id: string; account?: string }[] } = {}) {
  const { exclude = [], fingerprints = [A, B] } = more;
  return { session: SESSION, run: "r1", model: "m1", strategy: "fill_first" as const, fingerprints, exclude };
}

async function leased(name: string, more?: Parameters<typeof ask>[0]) {
  const reply = await pools.getByName(name).lease(ask(more));
  if (!reply.ok) throw new Error(`no lease: ${JSON.stringify(reply)}`);
  const { lease, credential, version } = reply;
  return { lease, credential, version, model: "m1", session: SESSION, run: "r1" };
}

const failed = (verdictClass: "rate" | "auth" | "billing" | "overload", untilAt?: number) =>
  ({
    ok: false,
    verdict: { class: verdictClass, retryable: false, ...(untilAt === undefined ? {} : { untilAt, explicit: true }) },
  }) as const;

describe("the pool object", () => {
  it("gives a lease, benches what failed, gives the other, and remembers all of it through a crash", async () => {
    const first = await leased("crash");
    expect(first.credential).toBe(A.id);
    const untilAt = Date.now() + 3_600_000;
    const pool = pools.getByName("crash");
    expect(await pool.report({ ...first, outcome: failed("rate", untilAt) })).toEqual({ ok: true, notices: [] });
    expect((await leased("crash", { exclude: [A.id] })).credential).toBe(B.id);

    await abortAllDurableObjects();

    expect((await leased("crash")).credential).toBe(B.id);
    const { credentials } = await pools.getByName("crash").list({ fingerprints: [A, B] });
    expect(credentials[0]).toEqual({
      id: A.id,
      state: "cooling",
      until: untilAt,
      reason: "rate",
      leases: 0,
      uses: 1,
      lastUsedAt: expect.any(Number),
    });
    expect(credentials[1]).toMatchObject({ id: B.id, state: "ready", until: null, reason: null, leases: 1, uses: 2 });
  });

  it("refuses with the time, tells the owners once, and a lift makes ready at once", async () => {
    const pool = pools.getByName("dry");
    const only = { fingerprints: [A] };
    const lease = await leased("dry", only);
    const { notices } = await pool.report({ ...lease, outcome: failed("auth") });
    expect(notices.map(({ kind }) => kind)).toEqual(["disabled", "dry"]);
    expect(await pool.lease(ask(only))).toEqual({ ok: false, allDisabled: true, empty: false, notices: [] });
    expect(await pool.lift({ credential: "cccccccccccc" })).toEqual({ ok: true, lifted: 0 });
    expect(await pool.lift({ credential: A.id })).toEqual({ ok: true, lifted: 1 });
    const again = await leased("dry", only);
    expect(again.version).toBe(lease.version + 1);
    await pool.report({ ...lease, lease: "of-before", outcome: failed("auth") });
    expect((await pool.list(only)).credentials[0]?.state).toBe("ready");
  });

  it("sets its alarm to the end of a window, and none while nothing rests", async () => {
    const pool = pools.getByName("alarm");
    const lease = await leased("alarm");
    const alarm = () => runInDurableObject(pool, (_, state) => state.storage.getAlarm());
    expect(await alarm()).toBeNull();
    const untilAt = Date.now() + 3_600_000;
    await pool.report({ ...lease, outcome: failed("rate", untilAt) });
    expect(await alarm()).toBe(untilAt);
    // Too early: it is set again.
    await runDurableObjectAlarm(pool);
    expect(await alarm()).toBe(untilAt);
    await pool.lift({});
    expect(await alarm()).toBeNull();
  });

  it("writes two rows for a lease, it and the value, and none for a success or an overload", async () => {
    const pool = pools.getByName("rows");
    const lease = await leased("rows");
    const stored = () =>
      runInDurableObject(pool, (_, { storage }) => [
        ...storage.sql.exec("SELECT id, schema, json FROM pool").toArray(),
        ...storage.sql.exec("SELECT * FROM lease").toArray(),
      ]);
    const before = await stored();
    expect(before).toHaveLength(2);
    await pool.report({ ...lease, outcome: { ok: true } });
    await pool.report({ ...lease, outcome: failed("overload") });
    await pool.list({ fingerprints: [B] });
    expect(await stored()).toEqual(before);
  });

  it("begins anew where its row cannot be read", async () => {
    const pool = pools.getByName("broken");
    await leased("broken");
    await runInDurableObject(pool, (_, { storage }) => storage.sql.exec("UPDATE pool SET json = '{'").toArray());
    await abortAllDurableObjects();
    expect((await leased("broken")).credential).toBe(A.id);
  });
});
