import { ALLOWED_UPDATES } from "../src/telegram/inbound.ts";
import { Unmet } from "./terminal.ts";

/**
 * Telegram without a tunnel: takes updates by long polling and posts each one to the local webhook, as Telegram would. An
 * update is acknowledged to Telegram only after the Worker has answered 2xx, so that nothing is lost when either side stops.
 */
export interface BridgeOptions {
  readonly apiRoot: string;
  readonly token: string;
  /** The local webhook, such as http://127.0.0.1:8787/telegram/webhook. */
  readonly webhook: string;
  readonly secret: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** How long Telegram holds a poll open. */
  readonly pollSeconds?: number;
}

const DEFAULT_POLL_SECONDS = 50;
/** The most time between two tries. */
const PAUSE_LIMIT_MS = 30_000;

interface Answer {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error_code?: number;
  readonly description?: string;
  readonly parameters?: { readonly retry_after?: number };
}

export async function bridge(options: BridgeOptions): Promise<void> {
  const { say, signal } = options;
  const me = await call(options, "getMe");
  if (!me.ok) {
    throw new Unmet(
      me.error_code === undefined
        ? `${options.apiRoot} cannot be reached: check the connection and TELEGRAM_API_ROOT.`
        : `Telegram does not know this bot token (${me.error_code} ${me.description}): check TELEGRAM_BOT_TOKEN.`,
    );
  }
  const info = await call(options, "getWebhookInfo");
  const url = urlOf(info.result);
  if (url !== "") {
    say(
      `The bot's webhook (${url}) is removed while this runs, because Telegram delivers to one place only. ` +
        "To give it back, run npm run deploy or POST /admin/webhook at your deployment.",
    );
    await call(options, "deleteWebhook");
  }
  say(`Listening to @${usernameOf(me.result)} on Telegram.`);
  let offset: number | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const answer = await call(options, "getUpdates", {
      ...(offset === undefined ? {} : { offset }),
      timeout: options.pollSeconds ?? DEFAULT_POLL_SECONDS,
      allowed_updates: ALLOWED_UPDATES,
    });
    if (signal.aborted) return;
    if (!answer.ok || !Array.isArray(answer.result)) {
      failures += 1;
      say(`Telegram: ${answer.error_code ?? ""} ${answer.description ?? "no answer"}; trying again.`);
      await pause(answer.parameters?.retry_after ? answer.parameters.retry_after * 1000 : backoffMs(failures), signal);
      continue;
    }
    failures = 0;
    for (const update of answer.result) {
      const id = idOf(update);
      if (id === undefined) continue;
      if (!(await handOver(update, options))) return;
      offset = id + 1;
    }
  }
  // What was handed over last is acknowledged by asking for what comes after it.
  if (offset !== undefined)
    await call({ ...options, signal: AbortSignal.timeout(3000) }, "getUpdates", { offset, timeout: 0 });
}

/** Posts one update until the Worker takes it. Those behind it wait, as they would at Telegram. */
async function handOver(update: unknown, { webhook, secret, say, signal }: BridgeOptions): Promise<boolean> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      const response = await fetch(webhook, {
        method: "POST",
        headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret },
        body: JSON.stringify(update),
        signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]),
      });
      await response.body?.cancel();
      if (response.ok) return true;
      say(`The Worker answered ${response.status} to update ${idOf(update)}; trying again.`);
      if (response.status === 401) say("401 means: TELEGRAM_WEBHOOK_SECRET of the Worker is another one.");
    } catch {
      if (signal.aborted) return false;
      say("The Worker does not answer; trying again.");
    }
    await pause(backoffMs(failures), signal);
  }
  return false;
}

async function call(options: BridgeOptions, method: string, body: unknown = {}): Promise<Answer> {
  try {
    const response = await fetch(`${options.apiRoot}/bot${options.token}/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: options.signal,
    });
    return (await response.json()) as Answer;
  } catch {
    // Never the error itself: its text may carry the URL, and with it the token.
    return { ok: false, description: "Telegram cannot be reached" };
  }
}

function backoffMs(failures: number): number {
  return Math.min(PAUSE_LIMIT_MS, 500 * 2 ** (failures - 1));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function idOf(update: unknown): number | undefined {
  const id = field(update, "update_id");
  return typeof id === "number" ? id : undefined;
}

function urlOf(info: unknown): string {
  const url = field(info, "url");
  return typeof url === "string" ? url : "";
}

function usernameOf(me: unknown): string {
  return String(field(me, "username") ?? "your bot");
}
