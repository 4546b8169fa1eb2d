import * as z from "zod";
import { type ModelName, parseModelName } from "./core/model-name.ts";
import { distinct, isSendable, keysIn, type WrittenKey } from "./core/pool-keys.ts";
import { type Problem, parseHttpUrl, SettingReader, textOf } from "./core/setting-reader.ts";

/**
 * Settings: what `wrangler secret put`, `.dev.vars` and the vars of wrangler.toml say, checked once at the border and
 * typed afterwards. A setting that is missing or wrong never throws: it becomes a `Problem` that names it and says what
 * was expected (never its value), and its default stands in.
 */

/**
 * One provider as configured. `keys` never leaves the Worker's memory. A server of one's own may need none: its pool is one
 * key without a character, and no key is sent.
 */
export interface ProviderSettings {
  readonly name: string;
  readonly keys: readonly WrittenKey[];
  readonly baseUrl?: string;
}

export type PoolStrategy = "fill_first" | "round_robin" | "least_used" | "random";
export type BusyMode = "queue" | "steer" | "interrupt";
export type StreamMode = "edit" | "draft" | "off";

export interface McpServer {
  readonly name: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Settings {
  readonly botToken: string;
  readonly webhookSecret: string;
  readonly adminToken?: string;
  readonly telegramApiRoot: string;
  /** "*": everybody. */
  readonly allowedUsers: "*" | readonly number[];
  readonly owners: readonly number[];
  /** `provider/model`, the first choice first. */
  readonly models: readonly ModelName[];
  readonly providers: ReadonlyMap<string, ProviderSettings>;
  readonly poolStrategy: PoolStrategy;
  readonly poolWaitMs: number;
  readonly runIdleTimeoutMs: number;
  readonly runTimeoutMs: number;
  readonly busyMode: BusyMode;
  readonly stream: StreamMode;
  readonly richMessages: boolean;
  readonly queueLimit: number;
  readonly groupSessions: "shared" | "per_user";
  /** 0: never. */
  readonly idleResetMs: number;
  /** Hour 0–23 (UTC unless the person set a time zone); undefined: never. */
  readonly dailyResetHour?: number;
  readonly askTimeoutMs: number;
  readonly maxSteps: number;
  readonly mcpServers: readonly McpServer[];
  readonly persona?: string;
  readonly search?: { readonly kind: "brave" | "tavily" | "searxng"; readonly key?: string; readonly url?: string };
  /** Messages one person may have accepted in a minute; 0: no limit. */
  readonly userRatePerMinute: number;
  /** US dollars one person may spend in a day; 0: no limit. */
  readonly userDailyBudgetUsd: number;
  /** Other bots that may write here, by user id. */
  readonly allowedBots: readonly number[];
  readonly retentionDays: number;
  /** Tokens of a conversation that a model is shown at the most. */
  readonly contextTokens: number;
  /** Hosts that fetch_page may reach although they are private: for the playground and for tests. */
  readonly fetchAllowHosts: readonly string[];
  /** Hears voice messages, as `provider/model`. */
  readonly transcriptionModel?: ModelName;
  readonly problems: readonly Problem[];
}

/** Providers that are known by name; any other is defined by its `_BASE_URL` alone. */
export const KNOWN_PROVIDERS = [
  "openai",
  "anthropic",
  "google",
  "openrouter",
  "groq",
  "mistral",
  "xai",
  "deepseek",
  "workersai",
] as const;

/** Providers with another dialect for speech, or none. */
export const WITHOUT_TRANSCRIPTIONS: ReadonlySet<string> = new Set(["anthropic", "google", "deepseek"]);

/** What `workersai` has in place of keys. */
export const AI_BINDING = "AI";

function isKnown(provider: string): boolean {
  return (KNOWN_PROVIDERS as readonly string[]).includes(provider);
}

const KEYS_EXPECTED = "one or more API keys, separated by commas or white space";

export const DEFAULT_MODEL = "openai/gpt-5-mini";

/** The raw environment as the platform hands it over: strings beside bindings. */
export type RawEnvironment = Readonly<Record<string, unknown>>;

export function readSettings(env: RawEnvironment): Settings {
  const problems: Problem[] = [];
  const read = new SettingReader(env, problems);

  const providers = readProviders(env, problems);
  const chosen = read.model("MODEL", DEFAULT_MODEL) ?? parseModelName(DEFAULT_MODEL);
  const models = [...(chosen ? [chosen] : []), ...read.models("FALLBACK_MODELS", DEFAULT_MODEL)];
  const transcription = readTranscription(read);
  nameWhatModelsLack(transcription ? [...models, transcription] : models, providers, env, read);

  const adminToken = read.forHeader("ADMIN_TOKEN");
  const dailyResetHour = read.optionalNumber("SESSION_DAILY_RESET_HOUR", 0, 23, true);
  const persona = read.text("PERSONA");
  const search = readSearch(read);

  return {
    botToken: read.required(
      "TELEGRAM_BOT_TOKEN",
      /^\d+:[\w-]+$/,
      "a bot token such as 123456:ABC…, as BotFather gives it",
    ),
    webhookSecret: read.required(
      "TELEGRAM_WEBHOOK_SECRET",
      /^[\w-]{1,256}$/,
      "1–256 characters of A–Z, a–z, 0–9, _ and -",
    ),
    ...(adminToken ? { adminToken } : {}),
    telegramApiRoot: read.url("TELEGRAM_API_ROOT", "https://api.telegram.org"),
    allowedUsers: read.text("ALLOWED_USERS") === "*" ? "*" : read.ids("ALLOWED_USERS"),
    owners: read.ids("OWNERS"),
    models,
    providers,
    poolStrategy: read.choice("POOL_STRATEGY", ["fill_first", "round_robin", "least_used", "random"], "fill_first"),
    poolWaitMs: read.seconds("POOL_WAIT_SECONDS", 300),
    runIdleTimeoutMs: read.seconds("RUN_IDLE_TIMEOUT_SECONDS", 180, MIN_TIMEOUT_SECONDS),
    runTimeoutMs: read.seconds("RUN_TIMEOUT_SECONDS", 1800, MIN_TIMEOUT_SECONDS),
    busyMode: read.choice("BUSY_MODE", ["queue", "steer", "interrupt"], "queue"),
    stream: read.choice("STREAM", ["edit", "draft", "off"], "edit"),
    richMessages: read.choice("RICH_MESSAGES", ["on", "off"], "on") === "on",
    queueLimit: read.number("QUEUE_LIMIT", 50, 0, 1000, true),
    groupSessions: read.choice("GROUP_SESSIONS", ["shared", "per_user"], "shared"),
    idleResetMs: read.number("SESSION_IDLE_RESET_MINUTES", 0, 0, 525_600, false) * 60_000,
    ...(dailyResetHour === undefined ? {} : { dailyResetHour }),
    askTimeoutMs: read.seconds("ASK_TIMEOUT_SECONDS", 3600, MIN_TIMEOUT_SECONDS),
    maxSteps: read.number("MAX_STEPS", 24, 1, 1000, true),
    mcpServers: readMcpServers(read, problems),
    ...(persona ? { persona } : {}),
    ...(search ? { search } : {}),
    userRatePerMinute: read.number("USER_RATE_PER_MINUTE", 0, 0, 10_000, true),
    userDailyBudgetUsd: read.number("USER_DAILY_BUDGET_USD", 0, 0, 1_000_000, false),
    allowedBots: read.ids("ALLOWED_BOTS"),
    retentionDays: read.number("RETENTION_DAYS", 90, 1, 36_500, false),
    contextTokens: read.number("CONTEXT_TOKENS", 40_000, 2_000, 2_000_000, true),
    fetchAllowHosts: read.hosts("FETCH_ALLOW_HOSTS"),
    ...(transcription ? { transcriptionModel: transcription } : {}),
    problems,
  };
}

/** Below this a timeout would end every run before a model can answer. */
const MIN_TIMEOUT_SECONDS = 0.1;

/** "openai" → "OPENAI". */
export function environmentName(provider: string): string {
  return provider.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}

/** One clear line per problem, for the log, /health and an owner. */
export function describeProblem(problem: Problem): string {
  return problem.missing
    ? `${problem.name} is not set: expected ${problem.expected}.`
    : `${problem.name} cannot be used: expected ${problem.expected}.`;
}

/** A path is put after it; a whole endpoint has one already. */
function parseBaseUrl(text: string): string | undefined {
  const url = parseHttpUrl(text);
  return url === undefined || /\/(?:chat\/completions|messages)$/.test(url) ? undefined : url;
}

const PROVIDER_SETTING = /^([A-Z0-9][A-Z0-9_]*?)_(API_KEYS|API_KEY|BASE_URL)$/;

function readProviders(env: RawEnvironment, problems: Problem[]): ReadonlyMap<string, ProviderSettings> {
  const found = new Map<string, { written: WrittenKey[]; garbled: string[]; baseUrl?: string; isAstray?: true }>();
  for (const name of Object.keys(env)) {
    const match = PROVIDER_SETTING.exec(name);
    const value = match ? textOf(env[name]) : undefined;
    if (!match?.[1] || value === undefined) continue;
    const provider = match[1].toLowerCase();
    const entry = found.get(provider) ?? { written: [], garbled: [] };
    found.set(provider, entry);
    if (match[2] === "BASE_URL") {
      const url = parseBaseUrl(value);
      if (url !== undefined) entry.baseUrl = url;
      else {
        entry.isAstray = true;
        const expected = "an http or https URL up to and including the version, such as https://api.openai.com/v1";
        problems.push({ name, expected, missing: false });
      }
    } else {
      const keys = keysIn(value);
      entry.written.push(...keys);
      if (!keys.every(isSendable)) entry.garbled.push(name);
    }
  }
  const providers = new Map<string, ProviderSettings>();
  for (const [provider, { written, garbled, baseUrl, isAstray }] of found) {
    // BRAVE_API_KEY and its like are keys of other things.
    if (baseUrl === undefined && !isKnown(provider)) continue;
    for (const name of garbled) problems.push({ name, expected: `${KEYS_EXPECTED}, of ASCII`, missing: false });
    // Nobody knows where it is: what is meant for a host of one's own must not go to the provider's.
    const keys = isAstray ? [] : distinct(written.filter(isSendable));
    const needsNone = written.length === 0 && !isKnown(provider);
    providers.set(provider, {
      name: provider,
      keys: needsNone ? [{ key: "" }] : keys,
      ...(baseUrl ? { baseUrl } : {}),
    });
  }
  return providers;
}

function nameWhatModelsLack(
  models: readonly ModelName[],
  providers: Settings["providers"],
  env: RawEnvironment,
  read: SettingReader,
): void {
  for (const { provider } of models) {
    if ((providers.get(provider)?.keys.length ?? 0) > 0) continue;
    const [baseUrl, keys] = [`${environmentName(provider)}_BASE_URL`, `${environmentName(provider)}_API_KEYS`];
    // What is wrong with it is said already.
    if (read.isNamed(baseUrl) || read.isNamed(keys)) continue;
    if (provider === "workersai") {
      if (env[AI_BINDING] === undefined) read.missing(AI_BINDING, "the binding of Workers AI in wrangler.toml");
    } else if (isKnown(provider)) read.missing(keys, KEYS_EXPECTED);
    else {
      const where = "which MODEL, FALLBACK_MODELS or TRANSCRIPTION_MODEL names";
      read.missing(baseUrl, `the base URL of provider "${provider}", ${where}`);
    }
  }
}

/** Undefined: nobody hears voice messages, which the bot then says. */
function readTranscription(read: SettingReader): ModelName | undefined {
  const model = read.model("TRANSCRIPTION_MODEL", "openai/gpt-4o-mini-transcribe");
  if (!model || !WITHOUT_TRANSCRIPTIONS.has(model.provider)) return model;
  read.wrong("TRANSCRIPTION_MODEL", "a model of a provider that offers /audio/transcriptions, such as openai or groq");
  return undefined;
}

const mcpServersSchema = z.array(
  z.object({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,32}$/),
    url: z.url({ protocol: /^https?$/ }),
    headers: z.record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.string().regex(/^[ -~]*$/)).optional(),
  }),
);

function readMcpServers(read: SettingReader, problems: Problem[]): McpServer[] {
  const text = read.text("MCP_SERVERS");
  if (text === undefined) return [];
  try {
    return mcpServersSchema
      .parse(JSON.parse(text))
      .map(({ headers, ...server }) => (headers ? { ...server, headers } : server));
  } catch {
    problems.push({
      name: "MCP_SERVERS",
      expected:
        'JSON such as [{"name":"docs","url":"https://…"}], a name being 1–32 letters, digits, _ and -, headers of ASCII',
      missing: false,
    });
    return [];
  }
}

function readSearch(read: SettingReader): Settings["search"] {
  const brave = read.forHeader("BRAVE_API_KEY");
  if (brave) return { kind: "brave", key: brave };
  const tavily = read.forHeader("TAVILY_API_KEY");
  if (tavily) return { kind: "tavily", key: tavily };
  const url = read.url("SEARXNG_URL", "");
  return url === "" ? undefined : { kind: "searxng", url };
}
