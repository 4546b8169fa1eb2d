import { describe, expect, test } from "vitest";
import { breachesOfFloors, breachesOfPurity } from "./floors.ts";
import { sourceFiles } from "./imports.ts";

test("a file imports only from its own room and from floors below", () => {
  const files = sourceFiles();
  expect(files.length).toBeGreaterThan(0);
  expect(files.flatMap(breachesOfFloors)).toEqual([]);
});

test("no file of the core touches clock, chance or the world", () => {
  expect(sourceFiles().flatMap(breachesOfPurity)).toEqual([]);
});

describe("a planted breach is found", () => {
  test.for([
    ["core/step.ts", `import { z } from "zod";`],
    ["core/step.ts", `import type { Settings } from "../config.ts";`],
    ["core/step.ts", `import data from "../../skills/data.json";`],
    ["config.ts", `import { gate } from "./telegram/gate.ts";`],
    ["telegram/gate.ts", `export { run } from "../agent/run.ts";`],
    ["models/registry.ts", `const later = await import("../session/object.ts");`],
    ["telegram/gate.ts", `import "../models/registry.ts";`],
    ["agent/run.ts", `import type { Person } from "../person/object.ts";`],
    ["pool/object.ts", `import type { View } from "../session/view.ts";`],
    ["person/object.ts", `import { PoolObject } from "../pool/object.ts";`],
    ["session/object.ts", `import { page } from "../admin/page.tsx";`],
    ["environment.ts", `import { PoolObject } from "./pool/object.ts";`],
    ["session/object.ts", `import worker from '../index.ts';`],
    ["attic/box.ts", ""],
  ] as const)("%s: %s", ([path, text]) => {
    expect(breachesOfFloors({ path, text })).toHaveLength(1);
  });

  test.for([
    "const now = Date.now();",
    "const now = new Date();",
    "const ms = performance.now();",
    "const luck = Math.random();",
    "const id = crypto.randomUUID();",
    "const page = fetch(url);",
    "setTimeout(later, 1);",
    "export async function later() {}",
    "const { HOME } = process.env;",
    `console.log("here");`,
  ])("core: %s", (text) => {
    expect(breachesOfPurity({ path: "core/step.ts", text })).not.toEqual([]);
  });
});

describe("what is allowed is left alone", () => {
  test.for([
    ["core/step.ts", `import { runOf } from "./session.ts"; // import "../config.ts"`],
    [
      "agent/tools/now.ts",
      `import { z } from "zod";\nimport { until } from "../../core/until.ts";\nimport { x } from "../run.ts";`,
    ],
    ["environment.ts", `import type { PoolObject } from "./pool/object.ts";`],
    ["index.ts", `import { SessionObject } from "./session/object.ts";`],
    ["session/object.ts", `import skills from "../../skills/index.ts";`],
  ] as const)("%s: %s", ([path, text]) => {
    expect(breachesOfFloors({ path, text })).toEqual([]);
  });

  test("words in strings and comments, and dates made of a given time", () => {
    const text = `/* Date.now() */ const key = "crypto"; // fetch(url)\nconst day = new Date(at);\nconst reason = 'process.env';`;
    expect(breachesOfPurity({ path: "core/step.ts", text })).toEqual([]);
  });
});
