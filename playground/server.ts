import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { KEY_MOODS, type KeyMood, MODEL_MOODS, type Stage, TELEGRAM_MOODS } from "./stage.ts";
import { readBody } from "./telegram/args.ts";
import { ADA } from "./telegram/cast.ts";
import type { WriteOptions } from "./telegram/people.ts";
import { viewChat, viewDrafts, viewMessage, viewTyping } from "./view.ts";
import { type Race, ZombieRace } from "./zombie.ts";

const PAGE = join(import.meta.dirname, "page");
const FILES: Readonly<Record<string, string>> = {
  "/": "index.html",
  "/style.css": "style.css",
  "/app.js": "app.js",
  "/page.js": "page.js",
  "/chat.js": "chat.js",
  "/composer.js": "composer.js",
  "/stage.js": "stage.js",
};
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};
/** Nothing from elsewhere, no inline script: what a message says stays words. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'";
/** Lines of the log that a page which opens late is told. */
const LOG_BACKLOG = 200;

const place = {
  chat: z.number(),
  thread: z.number().nullish(),
  reply: z.number().nullish(),
  quote: z.string().nullish(),
};
const ACTS = {
  write: z.object({ ...place, text: z.string().min(1).max(40_000, "A message has at most 40,000 characters here.") }),
  edit: z.object({
    chat: z.number(),
    message: z.number(),
    text: z.string().min(1).max(4096, "A message is edited to at most 4,096 characters."),
  }),
  press: z.object({ chat: z.number(), message: z.number(), data: z.string() }),
  "stop-draft": z.object({ chat: z.number(), thread: z.number().nullish() }),
  model: z.object({ mood: z.enum(Object.keys(MODEL_MOODS) as [keyof typeof MODEL_MOODS]) }),
  keys: z.object({ mood: z.enum(Object.keys(KEY_MOODS) as [keyof typeof KEY_MOODS]) }),
  telegram: z.object({ mood: z.enum(TELEGRAM_MOODS) }),
  worker: z.object({ act: z.enum(["kill", "start"]) }),
  block: z.object({ chat: z.number(), blocked: z.boolean() }),
  race: z.object({}),
} as const;

