import { describe, expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

/** Found from outside, by presses of a person whose bot had just been killed. */

/** An answer grows on screen, its process dies, and the turn goes on elsewhere with nothing to show yet. */
async function recovered(): Promise<{ stage: Stage; messageId: number; button: string }> {
  const stage = new Stage({ STREAM: "edit" });
  stage.next({ text: "it begins and never ends ".repeat(40), stopsAfterHalf: true });
  await stage.write("a long story");
  await stage.until("the answer grows", () => stage.lines().some((line) => line.includes("it begins")));
  const [messageId, message] = [...stage.chat].find(([, { text }]) => text.includes("it begins")) ?? [0, undefined];
  const button = JSON.stringify(message?.keyboard).match(/"(stop:[^"]+)"/)?.[1] ?? "";
  stage.crash();
  stage.hold();
  await stage.pass(30_000);
  await stage.until("the turn is tried again", () => stage.asked.length === 2);
  return { stage, messageId, button };
}

describe("the Stop button of an answer whose process died", () => {
  it("stops the turn, which goes on under another name", async () => {
    const { stage, messageId, button } = await recovered();
    await stage.press(button, messageId);
    await stage.hears("⏹ Stopped");
    expect(stage.phase).toBe("idle");
    expect(stage.chat.get(messageId)?.keyboard).toBeUndefined();
  });

  it("is of no later turn, and goes when it is pressed", async () => {
    const { stage, messageId, button } = await recovered();
    await stage.write("/stop");
    await stage.hears("⏹ Stopped");
    // As where Telegram's answer to the first send never came: nobody knew of the message.
    stage.chat.set(messageId, { text: "it begins", replyTo: undefined, keyboard: "as it stood" });
    stage.hold();
    await stage.write("another");
    await stage.until("it is asked", () => stage.phase === "running");
    await stage.press(button, messageId);
    await stage.pass(1_000);
    expect(stage.phase).toBe("running");
    expect(stage.chat.get(messageId)?.keyboard).toBeUndefined();
  });
});
