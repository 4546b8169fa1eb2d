import type { Skill } from "../agent/skills.ts";
import { describeProblem } from "../config.ts";
import { COMMANDS, findCommand, shownDescription } from "../core/commands.ts";
import { safe } from "../words/styled.ts";
import { words } from "../words/words.ts";
import type { Accepting } from "./accept.ts";
import { skillsOf } from "./skills.ts";

/** /start, /help and /skills: what can be written here, for people. An owner is told first what the settings lack. */

export async function help(accepting: Accepting, isOwner: boolean): Promise<string> {
  const { language } = accepting.from;
  const lines = COMMANDS.filter((command) => command.who === "anyone" || isOwner).map(
    (command) => `/${command.name}${command.hint ? ` ${command.hint}` : ""} – ${words(language, command.help)}`,
  );
  // A skill that a command hides is no command: the model has it all the same.
  const named = (await skillsOf(accepting.ports)).filter((skill) => findCommand(skill.name, []).kind !== "builtin");
  const skills = named.map((skill) =>
    words(language, "skill_item", { name: skill.name, description: safe(shownDescription(skill.description)) }),
  );
  return [
    ...lacking(accepting, isOwner),
    words(language, "help_title"),
    ...lines,
    ...skills,
    "",
    words(language, "help_tail"),
  ].join("\n");
}

/** /start: the first word of the bot, and to an owner what its settings lack. */
export function greeting(accepting: Accepting, isOwner: boolean): string {
  const { language, name } = accepting.from;
  return [...lacking(accepting, isOwner), words(language, "start", { name: safe(name) })].join("\n");
}

function lacking({ ports }: Accepting, isOwner: boolean): string[] {
  return isOwner ? ports.settings.problems.map((problem) => `⚠️ ${safe(describeProblem(problem))}`) : [];
}

export function skillList(skills: readonly Skill[], language: string | undefined): string {
  if (skills.length === 0) return words(language, "skills_none");
  return [
    words(language, "skills_list"),
    ...skills.map((skill) =>
      words(language, "skill_item", { name: skill.name, description: safe(shownDescription(skill.description)) }),
    ),
  ].join("\n");
}
