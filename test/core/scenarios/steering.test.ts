import { expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

it("what is said into a turn whose question stands is before the model with the answer to it", async () => {
  const stage = new Stage();
  stage.next({ tools: [{ name: "ask", args: { question: "Which?", options: ["A", "B"] } }] });
  await stage.write("ask me");
  await stage.hears("Which?");
  await stage.write("/steer by the way");
  await stage.hears("A question above waits for an answer.");
  await stage.write("B");
  await stage.hears("echo of by the way");
  expect(stage.asked.at(-1)?.body.messages.slice(-2)).toMatchObject([
    { role: "tool", content: "B" },
    { role: "user", content: "by the way" },
  ]);
  expect(stage.logs("run.finished")).toHaveLength(1);
});

it("a message that meets an answer as it comes is logged with how long ago its last piece came", async () => {
  const stage = new Stage();
  const held = stage.hold({ text: "word ".repeat(40), stopsAfterHalf: true });
  await stage.write("tell me");
  await stage.pass(3_000);
  held.release();
  await stage.pass(1_000);
  await stage.write("and?");
  expect(stage.logs("turn.queued")).toMatchObject([{ idle_ms: 1_000 }]);
});

it.each(["queue", "interrupt"])(
  "a long /steer that a client has split joins the answer whole, where others %s",
  async (mode) => {
    const stage = new Stage({ BUSY_MODE: mode });
    const held = stage.hold({ tools: [{ name: "now", args: {} }] });
    await stage.write("tell me");
    await stage.write(`/steer ${"long ".repeat(817)}`);
    await stage.write("and its end");
    held.release();
    await stage.hears("echo of and its end");
    expect(stage.logs("run.finished")).toMatchObject([{ outcome: "answered" }]);
    expect(stage.asked).toHaveLength(2);
  },
);
