import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { writeSettings } from "../../playground/env-file.ts";
import type { LocalSettings } from "../local-settings.ts";
import { Unmet } from "../terminal.ts";

const ONLY_ITS_OWNER = 0o600;

/** Puts settings into a file such as .dev.vars and keeps everything else of it: comments, order, other settings. */
export function putSettings(path: string, settings: LocalSettings): void {
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const after = merged(before, settings);
  const read = parseEnv(after);
  const wanted = { ...parseEnv(before), ...settings };
  const lost = Object.keys(wanted).find((name) => read[name] !== wanted[name]);
  if (lost !== undefined)
    throw new Unmet(
      `${path} was left as it is: ${lost} could not be written into it safely. Expected plain NAME=value lines.`,
    );
  // Renamed into place, so that nobody ever reads half of it.
  const fresh = `${path}.tmp`;
  writeFileSync(fresh, after, { mode: ONLY_ITS_OWNER });
  chmodSync(fresh, ONLY_ITS_OWNER);
  renameSync(fresh, path);
}

export function merged(before: string, settings: LocalSettings): string {
  const left = new Map(Object.entries(settings));
  const known = parseEnv(before);
  const kept: string[] = [];
  for (const block of blocksOf(before)) {
    const name = nameOf(block);
    const value = name === undefined ? undefined : settings[name];
    if (name === undefined || value === undefined) {
      kept.push(block);
      continue;
    }
    // Of a name that stands there twice the last one counts: each is made the same.
    kept.push(known[name] === value ? block : writeSettings({ [name]: value }).trimEnd());
    left.delete(name);
  }
  const body = kept.join("\n");
  const added = writeSettings(Object.fromEntries(left));
  const gap = body === "" || body.endsWith("\n") ? "" : "\n";
  return `${body}${gap}${added}`;
}

/** Lines, but a quoted value over several lines is one. */
function blocksOf(text: string): string[] {
  const blocks: string[] = [];
  let open: { readonly mark: string; lines: string[] } | undefined;
  for (const line of text.split("\n")) {
    if (open) {
      open.lines.push(line);
      if (!line.includes(open.mark)) continue;
      blocks.push(open.lines.join("\n"));
      open = undefined;
      continue;
    }
    const [, mark, rest = ""] = /^\s*(?:export\s+)?[\w.-]+\s*=\s*(["'`])(.*)$/.exec(line) ?? [];
    if (mark !== undefined && !rest.includes(mark)) open = { mark, lines: [line] };
    else blocks.push(line);
  }
  return open ? [...blocks, ...open.lines] : blocks;
}

function nameOf(block: string): string | undefined {
  return /^\s*(?:export\s+)?([\w.-]+)\s*=/.exec(block)?.[1];
}
