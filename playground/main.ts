import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../scripts/wrangler.ts";
import { readSettings } from "../src/config.ts";
import { readSettingsFile, type Settings } from "./env-file.ts";
import { address, listenFrom } from "./listen.ts";
import { ModelStandIn } from "./model.ts";
import { PlaygroundServer } from "./server.ts";
import { Stage } from "./stage.ts";
import { ADA, BOT_TOKEN, CHATS } from "./telegram/cast.ts";
import { TelegramStandIn } from "./telegram.ts";
import { LiveWorker } from "./worker.ts";
import { RACE_CHAT } from "./zombie.ts";

/**
 * `npm start`: stand-ins for Telegram and for the model, the real Worker between them, and a page to watch it. Everything
 * lies in .playground/ and listens on this machine only. With provider settings in .dev.vars the real model answers.
 */
const DEFAULT_PORT = 8787;
const LAST_PORT = 65_535;
const FIRST_OF_2026_SECONDS = 1_767_225_600;
const KEYS = ["sk-playground-one", "sk-playground-two"] as const;
const WEBHOOK_SECRET = "playground-webhook-secret";
const HOME = process.env.PLAYGROUND_DIR ?? join(ROOT, ".playground");

const ending: (() => unknown)[] = [];
let over = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void end(0));

try {
  await main();
} catch (error) {
  process.stderr.write(`The playground could not start: ${error instanceof Error ? error.message : String(error)}\n`);
  await end(1);
}

async function main(): Promise<void> {
  const port = portWanted(process.env.PORT || String(DEFAULT_PORT));
  const directory = claim(HOME);
  // The bot remembers what it has seen: numbers go on rising from one start to the next.
  const seconds = Math.floor(Date.now() / 1000);
  const telegram = await TelegramStandIn.start({
    firstUpdateId: seconds,
    firstMessageId: seconds - FIRST_OF_2026_SECONDS,
    chats: [...CHATS, RACE_CHAT],
  });
  ending.unshift(() => telegram.close());
  const model = await ModelStandIn.start({ manner: { firstByteMs: 300, tokensPerSecond: 18 } });
  ending.unshift(() => model.close());

  const real = realModel(readSettingsFile(process.env.PLAYGROUND_SETTINGS ?? join(ROOT, ".dev.vars")));
  const settings: Settings = {
    TELEGRAM_BOT_TOKEN: BOT_TOKEN,
    TELEGRAM_WEBHOOK_SECRET: WEBHOOK_SECRET,
    TELEGRAM_API_ROOT: telegram.url,
    ADMIN_TOKEN: "playground",
    ALLOWED_USERS: "*",
    OWNERS: String(ADA.id),
    POOL_WAIT_SECONDS: "8",
    RUN_IDLE_TIMEOUT_SECONDS: "45",
    ...(real ?? { MODEL: "openai/stand-in", OPENAI_BASE_URL: model.baseUrl, OPENAI_API_KEYS: KEYS.join(",") }),
  };
  const worker = await LiveWorker.prepare(directory, settings);
  ending.unshift(() => worker.stop());
  const stage = new Stage({
    telegram,
    model,
    worker,
    keys: KEYS,
    real: real ? (real.MODEL ?? "the default model") : undefined,
    changed: () => server.stageChanged(),
  });
  const server = new PlaygroundServer(stage);
  ending.unshift(() => server.close());

  await worker.start();
  telegram.updates.setWebhook({ url: `${worker.url}/telegram/webhook`, secret: WEBHOOK_SECRET });
  // As after a real deployment: the bot sets its own webhook, with the updates it wants, and its command menu.
  await worker.admin("/webhook", { method: "POST", body: { url: worker.url } }).catch(() => undefined);
  // The stand-in's keys are all well at the start; the pool may remember that they were not.
  await stage.liftKeys();
  await listenFrom(server.http, port);
  if (over) return;
  process.stdout.write(`Turnkeeper's playground is ready: ${address(server.http)}\n`);
  process.stdout.write(`The maintainers' page beside it: ${worker.url}/admin, token: ${settings.ADMIN_TOKEN}\n`);
}

function portWanted(written: string): number {
  const port = Number(written);
  if (Number.isInteger(port) && port >= 0 && port <= LAST_PORT) return port;
  throw new Error(`PORT is ${written}, expected a whole number up to ${LAST_PORT}`);
}

/** Two Workers on one state would spoil it: a second playground gets a directory of its own, which it takes away again. */
function claim(home: string): string {
  mkdirSync(home, { recursive: true });
  const lock = join(home, "running.pid");
  if (existsSync(lock) && isAlive(Number(readFileSync(lock, "utf8")))) {
    const second = join(home, `beside-${process.pid}`);
    ending.push(() => rmSync(second, { recursive: true, force: true }));
    return second;
  }
  writeFileSync(lock, String(process.pid));
  ending.push(() => rmSync(lock, { force: true }));
  return home;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch {
    return false;
  }
}

/** Settings of a real provider from .dev.vars, if there are any that name a key. */
function realModel(settings: Settings): Settings | undefined {
  const taken = Object.entries(settings).filter(
    ([name, value]) => value !== "" && (/_(API_KEYS?|BASE_URL)$/.test(name) || /^(MODEL|FALLBACK_MODELS)$/.test(name)),
  );
  // A key of a search service is none of a model's.
  const providers = [...readSettings(settings).providers.values()];
  return providers.some(({ keys }) => keys.length > 0) ? Object.fromEntries(taken) : undefined;
}

async function end(code: number): Promise<void> {
  if (over) return;
  over = true;
  for (const stop of ending) {
    try {
      await stop();
    } catch {
      // What cannot be ended must not keep the rest from ending.
    }
  }
  process.exit(code);
}
