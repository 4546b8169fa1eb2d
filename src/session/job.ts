import type { ModelMessage } from "ai";
import { bundledSkills } from "../../skills/index.ts";
import { connectMcp, type McpTools } from "../agent/mcp.ts";
import { estimateTokens, systemPrompt, userWords } from "../agent/prompt.ts";
import { type Job, type OpenCall, work } from "../agent/run.ts";
import { parseSkill, type Skill } from "../agent/skills.ts";
import { definitions } from "../agent/tools/definitions.ts";
import type { Tool, ToolContext } from "../agent/tools/tool.ts";
import { toolset } from "../agent/tools/toolset.ts";
import { describeProblem, type ModelName, parseModelName } from "../config.ts";
import type { Input, Running } from "../core/session.ts";
import { costUsd, modelFacts } from "../models/catalog.ts";
import type { Command } from "../telegram/message.ts";
import { safe, styled } from "../words/styled.ts";
import { wordKey, words } from "../words/words.ts";
import { compactConversation } from "./compaction.ts";
import { callsOf, conversationOf, messagesOf, resultIds, rowsOfTurn, type StoredUser, textOf } from "./conversation.ts";
import { asidePrefix, type Door, type LiveRun } from "./door.ts";
import { intake } from "./intake.ts";
import { leaseFrom, reportTo } from "./leasing.ts";
import type { SessionPorts } from "./ports.ts";
import * as questions from "./questions.ts";
import type { Reminders } from "./reminders.ts";
import type { TranscriptRow } from "./store.ts";

/** One run in this object's memory: what the loop in agent/run.ts needs, made of the door and the ports. */

/** Rows of one epoch that a prompt is made of at the most; compaction keeps conversations far below. */
export const TRANSCRIPT_WINDOW_ROWS = 1_000;

export function startRun(run: string, door: Door, ports: SessionPorts, reminders: Reminders, before?: string): LiveRun {
  return new SessionRun(run, door, ports, reminders, before);
}

class SessionRun implements LiveRun {
  readonly run: string;
  readonly #door: Door;
  readonly #ports: SessionPorts;
  readonly #reminders: Reminders;
  readonly #abort = new AbortController();
  readonly #rendered = new Map<number, StoredUser>();
  readonly #files = new Map<string, Uint8Array>();
  readonly #growing: ReturnType<Door["courier"]["growing"]>;
  #progressAt: number;
  #text = "";
  #credential: string | undefined;
  #rows: readonly TranscriptRow[] | undefined;
  #mcp: McpTools | undefined;
  #skills: readonly Skill[] | undefined;

  constructor(run: string, door: Door, ports: SessionPorts, reminders: Reminders, before: string | undefined) {
    this.run = run;
    this.#door = door;
    this.#ports = ports;
    this.#reminders = reminders;
    this.#progressAt = ports.now();
    const { whereabouts, session } = door;
    const first = session.turn.phase === "running" ? session.turn.inputs[0] : undefined;
    this.#growing = door.courier.growing(
      run,
      door.place(),
      first && first.messageId > 0 ? first.messageId : undefined,
      {
        mode: ports.settings.stream,
        private: whereabouts.chatType === "private",
        stopLabel: words(whereabouts.language, "button_stop"),
      },
      before,
    );
    ports.detach(this.#work());
  }

  cut(): void {
    this.#abort.abort();
    this.#growing.close();
  }

  get progressAt(): number {
    return this.#progressAt;
  }

  get credential(): string | undefined {
    return this.#credential;
  }

  get text(): string {
    return this.#text;
  }

  rendered(update: number): unknown {
    return this.#rendered.get(update);
  }

  async #work(): Promise<void> {
    try {
      await work(this.#job());
    } finally {
      // Parked, answered or cut: nothing of it goes on in this memory.
      this.#growing.close();
      this.#abort.abort();
      await this.#mcp?.close();
    }
  }

