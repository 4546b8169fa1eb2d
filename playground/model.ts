import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { address, listen } from "./listen.ts";
import { type Conversation, lastUserText, readConversation } from "./model/conversation.ts";
import { closedDoor } from "./model/doors.ts";
import { demoMind } from "./model/mind.ts";
import { type Door, GOOD_MANNER, type Manner, type Mind, type Reply } from "./model/reply.ts";
import { describeRequest, type ModelRequest } from "./model/request.ts";
import { breakOff, pause, sendJson, speak } from "./model/speak.ts";
import { readBody } from "./telegram/args.ts";
import { waitUntil } from "./wait.ts";

export interface ModelOptions {
  readonly port?: number;
  readonly manner?: Partial<Manner>;
  readonly mind?: Mind;
  readonly now?: () => number;
}

/** A reply said once, to the first request that fits. */
export interface Scripted {
  readonly when?: (conversation: Conversation, key: string) => boolean;
  readonly reply: Reply | Mind;
}

/**
 * A stand-in for a model provider: `…/chat/completions` as OpenAI speaks it and `…/messages` as Anthropic does, streaming
 * or not. What it says comes from a script, then from a mind; how it says it (slow, mute, torn) and whom it lets in
 * (rate-limited, out of credit, dead keys) is set from outside.
 */
export class ModelStandIn {
  readonly requests: ModelRequest[] = [];
  manner: Manner;
  mind: Mind;
  readonly #doors = new Map<string, Door>();
  #everyDoor: Door = { kind: "open" };
  #script: Scripted[] = [];
  readonly #server: Server;
  readonly #listeners = new Set<() => void>();
  readonly #now: () => number;

