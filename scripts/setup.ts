import { randomBytes } from "node:crypto";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import * as clack from "@clack/prompts";
import { readSettingsFile } from "../playground/env-file.ts";
import { DEV_VARS, type LocalSettings, readLocalSettings, readVars } from "./local-settings.ts";
import { type Asker, nobody, person } from "./setup/asker.ts";
import { type Bot, chooseBot, offerToDeleteWebhook } from "./setup/bot.ts";
import { putOnCloudflare, secretsFor, signIn } from "./setup/cloudflare.ts";
import { putSettings } from "./setup/dev-vars.ts";
import { chooseModel } from "./setup/model.ts";
import { choosePeople } from "./setup/people.ts";
import { command, say, Unmet } from "./terminal.ts";
import { ROOT } from "./wrangler.ts";

/** `npm run setup`: from nothing to a bot that answers, by questions; each answer is tried before anything is written. */
const HELP = `npm run setup [-- options]
  --yes                   ask nothing: answers come from the options, the environment and .dev.vars
  --target local|cloudflare   where the bot is to run (local with --yes)
  --model PROVIDER/MODEL  the model; its keys are PROVIDER_API_KEYS in the environment or .dev.vars
  --owner IDS             user ids of the owners; without it, whoever sends the bot the code that is shown
  --allow IDS|*           who else may use it
  --wait SECONDS          how long to wait for the owner's message (180)
  --delete-webhook        with --yes: a webhook that stands in the way may be deleted
  --no-try                do not try the keys
  --no-first-message      do not greet the owner
  --settings FILE         instead of .dev.vars
Secrets are never options, which other people of this machine could see: TELEGRAM_BOT_TOKEN, TELEGRAM_WEBHOOK_SECRET,
ADMIN_TOKEN and keys are asked for, or taken from the environment or .dev.vars.`;

const SECRET_BYTES = 32;
type Target = "local" | "cloudflare";

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      yes: { type: "boolean", default: false },
      target: { type: "string" },
      model: { type: "string" },
      owner: { type: "string" },
      allow: { type: "string" },
      wait: { type: "string", default: "180" },
      "delete-webhook": { type: "boolean", default: false },
      "no-try": { type: "boolean", default: false },
      "no-first-message": { type: "boolean", default: false },
      settings: { type: "string", default: DEV_VARS },
      help: { type: "boolean", default: false },
    },
  });
  if (flags.help) {
    say(HELP);
    return 0;
  }
  const waitMs = Number(flags.wait) * 1000;
  if (!(waitMs > 0)) throw new Unmet("--wait: expected a number of seconds.");
  if (flags.target !== undefined && !isTarget(flags.target)) throw new Unmet("--target: expected local or cloudflare.");
  if (!flags.yes && !(process.stdin.isTTY && process.stdout.isTTY)) {
    throw new Unmet("There is no terminal to ask at: expected --yes with all answers (--help names them).");
  }
  const asker = flags.yes ? nobody() : person();
  const envFile = flags.settings;
  if (asker.isPerson) clack.intro("Turnkeeper: setup");
  asker.announce("What this does", [
    "1  the bot's token: asks Telegram whose it is",
    "2  who may use it: you write to it, and it is yours",
    "3  model and keys: tries each with one small call",
    `4  writes ${shownPath(envFile)}, or puts it all on Cloudflare, and greets you`,
    "Nothing is written before step 4. It can be repeated; what is known is kept unless you change it.",
  ]);

  const known = readLocalSettings(envFile);
  const bot = await chooseBot(asker, known);
  const people = await choosePeople(asker, bot, known, {
    owner: flags.owner,
    allow: flags.allow,
    mayDeleteWebhook: flags["delete-webhook"],
    waitMs,
  });
  const model = await chooseModel(asker, known, { model: flags.model, isTrying: !flags["no-try"] });
  const chosen = { TELEGRAM_BOT_TOKEN: bot.token, ...generated(known), ...people, ...model };
  const settings = { ...known, ...chosen };
  const target = isTarget(flags.target) ? flags.target : await chooseTarget(asker);

  const written = differences(settings, envFile);
  asker.announce("Now", planOf(target, written, settings, envFile, !flags["no-first-message"]));
  if (!(await asker.confirm("Go on?", true))) throw new Unmet("Stopped; nothing was written.");
  if (target === "cloudflare") await signIn(asker);
  putSettings(envFile, written);
  asker.done(`${shownPath(envFile)} is written, for your eyes only.`);
  if (target === "cloudflare") await putOnCloudflare(asker, settings, []);
  else
    await offerToDeleteWebhook(
      asker,
      bot,
      "A bot on this machine takes its updates itself, and cannot while that is set.",
      flags["delete-webhook"],
    );
  if (!flags["no-first-message"]) await greet(asker, bot, settings, target);
  const next =
    target === "local"
      ? "npm run dev -- --telegram starts the bot on this machine."
      : "npm run doctor looks after it, npm run tail shows what it does.";
  if (asker.isPerson) clack.outro(next);
  else say(next);
  return 0;
}

