import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { address, listen } from "./listen.ts";
import { Args, readArgs, readBody } from "./telegram/args.ts";
import { BOT, BOT_TOKEN, CHATS } from "./telegram/cast.ts";
import { type Chat, type ChatOptions, Chats, type StoredMessage, type User } from "./telegram/chats.ts";
import { type ActiveFault, type Fault, type FaultRule, Faults, Pace, refusalOf } from "./telegram/faults.ts";
import { FileStore } from "./telegram/files.ts";
import { BOT_METHODS } from "./telegram/methods-bot.ts";
import { EDIT_METHODS } from "./telegram/methods-edit.ts";
import { SEND_METHODS } from "./telegram/methods-send.ts";
import type { CallRecord, Change, Method, Office } from "./telegram/office.ts";
import { People } from "./telegram/people.ts";
import { Refusal } from "./telegram/refusal.ts";
import { type PendingUpdate, Updates } from "./telegram/updates.ts";
import { waitUntil } from "./wait.ts";

export interface TelegramOptions {
  readonly port?: number;
  readonly token?: string;
  readonly bot?: User;
  readonly chats?: readonly ChatOptions[];
  /** Numbers to begin with: a bot that remembers an earlier stand-in must not meet its numbers again. */
  readonly firstUpdateId?: number;
  readonly firstMessageId?: number;
  readonly now?: () => number;
}

const METHODS: ReadonlyMap<string, { readonly name: string; readonly method: Method }> = new Map(
  Object.entries({ ...BOT_METHODS, ...SEND_METHODS, ...EDIT_METHODS }).map(([name, method]) => [
    name.toLowerCase(),
    { name, method },
  ]),
);

/**
 * A stand-in for the Bot API: an HTTP server on 127.0.0.1 that refuses what Telegram refuses, in Telegram's words, keeps
 * the chats as people see them, and delivers what people do to the bot's webhook (or to getUpdates).
 */
export class TelegramStandIn {
  readonly token: string;
  readonly chats: Chats;
  readonly files = new FileStore();
  readonly updates: Updates;
  readonly people: People;
  readonly pace: Pace;
  /** Every call of a method, the oldest first. */
  readonly calls: CallRecord[] = [];
  readonly office: Office;
  readonly #faults = new Faults();
  readonly #server: Server;
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #now: () => number;

