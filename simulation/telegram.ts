import type { CallResult, Refusal } from "../src/telegram/outbound.ts";
import { BOT_ID, BOT_NAME } from "./bodies.ts";
import type { Chance } from "./chance.ts";
import type { Bus } from "./facts.ts";
import type { SessionHost } from "./session-host.ts";
import type { Timeline } from "./timeline.ts";
import type { Weather } from "./weather.ts";

/**
 * Telegram as a bot meets it: it accepts, refuses by its rules, floods, fails, and loses its answers on the way. What it
 * has accepted stands in the chat, whoever still knows of it.
 */
export interface ChatMessage {
  text: string;
  buttons: readonly string[];
  readonly thread: number | undefined;
  readonly isBot: boolean;
  /** The session that said it. */
  readonly by: string;
  /** Somebody has pressed a button of it: whichever session that came to may answer by changing it. */
  wasPressed?: boolean;
}

/** A session, or the entrance. */
export type Caller = Pick<SessionHost, "name" | "key">;

export interface Chat {
  readonly id: number;
  readonly type: "private" | "group" | "supergroup";
  readonly messages: Map<number, ChatMessage>;
  nextId: number;
  floodUntil: number;
  isBlocked: boolean;
  readonly closedThreads: Set<number>;
  /** The group is a supergroup now, with this id; nothing more happens here. */
  movedTo: number | undefined;
  /** What grows there as a draft, with when it was last sent. */
  draft: { readonly id: number; readonly thread: number | undefined; readonly at: number } | undefined;
}

const TIMEOUT_MS = 20_000;
const ok = (result: unknown): CallResult => ({ ok: true, result });
const refuse = (refusal: Refusal): CallResult => ({ ok: false, refusal });

export interface TelegramPorts {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly weather: () => Weather;
  readonly bus: Bus;
  readonly count: (what: string) => void;
  readonly note: (who: string, what: string, detail: string) => void;
}

export class Telegram {
  readonly #ports: TelegramPorts;
  readonly chats = new Map<number, Chat>();
  #isOld: boolean | undefined;
  /** What was last answered to a button, for the check that asks whether it was true. */
  onQueryAnswer: (queryId: string, text: string) => void = () => {};

  constructor(ports: TelegramPorts) {
    this.#ports = ports;
  }

  chat(id: number): Chat {
    const known = this.chats.get(id);
    if (known) return known;
    const made: Chat = {
      id,
      type: id > 0 ? "private" : id > -1_000 ? "group" : "supergroup",
      messages: new Map(),
      nextId: 1,
      floodUntil: 0,
      isBlocked: false,
      closedThreads: new Set(),
      movedTo: undefined,
      draft: undefined,
    };
    this.chats.set(id, made);
    return made;
  }

  /** A group becomes a supergroup. */
  move(chat: Chat, toChatId: number): void {
    chat.movedTo = toChatId;
    this.chat(toChatId);
    this.#ports.count("groups moved");
  }

  /** A person's message gets its id. */
  written(chat: Chat, text: string, thread: number | undefined): number {
    const id = chat.nextId++;
    chat.messages.set(id, { text, buttons: [], thread, isBot: false, by: "" });
    if (chat.messages.size > 120) {
      const oldest = chat.messages.keys().next();
      if (!oldest.done) chat.messages.delete(oldest.value);
    }
    return id;
  }

