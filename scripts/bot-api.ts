import { z } from "zod";
import { without } from "./terminal.ts";

/**
 * The Bot API as the commands use it: at the owner's own terminal, so that Telegram's sentence may be shown, which the
 * Worker's log must not have. The token stands in every URL, and so is taken out of everything that is shown.
 */
export type BotAnswer =
  | { readonly ok: true; readonly result: unknown; readonly date: number | undefined }
  | { readonly ok: false; readonly code: number; readonly problem: string; readonly retryAfterS?: number };

const answerSchema = z.object({
  ok: z.boolean(),
  result: z.unknown().optional(),
  error_code: z.number().optional(),
  description: z.string().optional(),
});

export const userSchema = z.object({
  id: z.number(),
  first_name: z.string().catch(""),
  last_name: z.string().optional(),
  username: z.string().optional(),
});

export const webhookInfoSchema = z.object({
  url: z.string(),
  pending_update_count: z.number().catch(0),
  last_error_date: z.number().optional(),
  last_error_message: z.string().optional(),
  allowed_updates: z.array(z.string()).optional(),
});
export type WebhookInfo = z.infer<typeof webhookInfoSchema>;

const ANSWER_WITHIN_MS = 20_000;
const MOST_FLOOD_WAIT_S = 60;

export class BotApi {
  readonly #root: string;
  readonly #token: string;

  constructor(root: string, token: string) {
    this.#root = root;
    this.#token = token;
  }

  /** Never rejects. `problem` reads on after "because". Waits out a flood answer once. */
  async call(method: string, payload: Readonly<Record<string, unknown>> = {}, extraMs = 0): Promise<BotAnswer> {
    const answer = await this.#ask(method, payload, extraMs);
    const waitS = answer.ok ? undefined : answer.retryAfterS;
    if (waitS === undefined || waitS > MOST_FLOOD_WAIT_S) return answer;
    await new Promise((resolve) => setTimeout(resolve, waitS * 1000));
    return this.#ask(method, payload, extraMs);
  }

  async #ask(method: string, payload: Readonly<Record<string, unknown>>, extraMs: number): Promise<BotAnswer> {
    try {
      const response = await fetch(`${this.#root}/bot${this.#token}/${method}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(payload),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS + extraMs),
      });
      const read = answerSchema.safeParse(await response.json().catch(() => undefined));
      if (!read.success) {
        return {
          ok: false,
          code: response.status,
          problem: `${this.#root} answered ${response.status} with something that is no Bot API answer`,
        };
      }
      const { ok, result, error_code: code = response.status, description = "no reason given" } = read.data;
      const date = Date.parse(response.headers.get("date") ?? "");
      if (ok) return { ok, result, date: Number.isNaN(date) ? undefined : date };
      const problem =
        code === 401 || code === 404 ? UNKNOWN_TOKEN : `Telegram says "${without([this.#token], description)}"`;
      const retryAfterS = code === 429 ? Number(/retry after (\d+)/.exec(description)?.[1] ?? 5) : undefined;
      return { ok, code, problem, ...(retryAfterS === undefined ? {} : { retryAfterS }) };
    } catch (error) {
      const name = error instanceof Error ? error.name : "";
      const why = name === "TimeoutError" ? "did not answer in time" : "cannot be reached";
      return { ok: false, code: 0, problem: `${this.#root} ${why}` };
    }
  }
}

export const UNKNOWN_TOKEN = "Telegram does not know this token";
