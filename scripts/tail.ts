import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { sessionKeyOf } from "./admin-client.ts";
import { TailReader } from "./tail-lines.ts";
import { command, paint, say } from "./terminal.ts";
import { lineOf } from "./timeline.ts";
import { ROOT } from "./wrangler.ts";
import { entry, environment, failureOf } from "./wrangler-cli.ts";

/** `npm run tail`: the log of the deployed bot as it comes, as a timeline that can be read. */
const HELP = `npm run tail [-- <chat or session key>] [options of wrangler tail]
  --stdin   read from the standard input: what wrangler tail --format json or wrangler dev wrote
Times are UTC. To watch may restart the bot's objects (Cloudflare counts it as an update); runs that were on are recovered.`;

async function main(): Promise<number> {
  const { chat, isStdin, isHelp, passed } = readArguments(process.argv.slice(2));
  if (isHelp) {
    say(HELP);
    return 0;
  }
  const session = chat === undefined ? {} : { session: sessionKeyOf(chat) };
  process.stdout.on("error", () => process.exit(0));
  if (isStdin) {
    await show(process.stdin, session);
    return 0;
  }
  const child = spawn(process.execPath, [entry(), "tail", "--format", "json", ...passed], {
    cwd: ROOT,
    stdio: ["inherit", "pipe", "pipe"],
    env: environment(),
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? (signal === null ? 1 : 0)));
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk;
    process.stderr.write(chunk);
  });
  // Ctrl-C reaches wrangler by itself, which then takes its leave of Cloudflare.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  await show(child.stdout, session);
  const code = await ended;
  if (code !== 0) throw failureOf("tail", code, complaint);
  return 0;
}

async function show(input: Readable, filter: { readonly session?: string }): Promise<void> {
  const reader = new TailReader();
  const print = (items: ReturnType<TailReader["push"]>): void => {
    for (const item of items) {
      const line = lineOf(item, { ...filter, now: Date.now(), paint });
      if (line !== undefined) say(line);
    }
  };
  for await (const line of createInterface({ input })) print(reader.push(line));
  print(reader.end());
}

interface Arguments {
  readonly chat: string | undefined;
  readonly isStdin: boolean;
  readonly isHelp: boolean;
  /** wrangler's. */
  readonly passed: readonly string[];
}

function readArguments(args: readonly string[]): Arguments {
  const isChat = (arg: string): boolean => /^(-?\d+|telegram:.*)$/.test(arg);
  return {
    chat: args.find(isChat),
    isStdin: args.includes("--stdin"),
    isHelp: args.includes("--help"),
    passed: args.filter((arg) => !isChat(arg) && arg !== "--stdin" && arg !== "--help"),
  };
}

if (import.meta.main) await command(main);
