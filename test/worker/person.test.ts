import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { PersonPort } from "../../src/agent/tools/tool.ts";
import type { Person } from "../../src/person/object.ts";

/** What only workerd can tell: that its SQLite has FTS5, that RPC takes the shapes, what a write costs. */

function person(name: string): DurableObjectStub<Person> {
  return env.PERSON.getByName(name);
}

describe("the object of a person", () => {
  it("remembers, finds and forgets over RPC, and is the port of the tools", async () => {
    const port: PersonPort = person("1");
    expect(await port.remember({ text: "Her sister Zoë plays the piano." })).toEqual({ ok: true, id: 1 });
    expect(await port.remember({ text: "我的生日是五月三日" })).toEqual({ ok: true, id: 2 });
    expect(await port.recall({ query: "zoe's PIANO?" })).toMatchObject({ found: true, memories: [{ id: 1 }] });
    expect(await port.recall({ query: "生日" })).toMatchObject({ found: true, memories: [{ id: 2 }] });
    expect(await port.recall({ query: '" OR text:* NEAR(' })).toMatchObject({ ok: true });
    expect(await port.forget({ id: 1 })).toEqual({ ok: true, forgotten: true });
    expect(await port.forget({ id: 1 })).toEqual({ ok: true, forgotten: false });
  });

  it("keeps one person's memories from another's", async () => {
    await person("2").remember({ text: "Likes tea." });
    expect(await person("3").recall({ query: "tea" })).toMatchObject({ found: false, memories: [] });
  });

  it("keeps everything when it is killed", async () => {
    const before = person("4");
    await before.remember({ text: "Likes tea." });
    await before.setProfile({ timezone: "Europe/Berlin" });
    await before.addSpend({ model: "openai/a", usd: 0.5, inputTokens: 10, outputTokens: 5 });
    await abortAllDurableObjects();
    expect(await person("4").overview({})).toMatchObject({
      profile: { timezone: "Europe/Berlin" },
      memories: 1,
      today: { usd: 0.5, inputTokens: 10, outputTokens: 5, calls: 1 },
    });
  });

  it("erases all but today's spend, and goes on", async () => {
    const erased = person("5");
    await erased.remember({ text: "Likes tea." });
    await erased.addSpend({ model: "openai/a", usd: 0.5, inputTokens: 10, outputTokens: 5 });
    expect(await erased.erase({})).toEqual({ ok: true, memories: 1 });
    expect(await erased.overview({})).toMatchObject({ profile: {}, memories: 0, today: { usd: 0.5 } });
    expect(await erased.remember({ text: "Likes cake." })).toMatchObject({ ok: true });
  });

  it("writes few rows: one for a spend, a handful for a memory, none for a look", async () => {
    const written = await runInDurableObject(person("6"), (object: Person, state) => {
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
      object.addSpend({ model: "openai/a", usd: 1, inputTokens: 1, outputTokens: 1 });
      return {
        spend: cost(() => object.addSpend({ model: "openai/a", usd: 1, inputTokens: 1, outputTokens: 1 })),
        memory: cost(() => object.remember({ text: "Likes green tea in the morning." })),
        again: cost(() => object.remember({ text: "Likes green tea in the morning." })),
        look: cost(() => object.overview({})) + cost(() => object.recall({ query: "tea" })),
      };
    });
    expect(written.spend).toBe(1);
    expect(written.memory).toBeLessThanOrEqual(8);
    expect(written.again).toBe(0);
    expect(written.look).toBe(0);
  });
});
