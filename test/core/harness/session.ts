import { openAiStream } from "../../../playground/model/wire-openai.ts";
import type { Fetch } from "../../../src/agent/tools/tool.ts";
import { readSettings } from "../../../src/config.ts";
import type { LogFields } from "../../../src/log.ts";
import { languageModel } from "../../../src/models/registry.ts";
import { PoolShell } from "../../../src/pool/shell.ts";
import type { Heritage, SessionPorts } from "../../../src/session/ports.ts";
import { SessionShell } from "../../../src/session/shell.ts";
import type { Inbound, Message } from "../../../src/telegram/message.ts";
import type { CallResult, Refusal } from "../../../src/telegram/outbound.ts";
import { wordsIn } from "./chat.ts";
import { openStorage } from "./sqlite.ts";
// What a turn loads when it first needs it, loaded before: a clock that a test moves would run on meanwhile.
import "../../../src/agent/mcp-client.ts";
import "../../../src/agent/sdk.ts";
import "../../../src/agent/skills.ts";
import "../../../src/agent/yaml.ts";
import "../../../src/models/openai-compatible.ts";
import "../../../src/models/streaming-fetch.ts";
import "../../../src/session/skill-upload.ts";
import "../../../src/telegram/media.ts";

/**
 * One whole session in Node: the real shell, door, courier, runs, tools, AI SDK and credential pool, on a clock that a test moves, with
 * a chat and a model that do as they are told, and a process that may die at any statement it sends to its storage.
 */

export interface Reply {
  readonly text?: string;
  /** What it thinks aloud before it. */
  readonly reasoning?: string;
  readonly tools?: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[];
  /** Refused with this instead. */
  readonly refuse?: { readonly status: number; readonly body: object; readonly headers?: Record<string, string> };
  /** Nothing comes before this resolves. */
  readonly hold?: Promise<unknown>;
  /** So much of it comes, and then nothing more. */
  readonly stopsAfterHalf?: boolean;
  /** Ends with this instead of "stop". */
  readonly finish?: "length" | "content_filter";
}

export interface Asked {
  readonly key: string;
  readonly text: string;
  readonly body: { readonly messages: readonly { readonly role: string; readonly content: unknown }[] };
  aborted: boolean;
}

class Died extends Error {}

interface Life {
  alive: boolean;
}

const START_AT = Date.parse("2026-11-22T12:00:00Z");
const PATIENCE_MS = 10_000;

export class Stage {
  now = START_AT;
  readonly key: string;
  readonly storage = openStorage();
  readonly logged: { event: string; fields: LogFields }[] = [];
  readonly asked: Asked[] = [];
  readonly calls: { at: number; method: string; payload: Record<string, unknown> }[] = [];
  /** Words by message id, as the chat shows them now. */
  readonly chat = new Map<number, { text: string; replyTo: number | undefined; keyboard: unknown }>();
  /** Statements until the process dies; undefined: it lives. */
  diesAfter: number | undefined;
  alarmAt: number | undefined;
  /** What another object keeps cannot be reached. */
  isElsewhereAway = false;
  /** What is out there: pages, and the files of the chat. */
  web: Fetch = async () => new Response("<p>A page.</p>", { headers: { "content-type": "text/html" } });
  /** The person's, as it was set in whichever chat. */
  timezone: string | undefined;
  /** Looking up a key throws, as no port should. */
  failsToReadKeys = false;
  /** The session of the chat's new id cannot be reached. */
  cannotHandOver = false;
  /** What the session of the chat's former id was told. */
  readonly toldFormer: string[] = [];
  readonly handedOver: { readonly key: string; readonly heritage: Heritage }[] = [];
  shell: SessionShell;
  #life: Life = { alive: true };
  #timers: { at: number; act: () => void }[] = [];
  readonly #replies: { readonly reply: Reply; readonly when: string | undefined }[] = [];
  readonly #refusals: { method: RegExp; refusal: Refusal }[] = [];
  readonly #env: Record<string, string>;
  readonly #pool: PoolShell;
  #ids = 0;
  #messages = 100;
  #updates = 1;

