#!/usr/bin/env node
/**
 * `npm start`: installs what is missing, then opens the playground with the Node of this project. Runs on Node 20, which is
 * why it is plain JavaScript and imports nothing that would have to be installed.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const windows = process.platform === "win32";
const node = join(root, "node_modules", ".bin", windows ? "node.cmd" : "node");
const installed = join(root, "node_modules", ".package-lock.json");
const lock = join(root, "package-lock.json");

/** What stands in node_modules is what the lock file says, by name and version. */
function upToDate() {
  if (!existsSync(installed) || !existsSync(node)) return false;
  if (!existsSync(lock) || statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return true;
  const here = JSON.parse(readFileSync(installed, "utf8")).packages;
  const wanted = JSON.parse(readFileSync(lock, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || optional || here[path]?.version === version,
  );
}

if (!upToDate()) {
  console.log("Installing what is missing (once, about half a minute) …");
  // Without its warnings that this Node is older than what is about to be installed.
  const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
    shell: windows,
  });
  if (status !== 0) {
    console.error("npm install failed; what it says above is the reason.");
    process.exit(status ?? 1);
  }
}

console.log("Starting Turnkeeper and its stand-ins …");
const child = spawn(node, [join(root, "playground", "main.ts")], { cwd: root, stdio: "inherit", shell: windows });
child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));
// Ctrl-C reaches the child by itself; a signal sent to this process alone is handed on.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
