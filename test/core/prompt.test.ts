import { describe, expect, test } from "vitest";
import { type SystemContext, systemPrompt } from "../../src/agent/prompt.ts";

const AT = Date.parse("2026-11-22T21:14:00Z");

function prompt(context: Partial<SystemContext>): string {
  return systemPrompt({
    persona: undefined,
    now: AT,
    timezone: undefined,
    chatType: "private",
    chatTitle: undefined,
    userName: undefined,
    skills: [],
    ...context,
  });
}

describe("what a model is told of the time", () => {
  test.each([
    [undefined, AT, "Sunday, 22 November 2026, 21:00 or a little later (UTC)"],
    ["Asia/Kathmandu", AT, "Monday, 23 November 2026, 02:00 or a little later (Asia/Kathmandu)"],
    ["Asia/Kathmandu", AT + 60_000, "Monday, 23 November 2026, 03:00 or a little later (Asia/Kathmandu)"],
    ["America/New_York", Date.parse("2026-11-23T05:30:00Z"), "Monday, 23 November 2026, 00:00 or a little later"],
    ["Nowhere/At_All", AT, "2026-11-22 21:00 or a little later (Nowhere/At_All)"],
  ])("in the zone %s is its day and hour", (timezone, now, told) => {
    expect(prompt({ timezone, now })).toContain(`It is ${told}`);
  });

  test("stays the same for an hour, which caches of prompts reward", () => {
    const hour = Array.from({ length: 60 }, (_, minute) =>
      prompt({ now: Date.parse("2026-11-22T21:00:00Z") + minute * 60_000 }),
    );
    expect(new Set(hour).size).toBe(1);
  });
});

describe("where a model is told to be", () => {
  test("is a private chat with a person, or a group of some name", () => {
    expect(prompt({ userName: "Ada" })).toContain("You talk with Ada in a private chat.");
    expect(prompt({ chatType: "supergroup", chatTitle: "Garden" })).toContain("You are in the group “Garden”.");
  });

  test("speaks as the persona that was chosen, instead of our own", () => {
    expect(prompt({ persona: "You are a pirate." })).toMatch(/^You are a pirate\./);
    expect(prompt({})).toMatch(/^You are a helpful assistant/);
  });

  test("knows skills by name and description", () => {
    const told = prompt({ skills: [{ name: "translate", description: "Translates words." }] });
    expect(told).toContain("- translate: Translates words.");
    expect(prompt({})).not.toContain("load_skill");
  });
});
