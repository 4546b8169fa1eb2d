import { describe, expect, test } from "vitest";
import { nextAlarm } from "../../../src/core/session.ts";
import { Telling } from "./telling.ts";

const STARTED = (run: string) => [`log run.started ${run}`, `begin ${run}`];

test("a message is answered", () => {
  const told = new Telling();
  expect(told.writes()).toEqual(STARTED("run-1"));
  expect(told.answers("run-1")).toEqual(["write 1 for run-1", "answer 1 by run-1", "log run.finished answered run-1"]);
  expect(told.phase).toBe("idle");
});

describe("the zombie race of #28686", () => {
  test("a reset meets an exhausted pool while a run is on: the old run changes nothing, and the next message runs", () => {
    const told = new Telling();
    told.writes();
    expect(told.on({ type: "resetAsked", by: "skill" })).toEqual([
      "cut run-1",
      "leave 1 of run-1: reset",
      "log run.finished reset run-1",
      "forget epoch 1",
      "log session.reset",
      "say reset 0 skill",
    ]);
    expect(told.phase).toBe("idle");
    expect(told.on({ type: "exhausted", run: "run-1" })).toEqual(["log run.stale run-1"]);
    expect(told.writes()).toEqual(STARTED("run-2"));
    expect(told.on({ type: "failed", run: "run-1", reason: "auth" })).toEqual(["log run.stale run-1"]);
    expect(told.answers("run-2")).toContain("answer 2 by run-2");
  });

  test("the run asks for the reset itself and then every credential fails: it is said, and the next epoch begins", () => {
    const told = new Telling();
    told.writes();
    expect(told.on({ type: "resetWhenDoneAsked", run: "run-1" })).toEqual([]);
    expect(told.on({ type: "exhausted", run: "run-1" })).toEqual([
      "leave 1 of run-1: exhausted",
      "say exhausted to 1",
      "log run.finished exhausted run-1",
      "forget epoch 1",
      "log session.reset",
      "say reset 0 tool",
    ]);
    expect(told.session.epoch).toBe(2);
    expect(told.writes()).toEqual(STARTED("run-2"));
  });

  test("stop, a quick follow-up, and the old run ends late: the new run keeps its place (#71133)", () => {
    const told = new Telling();
    told.writes();
    told.on({ type: "stopped", by: "command" });
    expect(told.writes()).toEqual(STARTED("run-2"));
    expect(told.answers("run-1")).toEqual(["log run.stale run-1"]);
    expect(told.on({ type: "stopped", by: "button", run: "run-1" })).toEqual(["log run.stale run-1"]);
    expect(told.phase).toBe("running run-2");
  });
});

describe("stop", () => {
  test("while idle, says that there is nothing to stop", () => {
    expect(new Telling().on({ type: "stopped", by: "command" })).toEqual(["say nothing_to_stop"]);
  });

  test("while gathering, drops the message aloud", () => {
    const told = new Telling();
    told.writes({ album: "a" });
    expect(told.on({ type: "stopped", by: "command" })).toEqual(["log update.dropped stopped", "say stopped 1"]);
    expect(told.phase).toBe("idle");
  });

  test("while running, cuts the run and drops queue and steers aloud", () => {
    const told = new Telling();
    told.writes();
    told.writes();
    told.on({ type: "received", input: told.message(), mode: "steer" });
    expect(told.on({ type: "stopped", by: "command" })).toEqual([
      "cut run-1",
      "leave 1 of run-1: stopped",
      "log run.finished stopped run-1",
      "log update.dropped stopped",
      "log update.dropped stopped",
      "say stopped 2",
    ]);
    expect(told.phase).toBe("idle");
  });

  test("while a question stands, ends the wait, and a late choice changes nothing", () => {
    const told = new Telling();
    told.writes();
    told.steps("run-1", false);
    told.on({ type: "asked", run: "run-1", question: "q", untilAt: told.now + 1_000 });
    expect(told.on({ type: "stopped", by: "command" })).toContain("say stopped 0");
    expect(told.on({ type: "chosen", question: "q", entry: "yes" })).toEqual(["log run.stale q"]);
    expect(told.phase).toBe("idle");
  });
});

