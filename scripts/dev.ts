import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readSettingsFile, writeSettings } from "../playground/env-file.ts";
import { bridge } from "./bridge.ts";
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

const { values: options } = parseArgs({
  options: {
    telegram: { type: "boolean", default: false },
    port: { type: "string", default: "8787" },
    "env-file": { type: "string", default: join(ROOT, ".dev.vars") },
    "persist-to": { type: "string", default: join(ROOT, ".wrangler", "state") },
    help: { type: "boolean", default: false },
  },
});

/** Between the bridge and the Worker on one machine any secret will do. */
const DEV_SECRET = "local-development";

const stopping = new AbortController();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (options.help) say(HELP);
else await main();

async function main(): Promise<void> {
  const settings = readSettingsFile(options["env-file"]);
  const problem = options.telegram ? missingForTelegram(settings) : undefined;
  if (problem) {
    process.stderr.write(`${problem}\n`);
    process.exitCode = 1;
    return;
  }
  const secret = settings.TELEGRAM_WEBHOOK_SECRET ?? DEV_SECRET;
  const wrangler = new WranglerDev({
    port: Number(options.port),
    persistTo: options["persist-to"],
    envFile: envFile({ ...settings, ...(options.telegram ? { TELEGRAM_WEBHOOK_SECRET: secret } : {}) }),
    onLine: say,
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener("abort", () => resolve()));
  try {
    await Promise.race([wrangler.start(), stopped]);
    if (stopping.signal.aborted) return;
    say(`The Worker is ready: ${wrangler.url}`);
    if (!options.telegram) return await stopped;
    await bridge({
      apiRoot: settings.TELEGRAM_API_ROOT ?? "https://api.telegram.org",
      token: settings.TELEGRAM_BOT_TOKEN ?? "",
      webhook: `${wrangler.url}/telegram/webhook`,
      secret,
      say,
      signal: stopping.signal,
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await wrangler.stop();
  }
}

function missingForTelegram(settings: Readonly<Record<string, string>>): string | undefined {
  if (!existsSync(options["env-file"])) {
    return `There is no ${options["env-file"]}: it must have TELEGRAM_BOT_TOKEN=… for --telegram.`;
  }
  if (!settings.TELEGRAM_BOT_TOKEN)
    return `TELEGRAM_BOT_TOKEN is not set in ${options["env-file"]}; BotFather gives it.`;
  return undefined;
}

/** The settings in a file of ours, so that what the bridge adds reaches the Worker and .dev.vars stays as it is. */
function envFile(settings: Readonly<Record<string, string>>): string {
  const directory = join(ROOT, ".wrangler");
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `dev-${options.port}.env`);
  writeFileSync(path, writeSettings(settings), { mode: 0o600 });
  return path;
}
