import { spawn } from "node:child_process";
import { join } from "node:path";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, as a person sees them. */
  readonly all: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Called with everything that it has written so far, whenever it writes. */
  readonly hear?: (all: string) => void;
}

const ROOT = join(import.meta.dirname, "..", "..");

/** A command of package.json as its user runs it: a process of its own, of which only words and the code are seen. */
export function run(script: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Ran> {
  return runFile(join(ROOT, "scripts", `${script}.ts`), args, options);
}

/** Settings of the machine that the tests run on are not the command's. */
const NOT_INHERITED = /TELEGRAM|ADMIN_TOKEN|OWNERS|ALLOWED|MODEL|API_KEY|BASE_URL|TURNKEEPER|WORKERS_CI|COLOR|VITEST/;

export function runFile(path: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  const child = spawn(process.execPath, [path, ...args], {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  let all = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk;
    all += chunk;
    options.hear?.(all);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk;
    all += chunk;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, stdout, stderr, all }));
  });
}
