import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { KNOWN_PROVIDERS, readSettings } from "../../src/config.ts";
import { COMMANDS } from "../../src/core/commands.ts";
import { VERSION } from "../../src/version.ts";
import { withoutComments } from "./imports.ts";

/** What the README promises is so. Prose is not checked; names, commands, defaults and links are. */

const ROOT = join(import.meta.dirname, "..", "..");
const DOCUMENTS = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "docs/architecture.md",
  "docs/decisions.md",
  "docs/security.md",
  "docs/costs.md",
  "docs/operations.md",
  "docs/scale.md",
  "docs/scenarios.md",
  "simulation/RECORD.md",
];
const readme = read("README.md");

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The text under a heading, up to the next one of the same or a higher level. */
function section(heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const start = readme.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`README.md has no heading "${heading}"`);
  const rest = readme.slice(start + heading.length + 2);
  const end = new RegExp(`^#{1,${level}} `, "m").exec(rest)?.index ?? rest.length;
  return rest.slice(0, end);
}

/** Cells of the rows of a table; header and rule are left out. */
function rows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
}

function codes(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}

describe("commands of the shell", () => {
  /** Every command that the README shows, with the test that runs it (or the folder of such): it must hold the words beside it. */
  const TESTED: Readonly<Record<string, { readonly test: string; readonly holds: string }>> = {
    "npm install": { test: "test/e2e/playground.test.ts", holds: '"scripts/start.mjs"' },
    "npm start": { test: "test/e2e/playground.test.ts", holds: '"scripts/start.mjs"' },
    "npm test": { test: ".ci/run", holds: "npm test" },
    "npm run setup": { test: "test/e2e/scripts.test.ts", holds: 'run("setup"' },
    "npm run deploy": { test: "test/e2e/scripts.test.ts", holds: 'run("deploy"' },
    "npm run deploy -- --dry-run": { test: "test/e2e/scripts.test.ts", holds: '"--dry-run"' },
    "npm run doctor": { test: "test/e2e/scripts.test.ts", holds: 'run("doctor"' },
    "npm run dev": { test: "test/e2e/playground.test.ts", holds: '"scripts/dev.ts"' },
    "npm run dev -- --telegram": { test: "test/e2e/playground.test.ts", holds: "npm run dev -- --telegram" },
    "npm run tail": { test: "test/e2e/scripts.test.ts", holds: 'run("tail"' },
    "npm run why -- 123456789": { test: "test/e2e/scripts.test.ts", holds: 'run("why"' },
    "npm run replay -- journal.json": { test: "test/e2e/scripts.test.ts", holds: 'run("replay"' },
    "npm run check": { test: "test/e2e/check.test.ts", holds: 'npm("types")' },
    "npm run bench -- --quick": { test: "test", holds: "../bench/" },
    "npm run simulate -- --seed 1 --minutes 60": { test: "test/simulation", holds: "../simulation/" },
    "npm run simulate -- --nightly --workers 2 --seed 20261122": { test: "test/simulation", holds: '"--workers", "2"' },
    "npm run campaign -- --kills 200 --under workerd": {
      test: "test/e2e/campaign.test.ts",
      holds: "scripts/campaign.ts",
    },
    // A night's work: these tests with more cases.
    "npm run fuzz -- --seed 20261123": { test: "test/core/fuzz", holds: "./fuzz.ts" },
    // By hand, with an account: what each of these settings does is what the settings' own tests show.
    "npx wrangler secret put TELEGRAM_BOT_TOKEN": { test: "test/e2e/scripts.test.ts", holds: "TELEGRAM_BOT_TOKEN" },
    "npx wrangler secret put TELEGRAM_WEBHOOK_SECRET": {
      test: "test/e2e/scripts.test.ts",
      holds: "TELEGRAM_WEBHOOK_SECRET",
    },
    "npx wrangler secret put ADMIN_TOKEN": { test: "test/e2e/scripts.test.ts", holds: "ADMIN_TOKEN" },
    "npx wrangler secret put OWNERS": { test: "test/e2e/scripts.test.ts", holds: "OWNERS" },
    "npx wrangler secret put OPENAI_API_KEYS": { test: "test/e2e/scripts.test.ts", holds: "OPENAI_API_KEYS" },
  };

  const shown = shellCommands(readme);

  test("are all in the table of what runs them, and nothing else is", () => {
    expect(shown.size).toBeGreaterThan(10);
    expect([...shown].sort()).toEqual(Object.keys(TESTED).sort());
  });

  test.each(Object.entries(TESTED))("%s is run by a test", (_command, { test: path, holds }) => {
    expect(existsSync(join(ROOT, path)), path).toBe(true);
    expect(testsAt(path).filter((test) => read(test).includes(holds))).not.toEqual([]);
  });

  test("of npm exist in package.json, wherever a document names them", () => {
    for (const document of DOCUMENTS) {
      const named = [...read(document).matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map((match) => match[1] ?? "");
      for (const name of named)
        expect(Object.keys(packageJson.scripts), `${document}: npm run ${name}`).toContain(name);
    }
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(["start", "test"]));
  });
});