  #job(): Job {
    const door = this.#door;
    const ports = this.#ports;
    const { settings } = ports;
    const { signal } = this.#abort;
    return {
      run: this.run,
      signal,
      maxSteps: settings.maxSteps,
      failover: {
        models: this.#models(),
        signal,
        now: ports.now,
        chance: ports.chance,
        pause: (ms) => this.#pause(ms),
        kept: () => (settings.poolStrategy === "fill_first" ? door.session.lease : undefined),
        lease: (model, exclude) => leaseFrom(ports, door, this.run, model, exclude),
        report: (model, lease, outcome) => reportTo(ports, door, this.run, model, lease, outcome),
        open: async (model, credential) => {
          this.#credential = credential;
          const key = await ports.keyOf(model.provider, credential);
          return key === undefined ? undefined : ports.model(model, key);
        },
        log: (fields) => door.log("run.failure", { run: this.run, epoch: door.session.epoch, ...fields }),
      },
      turn: () => this.#turn(),
      now: ports.now,
      poolWaitEndsAt: (turn) => turn.poolWaitEndsAt ?? ports.now() + settings.poolWaitMs,
      report: (event) => {
        this.#progressAt = ports.now();
        this.#rows = undefined;
        if (event.type === "answered" || event.type === "failed" || event.type === "exhausted") this.#growing.close();
        door.pass(event);
      },
      system: () => this.#system(),
      conversation: () => this.#conversation(),
      unanswered: () => this.#unanswered(),
      tools: () => this.#tools(),
      definitions: async (tools) => definitions(tools),
      context: () => this.#context(),
      ask: (call, question, options) => {
        const id = asidePrefix(ports.key) + ports.newId().replaceAll("-", "").slice(0, 16);
        const untilAt = ports.now() + settings.askTimeoutMs;
        const first = this.#turn()?.inputs[0];
        door.pass({ type: "asked", run: this.run, question: id, untilAt }, () => {
          if (!this.#turn()) return;
          questions.put(door, { id, call, question, options, untilAt }, first?.messageId);
        });
      },
      show: (text) => {
        this.#progressAt = ports.now();
        this.#text = text;
        this.#growing.show(text);
      },
      showTool: (status) => {
        const { language } = door.whereabouts;
        this.#growing.tool(status ? words(language, wordKey(status.key, "tool.unknown"), { ...status.params }) : "");
      },
      progress: () => {
        this.#progressAt = ports.now();
      },
      earlierText: () => this.#earlierText(),
      costUsd: (model, usage) => costUsd(model, usage) ?? 0,
      compact: async (model, failover) => {
        this.#rows = undefined;
        const words = this.#commandOf(this.#turn()?.inputs[0])?.words ?? "";
        return model
          ? compactConversation(door, this.run, this.#rowsNow(), model, failover, this.#abort.signal, words)
          : false;
      },
      isNearLimit: (messages) => estimateTokens(messages) > this.#facts().contextTokens * COMPACT_AT,
      compactOnly: () => {
        const command = this.#commandOf(this.#turn()?.inputs[0]);
        if (command?.name !== "compact" && command?.name !== "compress") return undefined;
        const { language } = door.whereabouts;
        return { done: words(language, "compact_done"), notNeeded: words(language, "compact_none") };
      },
      configProblem: () => {
        const problem = settings.problems.find(({ name }) => name.endsWith("_API_KEYS") || name.endsWith("_BASE_URL"));
        return problem ? describeProblem(problem) : "no model key is set";
      },
      cutNote: () => words(door.whereabouts.language, "cut_at_limit"),
    };
  }

  #turn(): Running | undefined {
    const { turn } = this.#door.session;
    return turn.phase === "running" && turn.run === this.run ? turn : undefined;
  }

