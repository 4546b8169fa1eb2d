import { describe, expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

/** /usage: each model call of the stage takes 9 tokens in and 5 out. */

async function usage(stage: Stage): Promise<string> {
  const said = stage.count("Prices as of");
  await stage.write("/usage");
  await stage.until("it is reckoned", () => stage.count("Prices as of") > said);
  return stage.lines().findLast((line) => line.includes("Prices as of")) ?? "";
}

describe("/usage", () => {
  it("tells the last turn with all its steps, the conversation and the day", async () => {
    const stage = new Stage();
    expect(await usage(stage)).toMatch(
      /Last turn: 0 tokens.*\nThis conversation: 0 turns, 0 tokens.*\nToday: 0 tokens/,
    );
    await stage.exchange("alpha");
    stage.next({ tools: [{ name: "now", args: {} }] });
    await stage.exchange("what time is it?");
    const said = await usage(stage);
    expect(said).toMatch(/Last turn: 28 tokens.*\nThis conversation: 2 turns, 42 tokens.*\nToday: 42 tokens/);
    expect(said).toContain("openai/m: 42 tokens");
  });

  it("of the day is not less for a reset, nor is anything for what was undone or asked again", async () => {
    const stage = new Stage();
    await stage.exchange("alpha");
    await stage.write("/undo");
    await stage.exchange("beta");
    await stage.exchange("/retry");
    expect(await usage(stage)).toMatch(
      /Last turn: 14 tokens.*\nThis conversation: 1 turns, 42 tokens.*\nToday: 42 tokens/,
    );
    await stage.write("/new");
    expect(await usage(stage)).toMatch(
      /Last turn: 0 tokens.*\nThis conversation: 0 turns, 0 tokens.*\nToday: 42 tokens/,
    );
    await stage.pass(24 * 3_600_000);
    expect(await usage(stage)).toMatch(/Today: 0 tokens/);
  });

  it("does not take a price that is not known for none", async () => {
    const unknown = new Stage();
    await unknown.exchange("alpha");
    expect(await usage(unknown)).toMatch(/Last turn: 14 tokens, \? US\$[\s\S]*openai\/m: 14 tokens, \? US\$/);
    const known = new Stage({ MODEL: "openai/gpt-5-mini" });
    await known.exchange("alpha");
    expect(await usage(known)).toMatch(/openai\/gpt-5-mini: 14 tokens, 0\.\d{4} US\$/);
  });

  it("tells what is used of a person's budget", async () => {
    const stage = new Stage({ USER_DAILY_BUDGET_USD: "0.5" });
    expect(await usage(stage)).toContain("Your budget today: 0.0000 US$ of 0.50 US$ used");
  });
});
