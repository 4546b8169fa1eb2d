import { isAddress } from "./admin-client.ts";
import { readLocalSettings } from "./local-settings.ts";
import { type Registered, registerByWorker, registerDirectly } from "./registration.ts";
import { command, complain, say, Unmet } from "./terminal.ts";
import { addressIn, failureOf, runWrangler } from "./wrangler-cli.ts";

/** `npm run deploy`: puts the Worker on Cloudflare, then tells Telegram where it is. */
const HELP = `npm run deploy [-- options]
  --url URL        where the Worker is reached, if wrangler does not say so (a route of a zone)
  --direct         register at Telegram from here, not by the Worker's /admin/webhook
  --no-register    deploy only
Everything else goes to \`wrangler deploy\`: --dry-run builds without an account and registers nothing.
ADMIN_TOKEN, or TELEGRAM_BOT_TOKEN with TELEGRAM_WEBHOOK_SECRET, is taken from the environment or .dev.vars.`;

async function main(): Promise<number> {
  const { url, isDirect, isRegistering, passed } = readArguments(process.argv.slice(2));
  if (passed.includes("--help") || passed.includes("-h")) {
    say(HELP);
    return 0;
  }
  const address = await deploy(passed, url);
  if (address === undefined) return 0;
  if (!isRegistering) {
    say(`Deployed: ${address}. Nothing was registered at Telegram.`);
    return 0;
  }
  return register(address, isDirect);
}

/** Undefined: a dry run, which deploys nothing. */
export async function deploy(args: readonly string[], url?: string): Promise<string | undefined> {
  const { code, output, targets } = await runWrangler(["deploy", ...args], { output: "show" });
  if (code !== 0) throw failureOf("deploy", code, output);
  if (args.some((arg) => /^--dry-?[rR]un(=true)?$/.test(arg))) return undefined;
  const address = url ?? addressIn(targets);
  if (address === undefined) {
    throw new Unmet(
      "The Worker is deployed, but wrangler named no address: say it with --url https://… to register it.",
    );
  }
  return address.replace(/\/+$/, "");
}

async function register(address: string, isDirect: boolean): Promise<number> {
  const local = readLocalSettings();
  const { ADMIN_TOKEN: adminToken, TELEGRAM_BOT_TOKEN: token, TELEGRAM_WEBHOOK_SECRET: secret } = local;
  let done: Registered;
  if (adminToken !== undefined && !isDirect) {
    say(`Registering ${address} at Telegram, by its /admin/webhook …`);
    done = await registerByWorker(address, adminToken);
  } else if (token !== undefined && secret !== undefined) {
    say(`Registering ${address} at Telegram, from here …`);
    done = await registerDirectly(address, local);
  } else {
    complain(notRegistered(address));
    // The machine behind the Deploy button knows no secret, and its part is done.
    return process.env.WORKERS_CI === undefined ? 1 : 0;
  }
  if (!done.ok) throw new Unmet(`The Worker is deployed, but not registered at Telegram: ${done.problem}.`);
  say(`✓ Telegram sends this bot's updates to ${address}/telegram/webhook, and shows its menu. Check: npm run doctor`);
  return 0;
}

function notRegistered(address: string): string {
  return `✗ Deployed, but not registered at Telegram: expected ADMIN_TOKEN, or TELEGRAM_BOT_TOKEN and TELEGRAM_WEBHOOK_SECRET, in the environment or .dev.vars. Instead: curl -X POST ${address}/admin/webhook -H "Authorization: Bearer $ADMIN_TOKEN" -d '{"url":"${address}"}'`;
}

interface Arguments {
  readonly url: string | undefined;
  readonly isDirect: boolean;
  readonly isRegistering: boolean;
  /** wrangler's. */
  readonly passed: readonly string[];
}

/** Ours are taken out by hand: which of wrangler's options take a value is wrangler's business. */
function readArguments(args: readonly string[]): Arguments {
  const passed: string[] = [];
  let url: string | undefined;
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg === "--url") {
      url = args[index + 1] ?? "";
      index += 1;
    } else if (arg.startsWith("--url=")) url = arg.slice("--url=".length);
    else if (arg !== "--direct" && arg !== "--no-register") passed.push(arg);
  }
  if (url !== undefined && !isAddress(url)) {
    throw new Unmet("--url: expected an address such as https://turnkeeper.example.workers.dev.");
  }
  return { url, isDirect: args.includes("--direct"), isRegistering: !args.includes("--no-register"), passed };
}

if (import.meta.main) await command(main);
