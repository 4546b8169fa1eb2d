import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readSettingsFile, type Settings, writeSettings } from "../playground/env-file.ts";
import { bridge } from "./bridge.ts";
import { PUBLIC_API_ROOT } from "./local-settings.ts";
import { command, say, Unmet } from "./terminal.ts";
import { ROOT, WranglerDev } from "./wrangler.ts";

/**
 * `npm run dev`: the Worker under `wrangler dev` with the settings of .dev.vars, and nothing else. With `--telegram` the
 * real bot on Telegram talks to it: no tunnel, no deployment.
 */
const HELP = `npm run dev [-- options]
  --telegram        connect the bot of TELEGRAM_BOT_TOKEN (in .dev.vars) to this Worker by long polling
  --port PORT       the port to serve on (8787)
  --env-file FILE   settings to use instead of .dev.vars
  --persist-to DIR  where the state lies (.wrangler/state)`;

/** Between the bridge and the Worker on one machine any secret will do. */
const DEV_SECRET = "local-development";
const DEFAULT_ENV_FILE = join(ROOT, ".dev.vars");

async function main(): Promise<number> {
  const { values: options } = parseArgs({
    options: {
      telegram: { type: "boolean", default: false },
      port: { type: "string", default: "8787" },
      "env-file": { type: "string" },
      "persist-to": { type: "string", default: join(ROOT, ".wrangler", "state") },
      help: { type: "boolean", default: false },
    },
  });
  if (options.help) {
    say(HELP);
    return 0;
  }
  const { port } = options;
  if (!/^\d{1,5}$/.test(port) || Number(port) > MOST_PORT) {
    throw new Unmet(`--port ${port}: expected a whole number up to ${MOST_PORT}.`);
  }
  const path = options["env-file"] ?? DEFAULT_ENV_FILE;
  if (!existsSync(path) && (options.telegram || options["env-file"] !== undefined)) {
    throw new Unmet(`There is no ${path}: expected settings, such as TELEGRAM_BOT_TOKEN=…, a line each.`);
  }
  const settings = readSettingsFile(path);
  if (options.telegram && !settings.TELEGRAM_BOT_TOKEN) {
    throw new Unmet(`TELEGRAM_BOT_TOKEN is not set in ${path}; BotFather gives it.`);
  }
  return serve(Number(port), options["persist-to"], settings, options.telegram);
}

const MOST_PORT = 65_535;

/** Until it is stopped. */
async function serve(port: number, persistTo: string, settings: Settings, isOnTelegram: boolean): Promise<number> {
  const secret = settings.TELEGRAM_WEBHOOK_SECRET ?? DEV_SECRET;
  const wrangler = new WranglerDev({
    port,
    persistTo,
    envFile: envFile(port, { ...settings, ...(isOnTelegram ? { TELEGRAM_WEBHOOK_SECRET: secret } : {}) }),
    onLine: say,
  });
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener("abort", () => resolve()));
  try {
    await Promise.race([wrangler.start(), stopped]);
    if (stopping.signal.aborted) return 0;
    say(`The Worker is ready: ${wrangler.url}`);
    if (!isOnTelegram) await stopped;
    else
      await bridge({
        apiRoot: settings.TELEGRAM_API_ROOT ?? PUBLIC_API_ROOT,
        token: settings.TELEGRAM_BOT_TOKEN ?? "",
        webhook: `${wrangler.url}/telegram/webhook`,
        secret,
        say,
        signal: stopping.signal,
      });
    return 0;
  } catch (error) {
    if (wrangler.running) throw error;
    throw new Unmet("wrangler dev ended; what it says above is the reason.");
  } finally {
    await wrangler.stop();
  }
}

/** The settings in a file of ours, so that what the bridge adds reaches the Worker and .dev.vars stays as it is. */
function envFile(port: number, settings: Settings): string {
  const directory = join(ROOT, ".wrangler");
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `dev-${port}.env`);
  writeFileSync(path, writeSettings(settings), { mode: 0o600 });
  return path;
}

if (import.meta.main) await command(main);
