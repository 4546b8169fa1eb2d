import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/**
 * core: the pure rules and the rules of the house, in Node. worker: the objects, in workerd. simulation: the real shells
 * under a virtual clock. e2e: the whole under `wrangler dev`, with SIGKILL. browser: the pages, in a real browser.
 * budget: what turns and the bundle cost, counted.
 *
 * The projects run one after the other (groupOrder): what starts servers and kills them must not share two cores with
 * what explores a million states.
 */
const slow = { fileParallelism: false, testTimeout: 90_000, hookTimeout: 90_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "core",
          include: ["test/core/**/*.test.ts", "test/house/**/*.test.ts"],
          environment: "node",
          testTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [
          cloudflareTest({
            main: "./src/index.ts",
            wrangler: { configPath: "./wrangler.toml" },
            // Not bound by default, so that run_javascript is tested where it is.
            miniflare: { workerLoaders: { LOADER: {} } },
          }),
        ],
        test: {
          name: "worker",
          include: ["test/worker/**/*.test.ts"],
          testTimeout: 60_000,
          // A line that comes when its test is over, as those of a session may, would hang the runner while it is handed over.
          disableConsoleIntercept: true,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "simulation",
          include: ["test/simulation/**/*.test.ts"],
          environment: "node",
          testTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...slow,
          // They wait more than they work: two worlds at a time are no strain.
          fileParallelism: true,
          maxWorkers: 2,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          environment: "node",
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...slow,
          name: "budget",
          include: ["test/budget/**/*.test.ts"],
          environment: "node",
          sequence: { groupOrder: 5 },
        },
      },
      {
        test: {
          ...slow,
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          environment: "node",
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
