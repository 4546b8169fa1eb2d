import * as z from "zod";
import type { Skill } from "../skills.ts";
import { refused, said, short, type Tool } from "./tool.ts";

const args = z.object({ name: z.string() });

/** The skills the model may load; its system prompt names them with their descriptions. */
export function loadSkill(skills: readonly Skill[]): Tool<{ name: string }> {
  return {
    name: "load_skill",
    description:
      "Reads the instructions of a skill by its name. Do that when a skill's description fits what is asked, before you begin.",
    arguments: args,
    repeatable: true,
    limitMs: 1000,
    status: (given) => ({ key: "tool.load_skill", params: { name: short(given.name) } }),
    async run(given) {
      const name = given.name.trim().replace(/^\//, "").toLowerCase().replaceAll("-", "_");
      const skill = skills.find((candidate) => candidate.name === name);
      if (skill) return said(skill.body);
      return refused(
        `There is no skill "${short(given.name, 40)}". The skills are: ${skills.map((known) => known.name).join(", ")}.`,
      );
    },
  };
}
