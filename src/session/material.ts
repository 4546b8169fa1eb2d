import type { ModelMessage } from "ai";
import { estimateTokens, type IncomingMessage, systemPrompt, userWords } from "../agent/prompt.ts";
import type { OpenCall } from "../agent/run.ts";
import type { ModelName } from "../core/model-name.ts";
import type { Input, Running } from "../core/session.ts";
import { modelFacts } from "../models/catalog.ts";
import { FILE_LIMIT_BYTES } from "../telegram/media.ts";
import type { Command } from "../telegram/message.ts";
import { styled } from "../words/styled.ts";
import {
  type ConversationPorts,
  callsOf,
  conversationOf,
  messagesOf,
  resultIds,
  rowsOfTurn,
  type StoredUser,
  textOf,
} from "./conversation.ts";
import type { Door } from "./door.ts";
import { HeldFiles } from "./held-files.ts";
import { type Abilities, intake } from "./intake.ts";
import type { ParentContext, Recording, SessionPorts } from "./ports.ts";
import * as questions from "./questions.ts";
import { skillsOf } from "./skills.ts";
import { TRANSCRIPT_WINDOW_ROWS, type TranscriptRow } from "./store.ts";
import { toldToPerson } from "./unusable.ts";

/**
 * What a run is made of: the conversation as the model is to see it, read from the transcript's window and from what came
 * new. It reads and never decides; after each finished step its owner calls `refresh`.
 */

/** Share of the model's window at which a conversation is shortened before it is sent. */
const COMPACT_AT = 0.7;

export interface MaterialContext {
  readonly run: string;
  readonly signal: AbortSignal;
  /** The session's run, while it is this one. */
  turn(): Running | undefined;
  /** The model that is asked first. */
  model(): ModelName | undefined;
  progress(): void;
  /** What is said in a recording; undefined: it could not be heard. */
  hear(recording: Recording): Promise<string | undefined>;
}

export class Material {
  readonly #door: Door;
  readonly #ports: SessionPorts;
  readonly #context: MaterialContext;
  /** How messages were put to the model, by update; null: not at all. */
  readonly #rendered = new Map<number, StoredUser | null>();
  /** The largest file there can be always fits. */
  readonly #files = new HeldFiles(FILE_LIMIT_BYTES);
  #rows: readonly TranscriptRow[] | undefined;
  #parent: Promise<ParentContext> | undefined;

  constructor(door: Door, ports: SessionPorts, context: MaterialContext) {
    this.#door = door;
    this.#ports = ports;
    this.#context = context;
  }

  /** Something was written: the rows are read again when they are next needed. */
  refresh(): void {
    this.#rows = undefined;
  }

  rendered(update: number): StoredUser | null | undefined {
    return this.#rendered.get(update);
  }

  rows(): readonly TranscriptRow[] {
    this.#rows ??= this.#door.store.transcript(this.#door.session.epoch, TRANSCRIPT_WINDOW_ROWS);
    return this.#rows;
  }

  /** What an aside takes from the session it was asked in. */
  parent(): Promise<ParentContext> {
    this.#parent ??= this.#ports.parentContext();
    return this.#parent;
  }

