import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "../../../bench/build.ts";
import { binary, configOf } from "../../../bench/workerd.ts";
import type { Settings } from "../../../playground/env-file.ts";
import type { Engine, EngineOptions } from "../../../playground/worker.ts";
import { guard, isServing } from "../../../scripts/wrangler.ts";

/**
 * The Worker's bundle under workerd itself, with its state on disk. `wrangler dev` takes some seconds of processor time
 * for each start; this takes a tenth of that, so that many more deaths fit into the same time, and nothing stands between
 * the Worker and whoever calls it.
 */

const OBJECTS = { SESSION: "Session", POOL: "Pool", PERSON: "Person", DIRECTORY: "Directory" };
/** The pipe on which workerd says what it listens on. */
const CONTROL = 3;
const READY_WITHIN_MS = 120_000;
const PROBE_EVERY_MS = 20;

export class WorkerdAlone implements Engine {
  readonly url: string;
  readonly #options: EngineOptions;
  #child: ChildProcess | undefined;
  /** Takes workerd along when we are killed ourselves. */
  #guard: ChildProcess | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.url = `http://127.0.0.1:${options.port}`;
    const { directory } = options;
    mkdirSync(join(directory, "objects"), { recursive: true });
    copyFileSync(build("wrangler.toml", join(directory, "bundle")).file, join(directory, "index.js"));
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(settings: Settings): Promise<void> {
    const { directory, port, onLine } = this.#options;
    const config = join(directory, "config.capnp");
    writeFileSync(config, configOf({ objects: OBJECTS, settings }, port), { mode: 0o600 });
    const child = spawn(binary(), ["serve", config, "--experimental", `--control-fd=${CONTROL}`], {
      cwd: directory,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    this.#child = child;
    this.#guard = guard(child.pid);
    child.once("exit", () => {
      if (this.#child === child) this.#child = undefined;
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", onLine);
    }
    // Before it says that it listens, whoever answers on the port is somebody else.
    let isListening = false;
    child.stdio[CONTROL]?.once("data", () => {
      isListening = true;
    });
    const until = Date.now() + READY_WITHIN_MS;
    while (this.#child === child && Date.now() < until) {
      if (isListening && (await isServing(this.url))) return;
      await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
    }
    const why = this.#child === child ? "did not answer on /health in time" : "ended";
    await this.kill9();
    throw new Error(`workerd ${why}`);
  }

  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
    this.#guard?.kill("SIGKILL");
  }
}