/** The page: static files, one stream of events out, and what a person does in. It listens on this machine only. */
export class PlaygroundServer {
  readonly http: Server;
  readonly #stage: Stage;
  readonly #streams = new Set<ServerResponse>();
  #race: Race | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.http = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else sendJson(response, 400, { error: sentence(error) });
      });
    });
    this.#watch();
  }

  stageChanged(): void {
    this.#send("stage", this.#stage.view);
  }

  close(): void {
    this.http.closeAllConnections();
    this.http.close();
  }

  #watch(): void {
    const { telegram, worker } = this.#stage.parts;
    telegram.onChange((change) => {
      switch (change.kind) {
        case "message":
        case "edit":
        case "delete":
        case "reaction":
          this.#send("message", viewMessage(change.message, telegram));
          this.#send("drafts", { chatId: change.chat.id, drafts: viewDrafts(change.chat) });
          this.#send("typing", { chatId: change.chat.id, typing: viewTyping(change.chat) });
          return;
        case "draft":
          return this.#send("drafts", { chatId: change.chat.id, drafts: viewDrafts(change.chat) });
        case "typing":
          return this.#send("typing", { chatId: change.chat.id, typing: viewTyping(change.chat) });
        case "topic":
        case "chat":
          return this.#send("chat", viewChat(change.chat, telegram));
        case "answer":
          if (change.text !== "") this.#send("toast", { text: change.text });
          return;
      }
    });
    worker.onLog((line) => line && this.#send("log", line));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page elsewhere that has its name resolve to this machine must not be able to speak for the person.
    const host = (request.headers.host ?? "").replace(/:\d+$/, "");
    const origin = request.headers.origin;
    if (!["127.0.0.1", "localhost"].includes(host) || (origin && new URL(origin).host !== request.headers.host)) {
      return sendJson(response, 403, { error: "this page is for this machine only" });
    }
    const url = new URL(request.url ?? "/", "http://playground");
    if (request.method === "POST") return this.#act(url, request, response);
    if (url.pathname === "/events") return this.#stream(request, response);
    if (url.pathname.startsWith("/file/")) return this.#file(url.pathname.slice(6), response);
    const name = FILES[url.pathname];
    if (!name) return sendJson(response, 404, { error: "there is nothing here" });
    const body = await readFile(join(PAGE, name));
    response.writeHead(200, {
      "content-type": TYPES[name.split(".").at(-1) ?? ""] ?? "text/plain",
      "content-security-policy": POLICY,
      "cache-control": "no-store",
    });
    response.end(body);
  }

  #file(id: string, response: ServerResponse): void {
    const file = this.#stage.parts.telegram.files.get(decodeURIComponent(id));
    if (!file) {
      sendJson(response, 404, { error: "no such file" });
      return;
    }
    const inline = /^(image\/(png|jpeg|gif|webp)|audio\/[\w.+-]+)$/.test(file.mime);
    response.writeHead(200, {
      "content-type": inline ? file.mime : "application/octet-stream",
      "content-disposition": inline ? "inline" : "attachment",
      "x-content-type-options": "nosniff",
    });
    response.end(file.bytes);
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    const { telegram, worker } = this.#stage.parts;
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    this.#streams.add(response);
    request.on("close", () => this.#streams.delete(response));
    const hello = {
      me: ADA.id,
      bot: telegram.chats.bot.username,
      chats: [...telegram.chats.all.values()].map((chat) => viewChat(chat, telegram)),
      commands: telegram.office.settings.commands.get("default:::") ?? [],
      stage: this.#stage.view,
      logs: worker.logs().slice(-LOG_BACKLOG),
      race: this.#race ?? null,
      moods: { model: Object.keys(MODEL_MOODS), keys: Object.keys(KEY_MOODS), telegram: TELEGRAM_MOODS },
    };
    response.write(`event: hello\ndata: ${JSON.stringify(hello)}\n\n`);
  }

  #send(event: string, data: unknown): void {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const stream of this.#streams) stream.write(text);
  }

  async #act(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (url.pathname === "/api/attach") {
      this.#attach(url.searchParams, request.headers["content-type"] ?? "", body);
      return sendJson(response, 200, {});
    }
    // Only a script of this page can send this type without asking first.
    if (!(request.headers["content-type"] ?? "").startsWith("application/json")) {
      return sendJson(response, 415, { error: "expected application/json" });
    }
    await this.#perform(url.pathname.replace("/api/", ""), JSON.parse(body.toString("utf8")));
    sendJson(response, 200, {});
  }

  async #perform(name: string, body: unknown): Promise<void> {
    const { people } = this.#stage.parts.telegram;
    switch (name) {
      case "write": {
        const act = ACTS.write.parse(body);
        people.writeLong(act.chat, act.text, writeOptions(act.thread, act.reply, act.quote));
        return;
      }
      case "edit": {
        const act = ACTS.edit.parse(body);
        people.edit(act.chat, act.message, act.text);
        return;
      }
      case "press": {
        const act = ACTS.press.parse(body);
        people.pressData(act.chat, act.message, act.data);
        return;
      }
      case "stop-draft": {
        const act = ACTS["stop-draft"].parse(body);
        people.stopDraft(act.chat, act.thread ?? undefined);
        return;
      }
      case "block": {
        const act = ACTS.block.parse(body);
        if (act.blocked) people.ban(act.chat);
        else people.readmit(act.chat);
        return;
      }
      case "model":
        return this.#stage.setModel(ACTS.model.parse(body).mood);
      case "keys":
        return this.#setKeys(ACTS.keys.parse(body).mood);
      case "telegram":
        return this.#stage.setTelegram(ACTS.telegram.parse(body).mood);
      case "worker":
        return ACTS.worker.parse(body).act === "kill" ? this.#stage.kill() : this.#stage.start();
      case "race":
        ACTS.race.parse(body);
        return this.#startRace();
      default:
        throw new Error(`there is no act "${name}"`);
    }
  }

  /** Whoever makes the keys well lifts them, too, as a maintainer does after a top-up. */
  async #setKeys(mood: KeyMood): Promise<void> {
    this.#stage.setKeys(mood);
    await this.#stage.liftKeys();
  }

  #startRace(): void {
    if (this.#race?.running) throw new Error("the race is on already");
    if (this.#stage.parts.real) throw new Error("the race needs the stand-in model; a real one is answering");
    const zombie = new ZombieRace(this.#stage, () => this.#send("race", zombie.race));
    this.#race = zombie.race;
    this.#send("race", zombie.race);
    void zombie.run();
  }

  #attach(query: URLSearchParams, mime: string, body: Buffer): void {
    const { people } = this.#stage.parts.telegram;
    const kind = z.enum(["photo", "document", "voice", "audio", "video"]).parse(query.get("kind"));
    const caption = query.get("caption");
    const album = query.get("album");
    people.attach(
      Number(query.get("chat")),
      {
        kind,
        bytes: new Uint8Array(body),
        ...(mime ? { mime } : {}),
        ...(query.get("name") ? { name: query.get("name") ?? "" } : {}),
        ...(caption ? { caption } : {}),
      },
      {
        ...writeOptions(numberOf(query.get("thread")), numberOf(query.get("reply")), undefined),
        ...(album ? { albumId: album } : {}),
      },
    );
  }
}

/** For the person at the page: of what a schema refuses the first, in its words. */
function sentence(error: unknown): string {
  if (error instanceof z.ZodError) return error.issues[0]?.message ?? error.name;
  return error instanceof Error ? error.message : String(error);
}

function writeOptions(thread?: number | null, reply?: number | null, quote?: string | null): WriteOptions {
  return {
    ...(thread ? { threadId: thread } : {}),
    ...(reply ? { replyTo: reply } : {}),
    ...(quote ? { quote } : {}),
  };
}

function numberOf(text: string | null): number | undefined {
  return text ? Number(text) : undefined;
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
