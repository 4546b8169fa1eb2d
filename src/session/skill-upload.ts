import { bundledSkills } from "../../skills/index.ts";
import { parseSkill } from "../agent/skills.ts";
import { findCommand } from "../core/commands.ts";
import { describeBytes, type FetchedFile, fetchFile } from "../telegram/media.ts";
import type { Attachment } from "../telegram/message.ts";
import { safe } from "../words/styled.ts";
import type { Say } from "./commands.ts";
import type { SessionPorts } from "./ports.ts";

/** A SKILL.md larger than this is no instruction but a book. */
const SKILL_LIMIT_BYTES = 64 * 1024;
/** Telegram waits for the acknowledgement meanwhile, and gives a webhook a minute. */
const FETCH_LIMIT_MS = 20_000;

/** An owner sent a SKILL.md. True: it was dealt with, and the owner was told. */
export async function learn(ports: SessionPorts, file: Attachment, say: Say): Promise<boolean> {
  const { settings } = ports;
  const late = new AbortController();
  const inTime = ports.after(FETCH_LIMIT_MS, () => late.abort());
  const fetched = await fetchFile(ports.call, settings.telegramApiRoot, settings.botToken, file, {
    limitBytes: SKILL_LIMIT_BYTES,
    signal: late.signal,
    fetch: (url, init) => ports.fetch(url, { redirect: "manual", ...(init.signal ? { signal: init.signal } : {}) }),
  });
  inTime();
  const added = fetched.ok ? await shelve(ports, new TextDecoder().decode(fetched.bytes)) : unread(fetched.reason);
  if (added.ok) say("skill_added", { name: added.name });
  else say("skill_broken", { problem: safe(added.problem) });
  return true;
}

type Learnt = { readonly ok: true; readonly name: string } | { readonly ok: false; readonly problem: string };

async function shelve({ bot }: SessionPorts, text: string): Promise<Learnt> {
  const parsed = await parseSkill(text);
  if (!parsed.ok) return parsed;
  const { name } = parsed.skill;
  if (isOutOfReach(name)) return { ok: false, problem: `/${name} is a command of my own; expected another name.` };
  const problem = await bot.addSkill(name, text);
  return problem ? { ok: false, problem } : { ok: true, name };
}

/** A command of the bot's own comes before a skill of its name, but for those that are carried out by a skill (/remind). */
function isOutOfReach(name: string): boolean {
  return findCommand(name, []).kind === "builtin" && !bundledSkills.some((skill) => skill.name === name);
}

function unread(reason: Extract<FetchedFile, { ok: false }>["reason"]): Learnt {
  const problem =
    reason === "too_big"
      ? `expected at most ${describeBytes(SKILL_LIMIT_BYTES)}.`
      : "it could not be fetched from Telegram; please send it again.";
  return { ok: false, problem };
}
