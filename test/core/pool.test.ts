import { describe, expect, it } from "vitest";
import { nextAlarm, type PoolEffect } from "../../src/core/pool.ts";
import { TRIAL_MS } from "../../src/core/pool-credential.ts";
import { FIRST_CHOICE_MS, LEASE_KEEP_MS, LEASES_KEPT, SECOND_CHOICE_MS } from "../../src/core/pool-lease.ts";
import { view } from "../../src/core/pool-view.ts";
import { WAITING_KEPT } from "../../src/core/pool-waiting.ts";
import { Driver, fingerprintOf, T } from "./pool/driver.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const OTHER = { lease: "other", session: "other", model: "m1", strategy: "fill_first", exclude: [] } as const;
const ready = { state: "ready", until: null, reason: null };

describe("a lease", () => {
  it("goes to the first credential of the list by fill_first, and stays with the preferred one while it is well", () => {
    const pool = new Driver("A", "B");
    expect(pool.lease().credential).toBe("A");
    expect(pool.lease({ prefer: "B" }).credential).toBe("B");
    pool.report(pool.lease({ prefer: "B" }), { class: "rate" });
    expect(pool.lease({ prefer: "B" }).credential).toBe("A");
  });

  it("goes round by round_robin, and to the least used by least_used", () => {
    const round = new Driver("A", "B", "C");
    const taken = [1, 2, 3, 4].map(() => round.lease({ strategy: "round_robin" }).credential);
    expect(taken).toEqual(["A", "B", "C", "A"]);
    expect(round.lease({ strategy: "least_used" }).credential).toBe("B");
  });

  it("is drawn by the dice by random", () => {
    const pool = new Driver("A", "B");
    expect(pool.lease({ strategy: "random", dice: 0.1 }).credential).toBe("A");
    expect(pool.lease({ strategy: "random", dice: 0.9 }).credential).toBe("B");
  });

  it("is refused with empty where there is no key, and with allDisabled where a person is needed", () => {
    expect(new Driver().ask()).toEqual({ ok: false, allDisabled: false, empty: true });
    const pool = new Driver("A");
    pool.report(pool.lease(), { class: "auth" });
    expect(pool.ask()).toEqual({ ok: false, allDisabled: true, empty: false });
  });

  it("is refused without a time where this turn has tried everything and nothing rests", () => {
    expect(new Driver("A").ask({ exclude: ["A"] })).toEqual({ ok: false, allDisabled: false, empty: false });
  });

  it("is refused with the time of a credential that the turn has tried, while that rests", () => {
    const pool = new Driver("A");
    pool.report(pool.lease(), { class: "rate", untilAt: T + 7_000, explicit: true });
    expect(pool.ask({ exclude: ["A"] })).toEqual({
      ok: false,
      earliestAt: T + 7_000,
      allDisabled: false,
      empty: false,
    });
  });
});

describe("a window", () => {
  it("of a rate limit holds for its model, and for every model once a second one fails inside it", () => {
    const pool = new Driver("A", "B");
    const [one, two] = [pool.lease(), pool.lease({ model: "m2" })];
    pool.report(one, { class: "rate" });
    expect(pool.lease({ model: "m2" }).credential).toBe("A");
    pool.report(two, { class: "rate" });
    expect(pool.lease({ model: "m3" }).credential).toBe("B");
  });

  it("grows 30 s, 60 s, 120 s … up to an hour while a rate limit repeats, and begins anew after a success", () => {
    const pool = new Driver("A", "B");
    const lengths: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      pool.report(pool.lease({ prefer: "A" }), { class: "rate" });
      const until = pool.state("A")?.until ?? 0;
      lengths.push((until - pool.now) / 1000);
      pool.now = until;
    }
    expect(lengths).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    pool.report(pool.lease({ prefer: "A" }));
    pool.report(pool.lease({ prefer: "A" }), { class: "rate" });
    expect(pool.state("A")?.until).toBe(pool.now + 30_000);
  });

  it("ends when the provider says so, and a default of the failure table is no word of the provider", () => {
    const pool = new Driver("A", "B");
    pool.report(pool.lease(), { class: "rate", untilAt: T + 2_000, explicit: true });
    expect(pool.state("A")?.until).toBe(T + 2_000);
    pool.report(pool.lease(), { class: "rate", untilAt: T + 60_000 });
    expect(pool.state("B")?.until).toBe(T + 30_000);
  });

  it("does not move for a second failure, but a later end named by the provider replaces a guess, once", () => {
    const pool = new Driver("A", "B");
    const leases = [pool.lease(), pool.lease(), pool.lease(), pool.lease()] as const;
    pool.report(leases[0], { class: "rate" });
    pool.now += 5_000;
    pool.report(leases[1], { class: "rate" });
    expect(pool.state("A")?.until).toBe(T + 30_000);
    pool.report(leases[2], { class: "rate", untilAt: T + 90_000, explicit: true });
    expect(pool.state("A")?.until).toBe(T + 90_000);
    pool.report(leases[3], { class: "rate", untilAt: T + 900_000, explicit: true });
    expect(pool.state("A")?.until).toBe(T + 90_000);
  });

  it("is a minute at most for the only key with a transient cause, and never short for billing", () => {
    const pool = new Driver("A");
    for (let round = 0; round < 4; round += 1) {
      pool.report(pool.lease(), { class: "rate" });
      pool.now = pool.state("A")?.until ?? 0;
    }
    pool.report(pool.lease(), { class: "rate" });
    expect(pool.state("A")?.until).toBe(pool.now + MINUTE);
    pool.do({ type: "lifted" });
    pool.report(pool.lease(), { class: "billing", untilAt: pool.now + 5_000, explicit: true });
    expect(pool.state("A")?.until).toBeGreaterThanOrEqual(pool.now + HOUR);
  });

  it("of quota and billing takes every key of the account; of a rate limit only where the provider says account", () => {
    for (const name of ["quota", "billing"] as const) {
      const pool = new Driver("A@one", "B@one", "C@two");
      pool.report(pool.lease(), { class: name });
      expect([pool.state("A")?.state, pool.state("B")?.state, pool.state("C")?.state], name).toEqual([
        "cooling",
        "cooling",
        "ready",
      ]);
    }
    const pool = new Driver("A@one", "B@one");
    pool.report(pool.lease(), { class: "rate" });
    expect(pool.state("B")).toEqual(ready);
    pool.report(pool.lease(), { class: "rate", scope: "account" });
    expect(pool.lease.bind(pool)).toThrow(/no lease/);
  });
});

