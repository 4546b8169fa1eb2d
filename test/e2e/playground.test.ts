import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeSettings } from "../../playground/env-file.ts";
import { freePort, listen } from "../../playground/listen.ts";
import { ModelStandIn } from "../../playground/model.ts";
import { ADA, BOT_TOKEN } from "../../playground/telegram/cast.ts";
import { TelegramStandIn } from "../../playground/telegram.ts";
import type { MessageView } from "../../playground/view.ts";
import { type EngineOptions, wranglerDev } from "../../playground/worker.ts";
import { bridge } from "../../scripts/bridge.ts";
import { PageEvents } from "./harness/page-events.ts";
import { Program } from "./harness/program.ts";
import { WorkerdAlone } from "./harness/workerd-alone.ts";
import { startWorld } from "./harness/world.ts";

let directory: string;
const programs: Program[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "turnkeeper-playground-"));
});
afterEach(() => {
  for (const program of programs.splice(0)) program.kill();
  rmSync(directory, { recursive: true, force: true });
});

function start(script: string, args: readonly string[], env: Readonly<Record<string, string>>): Program {
  const program = new Program(script, args, env);
  programs.push(program);
  return program;
}

async function isServed(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );
}

test("npm start opens the page, answers a message, and leaves nothing behind on Ctrl-C", async () => {
  const port = await freePort();
  // A key of a search service is none of a model's: the stand-in goes on answering.
  const settings = join(directory, "mine.env");
  writeFileSync(settings, writeSettings({ BRAVE_API_KEY: "search-key" }));
  const program = start("scripts/start.mjs", [], {
    PLAYGROUND_DIR: directory,
    PLAYGROUND_SETTINGS: settings,
    PORT: String(port),
  });
  const [, url = ""] = await program.line(/ready: (http:\/\/127\.0\.0\.1:\d+)$/);
  expect(url).toBe(`http://127.0.0.1:${port}`);
  // The maintainers' page is named in the line after it.
  const named = program.lines.filter((line) => line.includes("http://") && !line.includes("/admin"));
  expect(named).toEqual([expect.stringContaining(url)]);
  expect(await (await fetch(url)).text()).toContain("<title>Turnkeeper");

  const page = await PageEvents.open(url);
  const hello = await page.first("hello");
  expect(hello.chats).toContainEqual(expect.objectContaining({ id: ADA.id, type: "private" }));
  await page.act("write", { chat: ADA.id, text: "Good morning" });
  const answer = await page.find<MessageView>("message", ({ bot, html }) => bot && html.includes("Good morning"));
  expect(answer.html).toContain("<blockquote>");
  await page.find<{ event: string; outcome?: string }>(
    "log",
    (line) => line.event === "run.finished" && line.outcome === "answered",
  );

  const says = (words: RegExp) => page.find<MessageView>("message", ({ bot, html }) => bot && words.test(html));
  await page.act("keys", { mood: "out of credit" });
  await page.act("write", { chat: ADA.id, text: "Nobody pays" });
  await says(/ready at/);
  await page.act("keys", { mood: "all well" });
  await page.act("write", { chat: ADA.id, text: "Somebody paid" });
  await says(/<blockquote>.*Somebody paid/s);
  await expect(page.act("write", { chat: ADA.id, text: "x".repeat(40_001) })).rejects.toThrow(
    '{"error":"A message has at most 40,000 characters here."}',
  );
  await page.act("keys", { mood: "out of credit" });
  await page.act("write", { chat: ADA.id, text: "Nobody pays again" });
  await page.find<MessageView>("message", ({ bot, reply }) => bot && reply?.text === "Nobody pays again");
  page.close();

  const elsewhere = await fetch(`${url}/events`, { headers: { origin: "http://evil.example" } });
  expect(elsewhere.status).toBe(403);
  expect(await program.interrupt()).toBe(0);
  expect(await isServed(url)).toBe(false);

  // The keys of another start are well, whatever the pool remembers of the last one.
  const again = start("scripts/start.mjs", [], {
    PLAYGROUND_DIR: directory,
    PLAYGROUND_SETTINGS: settings,
    PORT: String(port),
  });
  await again.line(/ready: /);
  const fresh = await PageEvents.open(url);
  await fresh.act("write", { chat: ADA.id, text: "A new day" });
  await fresh.find<MessageView>("message", ({ bot, html }) => bot && /<blockquote>.*A new day/s.test(html));
  fresh.close();
  await again.interrupt();
});

test("a port that is none is named before anything is started", async () => {
  const program = start("scripts/start.mjs", [], { PLAYGROUND_DIR: directory, PORT: "none" });
  await program.line(/^The playground could not start: PORT is none, expected a whole number up to 65535$/);
});

