import { describe, expect, it } from "vitest";
import { anyOf } from "../../src/person/search.ts";
import { MEMORIES_PER_PERSON, MEMORY_CHARS, PersonShell } from "../../src/person/shell.ts";
import { memorySql, NOON } from "./tools-stage.ts";

const DAY_MS = 24 * 3600 * 1000;

function person() {
  let now = NOON;
  const sql = memorySql();
  const shell = new PersonShell(sql, () => now);
  return { shell, again: () => new PersonShell(sql, () => now), pass: (ms: number) => (now += ms) };
}

function texts(shell: PersonShell, query: string): string[] {
  return shell.recall({ query }).memories.map((memory) => memory.text);
}

describe("what is remembered of a person", () => {
  it("is found by any of the words, by their beginnings, without accents and capitals, the best first", () => {
    const { shell } = person();
    for (const text of [
      "Her sister Zoë plays the piano.",
      "Piano lessons are on Tuesday with Zoë.",
      "Likes café crème.",
    ]) {
      shell.remember({ text });
    }
    expect(texts(shell, "PIANO on Tuesday?")[0]).toBe("Piano lessons are on Tuesday with Zoë.");
    expect(texts(shell, "zoe")).toHaveLength(2);
    expect(texts(shell, "cafe")).toEqual(["Likes café crème."]);
    expect(texts(shell, "less")).toEqual(["Piano lessons are on Tuesday with Zoë."]);
  });

  it("is found in scripts without spaces", () => {
    const { shell } = person();
    shell.remember({ text: "我的生日是五月三日" });
    shell.remember({ text: "彼は寿司が好きです" });
    expect(shell.recall({ query: "生日" })).toMatchObject({ found: true, memories: [{ text: "我的生日是五月三日" }] });
  });

  it("falls back to the newest, and says that it did", () => {
    const { shell } = person();
    for (let number = 1; number <= 20; number++) shell.remember({ text: `fact ${number}` });
    const { found, memories } = shell.recall({ query: "elephants" });
    expect(found).toBe(false);
    expect(memories[0]?.text).toBe("fact 20");
    expect(memories).toHaveLength(12);
    expect(shell.recall({ query: "" })).toMatchObject({ found: false });
  });

  it.each([
    `"`,
    `a" OR b`,
    `NEAR(a b)`,
    `text:tea`,
    `tea*`,
    `^tea`,
    `-tea`,
    `tea AND`,
    `(`,
    `'; DROP TABLE memory; --`,
    `\u0000tea`,
    `🫖`,
    `%_`,
    `{a b}:c`,
    `a+b`,
  ])("takes no operator from the words: %s", (query) => {
    const { shell } = person();
    shell.remember({ text: "Likes tea." });
    expect(shell.recall({ query })).toMatchObject({ ok: true });
    expect(shell.memories({}).total).toBe(1);
  });

  it("makes of a whole paragraph a query of its first words", () => {
    expect(anyOf(`${"tea and ".repeat(1000)}`)?.fts).toBe('"tea"* OR "and"*');
    expect(anyOf(Array.from({ length: 99 }, (_, index) => `w${index}`).join(" "))?.words).toHaveLength(24);
    expect(anyOf(" ?! ")).toBeUndefined();
  });

  it("is the same memory when it is told twice, and never has the id of one that is gone", () => {
    const { shell, again } = person();
    expect(shell.remember({ text: "Likes tea." })).toEqual({ ok: true, id: 1 });
    expect(shell.remember({ text: " Likes tea. " })).toEqual({ ok: true, id: 1 });
    expect(shell.remember({ text: "Likes cake." })).toEqual({ ok: true, id: 2 });
    shell.forget({ id: 2 });
    expect(shell.forget({ id: 2 })).toEqual({ ok: true, forgotten: false });
    expect(again().remember({ text: "Likes jam." })).toEqual({ ok: true, id: 3 });
    expect(texts(shell, "cake")).not.toContain("Likes cake.");
  });

  it("is refused aloud when it is empty, too long or one too many; nothing is dropped for it", () => {
    const { shell } = person();
    expect(shell.remember({ text: "  " })).toMatchObject({ ok: false });
    expect(shell.remember({ text: "x".repeat(MEMORY_CHARS + 1) })).toMatchObject({
      ok: false,
      expected: expect.stringContaining("2000"),
    });
    for (let number = 0; number < MEMORIES_PER_PERSON; number++) shell.remember({ text: `fact ${number}` });
    expect(shell.remember({ text: "one more" })).toMatchObject({
      ok: false,
      expected: expect.stringContaining("full"),
    });
    expect(shell.memories({})).toMatchObject({ total: MEMORIES_PER_PERSON });
    expect(shell.remember({ text: "fact 7" })).toMatchObject({ ok: true });
    shell.forget({ id: 1 });
    expect(shell.remember({ text: "one more" })).toMatchObject({ ok: true });
  });

  it("is erased altogether, but for what was spent today", () => {
    const { shell, pass } = person();
    shell.remember({ text: "Likes tea." });
    shell.setProfile({ timezone: "Europe/Berlin", persona: "a pirate" });
    const spent = { model: "openai/a", usd: 1, inputTokens: 10, outputTokens: 5 };
    shell.addSpend(spent);
    pass(DAY_MS);
    shell.addSpend(spent);
    expect(shell.erase({})).toEqual({ ok: true, memories: 1 });
    expect(shell.overview({})).toMatchObject({ profile: {}, memories: 0, today: { usd: 1 } });
    expect(shell.usage({}).rows).toHaveLength(1);
    expect(shell.remember({ text: "Likes tea." })).toEqual({ ok: true, id: 2 });
  });
});

