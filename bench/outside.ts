import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * The world outside the Worker, as cheap as it can be: a Bot API that says yes, and a model that answers at once. The
 * playground's stand-ins know Telegram's rules; here they would be the larger part of what is measured.
 */

/** One call of the Bot API, as it came in. */
export interface BotCall {
  readonly at: number;
  readonly method: string;
  readonly chatId: number;
  readonly body: string;
}

/** How the model answers words that begin with one of these; everything else is answered at once, in three pieces. */
export interface Manner {
  /** Before the first piece. */
  readonly firstMs: number;
  readonly pieces: number;
  readonly pieceMs: number;
}

const AT_ONCE: Manner = { firstMs: 0, pieces: 3, pieceMs: 0 };
/** Ends every answer, so that a whole answer can be told from one that grows. */
export const END = "That is all.";

export class Outside {
  readonly #server: Server;
  #calls: BotCall[] = [];
  #modelCalls = 0;
  #messageId = 1000;
  #modelBytes = 0;
  readonly manners = new Map<string, Manner>();
  /** Keys that the model refuses, with seconds after which it will not. */
  readonly refused = new Map<string, number>();
  #listeners = new Set<(call: BotCall) => void>();

  static async start(): Promise<Outside> {
    const outside = new Outside();
    await new Promise<void>((resolve) => outside.#server.listen(0, "127.0.0.1", resolve));
    return outside;
  }

  private constructor() {
    this.#server = createServer((request, response) => this.#serve(request, response));
    this.#server.keepAliveTimeout = 120_000;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** What came in since this was asked last. */
  take(): { readonly calls: readonly BotCall[]; readonly modelCalls: number; readonly modelBytes: number } {
    const taken = { calls: this.#calls, modelCalls: this.#modelCalls, modelBytes: this.#modelBytes };
    this.#calls = [];
    this.#modelCalls = 0;
    this.#modelBytes = 0;
    return taken;
  }

  onCall(listener: (call: BotCall) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const at = performance.now();
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const url = request.url ?? "";
      if (url.startsWith("/bot")) this.#bot(at, url, body, response);
      else this.#model(request.headers.authorization ?? "", body, response);
    });
  }

  #bot(at: number, url: string, body: string, response: ServerResponse): void {
    const method = url.slice(url.lastIndexOf("/") + 1);
    const given: { chat_id?: number | string; message_id?: number } = body.startsWith("{") ? JSON.parse(body) : {};
    const call = { at, method, chatId: Number(given.chat_id ?? 0), body };
    this.#calls.push(call);
    const makesMessage = /^(?:send(?!ChatAction|.*Draft)|edit)/.test(method);
    if (makesMessage && given.message_id === undefined) this.#messageId += 1;
    const result = makesMessage
      ? {
          message_id: given.message_id ?? this.#messageId,
          date: Math.floor(Date.now() / 1000),
          chat: { id: call.chatId, type: "private" },
        }
      : method === "getMe"
        ? { id: 1, is_bot: true, first_name: "Bench", username: "bench_bot" }
        : true;
    json(response, 200, { ok: true, result });
    for (const listener of this.#listeners) listener(call);
  }

  #model(authorization: string, body: string, response: ServerResponse): void {
    this.#modelCalls += 1;
    this.#modelBytes += body.length;
    const retryAfter = this.refused.get(authorization.replace("Bearer ", ""));
    if (retryAfter !== undefined) {
      response.setHeader("retry-after", String(retryAfter));
      json(response, 429, { error: { message: "Rate limit reached", type: "requests", code: "rate_limit_exceeded" } });
      return;
    }
    // Not of the Worker: somebody looks which ports are open.
    if (!body.startsWith("{")) return json(response, 400, { error: { message: "expected a JSON body" } });
    const asked: { stream?: boolean; messages: { role: string; content: unknown }[]; tools?: unknown[] } =
      JSON.parse(body);
    const last = asked.messages.at(-1);
    const { content } = asked.messages.findLast(({ role }) => role === "user") ?? {};
    const words = typeof content === "string" ? content : JSON.stringify(content ?? "");
    const tool = last?.role === "user" && /\btool\b/.test(words) && asked.tools !== undefined;
    const manner = this.manners.get(words.split(" ")[0] ?? "") ?? AT_ONCE;
    const text = `You said: ${words.slice(-200)}. ${END}`;
    if (!asked.stream) {
      json(response, 200, {
        id: "c",
        object: "chat.completion",
        created: 1,
        model: "stand-in",
        choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
        usage: USAGE,
      });
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const pieces = tool ? toolCall() : textPieces(text, manner.pieces);
    const finish = [chunk({}, tool ? "tool_calls" : "stop"), { ...chunk({}, null), choices: [], usage: USAGE }];
    if (manner.firstMs === 0 && manner.pieceMs === 0) {
      response.end([...pieces, ...finish, "[DONE]"].map(event).join(""));
      return;
    }
    let next = 0;
    const say = (): void => {
      const piece = pieces[next];
      next += 1;
      if (piece === undefined) {
        response.end([...finish, "[DONE]"].map(event).join(""));
        return;
      }
      response.write(event(piece));
      setTimeout(say, manner.pieceMs);
    };
    setTimeout(say, manner.firstMs);
  }
}

const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };

function chunk(delta: object, finish: string | null): object {
  return {
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "stand-in",
    choices: [{ index: 0, delta, finish_reason: finish }],
  };
}

function textPieces(text: string, pieces: number): object[] {
  const size = Math.max(1, Math.ceil(text.length / pieces));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    chunk(
      { ...(index === 0 ? { role: "assistant" } : {}), content: text.slice(index * size, (index + 1) * size) },
      null,
    ),
  );
}

function toolCall(): object[] {
  const call = { index: 0, id: "call_1", type: "function", function: { name: "now", arguments: "{}" } };
  return [chunk({ role: "assistant", content: null, tool_calls: [call] }, null)];
}

function event(data: object | string): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

function json(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}
