import type { ModelName } from "../core/model-name.ts";
import { MODELS, UNKNOWN_MODEL } from "./catalog-models.ts";

/**
 * What is known of a model before it is asked: how much fits, what it takes, what it costs. Estimates, never a bill: names are
 * matched by their beginning, prices are those of the standard tier on PRICES_AS_OF.
 */

/** The day on which the table was read from the vendors' pages. */
export const PRICES_AS_OF = "2026-10-07";

export interface ModelFacts {
  /** Tokens that prompt and answer may have together. */
  readonly contextTokens: number;
  /** Tokens that one answer may have. */
  readonly outputTokens: number;
  readonly images: boolean;
  readonly pdfs: boolean;
  readonly tools: boolean;
  readonly price?: Price;
}

/** US dollars per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** Input that was read from the provider's cache. */
  readonly cached: number;
  /** Prices of the whole call when its prompt is longer than `inputTokens`. */
  readonly long?: {
    readonly inputTokens: number;
    readonly input: number;
    readonly output: number;
    readonly cached: number;
  };
}

/** Tokens of one or more calls; `cached` is the part of `input` that came from the cache. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
}

/** The facts of the longest name in the table that this one begins with; cautious ones for a model that nothing is known of. */
export function modelFacts(name: ModelName): ModelFacts {
  const asked = canonical(name);
  let best: { name: string; facts: ModelFacts } | undefined;
  for (const [known, facts] of MODELS) {
    if (asked.startsWith(known) && known.length > (best?.name.length ?? 0)) best = { name: known, facts };
  }
  return best?.facts ?? UNKNOWN_MODEL;
}

/**
 * DeepSeek, thinking, refuses a conversation in which it called tools without what it thought in that turn
 * (api-docs.deepseek.com: guides/thinking_mode). To anybody else it is a stranger's, and costs tokens.
 */
export function wantsReasoning({ provider }: ModelName): boolean {
  return provider === "deepseek";
}

/** What calls cost, in US dollars; nothing when no price is known (`modelFacts(name).price` tells). */
export function costUsd(name: ModelName, usage: Usage): number {
  const price = modelFacts(name).price;
  if (price === undefined) return 0;
  const rates = price.long !== undefined && usage.input > price.long.inputTokens ? price.long : price;
  const cached = Math.min(usage.cached, usage.input);
  return ((usage.input - cached) * rates.input + cached * rates.cached + usage.output * rates.output) / 1_000_000;
}

/** OpenRouter sells other vendors' models under their names, spelt its own way ("anthropic/claude-sonnet-4.6"). */
const OPENROUTER_VENDORS: ReadonlyMap<string, string> = new Map([
  ["openai", "openai"],
  ["anthropic", "anthropic"],
  ["google", "google"],
  ["x-ai", "xai"],
  ["mistralai", "mistral"],
  ["deepseek", "deepseek"],
]);

function canonical({ provider, model }: ModelName): string {
  const lower = model.toLowerCase();
  if (provider !== "openrouter") return `${provider}/${lower}`;
  const slash = lower.indexOf("/");
  const vendor = OPENROUTER_VENDORS.get(lower.slice(0, slash));
  if (vendor === undefined) return `openrouter/${lower}`;
  const rest = lower.slice(slash + 1);
  return `${vendor}/${vendor === "anthropic" ? rest.replaceAll(".", "-") : rest}`;
}
