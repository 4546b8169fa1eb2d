import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSkill, type Skill } from "../src/agent/skills.ts";

/**
 * Writes skills/index.ts from the folders skills/<name>/SKILL.md. A Worker has no file system, so the skills are part of
 * its code. One that is broken costs a line here and in the bot's log, and not the others.
 *
 *     node scripts/bundle-skills.ts            writes it, if anything changed
 *     node scripts/bundle-skills.ts --check    ends with 1 if it is not up to date
 */

export interface Bundle {
  readonly skills: readonly Skill[];
  readonly problems: readonly string[];
}

export async function readSkills(folder: string): Promise<Bundle> {
  const skills: Skill[] = [];
  const problems: string[] = [];
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  for (const name of names) {
    const path = join(folder, name, "SKILL.md");
    if (!existsSync(path)) continue;
    const parsed = await parseSkill(readFileSync(path, "utf8"));
    if (!parsed.ok) problems.push(`skills/${name}/SKILL.md: ${parsed.problem}`);
    else if (parsed.skill.name !== name.replaceAll("-", "_")) {
      problems.push(`skills/${name}/SKILL.md: expected the name of its folder, not "${parsed.skill.name}".`);
    } else if (skills.some((other) => other.name === parsed.skill.name)) {
      problems.push(`skills/${name}/SKILL.md: there is a skill of that command already.`);
    } else skills.push(parsed.skill);
  }
  return { skills, problems };
}

/** The module's text, as the formatter leaves it. */
export function writeModule({ skills, problems }: Bundle): string {
  const listed = skills.map(
    (skill) =>
      `  {\n    name: ${quote(skill.name)},\n    description: ${quote(skill.description)},\n` +
      `    reset: ${skill.reset},\n    body: ${quote(skill.body)},\n  },\n`,
  );
  const lines = problems.map((problem) => `  ${quote(problem)},\n`);
  return `// Written by scripts/bundle-skills.ts from the folders beside it. Do not edit.
import type { Skill } from "../src/agent/skills.ts";

export const bundledSkills: readonly Skill[] = [${listed.length > 0 ? `\n${listed.join("")}` : ""}];

/** One line for each SKILL.md that cannot be used. */
export const skillProblems: readonly string[] = [${lines.length > 0 ? `\n${lines.join("")}` : ""}];
`;
}

/** Templates, because the formatter leaves those as they are. */
function quote(text: string): string {
  return `\`${text.replace(/\\/g, "\\\\").replace(/`/g, "\\`").replace(/\$\{/g, "\\${")}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fileURLToPath(new URL("../skills", import.meta.url));
  const path = join(folder, "index.ts");
  const bundle = await readSkills(folder);
  const module = writeModule(bundle);
  for (const problem of bundle.problems) console.error(problem);
  const isSame = existsSync(path) && readFileSync(path, "utf8") === module;
  if (process.argv.includes("--check")) {
    if (!isSame) console.error("skills/index.ts is not up to date: run node scripts/bundle-skills.ts");
    process.exitCode = isSame ? 0 : 1;
    // Unchanged it is not touched, so a watcher is not woken for nothing.
  } else if (!isSame) writeFileSync(path, module);
}
