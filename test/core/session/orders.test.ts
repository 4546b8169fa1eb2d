import { describe, expect, test } from "vitest";
import { step } from "../../../src/core/step.ts";
import { Telling } from "./telling.ts";

describe("an order to the bot that meets a run", () => {
  test("is answered each time, though what people write is said to wait only once", () => {
    const told = new Telling({ queueLimit: 9 });
    told.writes();
    expect(told.writes()).toEqual(["log turn.queued queue run-1", "say queued 1 to 2"]);
    expect(told.writes()).toEqual(["log turn.queued queue run-1"]);
    for (const messageId of [4, 5]) {
      const input = told.message({ isCommand: true });
      expect(told.on({ type: "received", input, mode: "queue" })).toEqual([
        "log turn.queued queue run-1",
        `say queued ${messageId - 1} to ${messageId}`,
      ]);
    }
  });

  test("is no piece of a long text that came just before it", () => {
    const told = new Telling({ queueLimit: 9 });
    told.writes({ maySplit: true });
    told.on({ type: "received", input: told.message({ isCommand: true }), mode: "queue" });
    told.after(1_500);
    expect(told.session.turn).toMatchObject({ phase: "running", inputs: [{ messageId: 1 }] });
    expect(told.session.queue).toMatchObject([[{ messageId: 2 }]]);
  });

  test("but in an album it is its caption", () => {
    const told = new Telling();
    told.writes({ album: "a" });
    told.writes({ album: "a", isCommand: true });
    expect(told.session.turn).toMatchObject({ phase: "gathering", inputs: [{ messageId: 1 }, { messageId: 2 }] });
  });
});

test("an album that steers a run is said to join it once", () => {
  const told = new Telling({ busyMode: "steer", queueLimit: 9 });
  told.writes();
  expect(told.writes({ album: "a" })).toEqual(["log turn.queued steer run-1", "say steered to 2"]);
  expect(told.writes({ album: "a" })).toEqual(["log turn.queued steer run-1"]);
  expect(told.writes()).toEqual(["log turn.queued steer run-1", "say steered to 4"]);
});

test("what steers a turn whose question stands joins as soon as it is answered, or after the tools that are left", () => {
  for (const isLast of [true, false]) {
    const told = new Telling();
    told.writes();
    told.steps("run-1", false);
    told.on({ type: "asked", run: "run-1", question: "q", untilAt: told.now + 1_000, isLast });
    told.on({ type: "received", input: told.message(), mode: "steer" });
    told.on({ type: "chosen", question: "q", entry: "yes" });
    if (!isLast) {
      expect(told.session.turn).toMatchObject({ phase: "running", fresh: [], steers: [{ messageId: 2 }] });
      told.steps("run-1");
    }
    expect(told.session.turn).toMatchObject({ phase: "running", fresh: [{ messageId: 2 }], steers: [] });
  }
});

test("a message that meets a run says how long that run has truly been idle, and puts its end off no further", () => {
  const told = new Telling();
  told.writes();
  told.now += 20_000;
  const { effects, session } = step(
    told.session,
    { type: "received", input: told.message(), progressAt: told.now - 300 },
    { now: told.now, newRun: "run-2" },
  );
  expect(effects[0]).toMatchObject({ event: "turn.queued", fields: { run: "run-1", idle_ms: 300 } });
  expect(session.turn).toMatchObject({ progressAt: told.now - 300 });
});
