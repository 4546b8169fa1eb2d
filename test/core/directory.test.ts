import { describe, expect, it } from "vitest";
import { Register } from "../../src/directory/register.ts";
import { SHARD_NAMES, SHARDS, shardOf } from "../../src/directory/shards.ts";
import { MOST_SKILLS, SKILL_BYTES } from "../../src/directory/shelf.ts";
import { DirectoryShell } from "../../src/directory/shell.ts";
import { openStorage, type Storage } from "./harness/sqlite.ts";

function start(storage: Storage = openStorage()): { shell: DirectoryShell; storage: Storage; clock: { now: number } } {
  const clock = { now: 1_000_000 };
  let dice = 0;
  const shell = new DirectoryShell({
    sql: storage.sql,
    hash: (code) => `hash of ${code}`,
    random: (bytes) => Uint8Array.from({ length: bytes }, () => dice++ % 256),
    now: () => clock.now,
  });
  return { shell, storage, clock };
}

describe("the shards", () => {
  it("give a session the same shard for ever", () => {
    // Written down: should the hash change, every session would be registered twice.
    expect([shardOf("telegram:1"), shardOf("telegram:-1001:topic:7")]).toEqual(["sessions-15", "sessions-7"]);
  });

  it("are all used, and about evenly", () => {
    const counts = new Map<string, number>();
    for (let chat = 1; chat <= 16_000; chat += 1) {
      const shard = shardOf(`telegram:${chat}`);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([...SHARD_NAMES].sort());
    expect(counts.size).toBe(SHARDS);
    expect(Math.max(...counts.values())).toBeLessThan(1_200);
    expect(Math.min(...counts.values())).toBeGreaterThan(800);
  });
});

describe("the register", () => {
  it("lists sessions newest first, page after page, none twice and none skipped", () => {
    const { shell } = start();
    // Three of each millisecond, so that a page ends in the middle of one.
    for (let n = 0; n < 50; n += 1) shell.touch({ key: `telegram:${n + 1}`, at: Math.floor(n / 3) });
    const seen: { key: string; at: number }[] = [];
    for (;;) {
      const before = seen.at(-1);
      const { rows } = shell.page({ limit: 7, ...(before ? { before } : {}) });
      if (rows.length === 0) break;
      seen.push(...rows);
    }
    expect(seen).toHaveLength(50);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(50);
    expect(seen.map(({ at }) => at)).toEqual(seen.map(({ at }) => at).sort((one, other) => other - one));
  });

  it("writes one row for a touch and none for one that comes late", () => {
    const { shell, storage } = start();
    shell.touch({ key: "telegram:1", at: 10 });
    const before = storage.rowsWritten;
    shell.touch({ key: "telegram:1", at: 20 });
    expect(storage.rowsWritten - before).toBe(1);
    shell.touch({ key: "telegram:1", at: 15 });
    expect(storage.rowsWritten - before).toBe(1);
    expect(shell.page({ limit: 10 }).rows).toEqual([{ key: "telegram:1", at: 20 }]);
  });

  it("takes no touch that cannot be one, and does not throw", () => {
    const { shell } = start();
    expect(shell.touch({ key: "", at: 1 })).toEqual({ ok: false });
    expect(shell.touch({ key: "telegram:1", at: Number.NaN })).toEqual({ ok: false });
    expect(shell.touch({ key: "x".repeat(300), at: 1 })).toEqual({ ok: false });
    expect(shell.count()).toEqual({ ok: true, count: 0 });
  });

  it("holds a page to its limit, whatever is asked", () => {
    const register = new Register(openStorage().sql);
    for (let n = 1; n <= 250; n += 1) register.touch({ key: `telegram:${n}`, at: n });
    expect(register.page(undefined, 1_000_000)).toHaveLength(200);
    expect(register.page(undefined, -1)).toHaveLength(1);
    expect(register.page(undefined, Number.NaN)).toHaveLength(1);
  });

  it("forgets a session that is gone", () => {
    const { shell } = start();
    shell.touch({ key: "telegram:1", at: 1 });
    expect(shell.has({ key: "telegram:1" })).toEqual({ ok: true, has: true });
    expect(shell.drop({ key: "telegram:1" })).toEqual({ ok: true, dropped: true });
    expect(shell.drop({ key: "telegram:1" })).toEqual({ ok: true, dropped: false });
    expect(shell.has({ key: "telegram:1" })).toEqual({ ok: true, has: false });
  });

  it("finds all sessions of a chat and no other's", () => {
    const { shell } = start();
    const own = ["telegram:-55", "telegram:-55:user:7", "telegram:-55:user:8:bg:3", "telegram:-55:topic:3"];
    const others = ["telegram:-5", "telegram:-555", "telegram:-555:user:7", "telegram:55", "telegram:-56:user:7"];
    for (const [n, key] of [...own, ...others].entries()) shell.touch({ key, at: n + 1 });
    expect([...shell.ofChat({ chatId: -55 }).keys].sort()).toEqual([...own].sort());
  });

  it("finds a person's own sessions and no one else's", () => {
    const { shell } = start();
    const own = ["telegram:42", "telegram:42:topic:3", "telegram:42:bg:1", "telegram:-100:user:42"];
    const others = ["telegram:421", "telegram:4", "telegram:-42", "telegram:-100:user:421", "telegram:7:topic:42"];
    for (const [n, key] of [...own, ...others].entries()) shell.touch({ key, at: n + 1 });
    expect([...shell.ofPerson({ userId: 42 }).keys].sort()).toEqual([...own].sort());
  });
});

describe("the skills that owners added", () => {
  it("are kept by name; another of the same name replaces", () => {
    const { shell, storage } = start();
    expect(shell.addSkill({ name: "poem", text: "one" })).toEqual({ ok: true, isReplacement: false });
    expect(shell.addSkill({ name: "day-plan", text: "two" })).toEqual({ ok: true, isReplacement: false });
    expect(shell.addSkill({ name: "day_plan", text: "three" })).toEqual({ ok: true, isReplacement: true });
    expect(start(storage).shell.skills()).toEqual({ ok: true, texts: ["three", "one"], names: ["day_plan", "poem"] });
    expect(shell.removeSkill({ name: "/Day-Plan" })).toEqual({ ok: true, removed: true });
    expect(shell.removeSkill({ name: "day_plan" })).toEqual({ ok: true, removed: false });
  });

  it("are so many and so long at the most; a replacement is always taken", () => {
    const { shell } = start();
    for (let n = 0; n < MOST_SKILLS; n += 1) shell.addSkill({ name: `s${n}`, text: "x" });
    expect(shell.addSkill({ name: "more", text: "x" })).toEqual({ ok: false, reason: "too_many", limit: MOST_SKILLS });
    expect(shell.addSkill({ name: "s1", text: "y" })).toEqual({ ok: true, isReplacement: true });
    // 64 KB of two-byte characters is twice too long, although there are not too many of them.
    const long = { ok: false, reason: "too_large", limit: SKILL_BYTES };
    expect(shell.addSkill({ name: "s1", text: "é".repeat(SKILL_BYTES) })).toEqual(long);
    expect(shell.addSkill({ name: "s1", text: "x".repeat(SKILL_BYTES + 1) })).toEqual(long);
    expect(shell.addSkill({ name: "s1", text: "x".repeat(SKILL_BYTES) })).toEqual({ ok: true, isReplacement: true });
  });

  it("must have a name that can be a command", () => {
    const { shell } = start();
    for (const name of ["", "two words", "naïve", "x".repeat(33), "a'; DROP TABLE skills"]) {
      expect(shell.addSkill({ name, text: "x" })).toEqual({ ok: false, reason: "bad_name" });
    }
  });
});

describe("pairing", () => {
  it("lets a stranger in whose code an owner hands in, and remembers it", async () => {
    const { shell, storage } = start();
    const asked = await shell.request({ userId: 5, name: "Eve" });
    if (!asked.ok) throw new Error("expected a code");
    expect(shell.isPaired({ userId: 5 })).toEqual({ ok: true, isPaired: false });
    expect(await shell.approve({ code: asked.code.toLowerCase(), by: 1 })).toEqual({
      ok: true,
      userId: 5,
      name: "Eve",
    });
    expect(start(storage).shell.isPaired({ userId: 5 })).toEqual({ ok: true, isPaired: true });
    expect(shell.list()).toMatchObject({ ok: true, paired: [{ userId: 5, name: "Eve", by: 1 }] });
    expect(shell.revoke({ userId: 5 })).toEqual({ ok: true, wasPaired: true });
    expect(shell.isPaired({ userId: 5 })).toEqual({ ok: true, isPaired: false });
  });

  it("keeps no code, only what it hashes to", async () => {
    const { shell, storage } = start();
    const asked = await shell.request({ userId: 5, name: "Eve" });
    if (!asked.ok) throw new Error("expected a code");
    const stored = JSON.stringify(storage.sql.exec("SELECT * FROM access").toArray());
    expect(stored.replaceAll(`hash of ${asked.code}`, "")).not.toContain(asked.code);
  });
});

describe("an object", () => {
  it("has the tables of its own use only", () => {
    const { shell, storage } = start();
    shell.touch({ key: "telegram:1", at: 1 });
    const tables = storage.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
    expect(tables).toEqual([{ name: "sessions" }]);
  });
});
