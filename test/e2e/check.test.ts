import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

/**
 * The parts of `npm run check` that are not tests themselves, as a process each. So that `npm test` alone, which is what CI
 * runs, fails on a type or a lint error as well.
 */

const ROOT = join(import.meta.dirname, "..", "..");

/** `npm run <script>`: its code, and its words where it failed. */
function npm(script: string): Promise<{ readonly code: number | null; readonly words: string }> {
  const child = spawn("npm", ["run", "--silent", script], { cwd: ROOT, shell: process.platform === "win32" });
  let words = "";
  child.stdout.on("data", (chunk: Buffer) => (words += chunk));
  child.stderr.on("data", (chunk: Buffer) => (words += chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, words: code === 0 ? "" : words }));
  });
}

test("the types are right", async () => {
  expect(await npm("types")).toEqual({ code: 0, words: "" });
});

test("the house's lint and format are kept", async () => {
  expect(await npm("lint")).toEqual({ code: 0, words: "" });
});
