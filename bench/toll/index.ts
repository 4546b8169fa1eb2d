import { Api } from "grammy/web";
import { definitions } from "../../src/agent/tools/definitions.ts";
import { toolset } from "../../src/agent/tools/toolset.ts";
import { type Environment, FloorSession, type Message } from "../floor/index.ts";

export { default } from "../floor/index.ts";

/**
 * The floor with the toll of a turn: the contract's four lines of the log, the rows without which a crash would lose an
 * answer (six, in the three commits that Turnkeeper has), the tools in the request, an answer that streams. It decides
 * nothing, repeats nothing and recovers nothing: what it is slower than the floor is what the toll costs by itself.
 */

const JOURNAL_SLOTS = 256;
const TOOLS = definitions(toolset({}, { hasPerson: true, skills: [] })).map(({ name, description, inputSchema }) => ({
  type: "function",
  function: { name, description, parameters: inputSchema },
}));

export class TollSession extends FloorSession {
  readonly #sql: SqlStorage;
  #seq = 0;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS journal (slot INTEGER PRIMARY KEY, value TEXT NOT NULL)");
    this.#sql.exec("CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, words TEXT NOT NULL)");
  }

  override accept(message: Message): void {
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec("INSERT INTO said (role, words) VALUES ('user', ?)", message.text ?? "");
      this.#journal({ state: "running", input: message.message_id });
    });
    this.#log("update.accepted", { update: message.message_id });
    this.#log("run.started", { run: crypto.randomUUID(), epoch: 1 });
    this.ctx.waitUntil(this.#answer(message));
  }

  async #answer(message: Message): Promise<void> {
    const messages = this.history();
    const options = { stream: true, stream_options: { include_usage: true } };
    const response = await fetch(`${this.env.OPENAI_BASE_URL}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.env.OPENAI_API_KEYS}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "stand-in", messages, tools: TOOLS, ...options }),
    });
    const text = await textOf(response);
    const delivery = this.ctx.storage.transactionSync(() => {
      this.#sql.exec("INSERT INTO said (role, words) VALUES ('assistant', ?)", text);
      this.#journal({ state: "idle" });
      return this.#sql.exec<{ id: number }>("INSERT INTO outbox (words) VALUES (?) RETURNING id", text).one().id;
    });
    this.#log("run.finished", { outcome: "answered", ms: 0, steps: 1, tokens: 0 });
    const api = new Api(this.env.TELEGRAM_BOT_TOKEN, {
      apiRoot: this.env.TELEGRAM_API_ROOT,
      fetch: (input: string, init: RequestInit) => fetch(input, init),
    });
    await api.sendMessage(message.chat.id, text, { reply_parameters: { message_id: message.message_id } });
    this.#sql.exec("DELETE FROM outbox WHERE id = ?", delivery);
    this.#log("delivery.sent", { kind: "answer", ms: 0, messages: 1 });
  }

  #journal(value: object): void {
    this.#seq += 1;
    this.#sql.exec(
      "INSERT INTO journal (slot, value) VALUES (?1, ?2) ON CONFLICT (slot) DO UPDATE SET value = ?2",
      this.#seq % JOURNAL_SLOTS,
      JSON.stringify(value),
    );
  }

  #log(event: string, fields: object): void {
    console.log(JSON.stringify({ event, session: this.ctx.id.name, ...fields }));
  }
}

async function textOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let rest = "";
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return text;
    const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      if (event === "data: [DONE]") return text;
      const chunk: { choices: { delta: { content?: string } }[] } = JSON.parse(event.slice("data: ".length));
      text += chunk.choices[0]?.delta.content ?? "";
    }
  }
}
