import { describe, expect, it } from "vitest";
import { activityOf } from "../../src/admin/activity.ts";
import { parseCursor, writeCursor } from "../../src/admin/input.ts";
import { type ListingPorts, listSessions } from "../../src/admin/listing.ts";
import { moments, runEnds, waits } from "../../src/admin/story.ts";
import { Register } from "../../src/directory/register.ts";
import { SHARD_NAMES, SHARDS, shardOf } from "../../src/directory/shards.ts";
import type { SessionView } from "../../src/session/view.ts";
import { journalOf, viewOf } from "./harness/admin.ts";
import { openStorage } from "./harness/sqlite.ts";

interface Town extends ListingPorts {
  readonly views: Map<string, SessionView>;
  readonly asked: string[];
  most: number;
  now(): number;
}

/** The real register in its 16 shards, and sessions as plain objects. */
function startTown(count: number, lives: (key: string) => boolean = () => true): Town {
  const shards = new Map(SHARD_NAMES.map((name) => [name, new Register(openStorage().sql)]));
  const views = new Map<string, SessionView>();
  const asked: string[] = [];
  let atOnce = 0;
  const town: Town = {
    views,
    asked,
    most: 0,
    now: () => 10_000_000,
    page: async (shard, { before, limit }) => shards.get(shard)?.page(before, limit) ?? [],
    view: async (key) => {
      asked.push(key);
      atOnce += 1;
      town.most = Math.max(town.most, atOnce);
      await Promise.resolve();
      atOnce -= 1;
      return views.get(key);
    },
  };
  for (let n = 1; n <= count; n += 1) {
    const key = `telegram:${n}`;
    if (!lives(key)) continue;
    // Two of each millisecond.
    const at = 1_000 + Math.floor(n / 2);
    shards.get(shardOf(key))?.touch({ key, at });
    views.set(key, viewOf(key, { lastActiveAt: at }));
  }
  return town;
}

describe("the list of sessions", () => {
  it("merges all shards, newest first, page after page, none twice and none skipped", async () => {
    const town = startTown(101);
    const seen: SessionView[] = [];
    let cursor: { key: string; at: number } | undefined;
    let pages = 0;
    do {
      const listing = await listSessions(town, { limit: 10, journal: 0, ...(cursor ? { cursor } : {}) });
      seen.push(...listing.views);
      // As it goes through a URL.
      cursor = listing.cursor && parseCursor(writeCursor(listing.cursor));
      pages += 1;
    } while (cursor);
    expect(pages).toBe(11);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(101);
    const times = seen.map(({ lastActiveAt }) => lastActiveAt);
    expect(times).toEqual([...times].sort((one, other) => other - one));
  });

  it("has no cursor after the last page, even when that is full", async () => {
    expect(await listSessions(startTown(10), { limit: 10, journal: 0 })).not.toHaveProperty("cursor");
  });

  it("has one when all that is left lies in one shard", async () => {
    const town = startTown(500, (key) => shardOf(key) === shardOf("telegram:1"));
    expect(town.views.size).toBeGreaterThan(11);
    const { cursor } = await listSessions(town, { limit: town.views.size - 1, journal: 0 });
    expect(cursor).toBeDefined();
  });

  it("asks only those that it shows, a few at once", async () => {
    const town = startTown(200);
    await listSessions(town, { limit: 20, journal: 0 });
    expect(town.asked).toHaveLength(20);
    expect(town.most).toBeLessThanOrEqual(6);
    expect(SHARDS).toBe(16);
  });

  it("leaves out a session that is gone and names one that cannot be reached", async () => {
    const town = startTown(3);
    town.views.delete("telegram:2");
    const view = town.view;
    town.view = (key, rows) => (key === "telegram:3" ? Promise.reject(new Error("overloaded")) : view(key, rows));
    const listing = await listSessions(town, { limit: 10, journal: 0 });
    expect(listing.views.map(({ key }) => key)).toEqual(["telegram:1"]);
    expect(listing.unreachable).toEqual(["telegram:3"]);
  });

  it("asks a quiet session that it knows no second time, and every other again", async () => {
    const town = startTown(4);
    const recent = town.now() - 1_000;
    town.views.set("telegram:2", viewOf("telegram:2", { lastActiveAt: 1_001, state: "gathering" }));
    town.views.set("telegram:3", viewOf("telegram:3", { lastActiveAt: recent }));
    town.views.set(
      "telegram:4",
      viewOf("telegram:4", { lastActiveAt: 1_002, deliveries: { count: 1, oldestAt: 5, lost: null } }),
    );
    const first = await listSessions(town, { limit: 10, journal: 0 });
    town.asked.length = 0;
    const known = new Map(first.views.map((view) => [view.key, view]));
    const second = await listSessions(town, { limit: 10, journal: 0, known });
    expect(town.asked.sort()).toEqual(["telegram:2", "telegram:3", "telegram:4"]);
    expect(second.views).toEqual(first.views);
  });
});

