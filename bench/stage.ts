import { mkdtempSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BotCall, END, type Outside } from "./outside.ts";
import { type Host, Workerd } from "./workerd.ts";
import { WranglerDev } from "./wrangler.ts";

/** One bot in its workerd, and somebody who writes to it and looks at the clock. */

const SECRET = "bench-secret";
const TOKEN = "7000000001:bench-token-of-nobody";
export const KEYS = ["sk-bench-one", "sk-bench-two"] as const;

export const OURS = { SESSION: "Session", POOL: "Pool", PERSON: "Person", DIRECTORY: "Directory" } as const;
export const FLOOR = { SESSION: "FloorSession" } as const;
export const TOLL = { SESSION: "TollSession" } as const;

/** When things were seen after a message was written, in ms. */
export interface Turn {
  readonly ackMs: number;
  /** Words of the answer, whole or not. */
  readonly firstMs: number;
  /** The whole answer, with no button on it. */
  readonly standingMs: number;
}

/** On a machine that has other things to do. */
const ANSWER_WITHIN_MS = 120_000;

class HungUp extends Error {}

export interface StageOptions {
  readonly bundle: string;
  /** The Worker's configuration: it is started by `wrangler dev`, and not as a bundle under workerd alone. */
  readonly config?: string;
  readonly objects: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly inspectorPort?: number;
}

interface Waiting {
  readonly startedAt: number;
  readonly nonce: string;
  firstMs: number | undefined;
  readonly stands: (standingMs: number, firstMs: number) => void;
}

export class Stage {
  readonly workerd: Host;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #waiting = new Map<number, Waiting>();
  readonly #forget: () => void;
  #update = 1;

  static async open(options: StageOptions, outside: Outside): Promise<Stage> {
    const memory = process.platform === "linux" ? "/dev/shm" : tmpdir();
    const directory = mkdtempSync(join(memory, "turnkeeper-bench-"));
    const settings = {
      TELEGRAM_BOT_TOKEN: TOKEN,
      TELEGRAM_WEBHOOK_SECRET: SECRET,
      TELEGRAM_API_ROOT: outside.url,
      ALLOWED_USERS: "*",
      MODEL: "openai/stand-in",
      OPENAI_BASE_URL: `${outside.url}/v1`,
      OPENAI_API_KEYS: KEYS.join(","),
      ...options.settings,
    };
    const { config, bundle, objects, inspectorPort } = options;
    const workerd = config
      ? await WranglerDev.start({ config, directory, settings })
      : await Workerd.start({
          bundle,
          directory,
          objects,
          settings,
          ...(inspectorPort === undefined ? {} : { inspectorPort }),
        });
    return new Stage(workerd, outside);
  }

  private constructor(workerd: Host, outside: Outside) {
    this.workerd = workerd;
    this.#forget = outside.onCall((call) => this.#seen(call));
  }

  /** Writes, and waits for nothing but the acknowledgement; its ms. */
  async write(chatId: number, text: string): Promise<number> {
    const startedAt = performance.now();
    this.#update += 1;
    const update = {
      update_id: this.#update,
      message: {
        message_id: this.#update,
        date: Math.floor(Date.now() / 1000),
        chat: { id: chatId, type: "private", first_name: "Bench" },
        from: { id: chatId, is_bot: false, first_name: "Bench", language_code: "en" },
        text,
        ...(text.startsWith("/")
          ? { entities: [{ type: "bot_command", offset: 0, length: text.split(" ")[0]?.length ?? 0 }] }
          : {}),
      },
    };
    await this.post(JSON.stringify(update));
    return performance.now() - startedAt;
  }

  /** Writes and waits for the whole answer. One at a time in a chat. */
  async turn(chatId: number, text: string): Promise<Turn> {
    const nonce = `n${this.#update + 1}x`;
    const standing = this.standing(chatId, nonce);
    const ackMs = await this.write(chatId, `${text} ${nonce}`);
    return { ackMs, ...(await standing) };
  }

  /** The answer that quotes these words stands. */
  standing(chatId: number, nonce: string): Promise<{ readonly firstMs: number; readonly standingMs: number }> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(chatId);
        reject(new Error(`no answer to ${nonce} in ${chatId}; the Worker said:\n${this.workerd.output()}`));
      }, ANSWER_WITHIN_MS);
      this.#waiting.set(chatId, {
        startedAt: performance.now(),
        nonce,
        firstMs: undefined,
        stands: (standingMs, firstMs) => {
          clearTimeout(timer);
          resolve({ firstMs, standingMs });
        },
      });
    });
  }

  async post(body: string): Promise<void> {
    try {
      await this.#post(body);
    } catch (error) {
      // A connection that was kept too long: workerd hung up while the next request was on its way to it.
      if (!(error instanceof HungUp)) throw error;
      await this.#post(body);
    }
  }

  #post(body: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: "127.0.0.1",
          port: this.workerd.port,
          path: "/telegram/webhook",
          method: "POST",
          agent: this.#agent,
          headers: {
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
            "x-telegram-bot-api-secret-token": SECRET,
          },
        },
        (response) => {
          response.resume();
          response.on("end", () => {
            if (response.statusCode === 200) resolve();
            else reject(new Error(`the webhook answered ${response.statusCode}:\n${this.workerd.output()}`));
          });
        },
      );
      call.once("error", (error) => {
        const words = `${error.message}; the Worker said:\n${this.workerd.output()}`;
        reject(call.reusedSocket ? new HungUp(words) : new Error(words));
      });
      call.end(body);
    });
  }

  async close(): Promise<void> {
    this.#forget();
    this.#agent.destroy();
    await this.workerd.stop();
  }

  #seen(call: BotCall): void {
    const waiting = this.#waiting.get(call.chatId);
    if (!waiting?.nonce || call.method === "sendChatAction" || !call.body.includes("You said:")) return;
    waiting.firstMs ??= call.at - waiting.startedAt;
    const isWhole = call.body.includes(waiting.nonce) && call.body.includes(END);
    if (!isWhole || call.body.includes("inline_keyboard")) return;
    this.#waiting.delete(call.chatId);
    waiting.stands(call.at - waiting.startedAt, waiting.firstMs);
  }
}
