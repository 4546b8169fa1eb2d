import { z } from "zod";
import { AI_BINDING, describeProblem, readSettings } from "../src/config.ts";
import { ALLOWED_UPDATES } from "../src/telegram/inbound.ts";
import { VERSION } from "../src/version.ts";
import { AdminClient, addressOfWebhook } from "./admin-client.ts";
import { BotApi, userSchema, type WebhookInfo, webhookInfoSchema } from "./bot-api.ts";
import { apiRootOf, type LocalSettings } from "./local-settings.ts";
import { clock, span } from "./story-words.ts";
import { Unmet } from "./terminal.ts";

/** What can be wrong with a bot that is set up, each looked at from outside: one finding a fact, and what to do. */

export interface Finding {
  /** `skipped`: it cannot be looked at from here, which is said and counts as no fault. */
  readonly state: "good" | "bad" | "skipped";
  readonly what: string;
  readonly says: string;
  readonly todo?: string;
}

export function good(what: string, says: string): Finding {
  return { state: "good", what, says };
}
export function bad(what: string, says: string, todo: string): Finding {
  return { state: "bad", what, says, todo };
}
export function skipped(what: string, says: string): Finding {
  return { state: "skipped", what, says };
}

const LARGEST_SKEW_MS = 30_000;
const WORKER_ANSWER_MS = 15_000;
/** An error of Telegram's that is older, with nothing pending, is history. */
const RECENT_ERROR_MS = 3_600_000;

export function checkLocal(local: LocalSettings, isDeployed: boolean): Finding[] {
  // What is bound only the Worker itself knows, and /health tells.
  const problems = readSettings(local).problems.filter(({ name }) => name !== AI_BINDING);
  if (problems.length === 0) return [good("settings", "everything that is set here can be used")];
  // What is deployed has its own secrets: what is missing here may be there, and /health tells.
  const counted = isDeployed ? problems.filter((problem) => !problem.missing) : problems;
  if (counted.length === 0)
    return [skipped("settings", `not all are on this machine (${problems.map(({ name }) => name).join(", ")})`)];
  return counted.map((problem) =>
    bad("settings", describeProblem(problem), "npm run setup, or correct it in .dev.vars or wrangler.toml"),
  );
}

/** The bot by its token, its webhook and its menu; and what the webhook says of where the Worker is. */
export async function checkTelegram(
  local: LocalSettings,
  now: number,
  isLocal: boolean,
  url: string | undefined,
): Promise<{ readonly findings: readonly Finding[]; readonly address: string | undefined }> {
  const token = local.TELEGRAM_BOT_TOKEN;
  if (!token) {
    return {
      findings: [skipped("token", "TELEGRAM_BOT_TOKEN is not known here, so Telegram cannot be asked")],
      address: undefined,
    };
  }
  const api = new BotApi(apiRootOf(local), token);
  const me = await api.call("getMe");
  if (!me.ok) {
    const todo =
      me.code === 401 || me.code === 404
        ? "take the token from BotFather (/mybots, API Token)"
        : "check the connection and TELEGRAM_API_ROOT";
    return { findings: [bad("token", me.problem, todo)], address: undefined };
  }
  const findings = [
    good("token", `@${userSchema.safeParse(me.result).data?.username ?? "unknown"}`),
    skewOf("clock", me.date, now),
  ];
  const answer = await api.call("getWebhookInfo");
  const info = answer.ok ? webhookInfoSchema.safeParse(answer.result).data : undefined;
  if (!info)
    return {
      findings: [
        ...findings,
        bad("webhook", answer.ok ? "Telegram's answer cannot be read" : answer.problem, "try again"),
      ],
      address: undefined,
    };
  findings.push(...checkWebhook(info, now, isLocal, url));
  const menu = await api.call("getMyCommands", { scope: { type: "all_private_chats" } });
  const commands = menu.ok && Array.isArray(menu.result) ? menu.result.length : 0;
  if (commands > 0) findings.push(good("menu", `${commands} commands`));
  else if (!isLocal) findings.push(bad("menu", "no command menu is set", "npm run deploy sets it, with the webhook"));
  return { findings, address: addressOfWebhook(info.url) };
}

