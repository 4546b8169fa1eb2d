import type { LogFields } from "../../../src/log.ts";
import { Courier, type CourierPorts, type Delivered, type Failed } from "../../../src/session/delivery.ts";
import type { NewDelivery } from "../../../src/session/outbox.ts";
import type { Place } from "../../../src/telegram/message.ts";
import type { CallResult, Refusal } from "../../../src/telegram/outbound.ts";
import { openStorage } from "./sqlite.ts";

/** One chat, a clock that a test moves, and couriers that may die: the stage of the tests of delivery and streaming. */
export class Chat {
  now = 1_000_000;
  readonly storage = openStorage();
  readonly place: Place;
  /** Calls as they came, "typing" left out. */
  readonly calls: { at: number; method: string; payload: Record<string, unknown> }[] = [];
  readonly typed: number[] = [];
  readonly messages = new Map<number, string>();
  readonly buttons = new Map<number, unknown>();
  readonly logged: { event: string; fields: LogFields }[] = [];
  readonly delivered: Delivered[] = [];
  readonly failed: Failed[] = [];
  readonly told: string[] = [];
  /** The next such statement fails. */
  breaks: RegExp | undefined;
  /** Telegram's server fails on such calls, however often they come. */
  failsOn: (payload: Record<string, unknown>) => boolean = () => false;
  /** How long Telegram takes for an answer. */
  latencyMs = 0;
  /** Refusals to come, by method or for any ("*"), first come first. */
  readonly #script: { method: string; result: CallResult | "accept_silently" }[] = [];
  #timers: { at: number; act: () => void }[] = [];
  #nextId = 100;
  #process = 0;

  constructor(chatType: Place["chatType"] = "private", threadId?: number) {
    this.place = { chatId: chatType === "private" ? 7 : -7, chatType, ...(threadId ? { threadId } : {}) };
  }

  /** The next call of the method meets this refusal. */
  refuse(method: string, ...refusals: Refusal[]): void {
    for (const refusal of refusals) this.#script.push({ method, result: { ok: false, refusal } });
  }

  /** The next call is carried out, and its answer is lost. */
  loseAnswer(method: string): void {
    this.#script.push({ method, result: "accept_silently" });
  }

  /** A new process on the same storage; whatever the one before still does has no effect. */
  courier(form: "rich" | "entities" = "rich"): Courier {
    this.#process += 1;
    const mine = this.#process;
    const alive = () => mine === this.#process;
    this.#timers = [];
    const ports: CourierPorts = {
      sql: {
        exec: (query, ...bindings) => {
          const isBroken = this.breaks?.test(query) === true;
          if (isBroken) this.breaks = undefined;
          if (isBroken) throw new Error("database or disk is full");
          return this.storage.sql.exec(query, ...bindings);
        },
      },
      now: () => this.now,
      call: async (method, payload) => {
        if (!alive()) return new Promise(() => {});
        const result = await this.#call(method, { ...payload });
        return alive() ? result : new Promise(() => {});
      },
      log: (event, fields = {}) => void this.logged.push({ event, fields }),
      session: "telegram:7",
      after: (ms, act) => this.#after(ms, () => alive() && act()),
      form,
      place: () => this.place,
      words: { recovered: () => "MARK", undeliverable: () => "SORRY", unreadable: () => "BROKEN" },
      onChange: () => {},
      onChatGone: () => void this.told.push("chat gone"),
      onThreadGone: () => void this.told.push("thread gone"),
      onMigrated: (to) => void this.told.push(`migrated to ${to}`),
      onDelivered: (delivered) => void this.delivered.push(delivered),
      onFailed: (failed) => void this.failed.push(failed),
    };
    const courier = new Courier(ports);
    courier.recover();
    return courier;
  }

  put(courier: Courier, content: NewDelivery["content"], more: Partial<NewDelivery> = {}): number {
    const { chatId, threadId } = this.place;
    const place = threadId === undefined ? { chatId } : { chatId, threadId };
    return this.storage.transactionSync(() => courier.put({ content, epoch: 1, place, attempting: true, ...more }));
  }

  /** Lets time pass: timers go off in order, and what awaits goes on. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settle();
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.act();
    }
    this.now = end;
    await settle();
  }

  /** As the object's alarm does it: time goes to the next due moment, until nothing is left. */
  async drain(courier: Courier): Promise<void> {
    for (let round = 0; round < 200; round += 1) {
      void courier.deliver();
      await this.pass(0);
      const at = courier.nextAt();
      if (at === undefined) return;
      await this.pass(Math.max(1, at - this.now));
    }
    throw new Error("the outbox does not empty");
  }

  said(): string[] {
    return [...this.messages.values()];
  }

  methods(): string[] {
    return this.calls.map(({ method }) => method);
  }

  reasons(event: string): unknown[] {
    return this.logged.filter((line) => line.event === event).map(({ fields }) => fields.reason);
  }

  #after(ms: number, act: () => void): () => void {
    const timer = { at: this.now + ms, act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  async #call(method: string, payload: Record<string, unknown>): Promise<CallResult> {
    if (method === "sendChatAction") {
      this.typed.push(this.now);
      return { ok: true, result: true };
    }
    this.calls.push({ at: this.now, method, payload });
    if (this.failsOn(payload)) return { ok: false, refusal: { kind: "unavailable", maybeAccepted: false } };
    const index = this.#script.findIndex((one) => one.method === method || one.method === "*");
    const scripted = index < 0 ? undefined : this.#script.splice(index, 1)[0]?.result;
    if (this.latencyMs > 0) await new Promise<void>((resolve) => void this.#after(this.latencyMs, resolve));
    if (scripted !== undefined && scripted !== "accept_silently") return scripted;
    const result = this.#accept(method, payload);
    return scripted === undefined ? result : { ok: false, refusal: { kind: "unavailable", maybeAccepted: true } };
  }

  #accept(method: string, payload: Record<string, unknown>): CallResult {
    const text = wordsIn(payload);
    if (method.endsWith("Draft")) return { ok: true, result: true };
    if (method === "deleteMessage") {
      this.messages.delete(Number(payload.message_id));
      return { ok: true, result: true };
    }
    if (method.startsWith("edit")) {
      const id = Number(payload.message_id);
      const keyboard = payload.reply_markup;
      if (!this.messages.has(id)) return { ok: false, refusal: { kind: "message_gone" } };
      const same = method === "editMessageReplyMarkup" || this.messages.get(id) === text;
      if (same && this.buttons.get(id) === keyboard) return { ok: false, refusal: { kind: "not_modified" } };
      if (method === "editMessageText") this.messages.set(id, text);
      this.buttons.set(id, keyboard);
      return { ok: true, result: { message_id: id } };
    }
    this.#nextId += 1;
    this.messages.set(this.#nextId, text);
    this.buttons.set(this.#nextId, payload.reply_markup);
    return { ok: true, result: { message_id: this.#nextId } };
  }
}

/** What stands in a message, whatever its form. */
export function wordsIn(payload: Record<string, unknown>): string {
  const { text, rich_message: rich, caption } = payload;
  if (typeof text === "string") return text;
  if (typeof rich === "object" && rich !== null) return String(Reflect.get(rich, "markdown"));
  return typeof caption === "string" ? caption : "";
}

/** Everything that waits for nothing but its turn has its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
