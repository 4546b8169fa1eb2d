import { bundledSkills } from "../../skills/index.ts";
import { parseSkill, type Skill } from "../agent/skills.ts";
import type { SessionPorts } from "./ports.ts";

/** The skills there are now: those that owners sent, then those that ship; an owner's own stands before one of the same name. */
export async function skillsOf({ bot }: Pick<SessionPorts, "bot">): Promise<readonly Skill[]> {
  // A directory that cannot be reached costs the turn the added skills, not its life.
  const added = await bot.skills().catch(() => []);
  if (added.length === 0) return bundledSkills;
  const parsed = await Promise.all(added.map((text) => parseSkill(text)));
  const own = parsed.flatMap((result) => (result.ok ? [result.skill] : []));
  return [...own, ...bundledSkills.filter((skill) => !own.some((other) => other.name === skill.name))];
}
