import { describe, expect, it } from "vitest";
import type { Event } from "../../src/core/event.ts";
import type { Door } from "../../src/session/door.ts";
import { Leasing } from "../../src/session/leasing.ts";
import type { LeaseReply, LeaseReport, SessionPorts } from "../../src/session/ports.ts";

const MODEL = { provider: "p", model: "m" };
const LOST = { provider: "p", credential: "A" };

/** A run's side of the pool, with a pool that answers as it is told. */
function scene(answers: (() => LeaseReply)[]) {
  const passed: Event[] = [];
  const reports: LeaseReport[] = [];
  const ports = {
    key: "telegram:1",
    now: () => 1_000,
    newId: () => "id",
    credentials: async () => ["A", "B"],
    pool: () => ({
      lease: async () => {
        const answer = answers.shift();
        if (answer === undefined) throw new Error("unreachable");
        return answer();
      },
      report: async (report: LeaseReport) => {
        reports.push(report);
      },
    }),
  } as unknown as SessionPorts;
  const door = { session: { epoch: 1 }, log: () => {}, pass: (event: Event) => passed.push(event) } as unknown as Door;
  return { leasing: new Leasing("r1", door, ports), passed, reports };
}

const granted = (credential: string): LeaseReply => ({ ok: true, lease: `l-${credential}`, credential, version: 1 });

describe("a run's lease", () => {
  it("is asked for again where it was taken back while the answer was under way", async () => {
    const { leasing } = scene([
      () => {
        leasing.lose(LOST);
        return granted("A");
      },
      () => granted("B"),
    ]);
    expect(await leasing.lease(MODEL, [])).toMatchObject({ credential: "B" });
    expect(leasing.isLost(MODEL, "B")).toBe(false);
  });

  it("is not asked for without end", async () => {
    let asks = 0;
    const lose = () => {
      asks += 1;
      leasing.lose(LOST);
      return granted("A");
    };
    const { leasing } = scene(Array.from({ length: 9 }, () => lose));
    expect(await leasing.lease(MODEL, [])).toMatchObject({ credential: "A" });
    expect(asks).toBe(3);
    expect(leasing.isLost(MODEL, "A")).toBe(true);
  });

  it("is well again once the pool has given the credential anew", async () => {
    const { leasing } = scene([() => granted("A")]);
    leasing.lose(LOST);
    leasing.lose({ ...LOST, provider: "other" });
    expect(leasing.isLost(MODEL, "A")).toBe(true);
    await leasing.lease(MODEL, []);
    expect(leasing.isLost(MODEL, "A")).toBe(false);
    expect(leasing.isLost({ ...MODEL, provider: "other" }, "A")).toBe(true);
  });

  it("is lost for the model that is named, or for every one", () => {
    const { leasing } = scene([]);
    leasing.lose({ ...LOST, model: "m2" });
    expect([leasing.isLost(MODEL, "A"), leasing.isLost({ ...MODEL, model: "m2" }, "A")]).toEqual([false, true]);
    leasing.lose(LOST);
    expect([leasing.isLost(MODEL, "A"), leasing.isLost(MODEL, "B")]).toEqual([true, false]);
  });

  it("is given up by the session itself when its key has failed, and kept when the server has", async () => {
    const { leasing, passed, reports } = scene([]);
    const lease = { lease: "l", credential: "A", version: 1 };
    await leasing.report(MODEL, lease, { ok: false, verdict: { class: "overload", retryable: true } });
    expect(passed).toEqual([]);
    await leasing.report(MODEL, lease, { ok: false, verdict: { class: "rate", retryable: true } });
    expect(passed).toEqual([{ type: "leaseLost", provider: "p", credential: "A", model: "m" }]);
    expect(reports).toHaveLength(2);
  });

  it("that no pool gave is for this turn only", async () => {
    expect(await scene([]).leasing.lease(MODEL, ["A"])).toMatchObject({ credential: "B", keepUntilAt: 1_000 });
  });
});

describe("a wait", () => {
  const exhausted: Event = { type: "exhausted", run: "r1", untilAt: 9_000 };

  it("is cut short where the pool has said before it began that a credential is ready", () => {
    const { leasing } = scene([]);
    expect(leasing.hastened(exhausted)).toBe(exhausted);
    leasing.poolChanged();
    expect(leasing.hastened(exhausted)).toEqual({ ...exhausted, untilAt: 1_000 });
    const hopeless: Event = { type: "exhausted", run: "r1" };
    expect(leasing.hastened(hopeless)).toBe(hopeless);
  });
});