function checkWebhook(info: WebhookInfo, now: number, isLocal: boolean, url: string | undefined): Finding[] {
  if (isLocal) {
    return [
      info.url === ""
        ? good("webhook", "none, so that npm run dev -- --telegram can poll")
        : bad(
            "webhook",
            `updates go to ${info.url}, not to this machine`,
            "npm run dev -- --telegram cannot poll while it is set: npm run setup deletes it",
          ),
    ];
  }
  if (info.url === "")
    return [
      bad(
        "webhook",
        "none is set: Telegram has nowhere to send updates",
        "npm run deploy (or --local, if the bot is to run here only)",
      ),
    ];
  const wanted = url === undefined ? undefined : `${url.replace(/\/+$/, "")}/telegram/webhook`;
  if (wanted !== undefined && info.url !== wanted)
    return [bad("webhook", `it is ${info.url}, expected ${wanted}`, "npm run deploy")];
  if (addressOfWebhook(info.url) === undefined)
    return [bad("webhook", `${info.url} is no address of this bot's: expected …/telegram/webhook`, "npm run deploy")];
  return [good("webhook", info.url), deliveryOf(info, now), updatesOf(info)];
}

function deliveryOf(info: WebhookInfo, now: number): Finding {
  const pending = info.pending_update_count;
  const erredAt = (info.last_error_date ?? 0) * 1000;
  const error = info.last_error_message ?? "no reason";
  const ago = `${span(now - erredAt)} ago`;
  if (pending > 0 && erredAt > 0)
    return bad("delivery", `${pending} updates wait; Telegram says, ${ago}: ${error}`, todoOf(error));
  if (erredAt > 0 && now - erredAt < RECENT_ERROR_MS)
    return bad("delivery", `nothing waits, but ${ago} Telegram had: ${error}`, todoOf(error));
  return good("delivery", `${pending} updates wait, no error lately`);
}

function todoOf(error: string): string {
  if (/401/.test(error)) return "the Worker's TELEGRAM_WEBHOOK_SECRET is not the registered one: npm run deploy";
  if (/404/.test(error)) return "there is no such Worker at that address: npm run deploy";
  return "npm run tail shows what the Worker does with them";
}

function updatesOf(info: WebhookInfo): Finding {
  const allowed = new Set(info.allowed_updates ?? []);
  const missing = ALLOWED_UPDATES.filter((kind) => !allowed.has(kind));
  const extra = [...allowed].filter((kind) => !(ALLOWED_UPDATES as readonly string[]).includes(kind));
  if (missing.length === 0 && extra.length === 0) return good("updates", `${ALLOWED_UPDATES.length} kinds, as wanted`);
  const said = [
    ...(missing.length > 0 ? [`not sent: ${missing.join(", ")}`] : []),
    ...(extra.length > 0 ? [`not wanted: ${extra.join(", ")}`] : []),
  ];
  return bad("updates", said.join("; "), "npm run deploy registers them");
}

function skewOf(what: string, date: number | undefined, now: number): Finding {
  if (date === undefined) return skipped(what, "the answer had no date");
  const skewMs = Math.abs(now - date);
  if (skewMs <= LARGEST_SKEW_MS) return good(what, "agrees with Telegram's");
  return bad(
    what,
    `this machine's clock is ${span(skewMs)} ${now > date ? "ahead" : "behind"}: now it says ${clock(now)} UTC`,
    "set it by the network; times shown here are wrong by as much",
  );
}

const healthSchema = z.object({ status: z.string(), version: z.string(), problems: z.array(z.string()).catch([]) });

