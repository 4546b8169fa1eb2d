import { describe, expect, it } from "vitest";
import { type Outbox, tell } from "../../scripts/story.ts";
import { wantedOf } from "../../scripts/why.ts";
import { Life, NOON } from "./scripts-journal.ts";

const LEASE = { lease: "l1", provider: "openai", model: "gpt-5-mini", credential: "a1b2c3d4e5f6", version: 1 };

function story(life: Life, which?: string, outbox?: Outbox): string[] {
  return [...tell(life.journal(), wantedOf(which, life.now), life.now, outbox).lines];
}

describe("the story of a message", () => {
  it("tells of one that was answered at once, with which credential, and that nothing waits", () => {
    const life = new Life().write().after(2000);
    life.pass({ type: "stepped", run: life.run, entry: {}, boundary: true, steps: 1, tokens: 30, lease: LEASE });
    life.after(1500).answer("twelve chars");
    expect(story(life, undefined, { count: 0, oldestAt: null })).toEqual([
      "12:00:00  Message 11 (update 500001) of user 1001 was accepted in epoch 1.",
      "12:00:00  Run run1-aaa began to answer it at once (attempt 1).",
      "12:00:02  It works with credential a1b2c3d4e5f6 on openai/gpt-5-mini.",
      "12:00:02  Step 1 was finished (30 tokens so far).",
      "12:00:03  Run run1-aaa answered (12 characters, 1 step, 42 tokens), 3.5 s after the message was accepted. The answer was put into the outbox.",
      "12:00:03  Nothing waits to be delivered: Telegram took all that was said, or refused it for good (delivery.failed in the log).",
    ]);
  });

  it("tells what of it the chat never got to see, and why; not what was lost before it", () => {
    const lost = { at: NOON + 2000, kind: "answer", reason: "chat_gone", run: "run1-aaa-rest" };
    const outbox = { count: 0, oldestAt: null, lost };
    const life = new Life().write().after(1000).answer().after(2000);
    expect(story(life, undefined, outbox).slice(-2)).toEqual([
      "12:00:02  The chat never got to see the answer of run run1-aaa: it was given up, because the bot may not write there any more (chat_gone: it was blocked, or taken out).",
      "12:00:03  Nothing else waits to be delivered.",
    ]);
    expect(story(life.write().answer(), undefined, outbox).at(-1)).toBe(
      "12:00:03  Nothing waits to be delivered: Telegram took all that was said.",
    );
  });

  it("tells what it was queued behind, how long that had been idle, and how long it waited", () => {
    const life = new Life().write().after(95_000).write().after(30_000);
    life.answer().after(4000).answer();
    expect(story(life)).toEqual([
      "12:01:35  Message 12 (update 500002) of user 1001 was accepted in epoch 1.",
      "12:01:35  It was queued behind run run1-aaa, on since 12:00:00, its last sign of life 95 s before; 0 more ahead of it.",
      "12:02:05  Run run1-aaa answered (12 characters, 1 step, 42 tokens).",
      "12:02:05  Run run3-aaa began to answer it after 30 s (attempt 1).",
      "12:02:09  Run run3-aaa answered (12 characters, 1 step, 42 tokens), 34 s after the message was accepted. The answer was put into the outbox.",
    ]);
  });

  it("tells of a dry pool, of a death and of an end by the clock", () => {
    const life = new Life().write();
    life
      .pass({ type: "exhausted", run: life.run, untilAt: NOON + 60_000 })
      .after(60_000)
      .pass({ type: "ticked" });
    life.after(5000).pass({ type: "woken" }).after(180_000).pass({ type: "ticked" });
    expect(story(life, "11")).toEqual([
      "12:00:00  Message 11 (update 500001) of user 1001 was accepted in epoch 1.",
      "12:00:00  Run run1-aaa began to answer it at once (attempt 1).",
      "12:00:00  No credential was ready for any model: the run waits for one, which is expected at 12:01:00. The person was told: waiting.",
      "12:01:00  The wait for a credential was over, and the run went on.",
      "12:01:05  The process that carried run run1-aaa had died; it goes on as run run4-aaa (attempt 2).",
      "12:04:05  Run run4-aaa was ended: it gave no sign of life for too long, 4 min after the message was accepted. What had come of the answer was left in the chat. The person was told: timed_out_idle.",
    ]);
  });

  it("tells of one that was refused, and of one that a stop dropped from the queue", () => {
    const life = new Life().write().write().write().write().write();
    expect(story(life).at(-1)).toBe("12:00:00  It was refused: the queue was full (3 messages). The person was told.");
    life.after(1000).pass({ type: "stopped", by: "command" });
    expect(story(life, "12").at(-1)).toBe(
      "12:00:01  It was dropped from the queue by a stop (command). What had come of the answer was left in the chat. The person was told: stopped.",
    );
    expect(story(life, "11").at(-1)).toContain("was ended by a stop (command)");
  });

  it("tells of one that interrupts, and of one that came with a reset", () => {
    const life = new Life({ ...new Life().session.policy, busyMode: "interrupt" }).write().after(7000).write();
    expect(story(life).slice(1)).toEqual([
      "12:00:07  It interrupted run run1-aaa, on since 12:00:00, its last sign of life 7.0 s before.",
      "12:00:07  Run run2-aaa began to answer it at once (attempt 1).",
      "12:00:07  It is not over: the session is running; it is looked at again at 12:00:32 at the latest.",
    ]);
    life.pass({ type: "resetAsked", by: "skill", first: life.input() });
    expect(story(life)[1]).toBe("12:00:07  It came with a reset: a new conversation begins with it.");
  });

  it("says what it does not know: an older message, a journal that begins in the middle, a chat without one", () => {
    const life = new Life().write().after(1000).write().after(1000).answer();
    expect(story(life, "999")).toEqual([
      "The journal, which goes back to 2026-11-22 12:00:00 UTC, knows no message 999.",
      "Either it is older than that, or it never reached the session: look for update.ignored, update.refused or update.duplicate in the log (npm run tail).",
    ]);
    const journal = life.journal();
    const cut = { ...journal, rows: journal.rows.slice(1) };
    expect(tell(cut, { by: "number", number: 11 }, life.now).lines.slice(0, 2)).toEqual([
      "12:00:00  Message 11 (update 500001) of user 1001 was accepted in epoch 1.",
      "12:00:01  What came first the journal no longer holds; it begins here.",
    ]);
    expect(tell({ ...journal, rows: [] }, { by: "last" }, life.now)).toEqual({
      found: false,
      lines: ["telegram:1001 has no journal: nothing has happened in it yet."],
    });
  });

  it("says what Telegram has not taken, and never a word that was written", () => {
    const life = new Life().write().after(1000).answer();
    expect(story(life, undefined, { count: 1, oldestAt: life.now }).at(-1)).toBe(
      "12:00:01  Telegram has not taken everything: 1 wait to be delivered, the oldest since 12:00:01.",
    );
    expect(life.export()).not.toContain("secret words");
  });
});

describe("which message is meant", () => {
  it("takes a time of the day as the last such time, to the end of its minute", () => {
    expect(wantedOf("11:58", NOON)).toEqual({ by: "time", at: NOON - 60_001 });
    expect(wantedOf("12:30", NOON)).toEqual({ by: "time", at: NOON + 31 * 60_000 - 1 - 86_400_000 });
    expect(wantedOf("11:59:30", NOON)).toEqual({ by: "time", at: NOON - 29_001 });
    expect(wantedOf("2026-11-22T11:00", NOON)).toEqual({ by: "time", at: NOON - 59 * 60_000 - 1 });
    expect(() => wantedOf("yesterday", NOON)).toThrow("yesterday is no time and no number");
  });
});
