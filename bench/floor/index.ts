import { DurableObject } from "cloudflare:workers";
import { Api } from "grammy/web";
import { Hono } from "hono";

/**
 * The floor: the least that answers. hono takes the webhook, one Durable Object a chat keeps the words, a plain fetch asks the
 * model, grammY says the answer. No queue, no outbox, no retries, no stream, no tools: what anything better is measured against.
 */

export interface Environment {
  readonly SESSION: DurableObjectNamespace<FloorSession>;
  readonly TELEGRAM_BOT_TOKEN: string;
  readonly TELEGRAM_WEBHOOK_SECRET: string;
  readonly TELEGRAM_API_ROOT: string;
  readonly OPENAI_BASE_URL: string;
  readonly OPENAI_API_KEYS: string;
}

export interface Message {
  readonly message_id: number;
  readonly chat: { readonly id: number };
  readonly text?: string;
}

const HISTORY_ROWS = 20;

export class FloorSession extends DurableObject<Environment> {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS said (id INTEGER PRIMARY KEY, role TEXT NOT NULL, words TEXT NOT NULL)");
  }

  accept(message: Message): void {
    this.#sql.exec("INSERT INTO said (role, words) VALUES ('user', ?)", message.text ?? "");
    this.ctx.waitUntil(this.#answer(message));
  }

  protected history(): readonly { readonly role: string; readonly content: string }[] {
    const rows = this.#sql
      .exec<{ role: string; words: string }>("SELECT role, words FROM said ORDER BY id DESC LIMIT ?", HISTORY_ROWS)
      .toArray();
    return rows.reverse().map(({ role, words }) => ({ role, content: words }));
  }

  async #answer(message: Message): Promise<void> {
    const messages = this.history();
    const response = await fetch(`${this.env.OPENAI_BASE_URL}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.env.OPENAI_API_KEYS}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "stand-in", messages }),
    });
    const completion: { choices: { message: { content: string } }[] } = await response.json();
    const text = completion.choices[0]?.message.content ?? "";
    const api = new Api(this.env.TELEGRAM_BOT_TOKEN, {
      apiRoot: this.env.TELEGRAM_API_ROOT,
      fetch: (input: string, init: RequestInit) => fetch(input, init),
    });
    await api.sendMessage(message.chat.id, text, { reply_parameters: { message_id: message.message_id } });
    this.#sql.exec("INSERT INTO said (role, words) VALUES ('assistant', ?)", text);
  }
}

const app = new Hono<{ Bindings: Environment }>();

app.get("/health", (context) => context.json({ status: "ok" }));

app.post("/telegram/webhook", async (context) => {
  if (context.req.header("x-telegram-bot-api-secret-token") !== context.env.TELEGRAM_WEBHOOK_SECRET) {
    return context.json({ ok: false }, 401);
  }
  const { message } = await context.req.json<{ message?: Message }>();
  if (message) await context.env.SESSION.getByName(`telegram:${message.chat.id}`).accept(message);
  return context.json({ ok: true });
});

export default app;