  static async start(options: TelegramOptions = {}): Promise<TelegramStandIn> {
    const telegram = new TelegramStandIn(options);
    await listen(telegram.#server, options.port ?? 0);
    return telegram;
  }

  private constructor(options: TelegramOptions) {
    this.#now = options.now ?? Date.now;
    this.token = options.token ?? BOT_TOKEN;
    this.chats = new Chats(options.bot ?? BOT, options.firstMessageId ?? 100, this.#now);
    for (const chat of options.chats ?? CHATS) this.chats.add(chat);
    this.pace = new Pace(this.#now);
    this.updates = new Updates(
      options.firstUpdateId ?? 500_000,
      this.#now,
      () => this.#tell({ kind: "update" }),
      (method, values) => void this.#carryOut(method, new Args(values)),
    );
    this.office = {
      chats: this.chats,
      files: this.files,
      pace: this.pace,
      updates: this.updates,
      queries: new Map(),
      settings: { commands: new Map(), description: "", shortDescription: "", name: "", menuButton: undefined },
      now: this.#now,
      changed: (change) => this.#tell(change),
    };
    this.people = new People(this.office);
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    // Longer than any client keeps an idle connection: it is the client that closes, never a surprise.
    this.#server.keepAliveTimeout = 120_000;
  }

  /** The root to set as TELEGRAM_API_ROOT. */
  get url(): string {
    return address(this.#server);
  }

  /** Makes calls go wrong from now on; `lift()` on the answer ends it. */
  fault(rule: FaultRule): ActiveFault {
    return this.#faults.add(rule);
  }

  liftFaults(): void {
    this.#faults.clear();
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves with what `predicate` finds, as soon as it finds anything; tries again whenever something changes. */
  waitFor<T>(what: string, predicate: (telegram: this) => T | undefined | false, timeoutMs = 15_000): Promise<T> {
    const dump = (): string => `the last calls were:\n${this.calls.slice(-12).map(describeCall).join("\n")}`;
    return waitUntil(
      what,
      () => predicate(this),
      (listener) => this.onChange(listener),
      timeoutMs,
      dump,
    );
  }

  /** The bot answered 2xx to this update (true), or it was given up (false). */
  delivered(sent: { readonly update: PendingUpdate }, timeoutMs = 15_000): Promise<boolean> {
    const { update } = sent;
    const what = `update ${update.update.update_id} to be delivered`;
    return this.waitFor(what, () => update.state !== "pending" && { ok: update.state === "delivered" }, timeoutMs).then(
      ({ ok }) => ok,
    );
  }

  /** What the bot has in a chat, as it is seen now, the oldest first. */
  said(chatId: number, threadId?: number): StoredMessage[] {
    return this.chats
      .get(chatId)
      .visible(threadId)
      .filter((message) => message.from.is_bot && !message.service);
  }

  chat(chatId: number): Chat {
    return this.chats.get(chatId);
  }

  callsOf(method: string, chatId?: number): CallRecord[] {
    return this.calls.filter((call) => call.method === method && (chatId === undefined || call.chatId === chatId));
  }

  async close(): Promise<void> {
    this.updates.close();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #tell(change: Change): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://telegram");
    const [, token, isFile, rest] = this.#route(url.pathname);
    if (token === undefined || rest === undefined) return answer(response, NOT_FOUND);
    if (!/^\d+:[\w-]+$/.test(token)) return answer(response, NOT_FOUND);
    if (token !== this.token) return answer(response, new Refusal(401, "Unauthorized"));
    if (isFile) return this.#serveFile(rest, response);
    let args: Args;
    try {
      args = await readArgs(await readBody(request), request.headers["content-type"] ?? "", url.searchParams);
    } catch (error) {
      return answer(
        response,
        error instanceof Refusal ? error : new Refusal(400, "Bad Request: can't parse the request"),
      );
    }
    await this.#call(rest, args, response);
  }

  #route(path: string): [string, string | undefined, boolean, string | undefined] {
    const match = /^\/(file\/)?bot([^/]+)\/(.+)$/.exec(decodeURIComponent(path));
    return [path, match?.[2], match?.[1] !== undefined, match?.[3]];
  }

  #serveFile(path: string, response: ServerResponse): void {
    const file = this.files.byPath(path);
    if (file)
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": file.bytes.length });
    if (file) response.end(file.bytes);
    else answer(response, NOT_FOUND);
  }

  async #call(written: string, args: Args, response: ServerResponse): Promise<void> {
    const method = METHODS.get(written.toLowerCase())?.name ?? written;
    const chatId = args.values.chat_id;
    const call: CallRecord = {
      n: this.calls.length + 1,
      at: this.#now(),
      method,
      chatId: chatId === undefined ? undefined : Number(chatId),
      values: args.values,
      files: [...args.uploads].map(([field, { name, bytes }]) => ({ field, name, bytes })),
    };
    this.calls.push(call);
    const fault = this.#faults.strike(method, args.values);
    if (fault) call.fault = "when" in fault ? `${fault.kind} ${fault.when}` : fault.kind;
    this.#tell({ kind: "call", call });
    if (fault?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, fault.ms));
    const refusal = refusalOf(fault);
    if (refusal) call.outcome = refused(refusal);
    else if (!isLostBefore(fault)) call.outcome = await this.#carryOut(method, args);
    call.endedAt = this.#now();
    this.#tell({ kind: "call", call });
    if (fault?.kind === "hang") return;
    if (fault?.kind === "reset") return void response.socket?.resetAndDestroy();
    if (call.outcome?.ok) return send(response, 200, call.outcome);
    send(response, call.outcome?.error_code ?? 500, call.outcome);
  }

  async #carryOut(method: string, args: Args): Promise<NonNullable<CallRecord["outcome"]>> {
    const known = METHODS.get(method.toLowerCase());
    try {
      if (!known) throw NOT_FOUND;
      return { ok: true, result: await known.method(args, this.office) };
    } catch (error) {
      if (error instanceof Refusal) return refused(error);
      throw error;
    }
  }
}

const NOT_FOUND = new Refusal(404, "Not Found");

function isLostBefore(fault: Fault | undefined): boolean {
  return (fault?.kind === "hang" || fault?.kind === "reset") && fault.when === "before";
}

function refused(refusal: Refusal): NonNullable<CallRecord["outcome"]> {
  const { code, message, parameters } = refusal;
  return { ok: false, error_code: code, description: message, ...(parameters ? { parameters } : {}) };
}

function answer(response: ServerResponse, refusal: Refusal): void {
  send(response, refusal.code, refused(refusal));
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

export function describeCall(call: CallRecord): string {
  const outcome = call.outcome ? (call.outcome.ok ? "ok" : call.outcome.description) : "unanswered";
  const words = call.values.text ?? (call.values.rich_message as { markdown?: string } | undefined)?.markdown ?? "";
  const fault = call.fault ? ` (${call.fault})` : "";
  return `  #${call.n} ${call.method} ${call.chatId ?? ""} ${JSON.stringify(words).slice(0, 120)} → ${outcome}${fault}`;
}
