import { describe, expect, it } from "vitest";
import { readJournal, writeJournal } from "../../scripts/journal-file.ts";
import { report } from "../../scripts/replay.ts";
import { brokenBy, replay } from "../../scripts/replaying.ts";
import { step } from "../../src/core/step.ts";
import { Life, POLICY } from "./scripts-journal.ts";

/** Everything that can happen, once, with words in all the places that have some. */
function eventful(): Life {
  const life = new Life().write().after(1000).write().after(1000);
  const lease = { lease: "l", provider: "openai", model: "m", credential: "c", version: 1 };
  life.pass({ type: "stepped", run: life.run, entry: { words: 1 }, boundary: true, steps: 1, tokens: 9, lease });
  life.pass({ type: "resetWhenDoneAsked", run: life.run }).answer();
  life.pass({ type: "preferred", choices: { model: "openai/other", modelOnce: "openai/once" } });
  life.pass({ type: "asked", run: life.run, question: "q1", untilAt: life.now + 50_000 });
  life
    .write()
    .after(2000)
    .pass({ type: "chosen", question: "q1", entry: { answer: "yes" } });
  life.pass({ type: "compacted", run: life.run, entry: "what was said", keepFrom: 3 });
  life
    .pass({ type: "exhausted", run: life.run, untilAt: life.now + 9000, text: "so far" })
    .pass({ type: "poolChanged" });
  life.after(1000).pass({ type: "woken" });
  life.pass({ type: "failed", run: life.run, reason: "overload", text: "half an answer", detail: { status: 503 } });
  life.pass({ type: "resetAsked", by: "skill", first: life.input() }).pass({ type: "stopped", by: "button" });
  return life.write().after(POLICY.runIdleTimeoutMs).pass({ type: "ticked" });
}

describe("replaying a journal", () => {
  it("decides every kind of event as it was decided, without the words", () => {
    const journal = eventful().journal();
    const replayed = replay(journal);
    expect(replayed.difference).toBeUndefined();
    expect(replayed).toMatchObject({ alike: journal.rows.length, unknown: 0, broken: [] });
    expect(new Set(journal.rows.map(({ event }) => event.type)).size).toBeGreaterThanOrEqual(14);
  });

  it("stops at the first event that another version decides differently, and says what differs", () => {
    const journal = eventful().journal();
    const replayed = replay(journal, (session, event, at) => {
      const right = step(session, event, at);
      if (event.type !== "failed") return right;
      // The slot is not released.
      return { session: { ...right.session, turn: session.turn }, effects: right.effects.slice(1) };
    });
    const failed = journal.rows.find(({ event }) => event.type === "failed");
    expect(replayed.difference?.row.seq).toBe(failed?.seq);
    expect(replayed.alike).toBe((failed?.seq ?? 0) - 1);
    const lines = report(journal, replayed).join("\n");
    expect(lines).toMatch(/✗ event 1\d, after 1\d alike, is decided differently by this version/);
    expect(lines).toMatch(/ {4}turn\.run +"\S+" +"\S+"/);
    expect(lines).toContain('"textChars":14');
    expect(lines).toMatch(/effects\.0 +"leave" +"say:failed"/);
  });

  it("takes a rule that throws for one that decides differently", () => {
    const replayed = replay(eventful().journal(), () => {
      throw new TypeError("no");
    });
    expect(replayed.difference?.fields).toEqual([{ path: "step", stored: "a value", computed: "threw TypeError" }]);
  });

  it("decides by the settings of the time, which a restart may have changed", () => {
    const life = new Life().write();
    life.session = { ...life.session, policy: { ...POLICY, queueLimit: 0 } };
    const replayed = replay(life.write().journal());
    expect(replayed).toMatchObject({ alike: 2, difference: undefined });
  });

  it("does not decide a row again whose past the ring has dropped", () => {
    const journal = eventful().journal();
    const cut = { ...journal, rows: journal.rows.filter(({ seq }) => seq > 2 && seq !== 6) };
    expect(replay(cut)).toMatchObject({ alike: cut.rows.length - 2, unknown: 2, difference: undefined });
  });

  it("names a promise that a stored transition broke, though this version would break it, too", () => {
    const life = new Life().write().write();
    const [first, second] = life.journal().rows;
    if (!first || !second) throw new Error("two rows were written");
    const idle = { ...second.session, turn: { phase: "idle" as const } };
    expect(brokenBy(first.session, { ...second, session: idle })).toBe("the session is idle, and messages wait");
    const silent = { ...second, event: { ...second.event, effects: [] }, session: { ...idle, queue: [] } };
    expect(brokenBy(first.session, silent)).toBe("message 11, 12 is gone, and nobody was told");
    expect(brokenBy(first.session, second)).toBeUndefined();
  });

  it("reads back what it writes, and says in one line what is no journal", () => {
    const journal = eventful().journal();
    expect(readJournal(writeJournal(journal))).toEqual({ ok: true, journal });
    const problems = [
      "",
      "{",
      "[]",
      '{"format":"other"}',
      writeJournal(journal).replace('"phase":"running"', '"phase":"asleep"'),
    ];
    for (const text of problems) {
      const read = readJournal(text);
      expect(read.ok).toBe(false);
      if (!read.ok) expect(read.problem).toMatch(/npm run journal/);
    }
  });
});