/** The Worker, by what it says of itself. */
export async function checkWorker(url: string): Promise<Finding[]> {
  const answer = await ask(`${url}/health`);
  if (!answer) return [bad("worker", `${url} cannot be reached`, "npm run deploy (locally: npm run dev)")];
  const health = healthSchema.safeParse(answer.body);
  if (!health.success)
    return [
      bad(
        "worker",
        `${url}/health answered ${answer.status} with something else than Turnkeeper's`,
        "check the address (--url)",
      ),
    ];
  const { version, problems } = health.data;
  return [
    version === VERSION
      ? good("version", `${version}, as here`)
      : bad("version", `${version} is deployed, here is ${VERSION}`, "npm run deploy"),
    ...(problems.length === 0
      ? [good("worker", `${url} has every setting that it needs`)]
      : problems.map((problem) => bad("worker", problem, "npm run setup, or npx wrangler secret put NAME"))),
  ];
}

/** An empty update with our secret: 400 is what it should be told, 401 would be Telegram's fate, too. */
export async function checkSecret(url: string, local: LocalSettings): Promise<Finding> {
  const secret = local.TELEGRAM_WEBHOOK_SECRET;
  if (!secret) return skipped("secret", "TELEGRAM_WEBHOOK_SECRET is not known here");
  const answer = await ask(`${url}/telegram/webhook`, {
    method: "POST",
    headers: { "x-telegram-bot-api-secret-token": secret, "content-type": "application/json" },
    body: "{}",
  });
  if (answer?.status === 400) return good("secret", "the Worker knows the webhook secret that is known here");
  if (answer?.status === 401)
    return bad(
      "secret",
      "the Worker has another TELEGRAM_WEBHOOK_SECRET than is known here",
      "npm run setup puts the same into both",
    );
  return bad(
    "secret",
    `the webhook answered ${answer?.status ?? "nothing"}, expected 400 to an empty update`,
    "npm run tail shows why",
  );
}

const poolsSchema = z.object({
  pools: z.array(
    z.object({
      provider: z.string(),
      credentials: z.array(
        z.object({ id: z.string(), state: z.string(), until: z.number().nullable(), reason: z.string().nullable() }),
      ),
    }),
  ),
});

export async function checkPools(url: string, local: LocalSettings): Promise<Finding[]> {
  if (!local.ADMIN_TOKEN) return [skipped("pools", "ADMIN_TOKEN is not known here, so they cannot be asked after")];
  let text: string;
  try {
    text = await new AdminClient(url, local.ADMIN_TOKEN).get("/admin/pools");
  } catch (error) {
    return [
      bad(
        "pools",
        error instanceof Unmet ? error.message : "they cannot be asked after",
        "npx wrangler secret put ADMIN_TOKEN, and the same in .dev.vars",
      ),
    ];
  }
  const read = poolsSchema.safeParse(JSON.parse(text));
  if (!read.success) return [bad("pools", "the answer cannot be read", "npm run deploy: the versions may differ")];
  if (read.data.pools.length === 0) return [bad("pools", "there is no key of any provider", "npm run setup")];
  return read.data.pools.map(({ provider, credentials }) => {
    const ready = credentials.filter(({ state }) => state === "ready").length;
    const others = credentials
      .filter(({ state }) => state !== "ready")
      .map(
        ({ id, state, until, reason }) =>
          `${id} ${state}${until === null ? "" : ` until ${clock(until)} UTC`}${reason ? ` (${reason})` : ""}`,
      );
    const says = [`${ready} of ${credentials.length} ready`, ...others].join("; ");
    if (ready > 0 && !credentials.some(({ state }) => state === "disabled")) return good(`pool ${provider}`, says);
    return bad(
      `pool ${provider}`,
      says,
      "a key that is off must be replaced; /pool (owners) or /admin lifts one that is well again",
    );
  });
}

async function ask(
  url: string,
  init: RequestInit = {},
): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(WORKER_ANSWER_MS) });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  } catch {
    return undefined;
  }
}