describe("reset", () => {
  test("with words starts the new epoch with them, and opens one epoch though the tool had asked for one, too", () => {
    const told = new Telling();
    told.writes();
    told.on({ type: "resetWhenDoneAsked", run: "run-1" });
    const effects = told.on({ type: "resetAsked", by: "skill", first: told.message() });
    expect(effects.filter((effect) => effect.startsWith("say"))).toEqual(["say reset 0 skill"]);
    expect(effects.slice(-2)).toEqual(STARTED("run-2"));
    expect(told.session.epoch).toBe(2);
  });

  test("asked for beside a question holds, though the run is parked by then", () => {
    const told = new Telling();
    told.writes();
    told.steps("run-1", false);
    told.on({ type: "asked", run: "run-1", question: "q", untilAt: told.now + 1_000 });
    expect(told.on({ type: "resetWhenDoneAsked", run: "run-1" })).toEqual([]);
    told.on({ type: "chosen", question: "q", entry: "yes" });
    expect(told.answers("run-1")).toContain("say reset 0 tool");
  });

  test("by idleness comes with the next message, and is said before it runs", () => {
    const told = new Telling({ idleResetMs: 60_000 });
    told.writes();
    told.answers("run-1");
    told.now += 60_000;
    expect(told.writes()).toEqual([
      "forget epoch 1",
      "log session.reset",
      "say reset 0 idle",
      "log run.started run-2",
      "begin run-2",
    ]);
    told.now += 120_000;
    told.answers("run-2");
    expect(told.writes()).toEqual(STARTED("run-3"));
  });

  test("by idleness does not forget what was chosen just before the message", () => {
    const told = new Telling({ idleResetMs: 60_000 });
    told.on({ type: "preferred", choices: { busyMode: "steer", modelOnce: "c/d" } });
    told.writes();
    told.answers("run-1");
    told.now += 60_000;
    told.on({ type: "preferred", choices: { busyMode: "steer", model: "a/b" } });
    told.writes();
    expect(told.session).toMatchObject({ epoch: 2, choices: { busyMode: "steer", model: "a/b" } });
  });

  test("by the day comes at the hour of the person's clock", () => {
    const told = new Telling({ dailyResetHour: 4, clockOffsetMs: 3_600_000 });
    told.now = Date.UTC(2026, 10, 22, 2, 59);
    told.writes();
    told.answers("run-1");
    expect(told.writes()).toEqual(STARTED("run-2"));
    told.answers("run-2");
    told.now = Date.UTC(2026, 10, 22, 3, 0);
    expect(told.writes()).toContain("say reset 0 daily");
  });
});

describe("the queue", () => {
  test("takes messages in order up to its limit, says so once, and refuses aloud above it", () => {
    const told = new Telling();
    told.writes();
    expect(told.writes()).toEqual(["log turn.queued queue run-1", "say queued 1 to 2"]);
    expect(told.writes()).toEqual(["log turn.queued queue run-1"]);
    expect(told.writes()).toEqual(["log update.refused queue_full", "say queue_full 2 to 4"]);
    expect(told.answers("run-1").slice(-2)).toEqual(STARTED("run-2"));
    expect(told.answers("run-2")).toContain("answer 2 by run-2");
    expect(told.answers("run-3")).toContain("answer 3 by run-3");
    expect(told.phase).toBe("idle");
  });

  test("does not refuse the rest of a message that it has taken in", () => {
    const told = new Telling({ queueLimit: 1 });
    told.writes();
    told.writes({ album: "a" });
    expect(told.writes({ album: "a" })).toEqual(["log turn.queued queue run-1"]);
    expect(told.writes()).toContain("say queue_full 1 to 4");
  });
});

