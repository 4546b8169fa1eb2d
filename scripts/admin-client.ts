import { z } from "zod";
import { BotApi, webhookInfoSchema } from "./bot-api.ts";
import { apiRootOf, type LocalSettings } from "./local-settings.ts";
import { Unmet } from "./terminal.ts";

/** The maintainers' JSON of a running bot, asked by its bearer token (contract.md, "HTTP"). */

const ANSWER_WITHIN_MS = 20_000;
const refusalSchema = z.object({ error: z.string() });

export interface AdminOptions {
  readonly url?: string | undefined;
  readonly "admin-token"?: string | undefined;
}

export class AdminClient {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /** Where the bot is: by flag, by TURNKEEPER_URL, or where Telegram sends its updates. */
  static async find(options: AdminOptions, local: LocalSettings): Promise<AdminClient> {
    const token = options["admin-token"] ?? local.ADMIN_TOKEN;
    if (!token) {
      throw new Unmet(
        "ADMIN_TOKEN is not known: expected the deployed Worker's in the environment, .dev.vars or --admin-token.",
      );
    }
    const url = options.url ?? process.env.TURNKEEPER_URL ?? (await webhookAddress(local));
    if (!url)
      throw new Unmet(
        "Where the bot runs is not known: expected --url https://… (or http://127.0.0.1:8787 for npm run dev).",
      );
    if (!isAddress(url)) throw new Unmet("--url: expected an address such as https://turnkeeper.example.workers.dev.");
    return new AdminClient(url, token);
  }

  /** The text of a JSON answer, unread. */
  async get(path: string): Promise<string> {
    const answer = await this.ask(path);
    if (answer.status === 200) return answer.text;
    const refusal = refusalSchema.safeParse(jsonOf(answer.text));
    if (answer.status === 401) {
      throw new Unmet(`${this.url} does not take this ADMIN_TOKEN: expected the one that was put there as a secret.`);
    }
    const why = refusal.success ? `: ${refusal.data.error}` : "";
    throw new Unmet(`${this.url}${path} answered ${answer.status}${why}`);
  }

  async ask(path: string): Promise<{ readonly status: number; readonly text: string; readonly date: number }> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        headers: { authorization: `Bearer ${this.#token}`, accept: "application/json" },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const date = Date.parse(response.headers.get("date") ?? "");
      return { status: response.status, text: await response.text(), date };
    } catch {
      throw new Unmet(`${this.url} cannot be reached: expected a running bot there.`);
    }
  }
}

async function webhookAddress(local: LocalSettings): Promise<string | undefined> {
  if (!local.TELEGRAM_BOT_TOKEN) return undefined;
  const answer = await new BotApi(apiRootOf(local), local.TELEGRAM_BOT_TOKEN).call("getWebhookInfo");
  return answer.ok ? addressOfWebhook(webhookInfoSchema.safeParse(answer.result).data?.url) : undefined;
}

export function isAddress(url: string): boolean {
  return /^https?:\/\/[^\s/]+/.test(url);
}

/** Undefined where the webhook is not ours. */
export function addressOfWebhook(url: string | undefined): string | undefined {
  return /^(https?:\/\/.+)\/telegram\/webhook$/.exec(url ?? "")?.[1];
}

/** A session by its key, or by its chat's id alone. */
export function sessionKeyOf(written: string): string {
  if (/^-?\d+$/.test(written)) return `telegram:${written}`;
  if (/^telegram:-?\d+(:[a-z]+:\d+)*$/.test(written)) return written;
  throw new Unmet(
    `${written} is no session: expected a chat's id, or a key such as telegram:1001 or telegram:-100200:topic:7.`,
  );
}

/** Chats of groups have negative ids, which a parser of arguments takes for options. */
export function withChatsAsKeys(args: readonly string[]): string[] {
  return args.map((arg) => (/^-\d+$/.test(arg) ? `telegram:${arg}` : arg));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
