import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { costUsd, modelFacts, PRICES_AS_OF } from "../../src/models/catalog.ts";
import { MODELS } from "../../src/models/catalog-models.ts";

const of = (name: string) => {
  const slash = name.indexOf("/");
  return { provider: name.slice(0, slash), model: name.slice(slash + 1) };
};

describe("the facts of a model", () => {
  test("are those of the longest name it begins with", () => {
    expect(modelFacts(of("openai/gpt-5-mini-2025-08-07"))).toBe(MODELS.get("openai/gpt-5-mini"));
    expect(modelFacts(of("openai/gpt-5-2025-08-07"))).toBe(MODELS.get("openai/gpt-5"));
    expect(modelFacts(of("anthropic/claude-opus-5-5-20260922"))).toBe(MODELS.get("anthropic/claude-opus-5-5"));
  });

  test("are known under OpenRouter's spelling", () => {
    expect(modelFacts(of("openrouter/anthropic/claude-sonnet-4.6"))).toBe(MODELS.get("anthropic/claude-sonnet-4-6"));
    expect(modelFacts(of("openrouter/x-ai/grok-4.6"))).toBe(MODELS.get("xai/grok-4.6"));
  });

  test("are cautious for a model that nothing is known of", () => {
    expect(modelFacts(of("my-llm/whatever"))).toMatchObject({
      contextTokens: 128_000,
      images: false,
      pdfs: false,
      tools: true,
    });
    expect(costUsd(of("my-llm/whatever"), { input: 1, output: 1, cached: 0 })).toBe(0);
  });

  test("are plausible throughout", () => {
    expect(Date.parse(PRICES_AS_OF)).toBeGreaterThan(Date.parse("2026-01-01"));
    for (const [name, facts] of MODELS) {
      expect(facts.outputTokens, name).toBeLessThan(facts.contextTokens);
      if (!facts.price) continue;
      expect(facts.price.cached, name).toBeLessThanOrEqual(facts.price.input);
      expect(facts.price.input, name).toBeLessThan(facts.price.output);
      if (facts.price.long) expect(facts.price.long.input, name).toBeGreaterThan(facts.price.input);
    }
  });
});

describe("what a call costs", () => {
  test("counts cached input at its own price", () => {
    expect(costUsd(of("openai/gpt-5-mini"), { input: 1_000_000, output: 100_000, cached: 400_000 })).toBeCloseTo(
      0.15 + 0.01 + 0.2,
      9,
    );
  });

  test("doubles for a long prompt where the vendor does so", () => {
    const short = costUsd(of("openai/gpt-6-sol"), { input: 272_000, output: 0, cached: 0 });
    const long = costUsd(of("openai/gpt-6-sol"), { input: 272_001, output: 0, cached: 0 });
    expect(long / short).toBeCloseTo(2, 3);
  });

  test("is never negative, even if more was cached than was sent", () => {
    expect(costUsd(of("openai/gpt-5-mini"), { input: 10, output: 0, cached: 99 })).toBeGreaterThan(0);
  });
});

test("start-up evaluates no provider: only lazily loaded files import the SDK", () => {
  for (const file of [
    "registry",
    "raw-failure",
    "catalog",
    "catalog-models",
    "transcribe",
    "base-url",
    "unavailable",
    "workers-ai",
  ]) {
    const source = readFileSync(new URL(`../../src/models/${file}.ts`, import.meta.url), "utf8");
    expect(source, file).not.toMatch(/^import (?!type )[^;]*from "(?:ai|@ai-sdk\/[^"]+|\.\/openai-compatible\.ts)"/m);
  }
});
