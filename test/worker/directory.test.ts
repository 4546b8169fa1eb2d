import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { Directory } from "../../src/directory/object.ts";
import { shardOf } from "../../src/directory/shards.ts";

/** What only workerd can tell: that its SQLite takes the statements, that RPC takes the shapes, what a touch costs. */

function directory(name: string): DurableObjectStub<Directory> {
  return env.DIRECTORY.getByName(name);
}

describe("a shard of the register", () => {
  it("lists what it was told over RPC, newest first, and after a crash", async () => {
    const shard = directory(shardOf("telegram:1"));
    await shard.touch({ key: "telegram:1", at: 10 });
    await shard.touch({ key: "telegram:2", at: 30 });
    await shard.touch({ key: "telegram:3", at: 20 });
    await abortAllDurableObjects();
    const again = directory(shardOf("telegram:1"));
    expect(await again.page({ limit: 2 })).toEqual({
      ok: true,
      rows: [
        { key: "telegram:2", at: 30 },
        { key: "telegram:3", at: 20 },
      ],
    });
    expect(await again.page({ limit: 2, before: { key: "telegram:3", at: 20 } })).toEqual({
      ok: true,
      rows: [{ key: "telegram:1", at: 10 }],
    });
    expect(await again.ofPerson({ userId: 2 })).toEqual({ ok: true, keys: ["telegram:2"] });
    expect(await again.drop({ key: "telegram:2" })).toEqual({ ok: true, dropped: true });
    expect(await again.count()).toEqual({ ok: true, count: 2 });
  });

  it("writes one row for a touch, the first included, and none for a look", async () => {
    const written = await runInDurableObject(directory("rows"), (object: Directory, state) => {
      const { sql } = state.storage;
      const real = sql.exec.bind(sql);
      let cursors: { readonly rowsWritten: number }[] = [];
      vi.spyOn(sql, "exec").mockImplementation((query, ...values) => {
        const cursor = real(query, ...values);
        cursors.push(cursor);
        return cursor;
      });
      const cost = (act: () => unknown): number => {
        cursors = [];
        act();
        return cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
      };
      object.touch({ key: "telegram:1", at: 1 });
      return {
        first: cost(() => object.touch({ key: "telegram:2", at: 1 })),
        again: cost(() => object.touch({ key: "telegram:2", at: 2 })),
        late: cost(() => object.touch({ key: "telegram:2", at: 2 })),
        look: cost(() => object.page({ limit: 10 })),
      };
    });
    expect(written).toEqual({ first: 1, again: 1, late: 0, look: 0 });
  });
});

describe("the directory of the bot", () => {
  it("pairs over RPC with a hash keyed by the webhook secret", async () => {
    const bot = directory("bot-pairing");
    const asked = await bot.request({ userId: 7, name: "Grace" });
    if (!asked.ok) throw new Error("expected a code");
    expect(await bot.approve({ code: "AAAAAAAA", by: 1 })).toEqual({ ok: false, reason: "unknown_code" });
    expect(await bot.approve({ code: asked.code, by: 1 })).toEqual({ ok: true, userId: 7, name: "Grace" });
    expect(await bot.isPaired({ userId: 7 })).toEqual({ ok: true, isPaired: true });
    expect(await bot.tellsStranger({ userId: 8 })).toEqual({ ok: true, tells: true });
    expect(await bot.tellsStranger({ userId: 8 })).toEqual({ ok: true, tells: false });
    expect(await bot.revoke({ userId: 7 })).toEqual({ ok: true, wasPaired: true });
    expect(await bot.list()).toEqual({ ok: true, paired: [] });
  });

  it("keeps a code only as an HMAC", async () => {
    const bot = directory("bot-hash");
    const asked = await bot.request({ userId: 7, name: "Grace" });
    if (!asked.ok) throw new Error("expected a code");
    const stored = await runInDurableObject(bot, (_: Directory, state) =>
      JSON.stringify(state.storage.sql.exec("SELECT book FROM access").toArray()),
    );
    expect(stored).toMatch(/[0-9a-f]{64}/);
    expect(stored).not.toContain(asked.code);
  });

  it("keeps skills through a crash", async () => {
    await directory("bot-skills").addSkill({ name: "poem", text: "---\nname: poem\n---" });
    await abortAllDurableObjects();
    expect(await directory("bot-skills").skills()).toEqual({
      ok: true,
      texts: ["---\nname: poem\n---"],
      names: ["poem"],
    });
  });
});
