import { beforeAll, describe, expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

/** A group that becomes a supergroup: its session of the old id says what it owes there, and hands over what it has. */

const NEW_ID = -1_007;

// The first turn loads it, which takes real time while that of the stage goes on.
beforeAll(() => import("../../../src/agent/sdk.ts"));

describe("a group that has got another id", () => {
  it("is in the log as an update that was accepted", async () => {
    const stage = new Stage();
    await stage.moves(NEW_ID);
    expect(stage.logs("update.accepted")).toMatchObject([{ kind: "migrated" }]);
  });

  it("hands over what it has as soon as its new session can be reached, whatever dies until then, and once", async () => {
    const stage = new Stage();
    await stage.write("our club is called Thistle");
    await stage.hears("echo of our club");
    stage.shell.reminders.add({ text: "water the thistle", nextAt: stage.now + 15_000 });
    stage.cannotHandOver = true;
    await stage.moves(NEW_ID);
    stage.crash();
    await stage.pass(12_000);
    expect(stage.handedOver).toEqual([]);
    stage.crash();
    await stage.pass(8_000);
    // Its time has come, but it is the new session's by now.
    expect(stage.count("water the thistle")).toBe(0);
    stage.cannotHandOver = false;
    await stage.pass(60_000);
    expect(stage.handedOver).toMatchObject([
      { key: `telegram:${NEW_ID}`, heritage: { reminders: [{ text: "water the thistle" }] } },
    ]);
    expect(JSON.stringify(stage.handedOver[0]?.heritage.transcript)).toContain("Thistle");
    expect(stage.shell.reminders.list()).toEqual([]);
    expect(stage.alarmAt === undefined || stage.alarmAt > stage.now + 3_600_000).toBe(true);
  });

  it("keeps what is set after the move, and says it itself", async () => {
    const stage = new Stage();
    stage.cannotHandOver = true;
    await stage.moves(NEW_ID);
    stage.shell.reminders.add({ text: "set late", nextAt: stage.now + 30_000 });
    stage.cannotHandOver = false;
    await stage.pass(40_000);
    expect(stage.handedOver[0]?.heritage.reminders).toEqual([]);
    expect(stage.count("set late")).toBe(1);
  });

  it("is answered there in a new message that replies to nothing, and nothing of the new chat is edited", async () => {
    const stage = new Stage({ STREAM: "edit" });
    const held = stage.hold({ text: "written on the way" });
    await stage.write("asked before");
    await stage.until("it is asked", () => stage.asked.length === 1);
    await stage.write("and this");
    await stage.until("it is said to be queued", () => stage.calls.length > 0);
    await stage.moves(NEW_ID);
    const before = stage.calls.length;
    held.release();
    await stage.hears("echo of [Ada] and this");
    await stage.pass(5_000);
    const calls = stage.calls.slice(before);
    expect(calls.length).toBeGreaterThanOrEqual(2);
    for (const { payload } of calls) {
      expect(payload.chat_id).toBe(NEW_ID);
      expect(payload.reply_parameters).toBeUndefined();
    }
    expect(stage.count("written on the way")).toBe(1);
  });

  it("leaves the old message of a question alone, and takes the answer from the new chat's", async () => {
    const stage = new Stage();
    stage.next({ tools: [{ name: "ask", args: { question: "Tea?", options: ["yes", "no"] } }] });
    await stage.write("ask me");
    await stage.hears("Tea?");
    await stage.moves(NEW_ID);
    const before = stage.calls.length;
    await stage.write("yes");
    await stage.pass(3_000);
    const edits = stage.calls.slice(before).filter(({ method }) => method.startsWith("edit"));
    expect(edits).toEqual([]);
  });

  it("takes up a run that died when it is told something, as it does at every other event", async () => {
    const stage = new Stage();
    stage.hold();
    await stage.write("a long question");
    await stage.until("it is asked", () => stage.asked.length === 1);
    stage.crash();
    stage.shell.tell({ key: "pair_welcome", params: {} });
    await stage.hears("echo of a long question");
    expect(stage.logs("run.finished").map(({ outcome }) => outcome)).toEqual(["recovered", "answered"]);
  });

  it("adopts once: a second coming of the same changes nothing, and its own conversation stays", async () => {
    const stage = new Stage();
    await stage.write("we were here first");
    await stage.hears("echo of we were");
    const rows = stage.shell.transcript().length;
    const reminder = { text: "from the old one", nextAt: stage.now + 20_000 };
    const transcript = [
      { run: "r", body: JSON.stringify({ at: 1, messages: [{ role: "assistant", content: "old" }] }) },
    ];
    stage.shell.adopt({ transcript, reminders: [reminder], choices: {} });
    stage.shell.adopt({ transcript, reminders: [{ ...reminder, text: "twice" }], choices: {} });
    expect(stage.shell.transcript().length).toBe(rows);
    expect(stage.shell.reminders.list()).toMatchObject([{ text: "from the old one" }]);
    await stage.pass(30_000);
    expect(stage.count("from the old one")).toBe(1);
  });

  it("tells its new session that it is still at a turn, which passes a stop, a reset and unknown buttons on to it", async () => {
    const before = new Stage();
    before.hold();
    await before.write("a long question");
    await before.until("it is asked", () => before.asked.length === 1);
    await before.moves(NEW_ID);
    const heritage = before.handedOver[0]?.heritage;
    expect(heritage?.former).toBe("telegram:7");

    for (const command of ["/stop", "/new"]) {
      const stage = new Stage();
      if (heritage) stage.shell.adopt(heritage);
      await stage.press("stop:r1", 50);
      await stage.write(command);
      await stage.write(command);
      expect(stage.toldFormer).toEqual(["telegram:7 stop:r1", "telegram:7 stop"]);
    }
    before.shell.stopIfBusy();
    before.shell.stopIfBusy();
    await before.hears("⏹ Stopped");
    expect(before.count("Nothing is running")).toBe(0);
  });

  it("tells its new session nothing of the kind where it is at nothing", async () => {
    const stage = new Stage();
    await stage.moves(NEW_ID);
    expect(stage.handedOver[0]?.heritage).not.toHaveProperty("former");
  });
});