  static async start(options: ModelOptions = {}): Promise<ModelStandIn> {
    const model = new ModelStandIn(options);
    await listen(model.#server, options.port ?? 0);
    return model;
  }

  private constructor(options: ModelOptions) {
    this.#now = options.now ?? Date.now;
    this.manner = { ...GOOD_MANNER, ...options.manner };
    this.mind = options.mind ?? demoMind;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.keepAliveTimeout = 120_000;
  }

  get url(): string {
    return address(this.#server);
  }

  /** The base URL for both dialects, as OPENAI_BASE_URL or ANTHROPIC_BASE_URL takes it. */
  get baseUrl(): string {
    return `${this.url}/v1`;
  }

  /** How a key is received; without a key, how all are that have no door of their own. */
  door(door: Door, key?: string): void {
    if (key === undefined) {
      this.#doors.clear();
      this.#everyDoor = door;
    } else this.#doors.set(key, door);
    this.#tell();
  }

  doorOf(key: string): Door {
    return this.#doors.get(key) ?? this.#everyDoor;
  }

  /** Says this to the next request (or the next that fits), once, before the mind is asked. */
  next(reply: Reply | Mind, when?: Scripted["when"]): void {
    this.#script.push({ reply, ...(when ? { when } : {}) });
  }

  /** The next fitting request is held: nothing is sent until `release`, which may say what is said then. */
  hold(reply: Reply = {}, when?: Scripted["when"]): { release(instead?: Reply): void } {
    let release = (_instead?: Reply): void => {};
    const released = new Promise<Reply | undefined>((resolve) => {
      release = resolve;
    });
    this.next({ ...reply, hold: released }, when);
    return { release };
  }

  /** Everything as it was at the start, but for the record. */
  calm(): void {
    this.#script = [];
    this.#doors.clear();
    this.#everyDoor = { kind: "open" };
    this.manner = GOOD_MANNER;
    this.#tell();
  }

  active(): ModelRequest[] {
    return this.requests.filter((request) => request.endedAt === undefined);
  }

  /** The most requests that were under way at once, by `group` (such as the words of a session's test). */
  mostAtOnce(group: (request: ModelRequest) => string): Map<string, number> {
    const most = new Map<string, number>();
    for (const request of this.requests) {
      const name = group(request);
      const others = this.requests.filter((other) => request.besides.includes(other.n) && group(other) === name);
      most.set(name, Math.max(most.get(name) ?? 0, others.length + 1));
    }
    return most;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  waitFor<T>(what: string, look: (model: this) => T | undefined | false, timeoutMs = 15_000): Promise<T> {
    const dump = (): string =>
      `the last requests were:\n${this.requests.slice(-8).map(describeRequest).join("\n") || "  none"}`;
    return waitUntil(
      what,
      () => look(this),
      (listener) => this.onChange(listener),
      timeoutMs,
      dump,
    );
  }

  /** The first request that fits, as soon as it is there: words it contains, or a closer look. */
  waitForRequest(fits: string | ((request: ModelRequest) => boolean), timeoutMs?: number): Promise<ModelRequest> {
    const test = typeof fits === "string" ? (request: ModelRequest) => request.lastUserText.includes(fits) : fits;
    const what = typeof fits === "string" ? `a request that ends in "${fits}"` : "a certain request";
    return this.waitFor(what, () => this.requests.find(test), timeoutMs);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://model").pathname;
    const dialect = path.endsWith("/chat/completions")
      ? "openai"
      : path.endsWith("/messages")
        ? "anthropic"
        : undefined;
    const text = (await readBody(request)).toString("utf8");
    const key = String(request.headers["x-api-key"] ?? (request.headers.authorization ?? "").replace(/^Bearer /, ""));
    if (path.endsWith("/audio/transcriptions")) {
      const closed = closedDoor(this.doorOf(key), "openai", key);
      if (closed) return sendJson(response, closed.status, closed.body, closed.headers);
      return sendJson(response, 200, { text: "These words were spoken." });
    }
    if (dialect === undefined || request.method !== "POST") {
      return sendJson(response, 404, {
        error: { message: `Unknown request URL: ${path}`, type: "invalid_request_error" },
      });
    }
    const body = parse(text);
    const conversation = readConversation(dialect, body);
    if (!conversation) {
      return sendJson(response, 400, {
        error: { message: "Invalid body.", type: "invalid_request_error", code: null },
      });
    }
    const words = lastUserText(conversation);
    const record: ModelRequest = {
      n: this.requests.length + 1,
      at: this.#now(),
      key,
      fingerprint: createHash("sha256").update(key).digest("hex").slice(0, 8),
      path,
      conversation,
      lastUserText: words,
      besides: this.active().map(({ n }) => n),
      body,
      tokens: 0,
    };
    this.requests.push(record);
    const gone = new Promise<void>((resolve) => {
      response.once("close", () => {
        if (record.endedAt === undefined && !response.writableFinished) record.abortedAt = this.#now();
        record.endedAt ??= this.#now();
        resolve();
        this.#tell();
      });
    });
    this.#tell();
    await this.#answer(record, response, gone);
  }

  async #answer(record: ModelRequest, response: ServerResponse, gone: Promise<void>): Promise<void> {
    const { conversation } = record;
    const door = this.doorOf(record.key);
    if (door.kind === "reset") return breakOff(record, response, this.#now());
    const closed = closedDoor(door, conversation.dialect, record.key);
    if (closed) {
      record.status = closed.status;
      return sendJson(response, closed.status, closed.body, { ...closed.headers, "x-request-id": `req_${record.n}` });
    }
    let reply = this.#choose(conversation, record.key);
    if (reply.hold) {
      const released = await Promise.race([reply.hold, gone]);
      if (isReply(released)) reply = { ...reply, ...released };
      if (record.endedAt !== undefined) return;
    }
    const refused = reply.door && closedDoor(reply.door, conversation.dialect, record.key);
    if (reply.door?.kind === "reset") return breakOff(record, response, this.#now());
    if (refused) {
      record.status = refused.status;
      return sendJson(response, refused.status, refused.body, refused.headers);
    }
    const manner = { ...this.manner, ...reply.manner };
    if (manner.flow === "silent") return gone;
    await pause(manner.firstByteMs, gone);
    await speak(record, response, manner.flow === "empty" ? {} : reply, manner, {
      gone,
      tell: () => this.#tell(),
      now: this.#now,
    });
  }

  #choose(conversation: Conversation, key: string): Reply {
    const index = this.#script.findIndex(({ when }) => when === undefined || when(conversation, key));
    const [scripted] = index < 0 ? [] : this.#script.splice(index, 1);
    const reply = scripted?.reply ?? this.mind;
    return typeof reply === "function" ? reply(conversation) : reply;
  }
}

function isReply(value: unknown): value is Reply {
  return typeof value === "object" && value !== null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
