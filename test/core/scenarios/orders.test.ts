import { expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

it.each(["/queue more", "/compact", "/summarize this", "/remind me of tea"])(
  "%s is answered at once during a run, also where something waits already",
  async (order) => {
    const stage = new Stage();
    const held = stage.hold();
    await stage.write("a long one");
    await stage.write("a second one");
    await stage.hears("Yours is next in line (1)");
    await stage.write(order);
    await stage.hears("Yours is next in line (2)");
    held.release();
    await stage.until("all is done", ({ phase }) => phase === "idle");
    expect(stage.logs("run.finished")).toHaveLength(3);
  },
);