describe("the profile of a person", () => {
  it("keeps what it is told, changes what it is given, and clears by null", () => {
    const { shell, again } = person();
    expect(shell.setProfile({ timezone: "Europe/Berlin", language: "de" })).toEqual({
      ok: true,
      profile: { timezone: "Europe/Berlin", language: "de" },
    });
    expect(shell.setProfile({ persona: "a pirate", language: null })).toMatchObject({
      profile: { timezone: "Europe/Berlin", persona: "a pirate" },
    });
    expect(again().profile({}).profile).toEqual({ timezone: "Europe/Berlin", persona: "a pirate" });
  });

  it.each([[{ timezone: "Berlin" }], [{ language: "German, please" }], [{ persona: "x".repeat(4001) }]])(
    "refuses %j",
    (change) => {
      const { shell } = person();
      expect(shell.setProfile({ timezone: "UTC", ...change })).toMatchObject({
        ok: false,
        expected: expect.stringMatching(/^expected/),
      });
      expect(shell.profile({}).profile).toEqual({});
    },
  );
});

describe("what a person spends", () => {
  it("is summed by UTC day and by model", () => {
    const { shell, pass } = person();
    const call = (model: string, usd: number) => shell.addSpend({ model, usd, inputTokens: 100, outputTokens: 20 });
    call("openai/a", 0.5);
    call("openai/b", 0.25);
    expect(call("openai/a", 0.5).today).toEqual({ usd: 1.25, inputTokens: 300, outputTokens: 60, calls: 3 });
    pass(12 * 3600 * 1000);
    expect(shell.spentToday({}).today).toEqual({ usd: 0, inputTokens: 0, outputTokens: 0, calls: 0 });
    call("openai/b", 2);
    expect(shell.usage({}).rows.map(({ day, model, usd, calls }) => [day, model, usd, calls])).toEqual([
      ["2026-11-23", "openai/b", 2, 1],
      ["2026-11-22", "openai/a", 1, 2],
      ["2026-11-22", "openai/b", 0.25, 1],
    ]);
    expect(shell.usage({ days: 1 }).rows).toHaveLength(1);
  });

  it("is not moved by nonsense, and is forgotten after a year and a bit", () => {
    const { shell, pass } = person();
    shell.addSpend({ model: "a/b", usd: Number.NaN, inputTokens: -5, outputTokens: 1.6 });
    expect(shell.spentToday({}).today).toEqual({ usd: 0, inputTokens: 0, outputTokens: 2, calls: 1 });
    pass(401 * DAY_MS);
    shell.addSpend({ model: "a/b", usd: 1, inputTokens: 1, outputTokens: 1 });
    expect(shell.usage({ days: 1000 }).rows).toHaveLength(1);
  });
});
