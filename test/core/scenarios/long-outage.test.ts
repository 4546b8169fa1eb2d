import { describe, expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

const MINUTE_MS = 60_000;

/** Found by the crash campaign (60 kills, seed 28686): chats were silent for ten minutes after all was well again. */
describe("a chat to which nothing could be sent for long", () => {
  it("hears everything as soon as its person writes again, not when the last pause is over", async () => {
    const stage = new Stage({ STREAM: "off" });
    stage.isDown = true;
    await stage.write("first");
    await stage.until("the last pause begins", () => stage.logs("delivery.retry").length === 9);
    await stage.pass(MINUTE_MS);
    stage.isDown = false;
    expect(stage.lines()).toEqual([]);
    const wroteAt = stage.now;
    await stage.write("second");
    await stage.hears("echo of second");
    expect(stage.lines()).toEqual(["echo of first", "echo of second"]);
    expect(stage.now - wroteAt).toBeLessThan(MINUTE_MS);
  });
});