/** The file itself, or the tests below a folder; not this one, which holds the words because it looks for them. */
function testsAt(path: string): string[] {
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts") && !file.endsWith("readme.test.ts"))
    .map((file) => `${path}/${file.replaceAll("\\", "/")}`);
}

/** Lines of ```sh blocks, parted at &&, and `npm …` in running text. */
function shellCommands(text: string): Set<string> {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap((match) => (match[1] ?? "").split("\n"));
  const inline = codes(text.replaceAll(/```[\s\S]*?```/g, "")).filter((code) => /^np[mx] /.test(code));
  return new Set([...blocks, ...inline].flatMap((line) => line.split("&&")).flatMap((part) => part.trim() || []));
}

describe("settings", () => {
  const table = rows(section("## Settings"));
  /** The names of a line, and its default; two cells may hold the names of several settings. */
  const documented = table.map(([names = "", , preset = ""]) => ({ names: codes(names), preset }));
  const names = documented.flatMap((line) => line.names).filter((name) => !name.startsWith("<"));
  const config = withoutComments(read("src/config.ts"));
  const readByConfig = new Set([...config.matchAll(/\bread(?:\.\w+)?\(\s*"([A-Z][A-Z_]+)"/g)].map((match) => match[1]));

  test("in the table are those that src/config.ts reads", () => {
    expect(readByConfig.size).toBeGreaterThan(25);
    expect([...readByConfig].sort()).toEqual([...names].sort());
  });

  test("of providers are read by their patterns", () => {
    const patterns = documented.flatMap((line) => line.names).filter((name) => name.startsWith("<PROVIDER>_"));
    const { providers } = readSettings({ OPENAI_API_KEYS: "a,b c@acme", MINE_BASE_URL: "https://a.test/v1" });
    expect(patterns).toEqual(["<PROVIDER>_API_KEYS", "<PROVIDER>_BASE_URL"]);
    expect(providers.get("openai")?.keys).toEqual([{ key: "a" }, { key: "b" }, { key: "c", account: "acme" }]);
    expect(providers.get("mine")?.baseUrl).toBe("https://a.test/v1");
    expect(readSettings({ GROQ_API_KEY: "a" }).providers.get("groq")?.keys).toHaveLength(1);
    for (const provider of KNOWN_PROVIDERS) expect(section("## Settings")).toContain(`\`${provider}\``);
  });

  /** What stands for a setting in the typed value, in the unit of the setting. */
  const settings = readSettings({});
  const VALUES: Readonly<Record<string, unknown>> = {
    TELEGRAM_BOT_TOKEN: requiredOr(settings.botToken, "TELEGRAM_BOT_TOKEN"),
    TELEGRAM_WEBHOOK_SECRET: requiredOr(settings.webhookSecret, "TELEGRAM_WEBHOOK_SECRET"),
    ADMIN_TOKEN: settings.adminToken ?? "none",
    TELEGRAM_API_ROOT: settings.telegramApiRoot,
    ALLOWED_USERS: emptyOr(settings.allowedUsers),
    OWNERS: emptyOr(settings.owners),
    ALLOWED_BOTS: emptyOr(settings.allowedBots),
    MODEL: settings.models.map(({ provider, model }) => `${provider}/${model}`).join(),
    FALLBACK_MODELS: emptyOr(settings.models.slice(1)),
    POOL_STRATEGY: settings.poolStrategy,
    POOL_WAIT_SECONDS: settings.poolWaitMs / 1000,
    RUN_IDLE_TIMEOUT_SECONDS: settings.runIdleTimeoutMs / 1000,
    RUN_TIMEOUT_SECONDS: settings.runTimeoutMs / 1000,
    BUSY_MODE: settings.busyMode,
    STREAM: settings.stream,
    RICH_MESSAGES: settings.richMessages ? "on" : "off",
    QUEUE_LIMIT: settings.queueLimit,
    GROUP_SESSIONS: settings.groupSessions,
    SESSION_IDLE_RESET_MINUTES: settings.idleResetMs / 60_000,
    SESSION_DAILY_RESET_HOUR: settings.dailyResetHour ?? "empty",
    ASK_TIMEOUT_SECONDS: settings.askTimeoutMs / 1000,
    MAX_STEPS: settings.maxSteps,
    MCP_SERVERS: settings.mcpServers.length === 0 ? "none" : settings.mcpServers,
    PERSONA: settings.persona ?? "a helpful assistant",
    BRAVE_API_KEY: settings.search ?? "none",
    TAVILY_API_KEY: settings.search ?? "none",
    SEARXNG_URL: settings.search ?? "none",
    TRANSCRIPTION_MODEL: settings.transcriptionModel ?? "none",
    USER_RATE_PER_MINUTE: settings.userRatePerMinute,
    USER_DAILY_BUDGET_USD: settings.userDailyBudgetUsd,
    CONTEXT_TOKENS: settings.contextTokens,
    RETENTION_DAYS: settings.retentionDays,
    FETCH_ALLOW_HOSTS: emptyOr(settings.fetchAllowHosts),
  };

  test("have the defaults that the table says", () => {
    const said = documented
      .filter(({ names: [name = ""] }) => !name.startsWith("<"))
      .flatMap(({ names: all, preset }) => all.map((name) => [name, preset.replaceAll("`", "")]));
    const are = Object.entries(VALUES).map(([name, value]) => [name, String(value)]);
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(are));
  });

  test("are those of the deploy button, where it asks for one", () => {
    const asked = Object.keys(packageJson.cloudflare.bindings);
    expect(asked.filter((name) => !names.includes(name) && !/_API_KEYS$/.test(name))).toEqual([]);
  });

  function requiredOr(value: string, name: string): string {
    const isRequired = settings.problems.some((problem) => problem.name === name && problem.missing);
    return value === "" && isRequired ? "required" : value;
  }
});

