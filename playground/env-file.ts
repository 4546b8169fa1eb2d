import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";

export type Settings = Readonly<Record<string, string>>;

/** Settings as a file that `wrangler dev --env-file` reads back unchanged. */
export function writeSettings(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${quote(name, value)}\n`)
    .join("");
}

function quote(name: string, value: string): string {
  if (/^[\w.,:/*@+-]*$/.test(value)) return value;
  const mark = ["'", "`", '"'].find((candidate) => !value.includes(candidate));
  if (mark === undefined || (mark === '"' && value.includes("\\n"))) {
    throw new Error(`${name} cannot be written into an env file: it contains every kind of quotation mark`);
  }
  return mark + value + mark;
}

/** What a file such as .dev.vars says; nothing where there is none. */
export function readSettingsFile(path: string): Settings {
  if (!existsSync(path)) return {};
  const read = Object.entries(parseEnv(readFileSync(path, "utf8")));
  return Object.fromEntries(read.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
