import { deploy } from "../deploy.ts";
import { type LocalSettings, readVars, secretsOf } from "../local-settings.ts";
import { registerDirectly } from "../registration.ts";
import { Unmet, without } from "../terminal.ts";
import { NOT_SIGNED_IN, runWrangler } from "../wrangler-cli.ts";
import type { Asker } from "./asker.ts";

/** Puts the bot on Cloudflare with all its settings as secrets, and tells Telegram. Each step can be repeated. */

const LAST_LINES = 5;

export async function signIn(asker: Asker): Promise<void> {
  const { code } = await runWrangler(["whoami", "--json"], { output: "catch" });
  if (code === 0) return asker.done("wrangler is signed in to Cloudflare.");
  if (!asker.isPerson) throw new Unmet(NOT_SIGNED_IN);
  asker.tell("wrangler is not signed in to Cloudflare; signing in opens your browser (a free account will do).");
  if (!(await asker.confirm("Sign in now?", true))) throw new Unmet(NOT_SIGNED_IN);
  const login = await runWrangler(["login"], { output: "show" });
  if (login.code !== 0)
    throw new Unmet("Signing in to Cloudflare did not work; what wrangler says above is the reason.");
}

/** Settings that become secrets: all but empty ones and those that wrangler.toml has as vars, whose names are taken. */
export function secretsFor(settings: LocalSettings): LocalSettings {
  const vars = readVars();
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => value !== "" && !(name in vars)));
}

/** Where the bot is reached. */
export async function putOnCloudflare(asker: Asker, settings: LocalSettings, args: readonly string[]): Promise<string> {
  const address = await deploy(args);
  if (address === undefined) throw new Unmet("That was a dry run: nothing was deployed.");
  asker.done(`Deployed: ${address}`);
  await putSecrets(asker, secretsFor(settings));
  const registered = await registerDirectly(address, settings);
  if (!registered.ok)
    throw new Unmet(
      `The bot is deployed, but not registered at Telegram: ${registered.problem}. npm run deploy tries again.`,
    );
  asker.done(`Telegram sends the bot's updates to ${address}/telegram/webhook, and shows its menu.`);
  return address;
}

/** By wrangler's standard input: never an argument, never a file. */
async function putSecrets(asker: Asker, secrets: LocalSettings): Promise<void> {
  const { code, output } = await runWrangler(["secret", "bulk"], { input: JSON.stringify(secrets), output: "catch" });
  if (code !== 0) {
    const said = output.trim().split("\n").slice(-LAST_LINES).join(" ");
    throw new Unmet(`The bot is deployed, but its secrets could not be put: ${without(secretsOf(secrets), said)}`);
  }
  asker.done(`${Object.keys(secrets).length} secrets are put: ${Object.keys(secrets).join(", ")}`);
}