function shownPath(path: string): string {
  const inside = relative(ROOT, path);
  return inside === "" || inside.startsWith("..") ? path : inside;
}

function isTarget(target: string | undefined): target is Target {
  return target === "local" || target === "cloudflare";
}

/** Secrets that nobody need think up. Those that are known stay, or what is deployed would no longer fit. */
function generated(known: LocalSettings): LocalSettings {
  const fresh = (): string => randomBytes(SECRET_BYTES).toString("base64url");
  return {
    TELEGRAM_WEBHOOK_SECRET: known.TELEGRAM_WEBHOOK_SECRET ?? fresh(),
    ADMIN_TOKEN: known.ADMIN_TOKEN ?? fresh(),
  };
}

function chooseTarget(asker: Asker): Promise<Target> {
  return asker.choose(
    "Where is the bot to run?",
    [
      { value: "cloudflare", label: "On Cloudflare", hint: "always on; the free plan will do" },
      { value: "local", label: "On this machine", hint: "for trying out; npm run dev -- --telegram" },
    ],
    asker.isPerson ? "cloudflare" : "local",
  );
}

/** What the file does not say yet. Vars of wrangler.toml count as said. */
function differences(settings: LocalSettings, envFile: string): LocalSettings {
  const said = { ...readVars(), ...readSettingsFile(envFile) };
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => (said[name] ?? "") !== value));
}

function planOf(
  target: Target,
  written: LocalSettings,
  settings: LocalSettings,
  envFile: string,
  isGreeting: boolean,
): string[] {
  const names = Object.keys(written);
  const file = `write ${names.length === 0 ? "nothing new" : names.join(", ")} into ${shownPath(envFile)} (only you can read it; what else is there stays)`;
  const cloudflare = [
    "deploy the Worker with wrangler",
    `put ${Object.keys(secretsFor(settings)).length} settings there as secrets`,
    "register webhook and command menu at Telegram",
  ];
  return [
    file,
    ...(target === "cloudflare" ? cloudflare : []),
    ...(isGreeting ? ["send the owner a first message"] : []),
  ].map((line) => `• ${line}`);
}

async function greet(asker: Asker, bot: Bot, settings: LocalSettings, target: Target): Promise<void> {
  const owner = Number((settings.OWNERS ?? "").split(/[\s,]+/)[0]);
  const text =
    target === "cloudflare"
      ? "I am set up and listening. Write to me; /help says what I can do."
      : "I am set up. Once `npm run dev -- --telegram` is running, write to me.";
  const sent = await bot.api.call("sendMessage", { chat_id: owner, text });
  if (sent.ok) asker.done(`A first message is in your chat with @${bot.username}.`);
  else
    asker.warn(
      `The first message could not be sent: ${sent.problem}. Open https://t.me/${bot.username} and press Start.`,
    );
}

if (import.meta.main) await command(main);
