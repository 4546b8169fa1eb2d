import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { z } from "zod";
import { Unmet } from "./terminal.ts";
import { ROOT } from "./wrangler.ts";

/** wrangler as a command that is run to its end (`WranglerDev` in wrangler.ts is the one that stays). */

export interface WranglerRun {
  readonly code: number;
  /** What it printed, where it was caught. */
  readonly output: string;
  /** URLs and hosts that a deployment is reached at, as wrangler's own record of the command names them. */
  readonly targets: readonly string[];
}

export interface WranglerRunOptions {
  /** Written to its standard input, and nowhere else. */
  readonly input?: string;
  /** `show`: on our terminal, questions and all. `catch`: to `output` alone. */
  readonly output: "show" | "catch";
}

export async function runWrangler(args: readonly string[], options: WranglerRunOptions): Promise<WranglerRun> {
  const directory = mkdtempSync(join(tmpdir(), "turnkeeper-wrangler-"));
  const record = join(directory, "output.ndjson");
  try {
    const { code, output } = await runToEnd(args, options, record);
    return { code, output, targets: targetsIn(record, output) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function runToEnd(
  args: readonly string[],
  options: WranglerRunOptions,
  record: string,
): Promise<{ readonly code: number; readonly output: string }> {
  // Where nobody looks on (a build machine), it is shown and caught both; with a terminal wrangler must have it to itself to ask.
  const isShown = options.output === "show";
  const isOwn = isShown && process.stdout.isTTY === true;
  const stream = isOwn ? "inherit" : "pipe";
  const child = spawn(process.execPath, [entry(), ...args], {
    cwd: ROOT,
    stdio: [options.input === undefined ? "inherit" : "pipe", stream, stream],
    env: environment(record),
  });
  child.stdin?.end(options.input);
  const chunks: string[] = [];
  const hear = (chunk: Buffer, shown: NodeJS.WritableStream): void => {
    chunks.push(chunk.toString("utf8"));
    if (isShown) shown.write(chunk);
  };
  child.stdout?.on("data", (chunk: Buffer) => hear(chunk, process.stdout));
  child.stderr?.on("data", (chunk: Buffer) => hear(chunk, process.stderr));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output: chunks.join("") }));
  });
}

/** TURNKEEPER_WRANGLER: a script that stands in for wrangler, where there is no account. */
export function entry(): string {
  return process.env.TURNKEEPER_WRANGLER ?? join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");
}

export function environment(record?: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    WRANGLER_SEND_METRICS: "false",
    // What wrangler starts (the build of the skills) finds the project's Node before the system's.
    PATH: `${join(ROOT, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}`,
    ...(record === undefined ? {} : { WRANGLER_OUTPUT_FILE_PATH: record }),
  };
}

const recordSchema = z.object({ type: z.literal("deploy"), targets: z.array(z.string()).optional() });

function targetsIn(record: string, output: string): string[] {
  const written = linesOf(record).flatMap((line) => {
    const read = recordSchema.safeParse(parsed(line));
    return read.success ? (read.data.targets ?? []) : [];
  });
  return written.length > 0
    ? written
    : [...output.matchAll(/^\s+(https:\/\/\S+|\S+ \(custom domain\))\s*$/gm)].map(([, target]) => target ?? "");
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    // An older wrangler keeps no record.
    return [];
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export const NOT_SIGNED_IN =
  "wrangler is not signed in to Cloudflare: expected `npx wrangler login`, or CLOUDFLARE_API_TOKEN in the environment.";

/** `output`: what was caught of it. Where wrangler has the terminal to itself, it asks for a login of its own accord. */
export function failureOf(name: string, code: number, output: string): Unmet {
  if (output.includes("CLOUDFLARE_API_TOKEN")) return new Unmet(NOT_SIGNED_IN);
  return new Unmet(`wrangler ${name} ended with code ${code}; what it says above is the reason.`);
}

/** Where the Worker is reached: a domain of one's own before workers.dev. A route with a pattern is no address. */
export function addressIn(targets: readonly string[]): string | undefined {
  const domain = targets.find((target) => / \(custom domain/.test(target));
  if (domain !== undefined) return `https://${domain.replace(/ \(.*$/, "").replace(/^https?:\/\//, "")}`;
  return targets.find((target) => /^https?:\/\/[^\s*]+$/.test(target))?.replace(/\/+$/, "");
}
