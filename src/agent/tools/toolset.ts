import type { Settings } from "../../config.ts";
import { loadableSkills, type Skill } from "../skills.ts";
import { ask } from "./ask.ts";
import { now } from "./clock.ts";
import { fetchPage } from "./fetch-page.ts";
import { loadSkill } from "./load-skill.ts";
import { forget, recall, remember } from "./memory-tools.ts";
import { cancelReminder, remind, reminders } from "./reminder-tools.ts";
import { type CodeLoader, runJavascript } from "./run-javascript.ts";
import { sendFile } from "./send-file.ts";
import { sessionReset } from "./session.ts";
import type { Tool } from "./tool.ts";
import { webSearch } from "./web-search.ts";

export interface ToolsetOptions {
  /** Whose memory it is is known (a channel's posts are nobody's). */
  readonly hasPerson: boolean;
  readonly skills: readonly Skill[];
  /** Hosts that fetch_page may reach although they are private: the playground and tests; nothing else sets it. */
  readonly allowHosts?: readonly string[];
  /** Where the platform has a sandbox for code. */
  readonly loader?: CodeLoader | undefined;
}

/** The tools the model is offered, in the contract's order. What cannot work here is left out. */
export function toolset(settings: Pick<Settings, "search">, options: ToolsetOptions): Tool[] {
  const skills = loadableSkills(options.skills);
  return [
    sessionReset,
    now,
    fetchPage({ allowHosts: options.allowHosts ?? [] }),
    ...(settings.search ? [webSearch] : []),
    ...(options.hasPerson ? [remember, recall, forget] : []),
    remind,
    reminders,
    cancelReminder,
    ask,
    sendFile,
    ...(options.loader ? [runJavascript(options.loader)] : []),
    ...(skills.length > 0 ? [loadSkill(skills)] : []),
  ];
}
