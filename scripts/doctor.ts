import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { isAddress } from "./admin-client.ts";
import {
  checkLocal,
  checkPools,
  checkSecret,
  checkTelegram,
  checkWorker,
  type Finding,
  skipped,
} from "./doctor-checks.ts";
import { DEV_VARS, readLocalSettings, secretsOf } from "./local-settings.ts";
import { command, paint, say, Unmet, without } from "./terminal.ts";

/** `npm run doctor`: looks at everything that setup and deploy have done, one line each. */
const HELP = `npm run doctor [-- options]
  --url URL        where the Worker is (found at Telegram otherwise; http://127.0.0.1:8787 for npm run dev)
  --local          the bot runs on this machine only: no webhook is expected
  --settings FILE  instead of .dev.vars
Exit code 1 if anything is wrong.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      url: { type: "string" },
      local: { type: "boolean", default: false },
      settings: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  if (values.url !== undefined && !isAddress(values.url))
    throw new Unmet("--url: expected an address such as https://turnkeeper.example.workers.dev.");
  if (values.settings !== undefined && !existsSync(values.settings))
    throw new Unmet(`There is no ${values.settings}: expected settings, such as TELEGRAM_BOT_TOKEN=…, a line each.`);
  const local = readLocalSettings(values.settings ?? DEV_VARS);
  const secrets = secretsOf(local);
  let isWell = true;
  const show = (findings: readonly Finding[]): void => {
    for (const finding of findings) {
      isWell &&= finding.state !== "bad";
      say(without(secrets, lineOf(finding)));
    }
  };
  const telegram = await checkTelegram(local, Date.now(), values.local, values.url);
  const address =
    values.url?.replace(/\/+$/, "") ?? process.env.TURNKEEPER_URL ?? (values.local ? undefined : telegram.address);
  show(checkLocal(local, address !== undefined));
  show(telegram.findings);
  if (address === undefined) {
    show([skipped("worker", "its address is not known: --url tells")]);
  } else {
    const worker = await checkWorker(address);
    show(worker);
    if (!worker.some(({ state, says }) => state === "bad" && says.includes("cannot be reached"))) {
      show([await checkSecret(address, local), ...(await checkPools(address, local))]);
    }
  }
  say(isWell ? "Nothing is wrong." : "Something is wrong; the lines with ✗ say what, and what to do.");
  return isWell ? 0 : 1;
}

const WHAT_CHARS = 14;

function lineOf({ state, what, says, todo }: Finding): string {
  const mark = state === "good" ? paint("green", "✓") : state === "bad" ? paint("red", "✗") : paint("dim", "–");
  return `${mark} ${what.padEnd(WHAT_CHARS)} ${says}${todo ? ` → ${todo}` : ""}`;
}

if (import.meta.main) await command(main);