  call(
    host: Caller,
    method: string,
    payload: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<CallResult> {
    const { timeline, chance, weather, count } = this.#ports;
    const { lostAnswer, slowTelegram } = weather();
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve(refuse({ kind: "unavailable", maybeAccepted: false }));
      signal?.addEventListener("abort", () => resolve(refuse({ kind: "unavailable", maybeAccepted: true })), {
        once: true,
      });
      const slow = chance.hit(slowTelegram) ? chance.below(15_000) : 0;
      timeline.after(chance.between(5, 150) + slow, "telegram", () => {
        count(`telegram: ${method}`);
        const result = this.#arrived(host, method, payload);
        if (!result.ok) count(`telegram refuses: ${result.refusal.kind}`);
        if (chance.hit(lostAnswer)) {
          count("telegram answers lost");
          timeline.after(TIMEOUT_MS - slow, "telegram timeout", () =>
            resolve(refuse({ kind: "unavailable", maybeAccepted: true })),
          );
        } else timeline.after(chance.between(5, 150), "telegram answer", () => resolve(result));
      });
    });
  }

  #arrived(host: Caller, method: string, payload: Readonly<Record<string, unknown>>): CallResult {
    const { timeline, chance, weather, count, note } = this.#ports;
    const { flood, telegramFault, refusedMarkup } = weather();
    if (method === "getMe") {
      return chance.hit(telegramFault)
        ? refuse({ kind: "unavailable", maybeAccepted: false })
        : ok({ id: BOT_ID, is_bot: true, first_name: "Turnkeeper", username: BOT_NAME });
    }
    if (method === "answerCallbackQuery") {
      if (chance.hit(telegramFault)) return refuse({ kind: "query_expired" });
      this.onQueryAnswer(String(payload["callback_query_id"]), String(payload["text"]));
      return ok(true);
    }
    if (method === "getFile" && chance.hit(telegramFault)) return refuse({ kind: "refused", code: 400 });
    if (method === "getFile")
      return ok({ file_id: payload["file_id"], file_path: String(payload["file_id"]), file_size: 68 });
    const chat = this.chat(Number(payload["chat_id"]));
    const now = timeline.now;
    if (chat.floodUntil > now || (method !== "sendChatAction" && chance.hit(flood))) {
      if (chat.floodUntil <= now) {
        count("floods");
        chat.floodUntil = now + 1_000 * chance.pick([1, 3, 10, 35, 120, 1_000]);
        note(String(chat.id), "flood", `${chat.floodUntil - now} ms`);
      }
      return refuse({ kind: "flood", retryAfterMs: chat.floodUntil - now });
    }
    if (chance.hit(telegramFault)) {
      count("telegram faults");
      if (chance.hit(0.05)) return refuse({ kind: "unauthorized" });
      const isAccepted = chance.hit(0.3);
      if (isAccepted) this.#accept(host, chat, method, payload);
      return refuse({ kind: "unavailable", maybeAccepted: isAccepted || chance.hit(0.5) });
    }
    if (chat.movedTo !== undefined) return refuse({ kind: "migrated", toChatId: chat.movedTo });
    if (chat.isBlocked) return refuse({ kind: "chat_gone" });
    const thread = typeof payload["message_thread_id"] === "number" ? payload["message_thread_id"] : undefined;
    if (thread !== undefined && chat.closedThreads.has(thread)) return refuse({ kind: "thread_gone" });
    if (method === "sendChatAction") return ok(true);
    if (method.endsWith("Draft")) return this.#draft(chat, payload, thread);
    if (payload["rich_message"] !== undefined && !this.#knowsRich()) return refuse({ kind: "unsupported" });
    const hasMarkup = payload["rich_message"] !== undefined || payload["entities"] !== undefined;
    if (hasMarkup && chance.hit(refusedMarkup)) {
      return refuse({ kind: chance.pick(["markup", "markup", "too_long"]) });
    }
    return this.#accept(host, chat, method, payload);
  }

  /** A server of an older Bot API does not. */
  #knowsRich(): boolean {
    this.#isOld ??= this.#ports.chance.hit(this.#ports.weather().oldServer);
    return !this.#isOld;
  }

  #draft(chat: Chat, payload: Readonly<Record<string, unknown>>, thread: number | undefined): CallResult {
    if (chat.type !== "private") return refuse({ kind: "refused", code: 400 });
    chat.draft = { id: Number(payload["draft_id"]), thread, at: this.#ports.timeline.now };
    this.#ports.count("drafts");
    return ok(true);
  }

  #accept(host: Caller, chat: Chat, method: string, payload: Readonly<Record<string, unknown>>): CallResult {
    const { bus, note } = this.#ports;
    const text = wordsIn(payload);
    const buttons = buttonsIn(payload);
    const id = Number(payload["message_id"]);
    if (method === "sendChatAction") return ok(true);
    if (method.endsWith("Draft")) return this.#draft(chat, payload, undefined);
    if (method === "deleteMessage") {
      if (!chat.messages.delete(id)) return refuse({ kind: "message_gone" });
      return ok(true);
    }
    if (method.startsWith("edit")) {
      const message = chat.messages.get(id);
      if (!message?.isBot) return refuse({ kind: "message_gone" });
      const isSame = method === "editMessageReplyMarkup" || message.text === text;
      if (isSame && message.buttons.join() === buttons.join()) return refuse({ kind: "not_modified" });
      if (method === "editMessageText") message.text = text;
      message.buttons = buttons;
      note(host.name, "stands", `${method} ${id} ${text.slice(0, 60)}`);
      bus.emit("stood", stood(chat, message, id, false, method, host));
      return ok({ message_id: id });
    }
    const made = chat.nextId++;
    const thread = typeof payload["message_thread_id"] === "number" ? payload["message_thread_id"] : undefined;
    const message = { text, buttons, thread, isBot: true, by: host.key };
    chat.messages.set(made, message);
    note(host.name, "stands", `${method} ${made} ${text.slice(0, 60)}`);
    bus.emit("stood", stood(chat, message, made, true, method, host));
    return ok({ message_id: made });
  }
}

function stood(
  chat: Chat,
  { text, thread, by, wasPressed = false }: ChatMessage,
  id: number,
  isNew: boolean,
  method: string,
  host: Caller,
) {
  return { chat: chat.id, thread, id, text, isNew, method, by, wasPressed, session: host.key };
}

/** What stands in a message, whatever its form. */
export function wordsIn(payload: Readonly<Record<string, unknown>>): string {
  const { text, rich_message: rich, caption, document } = payload;
  if (typeof text === "string") return text;
  if (typeof rich === "object" && rich !== null) return String(Reflect.get(rich, "markdown"));
  const file = typeof document === "object" && document !== null ? `[file ${Reflect.get(document, "name")}]` : "";
  return typeof caption === "string" ? `${file}${caption}` : file;
}

function buttonsIn(payload: Readonly<Record<string, unknown>>): string[] {
  const markup = payload["reply_markup"];
  if (typeof markup !== "object" || markup === null) return [];
  const rows: unknown = Reflect.get(markup, "inline_keyboard");
  if (!Array.isArray(rows)) return [];
  return rows.flat().map((button: unknown) => {
    return typeof button === "object" && button !== null ? String(Reflect.get(button, "callback_data")) : "";
  });
}
