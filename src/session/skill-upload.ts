import { parseSkill } from "../agent/skills.ts";
import { fetchFile } from "../telegram/media.ts";
import type { Attachment } from "../telegram/message.ts";
import { safe } from "../words/styled.ts";
import type { Say } from "./commands.ts";
import type { SessionPorts } from "./ports.ts";

/** A SKILL.md larger than this is no instruction but a book. */
const SKILL_LIMIT_BYTES = 64 * 1024;

/** An owner sent a SKILL.md. True: it was dealt with, and the owner was told. */
export async function learn(ports: SessionPorts, file: Attachment, say: Say): Promise<boolean> {
  const { settings } = ports;
  const fetched = await fetchFile(ports.call, settings.telegramApiRoot, settings.botToken, file, {
    limitBytes: SKILL_LIMIT_BYTES,
    fetch: (url, init) => ports.fetch(url, { redirect: "manual", ...(init.signal ? { signal: init.signal } : {}) }),
  });
  if (!fetched.ok) {
    say("file_gone", { name: "SKILL.md" });
    return true;
  }
  const text = new TextDecoder().decode(fetched.bytes);
  const parsed = await parseSkill(text);
  if (!parsed.ok) say("skill_broken", { problem: safe(parsed.problem) });
  else {
    const problem = await ports.bot.addSkill(parsed.skill.name, text);
    if (problem) say("skill_broken", { problem: safe(problem) });
    else say("skill_added", { name: parsed.skill.name });
  }
  return true;
}
