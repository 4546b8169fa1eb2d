import { describe, expect, it } from "vitest";
import type { Inbound } from "../../../src/telegram/message.ts";
import { Stage } from "../harness/session.ts";

/** The scenarios that the field's suites lack (docs/scenarios.md), each swept over every instant at which it may happen. */

const MARK = "↻ recovered; may be a duplicate";
const DRY = { refuse: { status: 402, body: { error: { message: "Insufficient balance" } } } };
/** A turn is over after fewer; the last ones of a sweep happen when nothing is on any more. */
const TICKS = 60;

/** The event loop turns so often: one await of the run after the other has its turn. */
async function tick(times: number): Promise<void> {
  for (let turn = 0; turn < times; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe("a reset from within the run, while its keys run dry", () => {
  it("at every instant at which a person resets as well leaves a session that answers the next message", async () => {
    for (let instant = 0; instant < TICKS; instant += 1) {
      const stage = new Stage({ POOL_WAIT_SECONDS: "0" });
      stage.nextTo("start over", { tools: [{ name: "session_reset", args: {} }] }, DRY, DRY);
      void stage.shell.accept(stage.message("start over"));
      await tick(instant);
      await stage.shell.accept(stage.message("/new"));
      await stage.until("it is idle", () => stage.phase === "idle");
      // The run that was cut may be at its last call: what it says of a key counts from then.
      await tick(3 * TICKS);
      await stage.pass(5 * 3_600_000 + 60_000);
      await stage.write("next");
      await stage.hears("echo of next");
      expect(stage.phase, `instant ${instant}`).toBe("idle");
      expect(stage.shell.door.session.epoch, `instant ${instant}`).toBeGreaterThanOrEqual(2);
      expect(JSON.stringify(stage.asked.at(-1)?.body), `instant ${instant}`).not.toContain("start over");
    }
  }, 60_000);
});

describe("a stop and a quick follow-up", () => {
  it("at every instant of the old run leave the follow-up one run and one answer, and the old run no word", async () => {
    for (let instant = 0; instant < TICKS; instant += 1) {
      const stage = new Stage();
      const held = stage.hold({ text: "the old answer" }, "old");
      void stage.shell.accept(stage.message("old"));
      await tick(instant);
      if (instant % 2 === 0) held.release();
      await stage.shell.accept(stage.message("/stop"));
      void stage.shell.accept(stage.message("follow-up"));
      await tick(1);
      held.release();
      await stage.hears("echo of follow-up");
      await stage.pass(60_000);
      expect(stage.count("echo of follow-up"), `instant ${instant}`).toBe(1);
      expect(stage.phase, `instant ${instant}`).toBe("idle");
      expect(stage.count("⏹ Stopped") + stage.count("Nothing is running"), `instant ${instant}`).toBe(1);
      if (stage.count("⏹ Stopped") === 1) expect(stage.count("the old answer"), `instant ${instant}`).toBe(0);
      const followed = stage.asked.filter(({ text }) => text.includes("follow-up"));
      expect(followed, `instant ${instant}`).toHaveLength(1);
    }
  }, 60_000);
});

describe("a process that dies between any two statements to its storage", () => {
  /** Telegram sends again what was not acknowledged; the process lives again and is left alone. */
  async function delivered(stage: Stage, inbound: Inbound): Promise<void> {
    for (;;) {
      try {
        await stage.shell.accept(inbound);
        if (!stage.isDead) return;
      } catch {
        // The webhook is answered with a 5xx.
      }
      stage.crash();
    }
  }

  it("loses nothing that it had taken, and says nothing twice without a mark", async () => {
    let died = 0;
    for (let statements = 0; statements < 200; statements += 1) {
      const stage = new Stage();
      stage.next({ tools: [{ name: "remind", args: { text: "water the plants", in_seconds: 600 } }] });
      stage.diesAfter = statements;
      await delivered(stage, stage.message("remind me"));
      await delivered(stage, stage.message("and this"));
      for (let round = 0; round < 4; round += 1) {
        await stage.pass(200_000).catch(() => {});
        if (!stage.isDead) continue;
        died += 1;
        stage.crash();
      }
      const survived = stage.diesAfter !== undefined;
      stage.diesAfter = undefined;
      await stage.pass(700_000);
      const about = `after ${statements} statements: ${JSON.stringify(stage.lines())}`;
      for (const words of ["echo of remind me", "echo of and this"]) {
        const copies = stage.lines().filter((line) => line.includes(words));
        expect(copies.length, about).toBeGreaterThan(0);
        expect(copies.filter((line) => !line.includes(MARK)).length, about).toBeLessThanOrEqual(1);
      }
      const reminders = stage.lines().filter((line) => line.includes("⏰ water the plants"));
      expect(reminders.filter((line) => !line.includes(MARK)).length, about).toBeLessThanOrEqual(1);
      expect(stage.phase, about).toBe("idle");
      expect(stage.alarmAt === undefined || stage.alarmAt > stage.now, about).toBe(true);
      if (survived) break;
    }
    expect(died).toBeGreaterThan(20);
  }, 120_000);

  it("does what stands behind a question once it is answered: nobody can have begun that before", async () => {
    const called = {
      tools: [
        { name: "fetch_page", args: { url: "https://example.com" } },
        { name: "ask", args: { question: "Which?", options: ["this", "that"] } },
        { name: "remind", args: { text: "water the plants", in_seconds: 600 } },
      ],
    };
    let died = 0;
    for (let statements = 0; ; statements += 1) {
      const stage = new Stage();
      stage.nextTo("decide", called);
      await stage.shell.accept(stage.message("decide"));
      stage.diesAfter = statements;
      await stage.pass(1_000).catch(() => {});
      const survived = !stage.isDead;
      stage.diesAfter = undefined;
      if (!survived) stage.crash();
      const turn = () => stage.shell.door.session.turn;
      // What the model had said went with the process.
      const { steps } = { steps: 0, ...turn() };
      if (!survived && steps === 0 && stage.asked.length > 0) stage.nextTo("decide", called);
      if (!survived && steps > 0) died += 1;
      await stage.until("it asks", () => turn().phase === "waiting");
      const waiting = turn();
      await stage.press(`ask:${waiting.phase === "waiting" ? waiting.question : ""}:1`, 5);
      await stage.hears("echo of decide");
      const about = `after ${statements} statements: ${JSON.stringify(stage.asked.at(-1)?.body.messages)}`;
      expect(about).toMatch(/Set\. \d+: .*water the plants/);
      await stage.pass(700_000);
      expect(stage.count("⏰ water the plants"), about).toBe(1);
      if (survived) break;
    }
    expect(died).toBeGreaterThan(2);
  }, 60_000);
});

describe("a flood of 1,000 seconds in one chat", () => {
  it("holds up neither its commands' acceptance nor another chat, and its answer comes once when it is over", async () => {
    const flooded = new Stage();
    const other = new Stage({}, "telegram:8");
    flooded.refuse(/^send/, { kind: "flood", retryAfterMs: 1_000_000 });
    await flooded.write("hello");
    await flooded.until("the flood", () => flooded.logs("delivery.retry").length === 1);
    const { calls } = flooded;
    const before = calls.length;
    for (let minute = 0; minute < 16; minute += 1) {
      await flooded.pass(60_000);
      other.now = flooded.now;
      await other.write(`minute ${minute}`);
      await other.hears(`echo of minute ${minute}`);
    }
    await flooded.write("/status");
    expect(flooded.count("echo of hello")).toBe(0);
    expect(calls.length).toBe(before);
    await flooded.pass(60_000);
    expect(flooded.count("echo of hello")).toBe(1);
    expect(flooded.count(MARK)).toBe(0);
    expect(flooded.count("Idle")).toBe(1);
  });
});
