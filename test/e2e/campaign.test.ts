import { describe, expect, it } from "vitest";
import { Program } from "./harness/program.ts";

/** Under workerd alone: what `wrangler dev` adds to a start is tested once in crash.test.ts, and costs seconds each time. */
const SIZE = ["--kills", "12", "--seed", "7", "--places", "8", "--under", "workerd"];

describe("the crash campaign", () => {
  it("loses nothing that was acknowledged, at a size that fits a build", async () => {
    const program = new Program("scripts/campaign.ts", SIZE);
    try {
      const [, again] = await program.line(/^again: (npm run campaign .*)$/, 290_000);
      expect(program.lines.filter((line) => line.includes("✗"))).toEqual([]);
      expect(again).toBe(`npm run campaign -- ${SIZE.join(" ")}`);
      const count = (name: string): number =>
        Number(new RegExp(`^${name} +(\\d+)$`, "m").exec(program.lines.join("\n"))?.[1] ?? Number.NaN);
      expect(count("kills survived")).toBe(12);
      expect(count("acknowledged")).toBeGreaterThan(50);
      expect(count("answered")).toBeGreaterThan(20);
      expect(count("answered") + count("fate said")).toBe(count("acknowledged"));
      expect(count("lost")).toBe(0);
    } finally {
      program.kill();
    }
  }, 300_000);
});
