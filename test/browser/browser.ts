import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** Where browsers of Chromium's kind usually are. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"];
const PLACES = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** The browser to test with, by PLAYWRIGHT_CHROMIUM or CHROME_PATH first. */
export function findChromium(): string | undefined {
  const named = [process.env.PLAYWRIGHT_CHROMIUM, process.env.CHROME_PATH].filter((path) => path !== undefined);
  const onPath = (process.env.PATH ?? "").split(process.platform === "win32" ? ";" : ":");
  const common = [...onPath, "/usr/bin", "/usr/local/bin", "/snap/bin"].flatMap((directory) =>
    NAMES.map((name) => join(directory, name)),
  );
  return [...named, ...common, ...PLACES].find((path) => existsSync(path));
}

/**
 * Whether there is a browser. Where there is none the tests are skipped aloud; in CI, which installs one, that would be a
 * test that cannot fail, so there it is an error.
 */
export function browserOrSay(): string | undefined {
  const path = findChromium();
  if (path) return path;
  const words = "no Chromium or Chrome was found (set PLAYWRIGHT_CHROMIUM, or apt-get install chromium)";
  if (process.env.CI === "true") throw new Error(`the browser tests cannot run in CI: ${words}`);
  process.stderr.write(`\n  SKIPPED: the browser tests, because ${words}\n\n`);
  return undefined;
}

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
}
