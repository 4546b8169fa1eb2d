import { CONNECT_MS, connectMcp, type McpTools } from "../agent/mcp.ts";
import type { Spend } from "../agent/run.ts";
import type { Tool, ToolContext } from "../agent/tools/tool.ts";
import { toolset } from "../agent/tools/toolset.ts";
import type { Running } from "../core/session.ts";
import { safe, styled } from "../words/styled.ts";
import { words } from "../words/words.ts";
import { asidePrefix, type Door } from "./door.ts";
import type { Person, SessionPorts } from "./ports.ts";
import type { Reminders } from "./reminders.ts";
import { skillsOf } from "./skills.ts";

/** The tools of one run, and what they may touch: the speaker's memory, the session's reminders, the chat. */

/** The tools that need to know what time it is where the person is. */
const READS_THE_CLOCK: ReadonlySet<string> = new Set(["now", "remind"]);

/** Of the limit of idleness, what connecting to tool servers may take: one that hangs must not end the run. */
const CONNECT_SHARE = 0.5;

/** The fact under which it stands when the chat was last told of a server that is down: its name, and the time (epoch ms). */
const TOLD_DOWN = "mcp_down";
/** The chat is told again when it lasts. */
const TELL_AGAIN_MS = 3_600_000;

export interface ToolboxContext {
  readonly run: string;
  readonly signal: AbortSignal;
  turn(): Running | undefined;
}

export class Toolbox {
  readonly #door: Door;
  readonly #ports: SessionPorts;
  readonly #reminders: Reminders;
  readonly #run: ToolboxContext;
  #mcp: McpTools | undefined;
  #speaker: number | undefined;
  /** Asked for once in a run, however many reminders are set in it. */
  #clock: Promise<string | undefined> | undefined;

  constructor(door: Door, ports: SessionPorts, reminders: Reminders, run: ToolboxContext) {
    this.#door = door;
    this.#ports = ports;
    this.#reminders = reminders;
    this.#run = run;
  }

  async close(): Promise<void> {
    await this.#mcp?.close();
  }

  async tools(): Promise<readonly Tool[]> {
    const { settings, fetch, now } = this.#ports;
    const skills = await skillsOf(this.#ports);
    const own = toolset(settings, {
      hasPerson: this.person() !== undefined,
      skills,
      allowHosts: settings.fetchAllowHosts,
      loader: this.#ports.loader,
    });
    if (settings.mcpServers.length === 0) return own;
    this.#mcp ??= await connectMcp(settings.mcpServers, {
      signal: this.#run.signal,
      fetch,
      taken: own.map((tool) => tool.name),
      now,
      connectMs: Math.min(CONNECT_MS, settings.runIdleTimeoutMs * CONNECT_SHARE),
    });
    const { down, crowded } = this.#mcp;
    // A matter of the settings: whoever wrote the message can do nothing about it.
    for (const { server, tools, offered } of crowded)
      this.#door.log("config.invalid", { run: this.#run.run, name: "MCP_SERVERS", server, tools, offered });
    for (const { server, reason } of down) this.#door.log("mcp.unreachable", { run: this.#run.run, server, reason });
    if (this.#run.turn()?.steps === 0) this.#tellDown(down.map(({ server }) => server));
    return [...own, ...this.#mcp.tools];
  }

  /** In one message, and not in every turn: it goes without them. */
  #tellDown(servers: readonly string[]): void {
    const { store, whereabouts } = this.#door;
    const now = this.#ports.now();
    const told = store.fact<Readonly<Record<string, number>>>(TOLD_DOWN) ?? {};
    const unsaid = servers.filter((server) => (told[server] ?? 0) <= now - TELL_AGAIN_MS);
    if (unsaid.length === 0 && Object.keys(told).every((server) => servers.includes(server))) return;
    const lines = unsaid.map((server) => words(whereabouts.language, "mcp_down", { server: safe(server) }));
    const times = servers.map((server) => [server, unsaid.includes(server) ? now : told[server]]);
    this.#door.keep(() => {
      store.setFact(TOLD_DOWN, Object.fromEntries(times));
      if (lines.length > 0) this.#door.say({ content: { kind: "notice", ...styled(lines.join("\n")) }, silent: true });
    });
  }

  async context(tool: string): Promise<ToolContext> {
    const person = this.person();
    if (READS_THE_CLOCK.has(tool)) this.#clock ??= this.#timezone(person);
    const timezone = READS_THE_CLOCK.has(tool) ? await this.#clock : undefined;
    const { settings } = this.#ports;
    return {
      signal: this.#run.signal,
      now: this.#ports.now(),
      session: this.#ports.key,
      fetch: this.#ports.fetch,
      reminders: this.#ports.chatReminders ?? this.#reminders,
      files: {
        send: async ({ name, mime, bytes }) => {
          if (!this.#run.turn()) return { ok: false, expected: "the turn was ended." };
          let text = "";
          for (let at = 0; at < bytes.length; at += 0x8000)
            text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
          this.#door.keep(() =>
            this.#door.say({ content: { kind: "file", name, mime, base64: btoa(text) }, run: this.#run.run }),
          );
          return { ok: true };
        },
      },
      requestReset: () => {
        // The chat would hear that its conversation ends, and it would not.
        if (asidePrefix(this.#ports.key) !== "") return false;
        this.#door.pass({ type: "resetWhenDoneAsked", run: this.#run.run });
        return true;
      },
      settings: settings.search ? { search: settings.search } : {},
      ...(timezone ? { timezone } : {}),
      ...(person ? { person } : {}),
    };
  }

  /** A person's clock is theirs in every chat, and in any of them they may have set another; asked for only where a tool needs it. */
  async #timezone(person: Person | undefined): Promise<string | undefined> {
    const { whereabouts } = this.#door;
    if (!person) return whereabouts.timezone;
    try {
      const { timezone = whereabouts.timezone } = await person.profile();
      if (whereabouts.chatType === "private" && timezone !== whereabouts.timezone && timezone)
        this.#door.keep(() => this.#door.noteWhereabouts({ ...this.#door.whereabouts, timezone }));
      return timezone;
    } catch (error) {
      this.#fault("timezone", error);
      return whereabouts.timezone;
    }
  }

  /** Whose turn it is: the writer of its first message. A channel or an anonymous admin is nobody. */
  person(): Person | undefined {
    this.#speaker ??= this.#run.turn()?.inputs[0]?.from;
    return this.#speaker !== undefined && this.#speaker > 0 ? this.#ports.person(this.#speaker) : undefined;
  }

  /** In US dollars, where the speaker has used up the day's budget. A budget that cannot be read stops nobody. */
  async overBudget(): Promise<number | undefined> {
    const { userDailyBudgetUsd } = this.#ports.settings;
    const person = this.person();
    if (userDailyBudgetUsd === 0 || !person) return undefined;
    try {
      const { spentTodayUsd } = await person.profile();
      return spentTodayUsd >= userDailyBudgetUsd ? userDailyBudgetUsd : undefined;
    } catch (error) {
      this.#fault("budget", error);
      return undefined;
    }
  }

  /** Kept by person only where a budget needs it: without one the transcript's own figures are enough. */
  spent(usage: Spend): void {
    if (this.#ports.settings.userDailyBudgetUsd === 0) return;
    const spending = this.person()?.spend(usage);
    if (spending) this.#ports.detach(spending.catch((error: unknown) => this.#fault("spend", error)));
  }

  #fault(where: string, error: unknown): void {
    this.#door.log("internal.error", {
      run: this.#run.run,
      where,
      name: error instanceof Error ? error.name : "unknown",
    });
  }
}
