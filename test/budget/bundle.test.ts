import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bundle, build, ROOT } from "../../bench/build.ts";
import { z } from "../../src/models/slim-zod.ts";
import { BUNDLE_GZIP_BYTES } from "./budgets.ts";

describe("the bundle", () => {
  const directory = mkdtempSync(join(tmpdir(), "turnkeeper-bundle-"));
  let bundle: Bundle | undefined;
  let code = "";

  beforeAll(() => {
    bundle = build("wrangler.toml", directory);
    code = readFileSync(bundle.file, "utf8");
  }, 120_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("is within its budget, with everything in it", () => {
    expect(bundle?.gzipBytes).toBeLessThanOrEqual(BUNDLE_GZIP_BYTES);
    expect(readdirSync(directory).filter((name) => /\.(wasm|bin|mjs)$/.test(name))).toEqual([]);
  });

  it.each([
    ["zod's words in other languages", "Ungültige Eingabe"],
    ["Vercel's gateway", "ai-gateway.vercel.sh"],
  ])("has no %s", (_, mark) => {
    expect(code.includes(mark)).toBe(false);
  });
});

describe("the slim zod", () => {
  const packages = ["anthropic", "google", "groq", "mcp", "mistral", "openai-compatible", "provider-utils"];

  it.each(packages)("has all that @ai-sdk/%s takes of z", (name) => {
    const files = [join(ROOT, "node_modules/@ai-sdk", name, "dist/index.js")];
    const inner = join(ROOT, "node_modules/@ai-sdk", name, "dist/internal");
    if (name === "anthropic" || name === "google") files.push(join(inner, "index.js"));
    const used = files.flatMap((file) => {
      const source = readFileSync(file, "utf8");
      const names = [...source.matchAll(/import (?:\* as (\w+)|\{ z(?: as (\w+))? \}) from "zod\/v4"/g)].map(
        ([, all, renamed]) => all ?? renamed ?? "z",
      );
      return names.flatMap((local) =>
        [...source.matchAll(new RegExp(`\\b${local}\\.(\\w+)\\(`, "g"))].map(([, member]) => member),
      );
    });
    const missing = [...new Set(used)].filter((member) => member !== undefined && !(member in z));
    expect(missing).toEqual([]);
  });
});
