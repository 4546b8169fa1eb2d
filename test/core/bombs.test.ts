import { describe, expect, it } from "vitest";
import { callResult } from "../../src/agent/mcp-result.ts";
import { parseSkill } from "../../src/agent/skills.ts";
import { callTool } from "../../src/agent/tools/run-tool.ts";
import { toolset } from "../../src/agent/tools/toolset.ts";
import { classify } from "../../src/core/failure.ts";
import { parseUpdate } from "../../src/telegram/inbound.ts";
import { stage } from "./tools-stage.ts";

/** What is small to send and large to read: nesting as deep as a body may be long, and aliases of aliases. */
const LEVELS = 200_000;
const deep = "[".repeat(LEVELS) + "]".repeat(LEVELS);
const deepError = `${'{"error":'.repeat(LEVELS / 10)}1${"}".repeat(LEVELS / 10)}`;
const MESSAGE =
  '"message_id":1,"date":1,"chat":{"id":1,"type":"private"},"from":{"id":1,"is_bot":false,"first_name":"A"}';

describe("a bomb", () => {
  it.each([
    ["as a text", `{"update_id":1,"message":{${MESSAGE},"text":${deep}}}`, "ignored"],
    ["where nobody looks", `{"update_id":1,"message":{${MESSAGE},"text":"hi","reply_markup":${deep}}}`, "inbound"],
    ["in its entities", `{"update_id":1,"message":{${MESSAGE},"text":"hi","entities":${deep}}}`, "inbound"],
    ["as the whole", deep, "invalid"],
  ])("in an update is no harm: %s", (_, body, kind) => {
    expect(parseUpdate(JSON.parse(body), 1).kind).toBe(kind);
  });

  it("in a provider's refusal leaves the status to judge by", () => {
    for (const body of [deep, JSON.parse(deep), deepError, JSON.parse(deepError)]) {
      expect(classify({ provider: "openai", at: 1, midStream: false, status: 429, headers: {}, body }).class).toBe(
        "rate",
      );
    }
  });

  it("in a tool's arguments is an error that the model sees", async () => {
    const tools = toolset({}, { hasPerson: true, skills: [] });
    for (const given of [deep, `{"text":${deep}}`, { text: JSON.parse(deep) }]) {
      const result = await callTool(tools, "remember", given, stage().context);
      expect(result).toMatchObject({ kind: "error", text: expect.stringContaining("do not fit") });
    }
  });

  it("in what a tool server answers is text or an error, and no fault of ours", () => {
    expect(callResult({ content: JSON.parse(deep) }).isError).toBe(true);
    expect(callResult(JSON.parse(deep)).isError).toBe(true);
  });

  it.each([
    ["aliases of aliases", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]"],
    ["merged keys", "x: &x {a: 1}\ny:\n  <<: *x"],
    ["levels", `x: ${"[".repeat(20_000)}`],
    ["a tag that would run", "x: !!js/function 'f'"],
  ])("in a SKILL.md is one line that says what is wrong: %s", async (_, yaml) => {
    const parsed = await parseSkill(`---\nname: a\ndescription: b\n${yaml}\n---\nbody`);
    expect(parsed).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/^its front matter is no YAML [^\n]+\.$/),
    });
  });

  it("in a SKILL.md's prototype reaches nothing", async () => {
    const parsed = await parseSkill("---\nname: a\ndescription: b\n__proto__: {reset: true}\n---\nbody");
    expect(parsed).toMatchObject({ ok: true, skill: { reset: false } });
  });
});
