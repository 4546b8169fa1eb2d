import * as z from "zod";
import { distinct, isSendable, keysIn, type WrittenKey } from "./core/pool-keys.ts";

/**
 * Settings: what `wrangler secret put`, `.dev.vars` and the vars of wrangler.toml say, checked once at the border and
 * typed afterwards. A setting that is missing or wrong never throws: it becomes a `Problem` that names it and says what
 * was expected (never its value), and its default stands in.
 */

export interface Problem {
  readonly name: string;
  readonly expected: string;
  /** A required setting that is absent; everything else is a value that cannot be used. */
  readonly missing: boolean;
}

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

export interface ModelName {
  readonly provider: string;
  readonly model: string;
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
  const read = new Reader(env, problems);

  const providers = readProviders(env, problems);
  const chosen = read.model("MODEL", DEFAULT_MODEL) ?? parseModelName(DEFAULT_MODEL);
  const models = [...(chosen ? [chosen] : []), ...read.models("FALLBACK_MODELS", DEFAULT_MODEL)];
  const transcription = read.model("TRANSCRIPTION_MODEL", "openai/gpt-4o-mini-transcribe");
  if (transcription && WITHOUT_TRANSCRIPTIONS.has(transcription.provider)) {
    read.wrong(
      "TRANSCRIPTION_MODEL",
      "a model of a provider that offers /audio/transcriptions, such as openai or groq",
    );
  }
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
    fetchAllowHosts: (read.text("FETCH_ALLOW_HOSTS") ?? "").split(/[\s,]+/).filter((host) => host !== ""),
    ...(transcription ? { transcriptionModel: transcription } : {}),
    problems,
  };
}

/** Below this a timeout would end every run before a model can answer. */
const MIN_TIMEOUT_SECONDS = 0.1;
const MAX_SECONDS = 7 * 24 * 3600;

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

class Reader {
  readonly #env: RawEnvironment;
  readonly #problems: Problem[];

  constructor(env: RawEnvironment, problems: Problem[]) {
    this.#env = env;
    this.#problems = problems;
  }

  text(name: string): string | undefined {
    return textOf(this.#env[name]);
  }

  wrong(name: string, expected: string): void {
    this.#name({ name, expected, missing: false });
  }

  missing(name: string, expected: string): void {
    this.#name({ name, expected, missing: true });
  }

  /** A list with several mistakes is one setting to look at, and so is one that several models need. */
  #name(problem: Problem): void {
    if (!this.isNamed(problem.name)) this.#problems.push(problem);
  }

  isNamed(name: string): boolean {
    return this.#problems.some((problem) => problem.name === name);
  }

  required(name: string, pattern: RegExp, expected: string): string {
    const value = this.text(name);
    if (value === undefined) {
      this.missing(name, expected);
      return "";
    }
    // Used as it is all the same: it may work, and the line says what to look at if it does not.
    if (!pattern.test(value)) this.wrong(name, expected);
    return value;
  }

  /** Used as it is all the same, as a required one is. */
  forHeader(name: string): string | undefined {
    const value = this.text(name);
    if (value !== undefined && !/^[ -~]+$/.test(value))
      this.wrong(name, "characters of ASCII, for it goes into a header");
    return value;
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return fallback;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.wrong(name, `one of ${choices.join(", ")}`);
    return found ?? fallback;
  }

  optionalNumber(name: string, least: number, most: number, whole: boolean): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isFinite(number) || number < least || number > most || (whole && !Number.isInteger(number))) {
      this.wrong(name, `a ${whole ? "whole " : ""}number from ${least} to ${most}`);
      return undefined;
    }
    return number;
  }

  number(name: string, fallback: number, least: number, most: number, whole: boolean): number {
    return this.optionalNumber(name, least, most, whole) ?? fallback;
  }

  /** Seconds in the setting, milliseconds from here on. */
  seconds(name: string, fallback: number, least = 0): number {
    return Math.round(this.number(name, fallback, least, MAX_SECONDS, false) * 1000);
  }

  ids(name: string): number[] {
    const ids: number[] = [];
    for (const part of (this.text(name) ?? "").split(/[\s,]+/)) {
      if (part === "") continue;
      if (/^\d{1,16}$/.test(part)) ids.push(Number(part));
      else this.wrong(name, `user ids (whole numbers) separated by commas${name === "ALLOWED_USERS" ? ", or *" : ""}`);
    }
    return ids;
  }

  url(name: string, fallback: string): string {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const url = parseHttpUrl(value);
    if (url === undefined) this.wrong(name, "an http or https URL without a query");
    return url ?? fallback;
  }

  models(name: string, example: string): ModelName[] {
    const names: ModelName[] = [];
    for (const part of (this.text(name) ?? "").split(/[\s,]+/)) {
      if (part === "") continue;
      const parsed = parseModelName(part);
      if (parsed) names.push(parsed);
      else this.wrong(name, `provider/model, such as ${example}`);
    }
    return names;
  }

  /** The first of several is used; that the others are not is said. */
  model(name: string, example: string): ModelName | undefined {
    const [first, second] = this.models(name, example);
    if (second) this.wrong(name, `one provider/model, such as ${example}`);
    return first;
  }
}

/** A var of wrangler.toml may be any JSON: it is read as it would be written, so that it is used or named, not passed over. */
function textOf(value: unknown): string | undefined {
  const written: string | undefined = typeof value === "string" ? value : JSON.stringify(value ?? undefined);
  return written?.trim() || undefined;
}

/**
 * "openai/gpt-5-mini" → {provider, model}. The model may contain slashes. "my-llm" and "my_llm" are one provider: the names of
 * its settings (MY_LLM_BASE_URL) cannot tell them apart.
 */
export function parseModelName(text: string): ModelName | undefined {
  const match = /^([a-z0-9][a-z0-9_-]{0,63})\/(\S{1,200})$/i.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  return { provider: match[1].toLowerCase().replaceAll("-", "_"), model: match[2] };
}

function parseHttpUrl(text: string): string | undefined {
  try {
    const url = new URL(text);
    if ((url.protocol !== "http:" && url.protocol !== "https:") || /[?#]/.test(text)) return undefined;
    return text.replace(/\/+$/, "");
  } catch {
    return undefined;
  }
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
  read: Reader,
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

const mcpServersSchema = z.array(
  z.object({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,32}$/),
    url: z.url({ protocol: /^https?$/ }),
    headers: z.record(z.string(), z.string()).optional(),
  }),
);

function readMcpServers(read: Reader, problems: Problem[]): McpServer[] {
  const text = read.text("MCP_SERVERS");
  if (text === undefined) return [];
  try {
    return mcpServersSchema
      .parse(JSON.parse(text))
      .map(({ headers, ...server }) => (headers ? { ...server, headers } : server));
  } catch {
    problems.push({
      name: "MCP_SERVERS",
      expected: 'JSON such as [{"name":"docs","url":"https://…"}], a name being 1–32 letters, digits, _ and -',
      missing: false,
    });
    return [];
  }
}

function readSearch(read: Reader): Settings["search"] {
  const brave = read.forHeader("BRAVE_API_KEY");
  if (brave) return { kind: "brave", key: brave };
  const tavily = read.forHeader("TAVILY_API_KEY");
  if (tavily) return { kind: "tavily", key: tavily };
  const url = read.url("SEARXNG_URL", "");
  return url === "" ? undefined : { kind: "searxng", url };
}
