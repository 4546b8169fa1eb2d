import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guard } from "../scripts/wrangler.ts";
import { ROOT, WRANGLER_ENV } from "./build.ts";
import { cpuMsOf, freePort, type Host, openFilesOf, residentBytesOf, storedBytesOf, untilHealthy } from "./workerd.ts";

/**
 * The same Worker as everybody starts it: `wrangler dev`, with its proxy before the Worker and its console behind it. Both
 * contestants pay for those alike, so ratios are nearer to one than under workerd alone.
 */
export interface WranglerOptions {
  /** Of the configuration, from the root. */
  readonly config: string;
  readonly directory: string;
  readonly settings: Readonly<Record<string, string>>;
}

export class WranglerDev implements Host {
  readonly port: number;
  readonly readyMs: number;
  readonly readyCpuMs: number;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #lines: string[];
  readonly #workerd: number;

  private constructor(child: ChildProcess, port: number, directory: string, readyMs: number, lines: string[]) {
    this.#child = child;
    this.port = port;
    this.#directory = directory;
    this.readyMs = readyMs;
    this.#lines = lines;
    this.#workerd = workerdUnder(child.pid ?? 0);
    this.readyCpuMs = this.cpuMs();
  }

  static async start({ config, directory, settings }: WranglerOptions): Promise<WranglerDev> {
    const port = await freePort();
    const file = join(directory, "settings.env");
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    writeFileSync(file, `${lines.join("\n")}\n`);
    const output: string[] = [];
    const startedAt = performance.now();
    const child = spawn(
      join(ROOT, "node_modules/.bin/node"),
      [
        join(ROOT, "node_modules/wrangler/bin/wrangler.js"),
        ...[
          "dev",
          "--config",
          join(ROOT, config),
          "--port",
          String(port),
          "--inspector-port",
          String(await freePort()),
        ],
        ...["--persist-to", join(directory, "objects"), "--env-file", file],
      ],
      {
        cwd: ROOT,
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
        env: WRANGLER_ENV,
      },
    );
    // Whoever stops the bench does not stop it: it has a group of its own.
    const guarding = guard(child.pid);
    child.once("exit", () => guarding?.kill("SIGKILL"));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output.push(text);
        if (output.length > 5000) output.splice(0, 2500);
      });
    }
    await untilHealthy("wrangler dev", child, port, output);
    return new WranglerDev(child, port, directory, performance.now() - startedAt, output);
  }

  cpuMs(): number {
    return cpuMsOf(this.#workerd);
  }

  residentBytes(): number {
    return residentBytesOf(this.#workerd);
  }

  openFiles(): number {
    return openFilesOf(this.#workerd);
  }

  storedBytes(): number {
    return storedBytesOf(join(this.#directory, "objects"));
  }

  output(chars = 4000): string {
    return this.#lines.join("").slice(-chars);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    // Its workerd is in its group and would outlive it.
    if (this.#child.pid) process.kill(-this.#child.pid, "SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await gone;
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The workerd that a process has started, at whatever remove; of several the youngest. */
function workerdUnder(ancestor: number): number {
  const parents = new Map<number, number>();
  const workerds: number[] = [];
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
      if (stat.includes("(workerd)")) workerds.push(Number(name));
    } catch {
      // It has ended.
    }
  }
  const isUnder = (pid: number): boolean => pid === ancestor || (pid > 1 && isUnder(parents.get(pid) ?? 0));
  const found = workerds.filter(isUnder).sort((one, other) => other - one)[0];
  if (found === undefined) throw new Error("expected wrangler dev to have started a workerd");
  return found;
}
