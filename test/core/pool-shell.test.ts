import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { describe, expect, it } from "vitest";
import type { FailureClass } from "../../src/core/failure.ts";
import { step } from "../../src/core/pool.ts";
import type { Strategy } from "../../src/core/pool-choice.ts";
import { LEASE_KEEP_MS } from "../../src/core/pool-lease.ts";
import { fingerprint, fingerprintsOf, keyOf } from "../../src/pool/fingerprint.ts";
import { PoolShell, TOLD_AT_ONCE } from "../../src/pool/shell.ts";
import { Driver } from "./pool/driver.ts";
import { mulberry32 } from "./pool/walk.ts";

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
  /** As the platform does it: an alarm that goes off is none any more. */
  const fire = (shell: PoolShell) => {
    alarmAt = undefined;
    shell.alarm();
  };
  return { open, lines, clock, writes, told, database, fire, alarmAt: () => alarmAt };
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
  it("lifts keys that nobody has used yet, since they are listed, too", () => {
    const fingerprints = [{ id: "A" }, { id: "B" }];
    expect(newShell().open().lift({ fingerprints })).toEqual({ ok: true, lifted: 2 });
    expect(newShell().open().lift({ fingerprints, credential: "B" })).toEqual({ ok: true, lifted: 1 });
    expect(newShell().open().lift({ fingerprints, credential: "C" })).toEqual({ ok: true, lifted: 0 });
  });

  it("begins anew where its row cannot be read, and says in the log what that was", () => {
    const { open, lines, database } = newShell();
    open().lease(ASK);
    database.exec("UPDATE pool SET json = '{'");
    lines.length = 0;
    expect(open().lease(ASK).ok).toBe(true);
    expect(lines[0]).toEqual({ event: "internal.error", provider: "openai", where: "stored", what: "pool" });
  });

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
    shell.lease({ ...ASK, run: "r2" });
    clock.now = 1_030_000;
    shell.alarm();
    const common = { provider: "openai", credential: "A", model: "m1" };
    expect(lines).toEqual([
      { event: "credential.leased", ...common, session, run },
      { event: "credential.cooling", ...common, reason: "rate", until: 1_030_000, session, run },
      { event: "pool.exhausted", provider: "openai", model: "m1", until: 1_030_000, session, run: "r2" },
      { event: "alarm.fired", provider: "openai" },
      { event: "credential.ready", ...common, reason: "time" },
    ]);
  });

  it("writes two rows a lease (it and the value) and none for a plain success; another shell on the same storage goes on from there", () => {
    const { open, writes } = newShell();
    const shell = open();
    const reply = shell.lease(ASK);
    expect(writes).toHaveLength(2);
    if (!reply.ok) throw new Error("no lease");
    const { lease, credential, version } = reply;
    const report = { lease, credential, version, model: "m1", session: "telegram:1", run: "r1" };
    shell.report({ ...report, outcome: { ok: true } });
    shell.list({ fingerprints: [{ id: "B" }] });
    expect(writes).toHaveLength(2);
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
    const leases = database.prepare("SELECT lease, credential, version, model, taken_at AS takenAt FROM lease").all();
    const { waiting: _, ...old } = JSON.parse(String(database.prepare("SELECT json FROM pool").get()?.json));
    database.prepare("UPDATE pool SET schema = 1, json = ?").run(JSON.stringify({ ...old, leases }));
    const { lease, credential, version } = reply;
    const report = { lease, credential, version, model: "m1", session: "telegram:1", run: "r1" };
    const shell = open();
    shell.report({ ...report, outcome: { ok: false, verdict } });
    expect(shell.list({ fingerprints: [{ id: "A" }] }).credentials[0]?.state).toBe("disabled");
    expect(told).toEqual([]);
  });
});

