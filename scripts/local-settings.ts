import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSettingsFile } from "../playground/env-file.ts";
import { ROOT } from "./wrangler.ts";

/** Settings as they are known on this machine. What Cloudflare holds cannot be read back: secrets go in only. */
export type LocalSettings = Readonly<Record<string, string>>;

export const DEV_VARS = join(ROOT, ".dev.vars");

/** Settings that the environment may give in place of the file. Keys of models are not among them: a shell has those for other things. */
const FROM_ENVIRONMENT = [
  "TELEGRAM_BOT_TOKEN",
  "TELEGRAM_WEBHOOK_SECRET",
  "TELEGRAM_API_ROOT",
  "ADMIN_TOKEN",
  "OWNERS",
  "ALLOWED_USERS",
  "MODEL",
] as const;

/** The environment before .dev.vars before the vars of wrangler.toml. */
export function readLocalSettings(envFile = DEV_VARS): LocalSettings {
  return { ...readVars(), ...readSettingsFile(envFile), ...fromEnvironment(FROM_ENVIRONMENT) };
}

export function fromEnvironment(names: readonly string[]): LocalSettings {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name]?.trim();
      return value ? [[name, value]] : [];
    }),
  );
}

/** `[vars]` of wrangler.toml, as far as they are plain strings and numbers, which is all that our settings are. */
export function readVars(path = join(ROOT, "wrangler.toml")): LocalSettings {
  if (!existsSync(path)) return {};
  const vars: Record<string, string> = {};
  let isInside = false;
  for (const line of readFileSync(path, "utf8").split(/\r?\n/)) {
    const table = /^\s*\[+\s*([^\]]+?)\s*\]+/.exec(line);
    if (table) isInside = table[1] === "vars";
    const entry = isInside ? /^\s*"?(\w+)"?\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s#]+))/.exec(line) : null;
    if (entry?.[1]) vars[entry[1]] = entry[2] ?? entry[3] ?? entry[4] ?? "";
  }
  return vars;
}

export const PUBLIC_API_ROOT = "https://api.telegram.org";

export function apiRootOf(settings: LocalSettings): string {
  return (settings.TELEGRAM_API_ROOT ?? PUBLIC_API_ROOT).replace(/\/+$/, "");
}

/** What must not be seen on a terminal, whatever it is part of. */
export function secretsOf(settings: LocalSettings): string[] {
  return Object.entries(settings)
    .filter(([name]) => /TOKEN|SECRET|API_KEY|MCP_SERVERS/.test(name))
    .flatMap(([, value]) => [value, ...value.split(/[\s,]+/)])
    .filter((value) => value.length >= SHORTEST_SECRET_CHARS);
}

/** Shorter ones would tear holes into ordinary words. */
const SHORTEST_SECRET_CHARS = 6;