describe("one message to the person who wrote it is one turn", () => {
  test("an album", () => {
    const told = new Telling();
    expect(told.writes({ album: "a" })).toEqual([]);
    told.now += 900;
    expect(told.writes({ album: "a" })).toEqual([]);
    expect(told.after(999)).toEqual([]);
    expect(told.after(1)).toEqual(STARTED("run-1"));
    expect(told.answers("run-1").slice(0, 2)).toEqual(["write 1+2 for run-1", "answer 1 by run-1"]);
  });

  test("a text that Telegram split, and its end closes it", () => {
    const told = new Telling();
    told.writes({ maySplit: true });
    told.now += 1_177;
    expect(told.writes()).toEqual([]);
    expect(nextAlarm(told.session, told.now)).toBe(told.now);
    expect(told.after(0)).toEqual(STARTED("run-1"));
    expect(told.session.turn).toMatchObject({ inputs: [{ messageId: 1 }, { messageId: 2 }] });
  });

  test("but not with another's message, nor with a later one", () => {
    const told = new Telling({ queueLimit: 3 });
    told.writes({ maySplit: true });
    expect(told.writes({ from: 8 })).toEqual(["log turn.queued queue"]);
    told.now += 1_501;
    expect(told.writes()).toEqual(["log turn.queued queue"]);
    told.on({ type: "ticked" });
    expect(told.session.queue.map((inputs) => inputs.map((input) => input.messageId))).toEqual([[2], [3]]);
  });

  test("an album that came too late to steer", () => {
    const told = new Telling({ busyMode: "steer" });
    told.writes();
    told.writes({ album: "a" });
    told.writes({ album: "a" });
    told.now += 5_000;
    told.answers("run-1");
    expect(told.session.turn).toMatchObject({ run: "run-2", inputs: [{ messageId: 2 }, { messageId: 3 }] });
  });
});

describe("a message that meets a run", () => {
  test("interrupts it, and what was queued goes first", () => {
    const told = new Telling();
    told.writes();
    told.writes();
    expect(told.on({ type: "received", input: told.message(), mode: "interrupt" })).toEqual([
      "log turn.queued interrupt run-1",
      "cut run-1",
      "leave 1 of run-1: interrupted",
      "log run.finished stopped run-1",
      "say interrupted to 1",
      ...STARTED("run-2"),
    ]);
    expect(told.answers("run-1")).toEqual(["log run.stale run-1"]);
    expect(told.answers("run-2")).toContain("answer 2 by run-2");
    expect(told.answers("run-3")).toContain("answer 3 by run-3");
  });

  test("steers it: it joins before the next model call, and is written with that call's answer", () => {
    const told = new Telling({ busyMode: "steer" });
    told.writes();
    expect(told.writes()).toEqual(["log turn.queued steer run-1", "say steered to 2"]);
    expect(told.steps("run-1", false)).toEqual(["write 1 for run-1"]);
    expect(told.steps("run-1", true)).toEqual(["write for run-1"]);
    expect(told.answers("run-1")).toEqual([
      "write 2 for run-1",
      "answer 1 by run-1",
      "log run.finished answered run-1",
    ]);
  });

  test("steers too late, and is asked on its own in the order of writing", () => {
    const told = new Telling();
    told.writes();
    told.writes();
    told.on({ type: "received", input: told.message(), mode: "steer" });
    told.answers("run-1");
    expect(told.answers("run-2")).toContain("answer 2 by run-2");
    expect(told.answers("run-3")).toContain("answer 3 by run-3");
  });

  test("steers while the turn waits for a credential, and joins when it goes on", () => {
    const told = new Telling({ busyMode: "steer" });
    told.writes();
    told.on({ type: "exhausted", run: "run-1", untilAt: told.now + 10_000 });
    told.writes();
    told.after(10_000);
    expect(told.answers("run-1")).toContain("write 1+2 for run-1");
    expect(told.phase).toBe("idle");
  });
});