  async system(): Promise<string> {
    const { whereabouts, store } = this.#door;
    const parent = await this.parent();
    return systemPrompt({
      persona: store.fact<string>("persona") ?? parent.persona ?? this.#ports.settings.persona,
      now: this.#ports.now(),
      timezone: whereabouts.timezone ?? parent.timezone,
      chatType: whereabouts.chatType,
      chatTitle: whereabouts.title,
      userName: whereabouts.userName,
      skills: (await skillsOf(this.#ports)).filter((skill) => !skill.reset),
    });
  }

  async conversation(): Promise<readonly ModelMessage[]> {
    const turn = this.#context.turn();
    if (!turn) return [];
    const facts = this.#facts();
    for (const input of turn.fresh) {
      if (this.#rendered.has(input.update)) continue;
      const inbound = this.#door.store.message(input.update);
      if (!inbound) continue;
      const stored: StoredUser =
        inbound.message.attachments.length > 0
          ? await this.#take(inbound, { images: facts.images, pdf: facts.pdfs })
          : { role: "user", content: userWords(inbound, this.#shared(), [], await this.#orderedBy(inbound)) };
      this.#rendered.set(input.update, stored);
      this.#context.progress();
    }
    const fresh = turn.fresh.flatMap((input) => {
      const stored = this.#rendered.get(input.update);
      return stored === null ? [] : [stored ?? { update: input.update }];
    });
    return this.#messages(fresh);
  }

  unanswered(): readonly OpenCall[] {
    const turn = this.#context.turn();
    if (!turn) return [];
    const rows = rowsOfTurn(this.rows(), turn.inputs);
    const at = rows.findLastIndex((row) => messagesOf(row).some((message) => callsOf(message).length > 0));
    const row = rows[at];
    if (!row) return [];
    const laterRows = rows.slice(at + 1);
    const later = laterRows.flatMap(messagesOf);
    // Words of the model or of a person after it: the step is closed, whatever it lacks.
    if (later.some((message) => message.role !== "tool") || laterRows.some((next) => next.body.user)) return [];
    const answered = new Set(later.flatMap(resultIds));
    const open = messagesOf(row)
      .flatMap(callsOf)
      .filter((call) => !answered.has(call.id));
    const asked = questions.all(this.#door);
    // Of calls in a row a dead process had begun the first that is open, unless this run has carried out calls of them since.
    const mayHaveBegun = [row, ...laterRows].every((next) => next.run !== this.#context.run);
    return open.map((call, index) => {
      const question = asked.find((candidate) => candidate.call.id === call.id);
      if (question) {
        // The run goes on although nobody answered: its time is over.
        this.#door.keep(() => questions.close(this.#door, question, undefined));
        return { ...call, hadBegun: false, question: "closed" as const };
      }
      return { ...call, hadBegun: index === 0 && mayHaveBegun };
    });
  }

  earlierText(): string {
    const turn = this.#context.turn();
    if (!turn) return "";
    const rows = rowsOfTurn(this.rows(), turn.inputs);
    return rows
      .slice(rows.findLastIndex(({ body }) => body.asked) + 1)
      .flatMap(messagesOf)
      .filter((message) => message.role === "assistant")
      .map(textOf)
      .filter((text) => text.trim() !== "")
      .join("\n\n");
  }

  /** What of the conversation a model is shown; beyond it the older part becomes a summary, so that a turn costs the same however long the talk. */
  windowTokens(): number {
    return Math.min(this.#facts().contextTokens * COMPACT_AT, this.#ports.settings.contextTokens);
  }

  isNearLimit(messages: readonly ModelMessage[]): boolean {
    return estimateTokens(messages) > this.windowTokens();
  }

  commandOf(input: Input | undefined): Command | undefined {
    return input ? this.#door.store.message(input.update)?.message.command : undefined;
  }

  /** A message that is an order to the bot and no word to the model. */
  leaveOut(input: Input): void {
    this.#rendered.set(input.update, null);
  }

  #facts(): ReturnType<typeof modelFacts> {
    return modelFacts(this.#context.model() ?? { provider: "", model: "" });
  }

  /** What the model cannot be given is said in the chat at once: a model may not say so, or may never answer. */
  async #take(inbound: IncomingMessage, abilities: Abilities): Promise<StoredUser> {
    const { signal } = this.#context;
    const ordered = await this.#orderedBy(inbound);
    const { stored, unusable } = await intake(
      inbound,
      this.#ports,
      this.#context.hear,
      abilities,
      this.#shared(),
      signal,
      this.#files,
      ordered,
    );
    const isFirst = this.#context.turn()?.attempt === 1;
    if (isFirst && !signal.aborted && unusable.length > 0) {
      const { messageId } = inbound.message;
      this.#door.keep(() => {
        for (const one of unusable) {
          const content = { kind: "notice" as const, ...styled(toldToPerson(one, inbound.from.language)) };
          this.#door.say({ content, silent: true, attempting: true, replyTo: messageId });
        }
      });
    }
    return stored;
  }

  async #messages(fresh: readonly StoredUser[]): Promise<ModelMessage[]> {
    const parent = await this.parent();
    const summary = this.#door.store.summary(this.#door.session.epoch);
    const ports: ConversationPorts = {
      words: (update) => this.#plainWords(update),
      bytes: (part) => this.#bytes(part),
    };
    const own = await conversationOf(this.rows(), summary, fresh, ports, this.#context.turn()?.inputs);
    return [...(parent.messages as readonly ModelMessage[]), ...own];
  }

  /** What a skill's command puts before the model: its instructions with the person's words. */
  async #orderedBy({ message: { command } }: IncomingMessage): Promise<string | undefined> {
    if (!command) return undefined;
    const { findSkill, skillPrompt } = await import("../agent/skills.ts");
    const skill = findSkill(await skillsOf(this.#ports), command.name);
    return skill && skillPrompt(skill, command.words);
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
    if (this.#files.has(part.uniqueId)) return this.#files.get(part.uniqueId);
    const { fetchFile } = await import("../telegram/media.ts");
    const { settings, call, fetch, after } = this.#ports;
    const file = await fetchFile(
      call,
      settings.telegramApiRoot,
      settings.botToken,
      { kind: "document", fileId: part.fileId, uniqueId: part.uniqueId, mime: part.mediaType },
      {
        signal: this.#context.signal,
        pause: (ms) => new Promise((resolve) => void after(ms, resolve)),
        fetch: (url, init) => fetch(url, { redirect: "manual", ...(init.signal ? { signal: init.signal } : {}) }),
      },
    );
    return file.ok && this.#files.hold(part.uniqueId, file.bytes) ? file.bytes : undefined;
  }
}