function emptyOr(list: string | readonly unknown[]): string {
  return list.length === 0 ? "empty" : String(list);
}

test("each command that the README lists exists, and each that exists is listed", () => {
  const text = section("## Commands");
  const listed = new Set(codes(text).flatMap((code) => /^\/([a-z_]+)$/.exec(code)?.[1] ?? []));
  const skills = [...listed].filter((name) => existsSync(join(ROOT, "skills", name, "SKILL.md")));
  const known = new Set<string>(COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]));
  const unknown = [...listed].filter((name) => !known.has(name) && !skills.includes(name));
  // /start is Telegram's own first button.
  const unlisted = COMMANDS.map(({ name }) => name).filter((name) => name !== "start" && !listed.has(name));
  expect({ unknown, unlisted }).toEqual({ unknown: [], unlisted: [] });
});

test("each tool that the README lists is offered, and each that is offered is listed", () => {
  const [, text = ""] = section("## Commands").split("The tools the model has:");
  const listed = codes(text.split("and those of")[0] ?? "");
  const offered = readdirSync(join(ROOT, "src/agent/tools")).flatMap((file) =>
    [...read(`src/agent/tools/${file}`).matchAll(/\bname: "([a-z_]+)",\n\s+description:/g)].map((match) => match[1]),
  );
  expect(offered.length).toBeGreaterThan(10);
  expect(listed.sort()).toEqual(offered.sort());
});

test("the table of dependencies is package.json's, with a reason each", () => {
  const table = rows(section("### Dependencies"));
  const listed = table.flatMap(([cell = ""]) => unfolded(cell.split(", ")));
  expect(listed.sort()).toEqual(Object.keys(packageJson.dependencies).sort());
  for (const [names, reason] of table) expect(reason, names).toMatch(/\w{4}/);
});

/** "a-b, -c": a-b and a-c; "@x/y-z, -w": @x/y-z and @x/w. */
function unfolded(names: readonly string[]): string[] {
  let stem = "";
  return names.map((name) => {
    if (name.startsWith("-")) return stem.endsWith("/") ? `${stem}${name.slice(1)}` : `${stem}${name}`;
    stem = name.includes("/") ? name.slice(0, name.indexOf("/") + 1) : name.replace(/-[a-z]+$/, "");
    return name;
  });
}

describe.each(DOCUMENTS)("%s", (path) => {
  const text = read(path);

  test("links only to what is there", () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/\b(?:src|href)="([^"]+)"/g)]
      .map((match) => match[1] ?? "")
      .filter((target) => !/^(?:https?:|mailto:)/.test(target));
    for (const target of targets) {
      const [file = "", anchor] = target.split("#");
      const full = file === "" ? join(ROOT, path) : join(ROOT, dirname(path), file);
      expect(existsSync(full), `${path} → ${target}`).toBe(true);
      if (anchor) expect(anchors(readFileSync(full, "utf8")), `${path} → ${target}`).toContain(anchor);
    }
  });

  test("names only files that are there", () => {
    const named = codes(text).filter((code) =>
      /^(?:src|test|scripts|docs|bench|playground|simulation|skills)\/[\w./-]+$/.test(code),
    );
    for (const name of named) expect(existsSync(join(ROOT, name)), `${path}: ${name}`).toBe(true);
  });

  test("quotes only tests that are there", () => {
    for (const [, file = "", name = ""] of text.matchAll(/`(test\/[\w./-]+)`: "([^"]+)"/g)) {
      expect(read(file), `${path}: ${file}`).toContain(name);
    }
  });

  test("names no path of a machine", () => {
    expect(text).not.toMatch(/\/(?:home|root|work|Users|tmp)\/\w/);
  });
});

function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test("the version is one everywhere", () => {
  expect(VERSION).toBe(packageJson.version);
  expect(read("CHANGELOG.md")).toMatch(new RegExp(`^## ${VERSION.replaceAll(".", "\\.")}\\b`, "m"));
});