describe("the story of a journal", () => {
  const end = Date.UTC(2026, 10, 22, 12);

  it.each([
    ["answered", "answered", null],
    ["failed", "failed", null],
    ["exhausted", "exhausted", null],
    ["stopped", "stopped", null],
    ["resetAsked", "reset", null],
    ["ticked", "timed_out", null],
    ["received", "stopped", "r2"],
    ["woken", "recovered", "r2"],
    ["woken", "failed", null],
    ["answered", "answered", "r2"],
  ])("a run that ends by %s has %s, and the next is %s", (event, outcome, next) => {
    const journal = journalOf(
      [
        ["preferred", "idle", null],
        ["received", "running", "r1"],
        ["stepped", "running", "r1"],
        [event, next ? "running" : "idle", next],
      ],
      end,
    );
    expect(runEnds(viewOf("telegram:1", { journal }))).toMatchObject([{ run: "r1", outcome, at: end, ms: 2_000 }]);
  });

  it("a third crash with a queue behind it is a failure, although a run goes on", () => {
    const woken = { type: "woken", effects: ["leave", "say:failed", "begin"] };
    const journal = journalOf(
      [
        ["received", "running", "r1"],
        [woken, "running", "r2"],
      ],
      end,
    );
    expect(runEnds(viewOf("telegram:1", { journal }))).toMatchObject([{ outcome: "failed", reason: "crashed" }]);
  });

  it("concludes nothing from where the journal begins or has a gap", () => {
    const journal = journalOf(
      [
        ["answered", "idle", null],
        ["received", "running", "r1"],
      ],
      end,
      40,
    );
    expect(runEnds(viewOf("telegram:1", { journal }))).toEqual([]);
    const [first, second] = journalOf(
      [
        ["received", "running", "r1"],
        ["stopped", "idle", null],
      ],
      end,
      40,
    );
    if (!first || !second) throw new Error("expected two rows");
    const view = viewOf("telegram:1", { journal: [first, { ...second, seq: 9 }] });
    expect(runEnds(view)).toEqual([]);
    expect(moments(view).map(({ was }) => was)).toEqual([undefined, undefined]);
  });

  it("does not care in which order the rows come", () => {
    const journal = journalOf(
      [
        ["received", "running", "r1"],
        ["answered", "idle", null],
      ],
      end,
    );
    expect(moments(viewOf("telegram:1", { journal: [...journal].reverse() })).map(({ event }) => event)).toEqual([
      "received",
      "answered",
    ]);
  });

  it("counts a wait when it begins, and for what", () => {
    const journal = journalOf(
      [
        ["received", "running", "r1"],
        ["exhausted", "waiting", "r1"],
        ["received", "waiting", "r1"],
        ["poolChanged", "running", "r1"],
        ["asked", "waiting", "r1"],
      ],
      end,
    );
    expect(waits(viewOf("telegram:1", { journal })).map(({ why }) => why)).toEqual(["credential", "person"]);
  });
});

describe("the last day", () => {
  it("puts each turn in the hour in which it ended, and nothing older anywhere", () => {
    const now = Date.UTC(2026, 10, 22, 12, 30);
    const turn = (endAt: number, event: string) =>
      viewOf(`telegram:${endAt}`, {
        journal: journalOf(
          [
            ["received", "running", "r"],
            [event, "idle", null],
          ],
          endAt,
        ),
      });
    const activity = activityOf(
      [
        turn(now, "answered"),
        turn(now - 31 * 60_000, "failed"),
        turn(now - 25 * 3_600_000, "failed"),
        turn(Date.UTC(2026, 10, 21, 13), "exhausted"),
      ],
      now,
    );
    expect(activity.hours).toHaveLength(24);
    expect(activity.hours.at(-1)).toMatchObject({ at: Date.UTC(2026, 10, 22, 12), turns: 1, medianMs: 1_000 });
    expect(activity.hours.at(-2)).toMatchObject({ turns: 1, outcomes: { failed: 1, answered: 0 } });
    expect(activity.hours[0]).toMatchObject({ turns: 1, outcomes: { exhausted: 1 } });
    expect(activity.hours.reduce((sum, hour) => sum + hour.turns, 0)).toBe(3);
    expect(activity.errors.map(({ outcome }) => outcome)).toEqual(["failed", "exhausted"]);
  });
});
