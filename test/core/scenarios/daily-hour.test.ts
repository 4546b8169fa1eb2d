import { describe, expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

describe("the hour of the daily reset", () => {
  // Four o'clock in Tokyo is seven in the evening before in Greenwich.
  it.each([
    ["is the person's from the moment in which they say where they live", "/timezone Asia/Tokyo", 2],
    ["is the clock's of Greenwich before that", "/timezone", 1],
  ])("%s", async (_what, told, epoch) => {
    const stage = new Stage({ SESSION_DAILY_RESET_HOUR: "4" });
    await stage.pass(DAY_MS - (stage.now % DAY_MS) + 18 * HOUR_MS);
    await stage.write("before it");
    await stage.hears("echo of before it");
    await stage.write(told);
    await stage.pass(2 * HOUR_MS);
    await stage.write("after it");
    await stage.hears("echo of after it");
    expect(stage.shell.door.session.epoch).toBe(epoch);
  });
});
