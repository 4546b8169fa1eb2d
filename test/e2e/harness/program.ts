import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { waitUntil } from "../../../playground/wait.ts";

/** One of the project's own programs as a person would start it, in a process group of its own. */
export class Program {
  readonly lines: string[] = [];
  code: number | null | undefined;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();

  constructor(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const root = join(import.meta.dirname, "../../..");
    this.#child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.#hear(line));
    }
    this.#child.on("exit", (code) => {
      this.code = code;
      this.#tell();
    });
  }

  /** The first line that matches, as soon as it is there. */
  line(pattern: RegExp, timeoutMs = 40_000): Promise<RegExpExecArray> {
    return this.#wait(
      `a line like ${pattern}`,
      () => this.lines.map((line) => pattern.exec(line)).find((match) => match !== null) ?? undefined,
      timeoutMs,
    );
  }

  /** What Ctrl-C does: SIGINT to the whole group. Resolves with the exit code. */
  async interrupt(): Promise<number> {
    if (this.code === undefined && this.#child.pid) process.kill(-this.#child.pid, "SIGINT");
    const { code } = await this.#wait(
      "the program to end",
      () => this.code !== undefined && { code: this.code },
      20_000,
    );
    return code ?? -1;
  }

  /** Whatever it takes, for the end of a test. */
  kill(): void {
    if (this.code === undefined && this.#child.pid) process.kill(-this.#child.pid, "SIGKILL");
  }

  #wait<T>(what: string, look: () => T | undefined | false, timeoutMs: number): Promise<T> {
    const subscribe = (listener: () => void): (() => void) => {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    };
    return waitUntil(what, look, subscribe, timeoutMs, () => `it said:\n${this.lines.slice(-25).join("\n")}`);
  }

  #hear(line: string): void {
    this.lines.push(line);
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