describe("after a window", () => {
  it("one probe is let in; the others go elsewhere until its success", () => {
    const pool = new Driver("A", "B");
    pool.report(pool.lease(), { class: "rate" });
    pool.now += 30_000;
    const probe = pool.lease();
    expect(probe).toMatchObject({ credential: "A", isProbe: true });
    expect(pool.lease().credential).toBe("B");
    pool.report(probe);
    expect(pool.lease()).toMatchObject({ credential: "A", isProbe: false });
  });

  it("a probe that is never reported holds up the others for twenty seconds only", () => {
    const pool = new Driver("A");
    pool.report(pool.lease(), { class: "rate" });
    pool.now += 30_000;
    pool.lease();
    expect(pool.ask()).toMatchObject({ ok: false, earliestAt: pool.now + TRIAL_MS, isOnTrial: true });
    pool.now += TRIAL_MS;
    expect(pool.lease().isProbe).toBe(true);
  });

  it("the alarm is due at its end and says once that the credential is ready", () => {
    const pool = new Driver("A", "B");
    expect(nextAlarm(pool.pool)).toBeUndefined();
    pool.report(pool.lease(), { class: "rate" });
    expect(nextAlarm(pool.pool)).toBe(T + 30_000);
    pool.now = T + 30_000;
    const said = pool.do({ type: "ticked" }).effects;
    expect(said).toEqual([{ do: "log", event: "credential.ready", credential: "A", model: "m1", reason: "time" }]);
    expect(pool.do({ type: "ticked" }).effects).toEqual([]);
    expect(nextAlarm(pool.pool)).toBeUndefined();
  });
});

