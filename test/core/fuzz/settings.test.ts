import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeProblem, readSettings } from "../../../src/config.ts";
import { fuzz } from "./fuzz.ts";
import { oddText } from "./mangled.ts";

const NAMES =
  "TELEGRAM_BOT_TOKEN TELEGRAM_WEBHOOK_SECRET ADMIN_TOKEN TELEGRAM_API_ROOT ALLOWED_USERS OWNERS ALLOWED_BOTS MODEL FALLBACK_MODELS POOL_STRATEGY POOL_WAIT_SECONDS RUN_IDLE_TIMEOUT_SECONDS RUN_TIMEOUT_SECONDS BUSY_MODE STREAM RICH_MESSAGES QUEUE_LIMIT GROUP_SESSIONS SESSION_IDLE_RESET_MINUTES SESSION_DAILY_RESET_HOUR ASK_TIMEOUT_SECONDS MAX_STEPS MCP_SERVERS PERSONA BRAVE_API_KEY TAVILY_API_KEY SEARXNG_URL USER_RATE_PER_MINUTE USER_DAILY_BUDGET_USD RETENTION_DAYS CONTEXT_TOKENS FETCH_ALLOW_HOSTS TRANSCRIPTION_MODEL OPENAI_API_KEYS OPENAI_API_KEY OPENAI_BASE_URL MINE_BASE_URL MINE_API_KEYS __PROTO___BASE_URL".split(
    " ",
  );
/** In every value: whatever a problem says, it must not say this. */
const SECRET = "zq8SECRETzq8";

const value = fc.oneof(
  fc.constantFrom(
    "*",
    "on",
    "off",
    "edit",
    "queue",
    "1",
    "0",
    "-1",
    "1e3",
    "99999999999",
    "12.5",
    "0x10",
    " ",
    ",",
    ",,1001,,",
  ),
  fc.constantFrom(
    "openai/gpt-5-mini",
    "mine/m",
    "constructor/toString",
    "openai/",
    "/m",
    "a/b/c",
    "http://",
    "https://x.test/",
  ),
  fc.constantFrom('[{"name":"docs","url":"https://docs.test/mcp"}]', "[{}]", "[1", '{"name":"a"}', "null"),
  oddText,
);
const setting = fc.oneof(
  { weight: 6, arbitrary: value },
  { weight: 3, arbitrary: value.map((text) => `${text}${SECRET}`) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, 7, Number.NaN, true, {}, [], () => 1, Symbol("x")) },
);
const environment = fc.dictionary(
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: oddText }),
  setting,
  {
    maxKeys: 14,
    noNullPrototype: false,
  },
);

describe("settings, whatever stands in them", () => {
  it("are named once, however much of one is wrong and however many want it", () => {
    const { problems } = readSettings({
      TELEGRAM_BOT_TOKEN: "1:a",
      TELEGRAM_WEBHOOK_SECRET: "s",
      ALLOWED_USERS: "@ada, @bob, 12x",
      MODEL: "openai/one",
      FALLBACK_MODELS: "openai/two",
    });
    expect(problems.map(({ name }) => name)).toEqual(["OPENAI_API_KEYS", "ALLOWED_USERS"]);
  });

  fuzz("are read to sound values, never throw, and never put a value into a problem", 3_110, environment, (env) => {
    const settings = readSettings(env);
    for (const problem of settings.problems) {
      // The provider of a model is named, because it names the setting that is missing: it is no secret.
      const said = describeProblem(problem);
      const isOfModel =
        said.includes("which MODEL, FALLBACK_MODELS or TRANSCRIPTION_MODEL names") ||
        said.includes("one or more API keys");
      if (!isOfModel) expect(said).not.toContain(SECRET);
      expect(said).not.toContain("\n");
    }
    const numbers = [
      settings.poolWaitMs,
      settings.runIdleTimeoutMs,
      settings.runTimeoutMs,
      settings.queueLimit,
      settings.maxSteps,
      settings.retentionDays,
      settings.idleResetMs,
      settings.contextTokens,
    ];
    for (const number of numbers) expect(Number.isFinite(number) && number >= 0).toBe(true);
    expect(settings.runIdleTimeoutMs).toBeGreaterThan(0);
    expect(settings.models.length).toBeGreaterThan(0);
    for (const id of [...settings.owners, ...settings.allowedBots])
      expect(Number.isSafeInteger(id) || id > 2 ** 53).toBe(true);
  });
});
