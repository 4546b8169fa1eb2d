import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { parseSkill, skillPrompt } from "../../../src/agent/skills.ts";
import { callTool, RESULT_CHARS, readArguments, statusOf } from "../../../src/agent/tools/run-tool.ts";
import type { ToolContext } from "../../../src/agent/tools/tool.ts";
import { toolset } from "../../../src/agent/tools/toolset.ts";
import { findCommand } from "../../../src/core/commands.ts";
import { stage } from "../tools-stage.ts";
import { fuzz } from "./fuzz.ts";
import { mangled, mangledText, odd, oddText } from "./mangled.ts";

const SKILLS = join(import.meta.dirname, "../../../skills");
const SHIPPED = readdirSync(SKILLS, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [readFileSync(join(SKILLS, entry.name, "SKILL.md"), "utf8")] : [],
);
const SKILL = { name: "tea", description: "How to make tea.", reset: false, body: "Boil water. $ARGUMENTS" };
const tools = toolset({ search: { kind: "brave", key: "k" } }, { hasPerson: true, skills: [SKILL] });
const EXAMPLES: readonly unknown[] = [
  {},
  { timezone: "Europe/Berlin" },
  { url: "https://example.com/a?b#c" },
  { query: "tea" },
  { text: "Likes tea." },
  { id: 1 },
  { text: "stretch", in_seconds: 60 },
  { text: "stretch", at: "2026-12-01T09:00", timezone: "Asia/Kathmandu" },
  { text: "stretch", cron: "0 9 * * 1-5" },
  { question: "Tea or coffee?", options: ["Tea", "Coffee"] },
  { name: "notes.md", content: "# Notes", mime: "text/markdown" },
  { name: "dot.png", content: "iVBORw0KGgo=", mime: "image/png", base64: true },
];

/** A page that answers at once, so that no case waits for a network. */
const page: ToolContext["fetch"] = async () =>
  new Response("<html><body><p>A page.</p></body></html>", { headers: { "content-type": "text/html" } });

describe("what a model writes as a tool's arguments", () => {
  const call = fc.record({
    name: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...tools.map(({ name }) => name)) },
      { weight: 1, arbitrary: oddText },
    ),
    given: fc.oneof(
      { weight: 6, arbitrary: mangled(EXAMPLES) },
      { weight: 3, arbitrary: mangledText(EXAMPLES.map((example) => JSON.stringify(example))) },
      { weight: 1, arbitrary: fc.oneof(odd, fc.anything()) },
    ),
  });

  fuzz("becomes a result that a model can read, and never a throw", 1_500, call, async ({ name, given }) => {
    const { context } = stage({ fetch: page });
    const result = await callTool(tools, name, given, context);
    if (result.kind === "ask") {
      expect(result.options.every((option) => typeof option === "string" && option !== "")).toBe(true);
      return;
    }
    expect(typeof result.text).toBe("string");
    expect(result.text).not.toBe("");
    expect(result.text.length).toBeLessThanOrEqual(RESULT_CHARS);
  });

  fuzz("is read or refused by every tool, with a status line either way", 690, call, ({ given }) => {
    for (const tool of tools) {
      const read = readArguments(tool, given);
      if (!read.ok) expect(read.problem).toContain(tool.name);
      const status = statusOf(tool, given);
      for (const value of Object.values(status.params)) expect(typeof value).toBe("string");
    }
  });
});

describe("a SKILL.md, whatever is in it", () => {
  fuzz(
    "is a skill that can be called, or one line that says what is wrong",
    1_500,
    fc.oneof(mangledText(SHIPPED), mangledText(SHIPPED.map((text) => text.slice(0, 200))), oddText),
    async (text) => {
      const parsed = await parseSkill(text);
      if (!parsed.ok) {
        expect(parsed.problem).toMatch(/^[^\n]+\.$/);
        return;
      }
      const { skill } = parsed;
      expect(skill.name).toMatch(/^[a-z0-9_]{1,32}$/);
      expect(skill.description).toMatch(/^[^\n]{1,1024}$/u);
      expect(["builtin", "skill"]).toContain(findCommand(skill.name, [skill.name]).kind);
      expect(skillPrompt(skill, "two words $& $1")).toContain(skill.body === "" ? "two words $& $1" : "");
    },
  );
});
