import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { ROOT } from "./build.ts";

/**
 * One bundle under workerd itself: no wrangler and no proxy between the load and the Worker, state in memory, so that what
 * is measured is the Worker and its storage and not the disk or the tooling.
 */
export interface WorkerdOptions {
  readonly bundle: string;
  readonly directory: string;
  /** Binding → class. */
  readonly objects: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  /** Where a profiler may look in. */
  readonly inspectorPort?: number;
}

/** A Worker that runs, however it was started. */
export interface Host {
  readonly port: number;
  /** From the start of the process to the first 200. */
  readonly readyMs: number;
  readonly readyCpuMs: number;
  /** CPU time of its workerd so far, user and system. */
  cpuMs(): number;
  residentBytes(): number;
  openFiles(): number;
  /** What the objects have on disk. */
  storedBytes(): number;
  /** The last lines it logged. */
  output(chars?: number): string;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const COMPATIBILITY = /^compatibility_date = "([\d-]+)"|^compatibility_flags = (\[.*\])/gm;
/** Ticks of the kernel's clock in a second, as `getconf CLK_TCK` says on every Linux. */
const TICKS_PER_SECOND = 100;

export class Workerd implements Host {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly readyMs: number;
  readonly readyCpuMs: number;
  readonly #lines: string[];

  private constructor(child: ChildProcess, port: number, directory: string, readyMs: number, lines: string[]) {
    this.#child = child;
    this.port = port;
    this.#directory = directory;
    this.readyMs = readyMs;
    this.readyCpuMs = this.cpuMs();
    this.#lines = lines;
  }

  static async start(options: WorkerdOptions): Promise<Workerd> {
    const port = await freePort();
    mkdirSync(join(options.directory, "objects"), { recursive: true });
    const config = join(options.directory, "config.capnp");
    writeFileSync(join(options.directory, "index.js"), readFileSync(options.bundle));
    writeFileSync(config, configOf(options, port));
    const lines: string[] = [];
    const startedAt = performance.now();
    const child = spawn(
      binary(),
      [
        "serve",
        config,
        "--experimental",
        ...(options.inspectorPort ? ["--inspector-addr", `127.0.0.1:${options.inspectorPort}`] : []),
      ],
      {
        cwd: dirname(config),
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        lines.push(text);
        if (lines.length > 5000) lines.splice(0, 2500);
      });
    }
    await untilHealthy("workerd", child, port, lines);
    return new Workerd(child, port, options.directory, performance.now() - startedAt, lines);
  }

  cpuMs(): number {
    return cpuMsOf(this.#child.pid ?? 0);
  }

  residentBytes(): number {
    return residentBytesOf(this.#child.pid ?? 0);
  }

  openFiles(): number {
    return openFilesOf(this.#child.pid ?? 0);
  }

  storedBytes(): number {
    return storedBytesOf(join(this.#directory, "objects"));
  }

  output(chars = 4000): string {
    return this.#lines.join("").slice(-chars);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await gone;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** The binary itself: the package's script would stand between us and its process. */
export function binary(): string {
  const { default: path }: { default: string } = createRequire(join(ROOT, "package.json"))("workerd");
  return path;
}

export function configOf({ objects, settings }: Pick<WorkerdOptions, "objects" | "settings">, port: number): string {
  const said = [...readFileSync(join(ROOT, "wrangler.toml"), "utf8").matchAll(COMPATIBILITY)];
  const date = said.find((match) => match[1])?.[1];
  const flags = said.find((match) => match[2])?.[2] ?? "[]";
  const bindings = [
    ...Object.entries(objects).map(
      ([name, className]) => `(name = "${name}", durableObjectNamespace = "${className}")`,
    ),
    ...Object.entries(settings).map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`),
  ];
  const namespaces = Object.values(objects).map(
    (className) => `(className = "${className}", uniqueKey = "${className}", enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "objects", disk = (path = "objects", writable = true)),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js")],
  compatibilityDate = "${date}",
  compatibilityFlags = ${flags},
  bindings = [${bindings.join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "objects"),
  globalOutbound = "internet",
);
`;
}

/** CPU time of a process so far, user and system. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

export function openFilesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function residentBytesOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

/** Files come and go while they are counted. */
export function storedBytesOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat?.size ?? 0;
  return readdirSync(path).reduce((sum, name) => sum + storedBytesOf(join(path, name)), 0);
}

/** Resolves with the first 200 of /health; a process that ends or says nothing takes its last lines with it. */
export async function untilHealthy(name: string, child: ChildProcess, port: number, lines: string[]): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${lines.join("").slice(-2000)}`);
    try {
      const response = await fetch(`http://127.0.0.1:${port}/health`);
      await response.body?.cancel();
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    if (performance.now() - startedAt > READY_WITHIN_MS) {
      child.kill("SIGKILL");
      throw new Error(`${name} did not answer in time: ${lines.join("").slice(-2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address && typeof address === "object") resolve(address.port);
        else reject(new Error("expected a port"));
      });
    });
  });
}
