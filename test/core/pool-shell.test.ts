import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { fingerprint, fingerprintsOf, keyOf } from "../../src/pool/fingerprint.ts";
import { PoolShell } from "../../src/pool/shell.ts";

function newShell() {
  const database = new DatabaseSync(":memory:");
  const lines: Record<string, unknown>[] = [];
  const clock = { now: 1_000_000 };
  let alarmAt: number | undefined;
  let ids = 0;
  const writes: string[] = [];
  const told: unknown[] = [];
  const open = () =>
    new PoolShell({
      provider: "openai",
      storage: {
        exec: (query, ...bindings: SQLInputValue[]) => {
          if (query.startsWith("INSERT")) writes.push(query);
          return database.prepare(query).all(...bindings);
        },
        transactionSync: (body) => body(),
        setAlarm: (at) => {
          alarmAt = at;
        },
        deleteAlarm: () => {
          alarmAt = undefined;
        },
      },
      now: () => clock.now,
      newId: () => `lease-${++ids}`,
      dice: () => 0,
      log: (event, fields) => lines.push({ event, ...fields }),
      revoke: (holders, credential) => told.push({ lost: credential, holders }),
      wake: (sessions) => told.push({ woken: sessions }),
    });
  return { open, lines, clock, writes, told, database, alarmAt: () => alarmAt };
}

const ASK = {
  session: "telegram:1",
  run: "r1",
  model: "m1",
  strategy: "fill_first",
  fingerprints: [{ id: "A" }],
  exclude: [],
} as const;

describe("the pool's shell", () => {
  it("logs the contract's events with provider, credential, reason, until, session and run", () => {
    const { open, lines, clock, alarmAt } = newShell();
    const shell = open();
    const reply = shell.lease(ASK);
    if (!reply.ok) throw new Error("no lease");
    const { session, run, model } = ASK;
    const verdict = { class: "rate", retryable: true } as const;
    const { lease, credential, version } = reply;
    shell.report({ lease, credential, version, model, session, run, outcome: { ok: false, verdict } });
    expect(alarmAt()).toBe(1_030_000);
    clock.now = 1_030_000;
    shell.alarm();
    const common = { provider: "openai", credential: "A", model: "m1" };
    expect(lines).toEqual([
      { event: "credential.leased", ...common, session, run },
      { event: "credential.cooling", ...common, reason: "rate", until: 1_030_000, session, run },
      { event: "pool.exhausted", provider: "openai", model: "m1", until: 1_030_000, session, run },
      { event: "alarm.fired", provider: "openai" },
      { event: "credential.ready", ...common, reason: "time" },
    ]);
  });

  it("writes one row a lease and none for a plain success; another shell on the same storage goes on from there", () => {
    const { open, writes } = newShell();
    const shell = open();
    const reply = shell.lease(ASK);
    expect(writes).toHaveLength(1);
    if (!reply.ok) throw new Error("no lease");
    const { lease, credential, version } = reply;
    const report = { lease, credential, version, model: "m1", session: "telegram:1", run: "r1" };
    shell.report({ ...report, outcome: { ok: true } });
    shell.list({ fingerprints: [{ id: "B" }] });
    expect(writes).toHaveLength(1);
    const views = shell.list({ fingerprints: [{ id: "A" }] });
    expect(open().list({ fingerprints: [{ id: "A" }] })).toEqual(views);
  });
});

describe("the pool's word to sessions", () => {
  const verdict = { class: "auth", retryable: false } as const;

  it("is given once, after the commit: leases are lost, waits are over", () => {
    const { open, told, clock } = newShell();
    const shell = open();
    const [one] = [shell.lease({ ...ASK, session: "telegram:1" }), shell.lease({ ...ASK, session: "telegram:2" })];
    if (!one.ok) throw new Error("no lease");
    const { lease, credential, version } = one;
    const report = { lease, credential, version, model: "m1", session: "telegram:1", run: "r1" };
    const limited = { class: "rate", retryable: true } as const;
    shell.report({ ...report, outcome: { ok: false, verdict: limited } });
    expect(told).toEqual([{ lost: "A", holders: [{ session: "telegram:2", model: "m1" }] }]);
    expect(shell.lease({ ...ASK, session: "telegram:2" }).ok).toBe(false);
    clock.now += 1_000;
    // Another process, the same storage.
    open().lift({});
    expect(told.slice(1)).toEqual([{ woken: ["telegram:2"] }]);
  });

  it("needs no leases of a pool that was stored before they named sessions", () => {
    const { open, told, database } = newShell();
    const first = open();
    const reply = first.lease(ASK);
    first.lease({ ...ASK, session: "telegram:2" });
    if (!reply.ok) throw new Error("no lease");
    const old = JSON.parse(String(database.prepare("SELECT json FROM pool").get()?.json));
    for (const lease of old.leases) delete lease.session;
    delete old.waiting;
    database.prepare("UPDATE pool SET schema = 1, json = ?").run(JSON.stringify(old));
    const { lease, credential, version } = reply;
    const report = { lease, credential, version, model: "m1", session: "telegram:1", run: "r1" };
    const shell = open();
    shell.report({ ...report, outcome: { ok: false, verdict } });
    expect(shell.list({ fingerprints: [{ id: "A" }] }).credentials[0]?.state).toBe("disabled");
    expect(told).toEqual([]);
  });
});

describe("a fingerprint", () => {
  it("is twelve hex digits, the same each time, different by provider and key, and leads back to the key", async () => {
    const provider = { name: "openai", keys: [{ key: "sk-1" }, { key: "sk-2", account: "one" }] };
    const ids = await fingerprintsOf(provider);
    expect(ids).toEqual([
      { id: await fingerprint("openai", "sk-1") },
      { id: await fingerprint("openai", "sk-2"), account: "one" },
    ]);
    expect(ids[0]?.id).toMatch(/^[0-9a-f]{12}$/);
    expect(new Set([...ids.map(({ id }) => id), await fingerprint("groq", "sk-1")]).size).toBe(3);
    expect(await keyOf(provider, ids[1]?.id ?? "")).toBe("sk-2");
    expect(await keyOf(provider, "000000000000")).toBeUndefined();
  });
});