  constructor(env: Record<string, string> = {}, key = "telegram:7") {
    this.key = key;
    this.#env = env;
    const { sql } = openStorage();
    this.#pool = new PoolShell({
      provider: "openai",
      storage: {
        exec: (query, ...bindings) => sql.exec(query, ...bindings).toArray(),
        transactionSync: (body) => body(),
        setAlarm: () => {},
        deleteAlarm: () => {},
      },
      now: () => this.now,
      newId: () => this.#newId(),
      dice: () => 0,
      log: (event, fields = {}) => void this.logged.push({ event, fields }),
      revoke: () => {},
      wake: () => void this.shell.poolChanged(),
    });
    this.shell = this.#start();
  }

  /** What the model says next; without any it says back what it heard. */
  next(...replies: Reply[]): void {
    for (const reply of replies) this.#replies.push({ reply, when: undefined });
  }

  /** What it says next to whoever has said these words last. */
  nextTo(when: string, ...replies: Reply[]): void {
    for (const reply of replies) this.#replies.push({ reply, when });
  }

  /** The next reply is held until `release`. */
  hold(reply: Reply = {}, when?: string): { release(): void } {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#replies.push({ reply: { ...reply, hold: held }, when });
    return { release };
  }

  /** Telegram's server fails on every call. */
  isDown = false;

  refuse(method: RegExp, refusal: Refusal): void {
    this.#refusals.push({ method, refusal });
  }

  message(
    text: string,
    more: Partial<Message> & { readonly from?: number } = {},
  ): Extract<Inbound, { kind: "message" }> {
    const { from = 7, ...rest } = more;
    this.#messages += 1;
    this.#updates += 1;
    const command = /^\/([a-z_]+)(?:\s+([\s\S]*))?$/.exec(text);
    const id = this.#messages;
    this.chat.delete(id);
    return {
      kind: "message",
      update: this.#updates,
      place: { chatId: 7, chatType: "private" },
      from: { id: from, name: "Ada", language: "en" },
      message: {
        messageId: id,
        writtenAt: this.now,
        text,
        textChars: text.length,
        ...(command ? { command: { name: command[1] ?? "", words: command[2] ?? "" } } : {}),
        attachments: [],
        notes: [],
        ...rest,
      },
    };
  }

  /** A person writes; resolves when the webhook would have been answered. */
  async write(
    text: string,
    more: Parameters<Stage["message"]>[1] = {},
  ): Promise<Extract<Inbound, { kind: "message" }>> {
    const inbound = this.message(text, more);
    await this.shell.accept(inbound);
    await settle();
    return inbound;
  }

  /** A person writes; resolves when the run that it begins is over. */
  async exchange(words: string): Promise<void> {
    const times = this.logs("run.finished").length;
    await this.write(words);
    await this.until(`${words} is answered`, () => this.logs("run.finished").length > times);
  }

  async press(data: string, messageId: number, from = 7): Promise<void> {
    this.#updates += 1;
    await this.shell.accept({
      kind: "press",
      update: this.#updates,
      place: { chatId: 7, chatType: "private" },
      from: { id: from, name: "Ada", language: "en" },
      queryId: `q${this.#updates}`,
      data,
      messageId,
    });
    await settle();
  }

  /** The chat has another id from now on. */
  async moves(toChatId: number): Promise<void> {
    this.#updates += 1;
    const place = { chatId: 7, chatType: "group" as const };
    await this.shell.accept({ kind: "migrated", update: this.#updates, place, toChatId });
    await settle();
  }

  /** The process is gone, with everything that it had in memory, and another one wakes on its storage. */
  crash(): void {
    this.#life.alive = false;
    for (const one of this.asked) one.aborted = true;
    this.#timers = [];
    this.diesAfter = undefined;
    this.#life = { alive: true };
    this.shell = this.#start();
  }

  get isDead(): boolean {
    return !this.#life.alive;
  }

  /** Time passes: timers and the alarm go off in their order. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settle();
      const timer = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      const alarm = this.alarmAt !== undefined && this.alarmAt <= end ? this.alarmAt : undefined;
      if (!timer && alarm === undefined) break;
      if (timer && (alarm === undefined || timer.at <= alarm)) {
        this.#timers.splice(this.#timers.indexOf(timer), 1);
        this.now = Math.max(this.now, timer.at);
        timer.act();
      } else {
        this.alarmAt = undefined;
        this.now = Math.max(this.now, alarm ?? 0);
        try {
          this.shell.alarm();
        } catch (error) {
          // The platform calls a handler again that did not come to its end.
          this.alarmAt ??= this.now + 1;
          throw error;
        }
      }
    }
    this.now = end;
    await settle();
  }

  /** Lets everything happen that waits for no clock, and what waits for the pace of a chat, until it is so. */
  async until(what: string, isSo: (stage: this) => boolean): Promise<void> {
    const givenUpAt = Date.now() + PATIENCE_MS;
    while (!isSo(this)) {
      if (Date.now() > givenUpAt) throw new Error(`it never came to this: ${what}\n${this.lines().join("\n")}`);
      await settle();
      if (!isSo(this)) await this.pass(200);
    }
  }

  hears(words: string): Promise<void> {
    return this.until(`"${words}" is said`, () => this.lines().some((line) => line.includes(words)));
  }

  lines(): string[] {
    return [...this.chat.values()].map(({ text }) => text);
  }

  count(words: string): number {
    return this.lines().filter((line) => line.includes(words)).length;
  }

  logs(event: string): LogFields[] {
    return this.logged.filter((line) => line.event === event).map(({ fields }) => fields);
  }

  get phase(): string {
    return this.shell.door.session.turn.phase;
  }

  #elsewhere<T>(value: T): T {
    if (this.isElsewhereAway) throw new Error("Network connection lost.");
    return value;
  }

  #newId(): string {
    this.#ids += 1;
    return `id${this.#ids}`;
  }

  #start(): SessionShell {
    return new SessionShell(this.#portsOf(this.#life));
  }

  #portsOf(life: Life): SessionPorts {
    const settings = readSettings({
      TELEGRAM_BOT_TOKEN: "1:token",
      TELEGRAM_WEBHOOK_SECRET: "secret",
      ALLOWED_USERS: "*",
      OWNERS: "7",
      MODEL: "openai/m",
      OPENAI_API_KEYS: "sk-A,sk-B",
      OPENAI_BASE_URL: "https://model.test/v1",
      STREAM: "off",
      ...this.#env,
    });
    const providers = settings.providers.get("openai")?.keys ?? [];
    const names = providers.map((_, index) => String.fromCharCode(65 + index));
    const never = new Promise<never>(() => {});
    const living = <T>(value: T): T | Promise<never> => (life.alive ? value : never);
    const statement = (): void => {
      if (!life.alive) throw new Died();
      if (this.diesAfter === undefined) return;
      if (this.diesAfter === 0) {
        life.alive = false;
        throw new Died();
      }
      this.diesAfter -= 1;
    };
    return {
      key: this.key,
      sql: {
        exec: (query, ...bindings) => {
          statement();
          return this.storage.sql.exec(query, ...bindings);
        },
      },
      transactionSync: (work) => {
        if (!life.alive) throw new Died();
        return this.storage.transactionSync(() => {
          // The alarm is part of the transaction, as it is on the platform.
          const { alarmAt } = this;
          try {
            return work();
          } catch (error) {
            this.alarmAt = alarmAt;
            throw error;
          }
        });
      },
      setAlarm: (at) => {
        statement();
        this.alarmAt = at;
      },
      deleteAlarm: () => {
        statement();
        this.alarmAt = undefined;
      },
      wipe: () => {},
      now: () => this.now,
      newId: () => this.#newId(),
      chance: () => 0.5,
      after: (ms, act) => {
        // It needs no time to pass: only what is on now comes before it.
        if (ms === 0) {
          const soon = setImmediate(() => void (life.alive && act()));
          return () => clearImmediate(soon);
        }
        const timer = { at: this.now + ms, act: () => void (life.alive && act()) };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((one) => one !== timer);
        };
      },
      detach: (work) => {
        work.catch((error: unknown) => {
          if (!(error instanceof Died)) throw error;
        });
      },
      settings,
      log: (event, fields = {}) => void (life.alive && this.logged.push({ event, fields })),
      call: async (method, payload) => (life.alive ? living(await this.#call(method, { ...payload })) : never),
      fetch: (url, init) => this.web(url, init),
      pool: () => ({
        lease: async (request) =>
          living(
            this.#pool.lease({
              ...request,
              fingerprints: names.map((id) => ({ id })),
              strategy: settings.poolStrategy,
            }),
          ),
        report: async (report) => void (await living(this.#pool.report(report))),
      }),
      keyOf: async (_provider, credential) => {
        if (this.failsToReadKeys) throw new TypeError("no such thing");
        return living(providers[names.indexOf(credential)]?.key);
      },
      credentials: async () => living(names),
      model: (name, key) =>
        languageModel({
          model: name,
          settings: settings.providers.get(name.provider),
          key,
          fetch: (_url, init) => this.#answer(key, init, life),
        }),
      person: () => ({
        remember: async () => ({ ok: true, id: 1 }),
        recall: async () => ({ ok: true, found: false, memories: [] }),
        forget: async ({ id }) => this.#elsewhere({ ok: true, forgotten: id === 1 }),
        profile: async () => ({
          spentTodayUsd: 0,
          tokensToday: 0,
          ...(this.timezone === undefined ? {} : { timezone: this.timezone }),
        }),
        spend: async () => {},
        setTimezone: async () => this.#elsewhere(true),
        memories: async () => this.#elsewhere([]),
        eraseAll: async () => this.#elsewhere(undefined),
      }),
      touch: async () => {},
      bot: {
        skills: async () => [],
        addSkill: async () => undefined,
        pools: async () => this.#elsewhere([]),
        lift: async (_provider, credential) =>
          this.#elsewhere(await living(this.#pool.lift(credential === undefined ? {} : { credential }).lifted)),
        approvePair: async () => this.#elsewhere({ kind: "wrong" }),
      },
      handOver: async (key, heritage) => {
        if (this.cannotHandOver) throw new Error("Network connection lost.");
        this.handedOver.push({ key, heritage });
      },
      former: (key) => ({
        stop: async () => void this.toldFormer.push(`${key} stop`),
        press: async (inbound) => void this.toldFormer.push(`${key} ${inbound.kind === "press" ? inbound.data : ""}`),
      }),
      parentContext: async () => ({ messages: [] }),
    };
  }

  async #answer(key: string, init: RequestInit | undefined, life: Life): Promise<Response> {
    const body: Asked["body"] = JSON.parse(String(init?.body));
    const last = body.messages.findLast(({ role }) => role === "user")?.content;
    const text = typeof last === "string" ? last : JSON.stringify(last);
    const record: Asked = { key, text, body, aborted: false };
    this.asked.push(record);
    const index = this.#replies.findIndex(({ when }) => when === undefined || text.includes(when));
    const [scripted] = index < 0 ? [] : this.#replies.splice(index, 1);
    const reply = scripted?.reply ?? { text: `echo of ${text}` };
    const cut = new Promise<never>((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => {
        record.aborted = true;
        reject(new DOMException("This operation was aborted", "AbortError"));
      });
    });
    cut.catch(() => {});
    await Promise.race([reply.hold, cut]);
    if (!life.alive) return new Promise(() => {});
    if (reply.refuse) {
      const headers = { "content-type": "application/json", ...reply.refuse.headers };
      return new Response(JSON.stringify(reply.refuse.body), { status: reply.refuse.status, headers });
    }
    const said = { text: `echo of ${text}`, ...reply };
    const stream = openAiStream(`c${this.asked.length}`, "m", reply.tools ? reply : said, { input: 9, output: 5 }, 1);
    const finish = `"finish_reason":"${reply.finish ?? "stop"}"`;
    const frames = [...stream].map(({ data }) => data.replace('"finish_reason":"stop"', finish)).join("");
    if (reply.stopsAfterHalf) {
      const half = new TextEncoder().encode(frames.slice(0, frames.lastIndexOf("data:", frames.length * 0.7)));
      const body = new ReadableStream({ start: (controller) => controller.enqueue(half) });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    }
    return new Response(frames, { headers: { "content-type": "text/event-stream" } });
  }

  async #call(method: string, payload: Record<string, unknown>): Promise<CallResult> {
    if (method === "sendChatAction") return { ok: true, result: true };
    if (method === "getFile") return { ok: true, result: { file_path: "documents/file" } };
    this.calls.push({ at: this.now, method, payload });
    if (this.isDown) return { ok: false, refusal: { kind: "unavailable", maybeAccepted: false } };
    const index = this.#refusals.findIndex((one) => one.method.test(method));
    const [refused] = index < 0 ? [] : this.#refusals.splice(index, 1);
    if (refused) return { ok: false, refusal: refused.refusal };
    if (method.startsWith("send")) {
      this.#messages += 1;
      const replied = payload.reply_parameters;
      const replyTo = typeof replied === "object" && replied ? Number(Reflect.get(replied, "message_id")) : undefined;
      this.chat.set(this.#messages, { text: wordsIn(payload), replyTo, keyboard: payload.reply_markup });
      return { ok: true, result: { message_id: this.#messages } };
    }
    if (method === "deleteMessage") this.chat.delete(Number(payload.message_id));
    const message = this.chat.get(Number(payload.message_id));
    if (message && method.startsWith("editMessage")) {
      const text = method === "editMessageText" ? wordsIn(payload) : message.text;
      this.chat.set(Number(payload.message_id), { ...message, text, keyboard: payload.reply_markup });
    }
    return { ok: true, result: true };
  }
}

/** Everything that waits for nothing but its turn has its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
