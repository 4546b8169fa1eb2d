import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readSkills, writeModule } from "../../scripts/bundle-skills.ts";
import { bundledSkills, skillProblems } from "../../skills/index.ts";
import { describeSkills, findSkill, parseSkill, skillPrompt } from "../../src/agent/skills.ts";

const SKILLS = fileURLToPath(new URL("../../skills", import.meta.url));

async function parsed(text: string) {
  const result = await parseSkill(text);
  if (!result.ok) throw new Error(result.problem);
  return result.skill;
}

describe("the skills that ship", () => {
  it("are in the code as they are in the folders", async () => {
    const bundle = await readSkills(SKILLS);
    expect(bundle.problems).toEqual([]);
    expect(readFileSync(join(SKILLS, "index.ts"), "utf8"), "run node scripts/bundle-skills.ts").toBe(
      writeModule(bundle),
    );
    expect(bundledSkills).toEqual(bundle.skills);
    expect(skillProblems).toEqual([]);
  });

  it("are at least cc, summarize, translate and remind", () => {
    expect(bundledSkills.map((skill) => skill.name)).toEqual(
      expect.arrayContaining(["cc", "summarize", "translate", "remind"]),
    );
  });

  it("have commands Telegram takes", () => {
    for (const skill of bundledSkills) {
      expect(skill.name).toMatch(/^[a-z0-9_]{1,32}$/);
      expect(skill.description.length).toBeLessThanOrEqual(256);
    }
  });

  it("cc clears the context and goes on with the words alone", () => {
    const cc = findSkill(bundledSkills, "cc");
    expect(cc?.reset).toBe(true);
    expect(cc && skillPrompt(cc, "  what is $& 2+2?  ")).toBe("what is $& 2+2?");
    expect(cc && skillPrompt(cc, "")).toBe("");
  });

  it("are told to the model without those that clear its context", () => {
    expect(describeSkills(bundledSkills)).toContain("- summarize: ");
    expect(describeSkills(bundledSkills)).not.toContain("- cc");
  });
});

describe("a SKILL.md", () => {
  it("is front matter and instructions", async () => {
    const skill = await parsed("---\nname: code-review\ndescription: >\n  Reviews\n  code.\n---\n\n# How\nRead it.\n");
    expect(skill).toEqual({ name: "code_review", description: "Reviews code.", reset: false, body: "# How\nRead it." });
    expect(findSkill([skill], "code-review")).toBe(skill);
    expect(skillPrompt(skill, "this file")).toMatch(/# How\nRead it\.\n\nThe person's words:\nthis file$/);
    expect(skillPrompt(skill, "")).toMatch(/Read it\.$/);
  });

  it("may carry fields of the Agent Skills format that mean nothing here", async () => {
    const text =
      "\uFEFF---\r\nname: x\r\nlicense: MIT\r\nallowed-tools: Read, Bash(git:*)\r\nmetadata:\r\n  author: a\r\n  version: 1.0\r\ndescription: 'Does: x'\r\nreset: true\r\n---\r\n";
    expect(await parsed(text)).toEqual({ name: "x", description: "Does: x", reset: true, body: "" });
  });

  it("says where the words go, by $ARGUMENTS", async () => {
    const skill = await parsed("---\nname: x\ndescription: d\n---\nSay $ARGUMENTS twice: $ARGUMENTS");
    expect(skillPrompt(skill, "$1 & $&")).toBe("Say $1 & $& twice: $1 & $&");
  });

  it.each([
    ["no front matter", "# Just text", "first line of ---"],
    ["an end that is missing", "---\nname: x\ndescription: d\n", "first line of ---"],
    ["broken YAML", "---\nname: [x\n---\nbody", "no YAML"],
    ["a bomb of aliases", "---\nname: x\na: &a [1,1]\nb: [*a,*a]\ndescription: d\n---\nbody", "no YAML"],
    ["a list instead of fields", "---\n- x\n---\nbody", "name and description"],
    ["no name", "---\ndescription: d\n---\nbody", "expected a name"],
    ["a name with a space", "---\nname: My Skill\ndescription: d\n---\nbody", "expected a name"],
    ["a name that is too long", `---\nname: ${"x".repeat(33)}\ndescription: d\n---\nbody`, "expected a name"],
    ["no description", "---\nname: x\n---\nbody", "expected a description"],
    ["a reset that is no yes or no", "---\nname: x\ndescription: d\nreset: maybe\n---\nbody", "reset must be"],
    ["no instructions", "---\nname: x\ndescription: d\n---\n", "expected instructions"],
    ["endless instructions", `---\nname: x\ndescription: d\n---\n${"x".repeat(50_001)}`, "longer than"],
  ])("with %s costs one clear line", async (_what, text, expected) => {
    const result = await parseSkill(text);
    expect(result).toMatchObject({ ok: false, problem: expect.stringContaining(expected) });
    if (!result.ok) expect(result.problem).not.toContain("\n");
  });

  it("that is broken does not keep the others from loading, nor does one of another's name", async () => {
    const folder = mkdtempSync(join(tmpdir(), "skills-"));
    const write = (name: string, text: string): void => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "SKILL.md"), text);
    };
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it must come through as it is
    write("a-b", "---\nname: a-b\ndescription: d `\\ ${x}\n---\nbody ` ${y} \\n");
    write("a_b", "---\nname: a_b\ndescription: d\n---\nbody");
    write("broken", "nothing");
    write("other", "---\nname: x\ndescription: d\n---\nbody");
    mkdirSync(join(folder, "empty"));
    const bundle = await readSkills(folder);
    expect(bundle.skills.map((skill) => skill.name)).toEqual(["a_b"]);
    expect(bundle.problems).toEqual([
      expect.stringMatching(/^skills\/a_b\/SKILL\.md: .*already/),
      expect.stringMatching(/^skills\/broken\/SKILL\.md: /),
      expect.stringMatching(/^skills\/other\/SKILL\.md: expected the name of its folder/),
    ]);
    const path = join(folder, "index.ts");
    writeFileSync(path, writeModule(bundle).replace(/^import type.*$/m, "type Skill = unknown;"));
    const module: unknown = await import(path);
    expect(module).toMatchObject({ bundledSkills: bundle.skills, skillProblems: bundle.problems });
  });
});
