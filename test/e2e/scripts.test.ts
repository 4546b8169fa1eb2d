import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ModelStandIn } from "../../playground/model.ts";
import { ADA, BOT_TOKEN } from "../../playground/telegram/cast.ts";
import { TelegramStandIn } from "../../playground/telegram.ts";
import { ALLOWED_UPDATES } from "../../src/telegram/inbound.ts";
import { ADMIN_TOKEN, KEYS, startWorld, WEBHOOK_SECRET, type World } from "./harness/world.ts";
import { newcomer, says } from "./scene.ts";
import { type Ran, run, runFile } from "./scripts-run.ts";

const ADDRESS = "https://turnkeeper.test.workers.dev";
const WRANGLER = join(import.meta.dirname, "scripts-wrangler.ts");

/** Without an account: wrangler is a stand-in, as Telegram and the model are. */
describe("setting up and deploying", () => {
  let directory: string;
  let telegram: TelegramStandIn;
  let model: ModelStandIn;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "turnkeeper-scripts-"));
    telegram = await TelegramStandIn.start();
    model = await ModelStandIn.start();
  });
  afterEach(async () => {
    await Promise.all([telegram.close(), model.close()]);
    rmSync(directory, { recursive: true, force: true });
  });

  const envFile = (): string => join(directory, ".dev.vars");
  const wrangler = (orders: object = {}): Record<string, string> => ({
    TURNKEEPER_WRANGLER: WRANGLER,
    STAND_IN: JSON.stringify({ record: join(directory, "calls"), target: ADDRESS, ...orders }),
  });
  const telegramOnly = (): Record<string, string> => ({
    TELEGRAM_API_ROOT: telegram.url,
    TELEGRAM_BOT_TOKEN: BOT_TOKEN,
  });
  const everything = (): Record<string, string> => ({
    ...telegramOnly(),
    OPENAI_BASE_URL: model.baseUrl,
    OPENAI_API_KEYS: KEYS.join(","),
  });
  const setup = (args: readonly string[], env: Record<string, string>, hear?: (all: string) => void): Promise<Ran> =>
    run("setup", ["--yes", "--settings", envFile(), "--model", "openai/stand-in", ...args], {
      env,
      ...(hear ? { hear } : {}),
    });
  const calls = (): { args: string[]; input?: string }[] =>
    existsSync(join(directory, "calls"))
      ? readFileSync(join(directory, "calls"), "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
      : [];
  const secretsIn = (ran: Ran): string[] => {
    const written = existsSync(envFile()) ? Object.entries(parseEnv(readFileSync(envFile(), "utf8"))) : [];
    const own = written.filter(([name]) => /TOKEN|SECRET|KEY/.test(name)).map(([, value]) => value ?? "");
    return [BOT_TOKEN, ...KEYS, ...own].filter((secret) => secret !== "" && ran.all.includes(secret));
  };

  it("sets up a local bot: finds its owner by the code, tries the keys, writes .dev.vars, greets", async () => {
    writeFileSync(envFile(), "# mine\nSTREAM=draft\n");
    let hasWritten = false;
    const ran = await setup([], everything(), (all) => {
      const code = /start (\d{6})/.exec(all)?.[1];
      if (code === undefined || hasWritten) return;
      hasWritten = true;
      telegram.people.write(ADA.id, "hello, not the code");
      telegram.people.write(ADA.id, `/start ${code}`);
    });
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    const text = readFileSync(envFile(), "utf8");
    expect(text).toContain("# mine\nSTREAM=draft\n");
    expect(statSync(envFile()).mode & 0o777).toBe(0o600);
    const written = parseEnv(text);
    expect(written).toMatchObject({
      TELEGRAM_BOT_TOKEN: BOT_TOKEN,
      OWNERS: String(ADA.id),
      MODEL: "openai/stand-in",
      OPENAI_API_KEYS: KEYS.join(","),
    });
    expect(written.ADMIN_TOKEN).toMatch(/^[\w-]{43}$/);
    expect(written.TELEGRAM_WEBHOOK_SECRET).not.toBe(written.ADMIN_TOKEN);
    expect(new Set(model.requests.map(({ key }) => key))).toEqual(new Set(KEYS));
    expect(telegram.said(ADA.id).map(({ text: said }) => said)).toEqual([expect.stringContaining("I am set up.")]);
    expect(telegram.updates.pending()).toHaveLength(2);
    expect(secretsIn(ran)).toEqual([]);
  });

  it("can be repeated: what is known stays, byte for byte, and nothing is asked", async () => {
    const args = ["--owner", "1001", "--no-first-message"];
    await setup(args, everything());
    const before = readFileSync(envFile(), "utf8");
    const again = await setup(["--no-first-message"], {});
    expect(again.all).toContain("write nothing new");
    expect(again.code).toBe(0);
    expect(readFileSync(envFile(), "utf8")).toBe(before);
  });

  it("puts a bot on Cloudflare: deploys, puts secrets by standard input, registers, greets", async () => {
    const ran = await setup(["--target", "cloudflare", "--owner", String(ADA.id)], { ...everything(), ...wrangler() });
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    expect(calls().map(({ args }) => args.join(" "))).toEqual(["whoami --json", "deploy", "secret bulk"]);
    const secrets: Record<string, string> = JSON.parse(calls()[2]?.input ?? "{}");
    expect(secrets).toMatchObject({ TELEGRAM_BOT_TOKEN: BOT_TOKEN, OPENAI_API_KEYS: KEYS.join(","), OWNERS: "1001" });
    expect(Object.values(secrets)).not.toContain("");
    const { values } = telegram.callsOf("setWebhook")[0] ?? { values: {} };
    expect(values).toMatchObject({ url: `${ADDRESS}/telegram/webhook`, secret_token: secrets.TELEGRAM_WEBHOOK_SECRET });
    expect(telegram.callsOf("setMyCommands").length).toBeGreaterThan(2);
    expect(telegram.said(ADA.id)).toHaveLength(1);
    expect(secretsIn(ran)).toEqual([]);
  });

  it.each([
    ["no token", {}, [], "TELEGRAM_BOT_TOKEN is not set: expected the token that BotFather gave"],
    ["a token that Telegram does not know", { TELEGRAM_BOT_TOKEN: "1:wrong" }, [], "Telegram does not know this token"],
    ["no key", { OPENAI_API_KEYS: "" }, ["--owner", "1"], "OPENAI_API_KEYS is not set: expected one or more keys"],
    ["nobody who writes", {}, ["--wait", "0.2"], "Nobody sent the code"],
    ["a model that is none", {}, ["--owner", "1", "--model", "gpt"], "--model: expected provider/model"],
    ["an owner that is none", {}, ["--owner", "@ada"], "--owner: expected user ids"],
    ["an option that is none", {}, ["--colour"], "Unknown option '--colour'"],
  ])("says in one line what is wrong with %s, and writes nothing", async (what, change, args, expected) => {
    const env: Record<string, string> = { ...everything(), ...change };
    if (what === "no token") delete env.TELEGRAM_BOT_TOKEN;
    const ran = await setup(args, { ...env, ...wrangler() });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(expected);
    expect(ran.stderr.trim().split("\n")).toHaveLength(1);
    expect(existsSync(envFile())).toBe(false);
    expect(secretsIn(ran)).toEqual([]);
  });

  it("gives a verdict on each key by its fingerprint, and goes on if one works", async () => {
    model.door({ kind: "dead" }, KEYS[0]);
    const args = ["--owner", "1001", "--no-first-message"];
    const one = await setup(args, everything());
    expect(one.all).toMatch(/⚠ Key [0-9a-f]{12} does not: the provider does not accept this key \(/);
    expect(one.all).toMatch(/✓ Key [0-9a-f]{12} works\./);
    expect(one.code).toBe(0);
    model.door({ kind: "out_of_credit" });
    const none = await setup(args, everything());
    expect(none.stderr).toContain("✗ No key of openai works with stand-in");
    expect(none.code).toBe(1);
    expect(secretsIn(none)).toEqual([]);
  });

  it("touches a webhook only when told to, since somebody else may live there", async () => {
    telegram.updates.setWebhook({ url: "https://elsewhere.example/hook" });
    const refused = await setup([], everything());
    expect(refused.all).toContain("https://elsewhere.example/hook");
    expect(refused.stderr).toContain("expected --owner ID, or --delete-webhook");
    expect(telegram.callsOf("deleteWebhook")).toEqual([]);
    const told = await setup(["--owner", "1001", "--delete-webhook"], everything());
    expect(told.code).toBe(0);
    expect(telegram.callsOf("deleteWebhook")).toHaveLength(1);
  });

  it("never shows a secret, though wrangler quotes them all when it fails", async () => {
    const env = { ...everything(), ...wrangler({ fails: "secret bulk" }) };
    const ran = await setup(["--target", "cloudflare", "--owner", "1001"], env);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("its secrets could not be put: ✘ [ERROR] it was refused");
    expect(secretsIn(ran)).toEqual([]);
  });

  it("deploys, with wrangler's own arguments, and registers from here what is not registered by the Worker", async () => {
    const env = { ...telegramOnly(), ...wrangler(), TELEGRAM_WEBHOOK_SECRET: WEBHOOK_SECRET, OWNERS: "1001" };
    const ran = await run("deploy", ["--direct", "--name", "mine", "--keep-vars"], { env });
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    expect(calls()).toEqual([{ args: ["deploy", "--name", "mine", "--keep-vars"] }]);
    expect(telegram.updates.info()).toMatchObject({
      url: `${ADDRESS}/telegram/webhook`,
      allowed_updates: [...ALLOWED_UPDATES],
    });
    expect(ran.all).toContain(`✓ Telegram sends this bot's updates to ${ADDRESS}/telegram/webhook`);
  });

  it("says in one line why a deployment or a registration did not work", async () => {
    const env = { ...telegramOnly(), TELEGRAM_WEBHOOK_SECRET: "not allowed!" };
    const refused = await run("deploy", ["--direct"], { env: { ...env, ...wrangler() } });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe(
      '✗ The Worker is deployed, but not registered at Telegram: setWebhook was refused: Telegram says "Bad Request: secret token contains unallowed characters".\n',
    );
    const failed = await run("deploy", ["--direct"], { env: { ...env, ...wrangler({ fails: "deploy" }) } });
    expect(failed.stderr).toContain("✗ wrangler deploy ended with code 1");
    const nowhere = await run("deploy", [], {
      env: { ...env, ...wrangler({ target: "example.com/* (zone name: example.com)" }) },
    });
    expect(nowhere.stderr).toContain("wrangler named no address: say it with --url");
    expect((await run("deploy", ["--url", "x"], { env: wrangler() })).stderr).toContain("--url: expected an address");
  });

  it.each(["deploy", "tail"])("%s says that nobody is signed in to Cloudflare, and how that is done", async (name) => {
    const says = "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN environment variable";
    const ran = await run(name, [], { env: wrangler({ fails: name, says }) });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("✗ wrangler is not signed in to Cloudflare: expected `npx wrangler login`");
  });

  it("builds by a dry run with the real wrangler, offline, and registers nothing", async () => {
    const ran = await run("deploy", ["--dry-run", "--outdir", join(directory, "out")], {
      env: { ...telegramOnly(), TELEGRAM_WEBHOOK_SECRET: WEBHOOK_SECRET, HTTPS_PROXY: "http://127.0.0.1:9" },
    });
    expect(ran.code).toBe(0);
    expect(existsSync(join(directory, "out", "index.js"))).toBe(true);
    expect(telegram.calls).toEqual([]);
  });

  it("tails what wrangler tails, as a timeline of one chat", async () => {
    const path = join(directory, "tail");
    const line = (session: string): string =>
      JSON.stringify(
        { outcome: "ok", logs: [{ message: [JSON.stringify({ event: "run.started", session })], timestamp: 1 }] },
        null,
        2,
      );
    writeFileSync(path, `Successfully created tail\n${line("telegram:-2001")}\n${line("telegram:5")}\n`);
    const ran = await run("tail", ["-2001", "--status", "ok"], { env: wrangler({ tail: path }) });
    expect(calls()[0]?.args).toEqual(["tail", "--format", "json", "--status", "ok"]);
    expect(ran.stdout).toBe("Successfully created tail\n00:00:00.001  telegram:-2001            run.started\n");
    const failed = await run("tail", [], { env: wrangler({ fails: "tail" }) });
    expect([failed.code, failed.stderr.includes("✗ wrangler tail ended with code 1")]).toEqual([1, true]);
  });
});