  #models(): readonly ModelName[] {
    const { choices, turn } = this.#door.session;
    const once = turn.phase === "running" ? turn.modelOnce : undefined;
    const chosen = parseModelName(once ?? choices.model ?? "");
    const { models } = this.#ports.settings;
    if (!chosen) return models;
    return [chosen, ...models.filter((model) => model.provider !== chosen.provider || model.model !== chosen.model)];
  }

  #rowsNow(): readonly TranscriptRow[] {
    this.#rows ??= this.#door.store.transcript(this.#door.session.epoch, TRANSCRIPT_WINDOW_ROWS);
    return this.#rows;
  }

  async #system(): Promise<string> {
    const { whereabouts, store } = this.#door;
    return systemPrompt({
      persona: store.fact<string>("persona") ?? this.#ports.settings.persona,
      now: this.#ports.now(),
      timezone: whereabouts.timezone,
      chatType: whereabouts.chatType,
      chatTitle: whereabouts.title,
      userName: whereabouts.userName,
      skills: (await this.#allSkills()).filter((skill) => !skill.reset),
    });
  }

  async #conversation(): Promise<readonly ModelMessage[]> {
    const turn = this.#turn();
    if (!turn) return [];
    const facts = this.#facts();
    for (const input of turn.fresh) {
      if (this.#rendered.has(input.update)) continue;
      const inbound = this.#door.store.message(input.update);
      if (!inbound) continue;
      const prepared = inbound.message.attachments.length > 0 ? "intake" : "words";
      const stored: StoredUser =
        prepared === "intake"
          ? await intake(
              inbound,
              this.#ports,
              { images: facts.images, pdf: facts.pdfs },
              this.#shared(),
              this.#abort.signal,
            )
          : { role: "user", content: await this.#wordsOf(input.update) };
      this.#rendered.set(input.update, stored);
      this.#progressAt = this.#ports.now();
    }
    const fresh = turn.fresh.map((input) => this.#rendered.get(input.update) ?? { update: input.update });
    return this.#messages(fresh);
  }

  #facts(): ReturnType<typeof modelFacts> {
    return modelFacts(this.#models()[0] ?? { provider: "", model: "" });
  }

  #commandOf(input: Input | undefined): Command | undefined {
    return input ? this.#door.store.message(input.update)?.message.command : undefined;
  }

  async #messages(fresh: readonly StoredUser[]): Promise<ModelMessage[]> {
    const parent = await this.#ports.parentContext();
    const summary = this.#door.store.summary(this.#door.session.epoch);
    const own = await conversationOf(this.#rowsNow(), summary, fresh, {
      words: (update) => this.#plainWords(update),
      bytes: (part) => this.#bytes(part),
    });
    return [...(parent as readonly ModelMessage[]), ...own];
  }

  /** A skill's command is its instructions with the person's words; everything else is the words. */
  async #wordsOf(update: number): Promise<string> {
    const inbound = this.#door.store.message(update);
    if (!inbound) return "";
    const { command } = inbound.message;
    if (command) {
      const { findSkill, skillPrompt } = await import("../agent/skills.ts");
      const skill = findSkill(await this.#allSkills(), command.name);
      if (skill) {
        const said = skillPrompt(skill, command.words);
        return this.#shared() ? `[${inbound.from.name}] ${said}` : said;
      }
    }
    return userWords(inbound, this.#shared());
  }

  #plainWords(update: number): string {
    const inbound = this.#door.store.message(update);
    return inbound ? userWords(inbound, this.#shared()) : "[a message that is no longer kept]";
  }

  #shared(): boolean {
    return this.#door.whereabouts.chatType !== "private";
  }

  async #bytes(part: {
    readonly fileId: string;
    readonly uniqueId: string;
    readonly mediaType: string;
  }): Promise<Uint8Array | undefined> {
    const known = this.#files.get(part.uniqueId);
    if (known) return known;
    const { fetchFile } = await import("../telegram/media.ts");
    const { settings, call, fetch } = this.#ports;
    const file = await fetchFile(
      call,
      settings.telegramApiRoot,
      settings.botToken,
      { kind: "document", fileId: part.fileId, uniqueId: part.uniqueId, mime: part.mediaType },
      {
        signal: this.#abort.signal,
        fetch: (url, init) => fetch(url, { redirect: "manual", ...(init.signal ? { signal: init.signal } : {}) }),
      },
    );
    if (!file.ok) return undefined;
    this.#files.set(part.uniqueId, file.bytes);
    return file.bytes;
  }

  #unanswered(): readonly OpenCall[] {
    const turn = this.#turn();
    if (!turn) return [];
    const rows = rowsOfTurn(this.#rowsNow(), turn.inputs);
    const at = rows.findLastIndex((row) => messagesOf(row).some((message) => callsOf(message).length > 0));
    const row = rows[at];
    if (!row) return [];
    const later = rows.slice(at + 1).flatMap(messagesOf);
    // Words of the model or of a person after it: the step is closed, whatever it lacks.
    if (later.some((message) => message.role !== "tool") || rows.slice(at + 1).some((next) => next.body.user))
      return [];
    const answered = new Set(later.flatMap(resultIds));
    const open = messagesOf(row)
      .flatMap(callsOf)
      .filter((call) => !answered.has(call.id));
    const asked = questions.all(this.#door);
    return open.map((call, index) => {
      const question = asked.find((candidate) => candidate.call.id === call.id);
      if (question) {
        // The run goes on although nobody answered: its time is over.
        this.#door.keep(() => questions.close(this.#door, question, undefined));
        return { ...call, hadBegun: false, question: "closed" as const };
      }
      return { ...call, hadBegun: index === 0 && row.run !== this.run };
    });
  }

  #earlierText(): string {
    const turn = this.#turn();
    if (!turn) return "";
    return rowsOfTurn(this.#rowsNow(), turn.inputs)
      .flatMap(messagesOf)
      .filter((message) => message.role === "assistant")
      .map(textOf)
      .filter((text) => text.trim() !== "")
      .join("\n\n");
  }

  async #allSkills(): Promise<readonly Skill[]> {
    if (this.#skills) return this.#skills;
    const added = await this.#ports.bot.skills().catch(() => []);
    const parsed = await Promise.all(added.map((text) => parseSkill(text)));
    const own = parsed.flatMap((result) => (result.ok ? [result.skill] : []));
    this.#skills = [...own, ...bundledSkills.filter((skill) => !own.some((other) => other.name === skill.name))];
    return this.#skills;
  }

  async #tools(): Promise<readonly Tool[]> {
    const { settings, fetch } = this.#ports;
    const skills = await this.#allSkills();
    const own = toolset(settings, {
      hasPerson: this.#door.whereabouts.userId !== undefined,
      skills,
      allowHosts: settings.fetchAllowHosts,
    });
    if (settings.mcpServers.length === 0) return own;
    this.#mcp ??= await connectMcp(settings.mcpServers, {
      signal: this.#abort.signal,
      fetch,
      taken: own.map((tool) => tool.name),
    });
    const notices = this.#mcp.notices;
    if (notices.length > 0 && this.#turn()?.steps === 0) {
      this.#door.keep(() => {
        for (const notice of notices) {
          const marked = words(this.#door.whereabouts.language, "mcp_down", { server: safe(notice.server) });
          this.#door.say({ content: { kind: "notice", ...styled(marked) }, silent: true });
        }
      });
    }
    return [...own, ...this.#mcp.tools];
  }

  #context(): ToolContext {
    const { whereabouts } = this.#door;
    const { settings } = this.#ports;
    return {
      signal: this.#abort.signal,
      now: this.#ports.now(),
      session: this.#ports.key,
      fetch: this.#ports.fetch,
      reminders: this.#reminders,
      files: {
        send: async ({ name, mime, bytes }) => {
          if (!this.#turn()) return { ok: false, expected: "the turn was ended." };
          let text = "";
          for (let at = 0; at < bytes.length; at += 0x8000)
            text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
          this.#door.keep(() =>
            this.#door.say({ content: { kind: "file", name, mime, base64: btoa(text) }, run: this.run }),
          );
          return { ok: true };
        },
      },
      requestReset: () => {
        this.#door.pass({ type: "resetWhenDoneAsked", run: this.run });
      },
      settings: settings.search ? { search: settings.search } : {},
      ...(whereabouts.timezone ? { timezone: whereabouts.timezone } : {}),
      ...(whereabouts.userId === undefined ? {} : { person: this.#ports.person(whereabouts.userId) }),
    };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.after(ms, resolve);
      this.#abort.signal.addEventListener(
        "abort",
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  }
}

/** Share of the model's window at which a conversation is shortened before it is sent. */
const COMPACT_AT = 0.7;
