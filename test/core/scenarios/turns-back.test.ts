import { describe, expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

/** Turns that are taken back (/undo) or asked again (/retry). */

function heard(stage: Stage, words: string): unknown[] {
  const asked = stage.asked.findLast(({ text }) => text.includes(words));
  return (asked?.body.messages ?? []).slice(1).map(({ role, content }) => (role === "user" ? content : role));
}

/** A turn that calls a tool, and that somebody steers meanwhile. */
async function steered(stage: Stage): Promise<void> {
  const times = stage.logs("run.finished").length;
  const held = stage.hold({ tools: [{ name: "now", args: {} }] });
  await stage.write("set sail");
  await stage.write("/steer to starboard");
  held.release();
  await stage.until("it is answered", () => stage.logs("run.finished").length > times);
  expect(heard(stage, "to starboard")).toContain("set sail");
}

describe("/undo", () => {
  it.each(["0", "-3", "all", "1.5", "2 please"])(
    "of “%s” forgets nothing, and says how it is written",
    async (count) => {
      const stage = new Stage();
      await stage.exchange("alpha");
      await stage.write(`/undo ${count}`);
      await stage.hears("/undo [count]");
      await stage.exchange("beta");
      expect(heard(stage, "beta")).toEqual(["alpha", "assistant", "beta"]);
    },
  );

  it("forgets a turn that was steered as one, with all it was asked", async () => {
    const stage = new Stage();
    await stage.exchange("alpha");
    await steered(stage);
    await stage.write("/undo");
    await stage.hears("Forgotten: 1");
    await stage.exchange("beta");
    expect(heard(stage, "beta")).toEqual(["alpha", "assistant", "beta"]);
  });

  it("counts no order to the bot as an exchange", async () => {
    const stage = new Stage();
    await stage.exchange("alpha");
    await stage.exchange("/compact");
    await stage.hears("short enough");
    await stage.write("/undo");
    await stage.hears("Forgotten: 1");
    await stage.exchange("beta");
    expect(heard(stage, "beta")).toEqual(["beta"]);
  });
});

describe("/retry", () => {
  it("asks a turn that was steered again with all it was asked", async () => {
    const stage = new Stage();
    await steered(stage);
    const before = stage.asked.length;
    await stage.exchange("/retry");
    expect(stage.asked).toHaveLength(before + 1);
    expect(heard(stage, "to starboard")).toEqual(["set sail", "to starboard"]);
  });
});