describe("a kept lease", () => {
  const keepUntilAt = (answer: ReturnType<Driver["lease"]>) => answer.keepUntilAt;

  it("of the second choice is kept until the first may be chosen again, which is then the probe", () => {
    const pool = new Driver("A", "B");
    pool.report(pool.lease(), { class: "rate" });
    const second = pool.lease();
    expect([second.credential, second.keepUntilAt]).toEqual(["B", T + 30_000]);
    pool.now = T + 30_000;
    const probe = pool.lease({ session: "s1" });
    expect(probe).toMatchObject({ credential: "A", isProbe: true });
    // The others ask again when the trial is over.
    expect(keepUntilAt(pool.lease())).toBe(pool.now + TRIAL_MS);
    pool.report(probe);
    expect(pool.lease()).toMatchObject({ credential: "A", isProbe: false });
  });

  it("of the first choice is kept for hours; no second one for longer than ten minutes, since a person may lift", () => {
    const pool = new Driver("A", "B");
    expect(keepUntilAt(pool.lease())).toBe(T + FIRST_CHOICE_MS);
    expect(FIRST_CHOICE_MS).toBeLessThan(LEASE_KEEP_MS);
    pool.report(pool.lease(), { class: "auth" });
    expect(keepUntilAt(pool.lease())).toBe(T + SECOND_CHOICE_MS);
    expect(keepUntilAt(pool.lease({ strategy: "round_robin" }))).toBeUndefined();
  });

  it("is only for this turn where the first choice is well and the turn has merely tried it", () => {
    expect(keepUntilAt(new Driver("A", "B").lease({ exclude: ["A"] }))).toBe(T);
  });

  it("is taken back from everybody but the reporter when its credential is benched for their model", () => {
    const pool = new Driver("A", "B");
    const one = pool.lease({ session: "one" });
    pool.lease({ session: "two" });
    pool.lease({ session: "two", model: "m2" });
    pool.lease({ session: "three", prefer: "B" });
    const told = () => pool.effects.flatMap((effect) => (effect.do === "revoke" ? [effect] : []));
    pool.report(one, { class: "rate" });
    expect(told()).toEqual([{ do: "revoke", credential: "A", holders: [{ session: "two", model: "m1" }] }]);
    // A second model widens the window: whoever holds the credential for a third is told, too.
    const third = pool.lease({ session: "four", model: "m3" });
    pool.report(third, { class: "rate" });
    expect(told()[1]).toEqual({ do: "revoke", credential: "A", holders: [{ session: "two", model: "m2" }] });
  });

  it("is taken back when its credential is disabled, cools with its account, or leaves the secrets", () => {
    for (const [verdict, lost] of [
      [{ class: "auth" }, ["A"]],
      [{ class: "billing" }, ["A", "B"]],
    ] as const) {
      const pool = new Driver("A@one", "B@one", "C");
      const own = pool.lease({ session: "own" });
      for (const id of ["A", "B", "C"]) pool.lease({ session: id, prefer: id });
      const { effects } = pool.report(own, verdict);
      const told = effects.flatMap((effect) => (effect.do === "revoke" ? effect.holders : []));
      expect(told.map(({ session }) => session)).toEqual(lost);
    }
    const pool = new Driver("A", "B");
    pool.lease({ session: "one" });
    const { effects } = pool.do({ type: "synced", fingerprints: [{ id: "B" }] });
    expect(effects).toEqual([{ do: "revoke", credential: "A", holders: [{ session: "one", model: "m1" }] }]);
  });

  it("is one for a session and model: the newer replaces the older", () => {
    const pool = new Driver("A", "B");
    for (let at = 0; at < 5; at += 1) pool.lease({ session: "one" });
    expect(pool.pool.leases).toHaveLength(1);
  });

  it("is taken back aloud where there are too many to remember", () => {
    const pool = new Driver("A");
    pool.lease({ session: "s0" });
    const [first] = pool.pool.leases;
    if (!first) throw new Error("no lease");
    const others = Array.from({ length: LEASES_KEPT }, (_, at) => ({
      ...first,
      session: `s${at + 1}`,
      lease: `x${at}`,
    }));
    pool.pool = { ...pool.pool, leases: [first, ...others] };
    pool.do({ type: "ticked" });
    expect(pool.pool.leases).toHaveLength(LEASES_KEPT);
    expect(pool.effects.at(-1)).toEqual({
      do: "revoke",
      credential: "A",
      holders: [{ session: "s0", model: "m1" }],
    });
  });
});

describe("who was told a time", () => {
  const woken = (effects: readonly PoolEffect[]) =>
    effects.flatMap((effect) => (effect.do === "wake" ? effect.sessions : []));

  it("is woken by a lift, a new key and a probe that goes well, once", () => {
    const pool = new Driver("A");
    pool.report(pool.lease(), { class: "rate" });
    pool.ask({ session: "one" });
    pool.ask({ session: "two", model: "m2" });
    expect(woken(pool.do({ type: "lifted" }).effects)).toEqual(["one"]);
    expect(woken(pool.do({ type: "lifted" }).effects)).toEqual([]);

    pool.report(pool.lease(), { class: "rate" });
    pool.ask({ session: "one" });
    expect(woken(pool.do({ type: "synced", fingerprints: [{ id: "A" }, { id: "B" }] }).effects)).toEqual(["one"]);
    pool.do({ type: "synced", fingerprints: [{ id: "A" }] });

    pool.now += MINUTE;
    const probe = pool.lease();
    pool.ask({ session: "one" });
    expect(woken(pool.report(probe).effects)).toEqual(["one"]);
  });

  it("is not woken for a credential that was free all the time, nor for its own asking", () => {
    const pool = new Driver("A", "B");
    pool.report(pool.lease(), { class: "rate", untilAt: T + 900_000, explicit: true });
    pool.ask({ session: "one", exclude: ["A", "B"] });
    expect(woken(pool.do({ type: "leaseAsked", ...OTHER }).effects)).toEqual([]);

    pool.report(pool.lease(), { class: "rate" });
    pool.now += 30_000;
    pool.lease();
    pool.now += TRIAL_MS;
    // B's probe has said nothing, so B is free by time alone: but this turn has had it.
    const asked = { ...OTHER, session: "two", exclude: ["B"] };
    expect(woken(pool.do({ type: "leaseAsked", ...asked }).effects)).not.toContain("two");
  });

  it("is remembered up to a number", () => {
    const pool = new Driver("A");
    pool.report(pool.lease(), { class: "rate" });
    for (let at = 0; at <= WAITING_KEPT; at += 1) pool.ask({ session: `w${at}` });
    expect(woken(pool.do({ type: "lifted" }).effects)).toHaveLength(WAITING_KEPT);
  });

  it("is not woken when it has been given a credential since, or when its own time has come", () => {
    const pool = new Driver("A", "B");
    pool.report(pool.lease(), { class: "rate" });
    pool.report(pool.lease(), { class: "rate", untilAt: T + 90_000, explicit: true });
    pool.ask({ session: "one" });
    pool.ask({ session: "two" });
    pool.now = T + 30_000;
    expect(woken(pool.do({ type: "ticked" }).effects)).toEqual([]);
    pool.ask({ session: "one" });
    expect(woken(pool.do({ type: "lifted" }).effects)).toEqual([]);
  });
});