describe("looking after a bot that runs", () => {
  let world: World;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "turnkeeper-scripts-"));
    writeFileSync(join(directory, "empty.env"), "");
    world = await startWorld();
  });
  afterAll(async () => {
    await world?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const known = (change: Record<string, string> = {}): Record<string, string> => ({
    TELEGRAM_API_ROOT: world.telegram.url,
    TELEGRAM_BOT_TOKEN: BOT_TOKEN,
    TELEGRAM_WEBHOOK_SECRET: WEBHOOK_SECRET,
    ADMIN_TOKEN,
    ...change,
  });
  const nothing = (): string[] => ["--settings", join(directory, "empty.env")];

  it("registers by the Worker, and the doctor finds nothing wrong", async () => {
    const orders = JSON.stringify({ record: join(directory, "calls"), target: world.worker.url });
    const deployed = await run("deploy", [], { env: { ...known(), TURNKEEPER_WRANGLER: WRANGLER, STAND_IN: orders } });
    expect(deployed.all).toContain("by its /admin/webhook");
    expect(deployed.code).toBe(0);
    const ran = await run("doctor", nothing(), { env: known() });
    expect(ran.all).not.toContain("✗");
    expect(ran.code).toBe(0);
    for (const what of [
      "token",
      "clock",
      "webhook",
      "delivery",
      "updates",
      "menu",
      "version",
      "worker",
      "secret",
      "pool openai",
    ]) {
      expect(ran.all).toMatch(new RegExp(`^✓ ${what} `, "m"));
    }
    expect(ran.all).toContain("2 of 2 ready");
    expect([BOT_TOKEN, WEBHOOK_SECRET, ADMIN_TOKEN, ...KEYS].filter((secret) => ran.all.includes(secret))).toEqual([]);
  });

  it.each([
    [
      "another webhook secret",
      { TELEGRAM_WEBHOOK_SECRET: "not-the-one" },
      [],
      "✗ secret         the Worker has another TELEGRAM_WEBHOOK_SECRET",
    ],
    ["another admin token", { ADMIN_TOKEN: "not-the-one" }, [], "does not take this ADMIN_TOKEN"],
    [
      "a token that is gone",
      { TELEGRAM_BOT_TOKEN: "1:gone" },
      [],
      "✗ token          Telegram does not know this token",
    ],
    ["another address", {}, ["--url", "http://127.0.0.1:9"], "expected http://127.0.0.1:9/telegram/webhook"],
    ["a bot that is to be local", {}, ["--local"], "not to this machine"],
    ["a setting that is wrong", { OWNERS: "ada" }, [], "✗ settings       OWNERS cannot be used: expected user ids"],
  ])("the doctor names %s, says what to do, and exits with 1", async (_what, change, args, expected) => {
    const ran = await run("doctor", [...nothing(), ...args], { env: known(change) });
    expect(ran.code).toBe(1);
    expect(ran.all).toContain(expected);
    expect(ran.all).toMatch(/^✗ .* → /m);
    expect(ran.stderr).toBe("");
  });

  it.each([
    ["doctor", ["--settings", "there-is-none.env"], "There is no there-is-none.env: expected settings"],
    ["why", ["1", "--url", "turnkeeper.test", "--admin-token", "t"], "--url: expected an address such as"],
  ])("%s says in one line what it was wrongly given", async (name, args, expected) => {
    const ran = await run(name, args);
    expect(ran).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^✗ [^\n]+\n$/) });
    expect(ran.stderr).toContain(expected);
  });

  it("tells why, exports the journal and replays it alike with the real session's rows", async () => {
    const one = newcomer(world);
    world.model.next({ text: "wombat answer" }, says("quokka question"));
    const sent = await one.tell("quokka question");
    await one.hears("wombat answer");
    await one.finished();
    const url = ["--url", world.worker.url];

    const why = await run("why", [String(one.chatId), ...url], { env: known() });
    expect(why.stderr).toBe("");
    expect(why.stdout).toContain(
      `Message ${sent.messageId} (update ${sent.updateId}) of user ${one.chatId} was accepted in epoch 1.`,
    );
    expect(why.stdout).toMatch(/Run \S+ began to answer it at once \(attempt 1\)/);
    expect(why.stdout).toMatch(/Run \S+ answered \(13 characters, 1 step, \d+ tokens\)/);
    expect(why.code).toBe(0);

    const exported = await run("journal", [one.session, ...url], { env: known() });
    expect(exported.stdout).not.toMatch(/quokka|wombat/);
    const path = join(directory, "journal.json");
    writeFileSync(path, exported.stdout);
    const replayed = await run("replay", [path]);
    expect(replayed.stdout).toMatch(/✓ this version decides all \d+ alike/);
    expect(replayed.code).toBe(0);

    const name = `made-by-a-test-${process.pid}`;
    const made = ["test.ts", "journal"].map((ending) => join(import.meta.dirname, `../core/replays/${name}.${ending}`));
    try {
      const asTest = await run("replay", [path, "--as-test", "--name", name]);
      expect(asTest.stdout).toContain(`✓ Wrote test/core/replays/${name}.test.ts`);
      const vitest = join(import.meta.dirname, "../../node_modules/vitest/vitest.mjs");
      const tested = await runFile(vitest, ["run", "--project", "core", `replays/${name}`]);
      expect(tested.stdout).toMatch(/Tests +2 passed/);
    } finally {
      for (const file of made) rmSync(file, { force: true });
    }

    writeFileSync(path, exported.stdout.replace('"answer"', '"say:failed"'));
    const differs = await run("replay", [path]);
    expect(differs.stdout).toMatch(/effects\.\d +"say:failed" +"answer"/);
    expect(differs.code).toBe(1);
  });

  it("says in one line which session, address, token or file was wanted", async () => {
    const url = ["--url", world.worker.url];
    const wrong: readonly (readonly [Promise<Ran>, string])[] = [
      [run("why", ["telegram:404", ...url], { env: known() }), "There is no session of that key"],
      [run("why", ["ada", ...url], { env: known() }), "ada is no session: expected a chat's id"],
      [run("why", ["1001", "soon", ...url], { env: known() }), "soon is no time and no number"],
      [run("why", ["1001", ...url], { env: known({ ADMIN_TOKEN: "not-the-one" }) }), "does not take this ADMIN_TOKEN"],
      [
        run("journal", ["1001", "--url", "http://127.0.0.1:9"], { env: known() }),
        "cannot be reached: expected a running bot",
      ],
      [run("why", ["1001", "25:99", ...url], { env: known() }), "25:99 is no time and no number"],
      [run("replay", [join(directory, "none.json")]), "cannot be read: expected a file that"],
      [run("replay", [directory]), "cannot be read: expected a file that"],
      [run("dev", ["--nonsense"]), "Unknown option '--nonsense'; --help says which there are"],
      [run("dev", ["--port", "none"]), "--port none: expected a whole number"],
      [
        run("replay", [join(import.meta.dirname, "../../package.json")]),
        "format is not as `npm run journal` writes it",
      ],
    ];
    for (const [running, expected] of wrong) {
      const ran = await running;
      expect(ran.stderr).toContain(expected);
      expect(ran.stderr.trim().split("\n")).toHaveLength(1);
      expect(ran.code).toBe(1);
    }
  });
});
