import { describe, expect, it } from "vitest";
import { Outbox } from "../../../src/session/outbox.ts";
import { Stage } from "../harness/session.ts";
import { openStorage } from "../harness/sqlite.ts";

/** Rows that cannot be read, or that an older version wrote: the session says what it must and goes on. */

const FAILED = "Something went wrong inside the bot";

describe("a row that cannot be read", () => {
  it("of the value is owned up to, once, and the next message is answered in the same conversation", async () => {
    const stage = new Stage();
    await stage.write("hello");
    await stage.hears("echo of hello");
    const { epoch } = stage.shell.door.session;
    stage.storage.sql.exec('UPDATE journal SET value = \'{"v":1,"session":{"turn":{"phase":"running"}}}\'');
    stage.crash();
    expect(stage.phase).toBe("idle");
    await stage.write("and now");
    await stage.hears("echo of and now");
    expect(stage.count(FAILED)).toBe(1);
    expect(stage.shell.door.session.epoch).toBe(epoch);
    expect(JSON.stringify(stage.asked.at(-1)?.body)).toContain("echo of hello");
    expect(stage.logs("internal.error")).toMatchObject([{ where: "stored", what: "value" }]);
    stage.crash();
    await stage.write("again");
    await stage.hears("echo of again");
    expect(stage.count(FAILED)).toBe(1);
  });

  it("of a delivery becomes a word of what happened, and holds up nothing behind it", async () => {
    const stage = new Stage();
    stage.refuse(/^send/, { kind: "flood", retryAfterMs: 5_000 });
    await stage.write("one");
    await stage.until("the flood", () => stage.logs("delivery.retry").length > 0);
    stage.storage.sql.exec("UPDATE outbox SET content = '{\"kind\":'");
    stage.crash();
    await stage.pass(6_000);
    await stage.write("two");
    await stage.hears("echo of two");
    expect(stage.count(FAILED)).toBe(1);
  });

  it("of a reminder is said and gone, and the others come", async () => {
    const stage = new Stage();
    stage.next({ tools: [{ name: "remind", args: { text: "tea", in_seconds: 60 } }] });
    stage.next({ tools: [{ name: "remind", args: { text: "cake", in_seconds: 90 } }] });
    await stage.write("remind me");
    await stage.hears("echo of remind me");
    stage.storage.sql.exec("UPDATE reminders SET body = 'null' WHERE id = 1");
    await stage.pass(120_000);
    expect(stage.count("tea")).toBe(0);
    expect(stage.count("⏰ cake")).toBe(1);
    expect(stage.count(FAILED)).toBe(1);
    expect(stage.alarmAt === undefined || stage.alarmAt > stage.now).toBe(true);
  });

  it("of the conversation is left out of it", async () => {
    const stage = new Stage();
    await stage.write("first");
    await stage.hears("echo of first");
    await stage.write("second");
    await stage.hears("echo of second");
    stage.storage.sql.exec('UPDATE transcript SET body = \'{"at":1,"messages":[null]}\' WHERE seq = 1');
    // What a process has read or written itself it knows.
    stage.crash();
    await stage.write("third");
    await stage.hears("echo of third");
    const told = JSON.stringify(stage.asked.at(-1)?.body.messages);
    expect(told).toContain("echo of second");
    expect(told).not.toContain("echo of first");
  });
});

describe("a row of an older version", () => {
  it("of a growing answer is read, and written by both versions, though the table had a column less", () => {
    const { sql } = openStorage();
    sql.exec("CREATE TABLE growing (slot INTEGER PRIMARY KEY, run TEXT NOT NULL, ids TEXT NOT NULL) STRICT");
    sql.exec("INSERT INTO growing (slot, run, ids) VALUES (1, 'r1', '[7]')");
    const outbox = new Outbox(sql, () => "");
    expect(outbox.remembered("r1")).toEqual([7]);
    expect(outbox.isSending("r1")).toBe(false);
    outbox.remember("r2", [8], true);
    expect(new Outbox(sql, () => "").isSending("r2")).toBe(true);
    // What the older version writes while both run.
    for (const database of [sql, openStorage().sql]) {
      new Outbox(database, () => "");
      database.exec("DELETE FROM growing");
      database.exec("INSERT INTO growing (slot, run, ids) VALUES (1, 'r3', '[9]')");
      expect(new Outbox(database, () => "").isSending("r3")).toBe(false);
    }
  });
});

describe("a turn that ends without an answer after steps were taken", () => {
  it("is ended in the conversation, too, so that the model does not take its question for open", async () => {
    const stage = new Stage();
    stage.next({ tools: [{ name: "now", args: {} }] });
    stage.hold();
    await stage.write("what time is it");
    await stage.until("the second call", () => stage.asked.length === 2);
    await stage.write("/stop");
    await stage.hears("Stopped");
    await stage.write("something else");
    await stage.hears("echo of something else");
    const roles = stage.asked.at(-1)?.body.messages.map(({ role }) => role);
    expect(roles).toEqual(["system", "user", "assistant", "tool", "assistant", "user"]);
    expect(JSON.stringify(stage.asked.at(-1)?.body)).toContain("[no answer was given: the turn was ended]");
  });
});