describe("a report", () => {
  it("charges the credential that failed, whatever the session uses by then", () => {
    const pool = new Driver("A", "B");
    const old = pool.lease();
    pool.lease({ exclude: ["A"] });
    pool.report(old, { class: "auth" });
    expect(pool.state("A")).toEqual({ state: "disabled", until: null, reason: "auth" });
    expect(pool.state("B")).toEqual(ready);
  });

  it("with another credential than the lease's is not believed", () => {
    const pool = new Driver("A", "B");
    pool.report({ ...pool.lease(), credential: "B" }, { class: "auth" });
    expect([pool.state("A"), pool.state("B")]).toEqual([ready, ready]);
  });

  it("from before a lift, or for the second time, changes nothing: the very same pool comes back", () => {
    const pool = new Driver("A", "B");
    const [one, two] = [pool.lease(), pool.lease()];
    pool.report(one, { class: "rate" });
    const before = pool.pool;
    expect(pool.report(one, { class: "rate" }).pool).toBe(before);
    pool.do({ type: "lifted", credential: "A" });
    const lifted = pool.pool;
    expect(pool.report(two, { class: "billing" }).pool).toBe(lifted);
    expect(pool.state("A")).toEqual(ready);
  });

  it("of overload, network, context, bad request, policy or a missing model, or of plain success, changes nothing", () => {
    const pool = new Driver("A");
    const lease = pool.lease();
    const before = pool.pool;
    for (const name of ["overload", "network", "context", "bad", "blocked", "model_missing"] as const) {
      expect(pool.report(lease, { class: name, untilAt: T + 9_000, explicit: true }).pool).toBe(before);
    }
    expect(pool.report(lease).pool).toBe(before);
  });

  it("of a lease that was dropped for age still counts", () => {
    const pool = new Driver("A", "B");
    const lease = pool.lease();
    pool.now += 48 * HOUR;
    pool.do({ type: "ticked" });
    expect(pool.pool.leases).toEqual([]);
    pool.report(lease, { class: "auth" });
    expect(pool.state("A")?.state).toBe("disabled");
  });
});

describe("the secrets", () => {
  it("a new key begins ready, a key that is gone is given to nobody, and one that comes back is what it was", () => {
    const pool = new Driver("A", "B");
    pool.report(pool.lease(), { class: "auth" });
    pool.do({ type: "synced", fingerprints: [{ id: "B" }, { id: "C" }] });
    expect(view(pool.pool).map(({ id }) => id)).toEqual(["B", "C"]);
    pool.do({ type: "synced", fingerprints: [{ id: "A" }] });
    expect(pool.state("A")?.state).toBe("disabled");
  });

  it("the same secrets again change nothing", () => {
    const pool = new Driver("A@one", "B");
    const before = pool.pool;
    expect(pool.do({ type: "synced", fingerprints: ["A@one", "B"].map(fingerprintOf) }).pool).toBe(before);
  });
});

describe("the owners", () => {
  it("hear once that a pool ran dry, however often it dries out, until something has proved well", () => {
    const pool = new Driver("A");
    const notices = () => pool.effects.filter((effect) => effect.do === "notify").length;
    pool.report(pool.lease(), { class: "rate" });
    pool.ask();
    pool.ask();
    expect(notices()).toBe(1);
    // The log has it for each that found nobody.
    expect(pool.effects.filter((effect) => effect.do === "log" && effect.event === "pool.exhausted")).toHaveLength(2);
    pool.now += MINUTE;
    pool.report(pool.lease(), { class: "rate" });
    expect(notices()).toBe(1);
    pool.now += MINUTE;
    pool.report(pool.lease());
    pool.report(pool.lease(), { class: "rate" });
    expect(notices()).toBe(2);
  });
});
