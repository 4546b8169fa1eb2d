import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WranglerDev } from "../scripts/wrangler.ts";
import { type Settings, writeSettings } from "./env-file.ts";
import { freePort } from "./listen.ts";
import { waitUntil } from "./wait.ts";

/** One line of the Worker's log (contract.md, "The log"). */
export interface LogLine {
  readonly n: number;
  readonly at: number;
  readonly event: string;
  readonly session?: string;
  readonly run?: string;
  readonly epoch?: number;
  readonly [name: string]: unknown;
}

export type LogFilter = string | ((line: LogLine) => boolean);

/** What runs the Worker's processes. */
export interface Engine {
  readonly url: string;
  readonly running: boolean;
  /** The leader of the process group that everything of it is in; undefined while it does not run. */
  readonly pid: number | undefined;
  start(settings: Settings): Promise<void>;
  /** SIGKILL to everything at once; resolves when nothing of it is left. */
  kill9(): Promise<void>;
  stop(): Promise<void>;
}

export interface EngineOptions {
  readonly port: number;
  /** For the state. */
  readonly directory: string;
  /** Holds the settings when `start` is called. */
  readonly envFile: string;
  readonly onLine: (line: string) => void;
}

export type MakeEngine = (options: EngineOptions) => Engine;

/** The real Worker, under `wrangler dev` unless told, which can be killed and started again on the same state. */
export class LiveWorker {
  readonly url: string;
  readonly settings: Settings;
  /** Everything the process wrote, log or not. */
  readonly output: string[] = [];
  readonly #logs: LogLine[] = [];
  readonly #listeners = new Set<(line?: LogLine) => void>();
  readonly #envFile: string;
  readonly #engine: Engine;

  /** Prepares it on a free port; `start` starts it. State, settings and all lie in `directory`. */
  static async prepare(directory: string, settings: Settings, engine: MakeEngine = wranglerDev()): Promise<LiveWorker> {
    mkdirSync(directory, { recursive: true });
    return new LiveWorker(directory, settings, await freePort(), engine);
  }

  private constructor(directory: string, settings: Settings, port: number, engine: MakeEngine) {
    this.settings = settings;
    this.#envFile = join(directory, "settings.env");
    const onLine = (line: string): void => this.#hear(line);
    this.#engine = engine({ port, directory: join(directory, "state"), envFile: this.#envFile, onLine });
    this.url = this.#engine.url;
  }

  get running(): boolean {
    return this.#engine.running;
  }

  get pid(): number | undefined {
    return this.#engine.pid;
  }

  /** `over`: settings of this life alone. */
  async start(over: Settings = {}): Promise<void> {
    const settings = { ...this.settings, ...over };
    writeFileSync(this.#envFile, writeSettings(settings), { mode: 0o600 });
    await this.#engine.start(settings);
    this.#tell();
  }

  async kill9(): Promise<void> {
    await this.#engine.kill9();
    this.#tell();
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    this.#tell();
  }

  /** The log so far; of one event, or what fits. `after`: only lines with a greater `n`. */
  logs(filter?: LogFilter, after = 0): LogLine[] {
    return this.#logs.filter((line) => line.n > after && (filter === undefined || fits(line, filter)));
  }

  /** The number of the last line, to look for later ones only. */
  get lastLog(): number {
    return this.#logs.length;
  }

  waitForLog(
    filter: LogFilter,
    options: { readonly after?: number; readonly timeoutMs?: number } = {},
  ): Promise<LogLine> {
    const what = typeof filter === "string" ? `the log line ${filter}` : "a certain log line";
    return waitUntil(
      what,
      () => this.logs(filter, options.after)[0],
      (listener) => this.onLog(() => listener()),
      options.timeoutMs ?? 15_000,
      () => `the last lines were:\n${this.output.slice(-25).join("\n")}`,
    );
  }

  /** Called with each log line, and with nothing when the process starts or ends. */
  onLog(listener: (line?: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** A request to /admin, as a maintainer. */
  async admin(path: string, init: { readonly method?: string; readonly body?: unknown } = {}): Promise<Response> {
    return fetch(`${this.url}/admin${path}`, {
      method: init.method ?? "GET",
      headers: { authorization: `Bearer ${this.settings.ADMIN_TOKEN}`, "content-type": "application/json" },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
      signal: AbortSignal.timeout(10_000),
    });
  }

  #hear(line: string): void {
    this.output.push(line);
    const read = parseLogLine(line);
    if (!read) return;
    const log: LogLine = { ...read, n: this.#logs.length + 1, at: Date.now() };
    this.#logs.push(log);
    this.#tell(log);
  }

  #tell(line?: LogLine): void {
    for (const listener of [...this.#listeners]) listener(line);
  }
}

/** `args`: further ones of `wrangler dev`. */
export function wranglerDev(args: readonly string[] = []): MakeEngine {
  return ({ port, directory, envFile, onLine }) =>
    new WranglerDev({ port, persistTo: directory, envFile, args, onLine });
}

function fits(line: LogLine, filter: LogFilter): boolean {
  return typeof filter === "string" ? line.event === filter : filter(line);
}

function parseLogLine(line: string): { readonly event: string } | undefined {
  const start = line.indexOf("{");
  if (start < 0) return undefined;
  try {
    const value: unknown = JSON.parse(line.slice(start));
    const isLog = typeof value === "object" && value !== null && "event" in value && typeof value.event === "string";
    return isLog ? (value as { event: string }) : undefined;
  } catch {
    return undefined;
  }
}
