import { describe, expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

/** Found by the crash campaign (25 kills, seed 28687). */
describe("a turn that is lost three times to a crash while its answer grows", () => {
  it("keeps its message: the next turn's answer stands in one of its own, as a reply to its own question", async () => {
    const stage = new Stage({ STREAM: "edit" });
    const text = "a long answer that is seen to grow, word by word, until its process dies";
    for (let attempt = 0; attempt < 3; attempt += 1) stage.nextTo("first", { text, stopsAfterHalf: true });
    await stage.write("first");
    const second = stage.message("second");
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await stage.until("it grows", () => stage.asked.length === attempt && stage.count("a long answer") > 0);
      await stage.pass(1_500);
      if (attempt === 1) await stage.shell.accept(second);
      stage.crash();
      await stage.pass(26_000);
    }
    await stage.hears("echo of second");
    await stage.hears("lost three times to a crash");
    const answers = [...stage.chat.values()].filter((message) => message.text.includes("echo of second"));
    expect(answers.map(({ replyTo }) => replyTo)).toEqual([second.message.messageId]);
    expect(stage.count("a long answer")).toBe(1);
  });
});