test("with a key in .dev.vars the real model is asked instead of the stand-in", async () => {
  const model = await ModelStandIn.start({ manner: { firstByteMs: 0, tokensPerSecond: 500 } });
  const file = join(directory, "real.env");
  writeFileSync(
    file,
    writeSettings({ MODEL: "acme/clever", ACME_BASE_URL: model.baseUrl, ACME_API_KEY: "sk-real", ADMIN_TOKEN: "mine" }),
  );
  const program = start("scripts/start.mjs", [], {
    PLAYGROUND_DIR: directory,
    PLAYGROUND_SETTINGS: file,
    PORT: String(await freePort()),
  });
  const [, url = ""] = await program.line(/ready: (\S+)$/);
  const page = await PageEvents.open(url);
  expect((await page.first("hello")).stage).toMatchObject({ real: "acme/clever" });
  await page.act("write", { chat: ADA.id, text: "Are you real?" });
  expect((await model.waitForRequest("Are you real?")).key).toBe("sk-real");
  page.close();
  await program.interrupt();
  await model.close();
});

test("npm run dev -- --telegram bridges long polling to the webhook and acknowledges what was taken", async () => {
  const telegram = await TelegramStandIn.start();
  telegram.updates.setWebhook({ url: "https://bot.example/telegram/webhook" });
  const model = await ModelStandIn.start({ manner: { firstByteMs: 0, tokensPerSecond: 500 } });
  const file = join(directory, "dev.vars");
  writeFileSync(
    file,
    writeSettings({
      TELEGRAM_BOT_TOKEN: BOT_TOKEN,
      TELEGRAM_API_ROOT: telegram.url,
      ALLOWED_USERS: "*",
      MODEL: "openai/stand-in",
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_API_KEY: "sk-dev",
    }),
  );
  const port = String(await freePort());
  const args = ["--telegram", "--port", port, "--env-file", file, "--persist-to", join(directory, "state")];
  const program = start("scripts/dev.ts", args, {});
  await program.line(/webhook \(https:\/\/bot\.example\/telegram\/webhook\) is removed while this runs/);
  await program.line(/Listening to @turnkeeper_bot/);
  const sent = telegram.people.write(ADA.id, "Over the bridge");
  await telegram.waitFor(
    "an answer",
    () => telegram.said(ADA.id).find(({ rich, text }) => (rich?.plain ?? text).includes("Over the bridge")),
    30_000,
  );
  expect(await telegram.delivered(sent)).toBe(true);
  expect(program.lines.join("\n")).not.toContain(BOT_TOKEN);
  expect(await program.interrupt()).toBe(0);
  expect(await isServed(`http://127.0.0.1:${port}/health`)).toBe(false);
  await Promise.all([telegram.close(), model.close()]);
});

test("npm run dev -- --telegram tells a Telegram that is not there from a token that it does not know", async () => {
  const said: string[] = [];
  const to = { webhook: "http://127.0.0.1:9", secret: "s", say: (line: string) => void said.push(line) };
  const { signal } = new AbortController();
  const nowhere = bridge({ ...to, signal, apiRoot: "http://127.0.0.1:9", token: BOT_TOKEN });
  await expect(nowhere).rejects.toThrow(/^http:\/\/127.0.0.1:9 cannot be reached/);
  const telegram = await TelegramStandIn.start();
  const unknown = bridge({ ...to, signal, apiRoot: telegram.url, token: "1:unknown" });
  await expect(unknown).rejects.toThrow(/^Telegram does not know this bot token \(401 Unauthorized\)/);
  await telegram.close();
});

test.each([
  ["wrangler dev", wranglerDev()],
  ["workerd alone", (options: EngineOptions) => new WorkerdAlone(options)],
] as const)("%s does not take an answer from somebody else on its port for its own", async (_name, make) => {
  const somebodyElse = createServer((_request, response) => response.end("{}"));
  const port = await listen(somebodyElse, 0);
  const envFile = join(directory, "settings.env");
  writeFileSync(envFile, "");
  const said: string[] = [];
  const engine = make({ port, directory: join(directory, "taken"), envFile, onLine: (line) => said.push(line) });
  await expect(engine.start({})).rejects.toThrow(/ended/);
  expect(said.join("\n")).toMatch(/address already in use/i);
  expect(engine.running).toBe(false);
  somebodyElse.close();
});

test("a world's Worker is killed whole and comes back on the same state", async () => {
  const world = await startWorld();
  try {
    world.telegram.people.write(ADA.id, "Before the fall");
    await world.worker.waitForLog((line) => line.event === "run.finished" && line.outcome === "answered");
    await world.worker.kill9();
    expect(await isServed(`${world.worker.url}/health`)).toBe(false);
    const meanwhile = world.telegram.people.write(ADA.id, "While you were gone");
    await world.restart();
    expect(await world.telegram.delivered(meanwhile)).toBe(true);
    const request = await world.model.waitForRequest("While you were gone");
    expect(request.conversation.messages.map(({ text }) => text).join("\n")).toContain("Before the fall");
  } finally {
    await world.close();
  }
});