describe("death and time", () => {
  test("two crashes are recovered from under a new name, the third is said", () => {
    const told = new Telling();
    told.writes();
    told.steps("run-1", false);
    expect(told.on({ type: "woken" })).toEqual(["log run.finished recovered run-1", ...STARTED("run-2")]);
    expect(told.answers("run-1")).toEqual(["log run.stale run-1"]);
    told.on({ type: "woken" });
    expect(told.on({ type: "woken" })).toEqual([
      "leave of run-3: failed",
      "say failed crashed to 1",
      "log run.finished failed run-3",
    ]);
    expect(told.phase).toBe("idle");
  });

  test("a mute run is noticed by its alarm, cut, and said; the queue goes on", () => {
    const told = new Telling();
    told.writes();
    told.writes();
    expect(told.after(179_999)).toEqual([]);
    expect(told.after(1)).toEqual([
      "cut run-1",
      "leave 1 of run-1: timed_out",
      "say timed_out_idle 180 to 1",
      "log run.finished timed_out run-1",
      ...STARTED("run-2"),
    ]);
  });

  test("a run at work ends at its limit all the same", () => {
    const told = new Telling();
    told.writes();
    for (let minutes = 1; minutes < 30; minutes++) {
      told.now += 60_000;
      expect(told.on({ type: "ticked", progressAt: told.now })).toEqual([]);
    }
    told.now += 60_000;
    expect(told.on({ type: "ticked", progressAt: told.now })).toContain("say timed_out_total 1800 to 1");
  });

  test("a question expires visibly, and the run goes on", () => {
    const told = new Telling();
    told.writes();
    told.steps("run-1", false);
    expect(told.on({ type: "asked", run: "run-1", question: "q", untilAt: told.now + 3_600_000 })).toEqual([
      "log run.waiting run-1",
    ]);
    expect(told.writes()).toEqual(["log turn.queued queue run-1", "say queued_behind_question to 2"]);
    expect(told.after(3_599_999)).toEqual([]);
    expect(told.after(1)).toEqual(["say question_expired to 1", "begin run-1"]);
    expect(told.on({ type: "chosen", question: "q", entry: "yes" })).toEqual(["log run.stale q"]);
  });
});

describe("a dry pool", () => {
  test("is waited for once and said; when the time for waiting is over, the turn ends aloud with the time", () => {
    const told = new Telling();
    told.writes();
    const firstAt = told.now + 200_000;
    expect(told.on({ type: "exhausted", run: "run-1", untilAt: firstAt })).toEqual([
      "log run.waiting run-1",
      `say waiting ${firstAt} to 1`,
    ]);
    expect(nextAlarm(told.session, told.now)).toBe(firstAt);
    expect(told.after(200_000)).toEqual(["begin run-1"]);
    const untilAt = told.now + 200_000;
    expect(told.on({ type: "exhausted", run: "run-1", untilAt })).toEqual([
      "leave 1 of run-1: exhausted",
      `say exhausted ${untilAt} to 1`,
      "log run.finished exhausted run-1",
    ]);
  });

  test("that names a time already past does not keep the turn for ever", () => {
    const told = new Telling({ poolWaitMs: 5_000 });
    told.writes();
    let waits = 0;
    while (told.on({ type: "exhausted", run: "run-1", untilAt: told.now - 1 })[0] === "log run.waiting run-1") {
      expect(told.after(1_000)).toEqual(["begin run-1"]);
      waits++;
    }
    expect(waits).toBe(5);
    expect(told.phase).toBe("idle");
  });

  test("that an operator lifted is noticed at once", () => {
    const told = new Telling();
    told.writes();
    told.on({ type: "exhausted", run: "run-1", untilAt: told.now + 60_000 });
    expect(told.on({ type: "poolChanged" })).toEqual(["begin run-1"]);
  });
});

test("a lease that the pool takes back is let go, between turns and within one", () => {
  const lease = { lease: "l1", provider: "p", model: "m", credential: "k1", version: 1 };
  const told = new Telling();
  told.writes();
  const stepped = { type: "stepped", run: "run-1", entry: "calls", boundary: false, steps: 1, tokens: 1 } as const;
  told.on({ ...stepped, lease });
  expect(told.on({ type: "leaseLost", provider: "p", credential: "k2" })).toEqual([]);
  expect(told.session.lease).toEqual(lease);
  expect(told.on({ type: "leaseLost", provider: "p", credential: "k1", model: "m" })).toEqual([]);
  expect(told.session).not.toHaveProperty("lease");
  expect(told.phase).toBe("running run-1");
});

test("a model chosen for one turn while another is on is for the next turn", () => {
  const told = new Telling();
  told.writes();
  told.on({ type: "preferred", choices: { modelOnce: "a/b" } });
  told.answers("run-1");
  told.writes();
  expect(told.session).toMatchObject({ turn: { run: "run-2", modelOnce: "a/b" }, choices: {} });
  told.answers("run-2");
  told.writes();
  expect(told.session.turn).not.toHaveProperty("modelOnce");
});
