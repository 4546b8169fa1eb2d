import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Change, Mutant } from "./mutants.ts";

/** The simulator as `npm run simulate` runs it: a process of its own, since it takes the clock away from its process. */
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Ran {
  readonly code: number;
  readonly output: string;
}

export function run(args: readonly string[], root = ROOT): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", join(root, "simulation/main.ts"), ...args],
      // Most of a short run is the compiling of what never changes.
      {
        maxBuffer: 64 * 1024 * 1024,
        env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "turnkeeper-compiled") },
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 2;
        resolve({ code, output: `${stdout}${code > 1 ? stderr : ""}` });
      },
    );
  });
}

/** The same of a copy of the sources with the defect in them. */
export async function runMutated(mutant: Mutant, args: readonly string[]): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), "turnkeeper-simulated-"));
  try {
    for (const part of ["src", "skills", "simulation", "package.json"]) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const change of mutant.changes) {
      const { file, text, by } = change;
      if (!isThere(change)) {
        throw new Error(`mutant «${mutant.name}»: its text is not once in ${file} any more; put the defect in anew`);
      }
      const path = join(folder, "src", file);
      const source = readFileSync(path, "utf8");
      writeFileSync(
        path,
        source.replace(text, () => by),
      );
    }
    return await run(args, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The text that is to be changed is in its file, once. */
export function isThere({ file, text }: Change): boolean {
  return readFileSync(join(ROOT, "src", file), "utf8").split(text).length === 2;
}

/** What the output says of a broken promise. */
export function violationIn(output: string): { readonly check: string; readonly complaint: string } | undefined {
  const match = /✗ ([^\n]+)\n\s+([^\n]+)/.exec(output);
  return match?.[1] && match[2] ? { check: match[1], complaint: match[2] } : undefined;
}
