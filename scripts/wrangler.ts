import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";

export interface WranglerOptions {
  readonly port: number;
  readonly persistTo: string;
  readonly envFile?: string;
  /** The project's root. */
  readonly cwd?: string;
  /** Each line of its output, as it comes. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Further arguments of `wrangler dev`. */
  readonly args?: readonly string[];
}

export const ROOT = join(import.meta.dirname, "..");

/** No look-ups of the network, no banner, no trace store: a start takes about two seconds, offline, too. */
const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  X_LOCAL_OBSERVABILITY: "false",
  X_LOCAL_EXPLORER: "false",
  // Without its own lines nothing says that it is this process that listens.
  WRANGLER_LOG: "log",
  CI: "true",
  NO_COLOR: "1",
  FORCE_COLOR: "0",
} as const;

const LISTENS = /\bready on http/i;
/** About two seconds on a machine with nothing else to do; half a minute and more was seen on one with ten times too much. */
const READY_WITHIN_MS = 120_000;
const PROBE_EVERY_MS = 40;
const PROBE_ANSWER_MS = 2000;
const GONE_WITHIN_MS = 10_000;

/**
 * One `wrangler dev` and everything it starts, in a process group of its own. Killing only wrangler leaves its workerd
 * behind, still serving the port: it is always the group that is signalled. A guard dies with us and takes the group
 * along, so that nothing stays when this process itself is killed.
 */
export class WranglerDev {
  readonly url: string;
  readonly #options: WranglerOptions;
  #child: ChildProcess | undefined;
  /** It has said so; until then whoever answers on the port is somebody else. */
  #isListening = false;
  #guard: ChildProcess | undefined;

  constructor(options: WranglerOptions) {
    this.#options = options;
    this.url = `http://127.0.0.1:${options.port}`;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and resolves when the Worker answers on /health. */
  async start(): Promise<void> {
    if (this.#child) throw new Error("wrangler dev is running already");
    const { cwd = ROOT, onLine } = this.#options;
    const last: string[] = [];
    this.#isListening = false;
    const child = spawn(nodeFor(cwd), this.#arguments(cwd), {
      cwd,
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...environment(cwd), ...QUIET, WRANGLER_REGISTRY_PATH: join(this.#options.persistTo, "registry") },
    });
    this.#child = child;
    this.#guard = guard(child.pid);
    for (const stream of ["stdout", "stderr"] as const) {
      createInterface({ input: child[stream] }).on("line", (written) => {
        const line = stripVTControlCharacters(written);
        last.push(line);
        if (last.length > 40) last.shift();
        if (this.#child === child && LISTENS.test(line)) this.#isListening = true;
        onLine?.(line, stream);
      });
    }
    const ended = new Promise<never>((_resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        // Whoever ends it says why.
        if (this.#child !== child) return;
        this.#child = undefined;
        reject(new Error(`wrangler dev ended (${signal ?? `code ${code}`}); it said:\n${complaint(last)}`));
      });
    });
    ended.catch(() => {});
    await Promise.race([this.#ready(child, last), ended]);
  }

  /** SIGKILL to everything at once, as when the machine goes down; resolves when nothing of it is left. */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  #arguments(cwd: string): string[] {
    const { port, persistTo, envFile, args = [] } = this.#options;
    return [
      join(cwd, "node_modules/wrangler/bin/wrangler.js"),
      "dev",
      ...["--port", String(port), "--ip", "127.0.0.1", "--inspector-port", "0"],
      ...["--persist-to", persistTo],
      ...(envFile ? ["--env-file", envFile] : []),
      "--show-interactive-dev-session=false",
      ...args,
    ];
  }

  async #ready(child: ChildProcess, last: readonly string[]): Promise<void> {
    const until = Date.now() + READY_WITHIN_MS;
    while (this.#child === child) {
      if (this.#isListening && (await isServing(this.url))) return;
      if (Date.now() > until) {
        await this.kill9();
        throw new Error(`the Worker did not answer on ${this.url}/health in time; it said:\n${complaint(last)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
    }
    throw new Error("wrangler dev was ended before the Worker answered");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child?.pid) return;
    this.#child = undefined;
    const until = Date.now() + GONE_WITHIN_MS;
    signalGroup(child.pid, signal);
    while (groupAlive(child.pid)) {
      if (Date.now() > until) signalGroup(child.pid, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    this.#guard?.kill("SIGKILL");
  }
}

/** Whether a Worker answers on /health. */
export async function isServing(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PROBE_ANSWER_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** wrangler wants Node 22; where an older one runs us, the one in node_modules does the work. */
function nodeFor(cwd: string): string {
  const local = join(cwd, "node_modules/.bin/node");
  return process.platform !== "win32" && existsSync(local) ? local : process.execPath;
}

/** Our own environment without what would change the Worker's or wrangler's behaviour from outside. */
function environment(cwd: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(CLOUDFLARE_|CF_|VITEST|NODE_OPTIONS|PORT$)/.test(name),
  );
  // As npx does: what wrangler starts (the build of the skills) finds the project's Node before the system's.
  const path = `${join(cwd, "node_modules/.bin")}${delimiter}${process.env.PATH ?? ""}`;
  return { ...Object.fromEntries(kept), PATH: path };
}

/** The lines that say what is wrong, or the last ones where none does. */
function complaint(last: readonly string[]): string {
  const errors = last.filter((line) => /ERROR|✘|Error:/.test(line));
  return (errors.length > 0 ? errors : last.slice(-15)).join("\n");
}

/** A shell that waits for our end of a pipe to close, whatever closes it, and then kills the group. */
export function guard(group: number | undefined): ChildProcess | undefined {
  if (group === undefined || process.platform === "win32") return undefined;
  const child = spawn("/bin/sh", ["-c", `read -r _; kill -9 -${group} 2>/dev/null`], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.unref();
  return child;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (process.platform === "win32") {
    spawnSync("taskkill", ["/pid", String(pid), "/T", "/F"]);
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

/** A killed process counts as gone even before its parent has noticed, which in a container may take a second. */
function groupAlive(pid: number): boolean {
  if (process.platform === "linux") {
    return readdirSync("/proc").some((entry) => {
      if (!/^\d+$/.test(entry)) return false;
      const [, state, group] = /\) (\S) \d+ (\d+) /.exec(readStat(entry)) ?? [];
      return Number(group) === pid && state !== "Z" && state !== "X";
    });
  }
  try {
    process.kill(process.platform === "win32" ? pid : -pid, 0);
    return true;
  } catch {
    return false;
  }
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}