describe("leases in rows of their own", () => {
  const verdict = { class: "auth", retryable: false } as const;
  const fingerprints = [{ id: "A" }, { id: "B" }];
  const rowsOf = ({ database }: ReturnType<typeof newShell>) =>
    database.prepare("SELECT session, lease, credential FROM lease ORDER BY session").all();

  it("are read from a pool that was stored with them in its value, once, and lost by nobody", () => {
    const stage = newShell();
    const shell = stage.open();
    const replies = ["telegram:1", "telegram:2"].map((session) => shell.lease({ ...ASK, session }));
    const [one] = replies;
    if (!one?.ok) throw new Error("no lease");
    const leases = stage.database.prepare("SELECT *, taken_at AS takenAt FROM lease").all();
    const old = { ...JSON.parse(String(stage.database.prepare("SELECT json FROM pool").get()?.json)), leases };
    stage.database.prepare("UPDATE pool SET schema = 2, json = ?").run(JSON.stringify(old));
    const before = rowsOf(stage);
    // Of an upgrade that was taken back: the older version has given other leases since.
    stage.database.exec(
      "UPDATE lease SET credential = 'B'; INSERT INTO lease VALUES ('telegram:9', 'm1', 'x', 'B', 1, 5)",
    );

    const upgraded = stage.open();
    expect(rowsOf(stage)).toEqual(before);
    const row = stage.database.prepare("SELECT schema, json FROM pool").get();
    expect(row?.schema).toBe(3);
    expect(JSON.parse(String(row?.json))).not.toHaveProperty("leases");
    const { lease, credential, version } = one;
    const report = { lease, credential, version, model: "m1", session: "telegram:1", run: "r1" };
    upgraded.report({ ...report, outcome: { ok: false, verdict } });
    expect(stage.told).toEqual([{ lost: "A", holders: [{ session: "telegram:2", model: "m1" }] }]);
    expect(rowsOf(stage)).toEqual([]);
  });

  it("cost the same with ten thousand held, and all of their holders are told, so many at a time", () => {
    const stage = newShell();
    const shell = stage.open();
    const ask = (at: number) => shell.lease({ ...ASK, session: `telegram:${at}` });
    const first = ask(0);
    for (let at = 1; at < 10_000; at += 1) ask(at);
    expect(String(stage.database.prepare("SELECT json FROM pool").get()?.json).length).toBeLessThan(500);
    stage.writes.length = 0;
    ask(10_000);
    expect(stage.writes).toHaveLength(2);
    expect(stage.told).toEqual([]);
    expect(shell.list({ fingerprints: [{ id: "A" }] }).credentials[0]?.leases).toBe(10_001);

    if (!first.ok) throw new Error("no lease");
    const { lease, credential, version } = first;
    const report = { lease, credential, version, model: "m1", session: "telegram:0", run: "r1" };
    shell.report({ ...report, outcome: { ok: false, verdict } });
    let process = shell;
    let alarms = 0;
    while (stage.alarmAt() === stage.clock.now && alarms < 100) {
      alarms += 1;
      // Each may be another process.
      if (alarms % 3 === 0) process = stage.open();
      stage.fire(process);
    }
    const lost = stage.told.flatMap((one) => (one as { holders: { session: string }[] }).holders);
    expect(new Set(lost.map(({ session }) => session)).size).toBe(10_000);
    expect(lost).toHaveLength(10_000);
    expect(alarms).toBe(Math.ceil(10_000 / TOLD_AT_ONCE) - 1);
    expect(rowsOf(stage)).toEqual([]);
    expect(stage.alarmAt()).toBeUndefined();
  });

  it("are forgotten a day after they were taken, without a word", () => {
    const stage = newShell();
    const shell = stage.open();
    for (const session of ["telegram:1", "telegram:2"]) shell.lease({ ...ASK, session });
    stage.clock.now += 24 * 3_600_000;
    expect(shell.list({ fingerprints: [{ id: "A" }] }).credentials[0]?.leases).toBe(0);
    shell.lease({ ...ASK, session: "telegram:3" });
    expect(rowsOf(stage).map(({ session }) => session)).toEqual(["telegram:3"]);
    expect(stage.told).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("come to what the rules say of all of them at once (seed %i)", (seed) => {
    const stage = newShell();
    const shell = stage.open();
    const pure = new Driver();
    pure.now = stage.clock.now;
    const dice = mulberry32(seed);
    const pick = <T>(list: readonly [T, ...T[]]): T => list[Math.floor(dice() * list.length)] ?? list[0];
    const held: (Parameters<PoolShell["report"]>[0] & { readonly outcome: unknown })[] = [];
    let asked = 0;
    for (let at = 0; at < 600; at += 1) {
      const draw = dice();
      if (draw < 0.5) {
        const session = `telegram:${Math.floor(dice() * 30)}`;
        const model = pick(["m1", "m2"]);
        const secrets = dice() < 0.95 ? fingerprints : [{ id: "B" }];
        const strategy = pick<Strategy>(["fill_first", "round_robin"]);
        asked += 1;
        const reply = shell.lease({ session, run: "r", model, strategy, exclude: [], fingerprints: secrets });
        pure.do({ type: "synced", fingerprints: secrets });
        const { answer } = pure.do({
          type: "leaseAsked",
          lease: `lease-${asked}`,
          session,
          model,
          strategy,
          exclude: [],
        });
        const { notices: _, ...same } = reply;
        expect(same).toEqual(answer);
        if (reply.ok) held.push({ ...reply, model, session, run: "r", outcome: { ok: true } });
      } else if (draw < 0.85 && held.length > 0) {
        const report = held[Math.floor(dice() * held.length)];
        if (!report) continue;
        const failing = dice() < 0.4;
        const outcome = failing
          ? ({
              ok: false,
              verdict: { class: pick<FailureClass>(["rate", "billing", "overload"]), retryable: true },
            } as const)
          : ({ ok: true } as const);
        shell.report({ ...report, outcome });
        const { lease, credential, version, model } = report;
        pure.do({ type: "reported", lease, credential, version, model, outcome });
      } else if (draw < 0.88) {
        shell.lift({});
        pure.do({ type: "lifted" });
      } else {
        stage.clock.now += Math.floor(dice() * 40_000_000 * dice() ** 6);
        pure.now = stage.clock.now;
        const alarmAt = stage.alarmAt();
        if (alarmAt !== undefined && alarmAt <= stage.clock.now) stage.fire(shell);
        pure.do({ type: "ticked" });
      }
      const { leases } = step(pure.pool, { type: "ticked" }, pure.now, 0).pool;
      const fresh = stage.database.prepare("SELECT lease FROM lease WHERE taken_at > ? ORDER BY lease");
      expect(fresh.all(stage.clock.now - LEASE_KEEP_MS)).toEqual(
        leases.map(({ lease }) => ({ lease })).sort((one, other) => (one.lease < other.lease ? -1 : 1)),
      );
    }
    const lost = pure.effects.flatMap((effect) =>
      effect.do === "revoke" ? [{ lost: effect.credential, holders: effect.holders }] : [],
    );
    const sorted = (told: readonly unknown[]) =>
      told
        .flatMap(
          (one) =>
            (one as (typeof lost)[number]).holders?.map((holder) => ({
              ...holder,
              lost: (one as { lost: string }).lost,
            })) ?? [],
        )
        .map((one) => JSON.stringify(one))
        .sort();
    expect(lost.length).toBeGreaterThan(3);
    expect(sorted(stage.told)).toEqual(sorted(lost));
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
