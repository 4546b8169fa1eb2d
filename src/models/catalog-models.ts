import type { ModelFacts, Price } from "./catalog.ts";

/**
 * The table behind catalog.ts, by the beginning of `provider/model`. From the vendors' model and price pages
 * (developers.openai.com/api/docs/pricing, platform.claude.com/docs/en/models, ai.google.dev/gemini-api/docs/pricing,
 * docs.x.ai/developers/models, api-docs.deepseek.com/quick_start/pricing, mistral.ai/pricing/api), partly as transcribed by
 * dated public price lists. Where a vendor has peak hours, the dearer price stands here. Its date is PRICES_AS_OF in catalog.ts.
 */

/** Cautious: a prompt that is thought too long is compacted, one that is thought to fit and does not costs a failed call. */
export const UNKNOWN_MODEL: ModelFacts = {
  contextTokens: 128_000,
  outputTokens: 8_192,
  images: false,
  pdfs: false,
  tools: true,
};

const price = (input: number, output: number, cached: number): Price => ({ input, output, cached });
/** OpenAI and Google raise the whole call's price above a length of prompt: input and cache by `times`, output by half. */
const long = (base: Price, inputTokens: number): Price => ({
  ...base,
  long: { inputTokens, input: base.input * 2, output: base.output * 1.5, cached: base.cached * 2 },
});
const sized =
  (contextTokens: number, outputTokens: number, takes: "text" | "images" | "files") =>
  (of?: Price): ModelFacts => ({
    contextTokens,
    outputTokens,
    images: takes !== "text",
    pdfs: takes === "files",
    tools: true,
    ...(of ? { price: of } : {}),
  });

const gptLong = sized(1_050_000, 128_000, "files");
const gpt5 = sized(400_000, 128_000, "files");
const gpt41 = sized(1_047_576, 32_768, "files");
const gpt4o = sized(128_000, 16_384, "files");
const claude1m = sized(1_000_000, 128_000, "files");
const claude200k = sized(200_000, 64_000, "files");
const gemini = sized(1_048_576, 65_536, "files");
const grok = sized(500_000, 64_000, "images");
const deepseek = sized(1_000_000, 32_000, "text");
const mistral = sized(128_000, 16_384, "images");
const groq = sized(131_072, 32_768, "text");
const bound = sized(128_000, 16_384, "text");

const GPT_LONG_PROMPT = 272_000;
const GOOGLE_LONG_PROMPT = 200_000;

export const MODELS: ReadonlyMap<string, ModelFacts> = new Map([
  ["openai/", sized(128_000, 16_384, "images")()],
  ["openai/gpt-6", gptLong(long(price(2, 10, 0.2), GPT_LONG_PROMPT))],
  ["openai/gpt-6-astra", gptLong(long(price(10, 50, 1), GPT_LONG_PROMPT))],
  ["openai/gpt-6.1-sol", gptLong(long(price(2, 10, 0.1), GPT_LONG_PROMPT))],
  ["openai/gpt-6-luna", gptLong(long(price(0.1, 0.5, 0.01), GPT_LONG_PROMPT))],
  ["openai/gpt-5.6-sol", gptLong(long(price(4, 20, 0.4), GPT_LONG_PROMPT))],
  ["openai/gpt-5.6-terra", gptLong(long(price(2, 12, 0.2), GPT_LONG_PROMPT))],
  ["openai/gpt-5.6-luna", gptLong(long(price(0.2, 1.2, 0.02), GPT_LONG_PROMPT))],
  ["openai/gpt-5.5", gptLong(price(5, 30, 0.5))],
  ["openai/gpt-5.4", gptLong(price(2.5, 15, 0.25))],
  ["openai/gpt-5.4-mini", gpt5(price(0.75, 4.5, 0.075))],
  ["openai/gpt-5.2", gpt5(price(1.75, 14, 0.175))],
  ["openai/gpt-5", gpt5(price(1.25, 10, 0.125))],
  ["openai/gpt-5-mini", gpt5(price(0.25, 2, 0.025))],
  ["openai/gpt-5-nano", gpt5(price(0.05, 0.4, 0.005))],
  ["openai/gpt-4.1", gpt41(price(2, 8, 0.5))],
  ["openai/gpt-4.1-mini", gpt41(price(0.4, 1.6, 0.1))],
  ["openai/gpt-4o", gpt4o(price(2.5, 10, 1.25))],
  ["openai/gpt-4o-mini", gpt4o(price(0.15, 0.6, 0.075))],

  ["anthropic/", claude200k()],
  ["anthropic/claude-fable-5", claude1m(price(10, 50, 1))],
  ["anthropic/claude-opus-5", claude1m(price(5, 25, 0.5))],
  ["anthropic/claude-opus-5-5", claude1m(price(4, 20, 0.2))],
  ["anthropic/claude-opus-4-8", claude1m(price(5, 25, 0.5))],
  ["anthropic/claude-sonnet-5", claude1m(price(2, 10, 0.2))],
  ["anthropic/claude-sonnet-4-6", claude1m(price(3, 15, 0.3))],
  ["anthropic/claude-sonnet-4", claude200k(price(3, 15, 0.3))],
  [
    "anthropic/claude-haiku-5-5",
    claude1m({ ...price(0.1, 0.5, 0.01), long: { inputTokens: 100_000, ...price(0.5, 2.5, 0.05) } }),
  ],
  ["anthropic/claude-haiku-4-5", claude200k(price(1, 5, 0.1))],

  ["google/", gemini()],
  ["google/gemini-3.8-flash", gemini(price(0.75, 3.75, 0.075))],
  ["google/gemini-3.7-flash", gemini(price(0.75, 3.75, 0.075))],
  ["google/gemini-3.6-flash", gemini(price(0.75, 3.75, 0.075))],
  ["google/gemini-3.5-flash", gemini(price(1.5, 9, 0.15))],
  ["google/gemini-3.5-flash-lite", gemini(price(0.3, 2.5, 0.03))],
  ["google/gemini-3.1-flash-lite", gemini(price(0.25, 1.5, 0.025))],
  ["google/gemini-3.1-pro", gemini(long(price(2, 12, 0.2), GOOGLE_LONG_PROMPT))],
  ["google/gemini-2.5-pro", gemini(long(price(1.25, 10, 0.125), GOOGLE_LONG_PROMPT))],
  ["google/gemini-2.5-flash", gemini(price(0.3, 2.5, 0.03))],
  ["google/gemini-2.5-flash-lite", gemini(price(0.1, 0.4, 0.01))],

  ["xai/", grok()],
  ["xai/grok-4.6", grok({ ...price(2, 6, 0.5), long: { inputTokens: 200_000, ...price(4, 12, 1) } })],
  ["xai/grok-4.5", grok(price(2, 6, 0.3))],
  ["xai/grok-4.3", grok({ ...price(1.25, 2.5, 0.2), long: { inputTokens: 200_000, ...price(2.5, 5, 0.4) } })],
  ["xai/grok-4.20", grok(price(1.25, 2.5, 0.2))],

  ["deepseek/", sized(128_000, 8_192, "text")()],
  ["deepseek/deepseek-v4-flash", deepseek(price(0.44, 1.32, 0.014))],
  ["deepseek/deepseek-v4-pro", deepseek(price(1.32, 3.96, 0.044))],

  ["mistral/", sized(128_000, 16_384, "text")()],
  ["mistral/mistral-medium", mistral(price(1.5, 7.5, 0.15))],
  ["mistral/mistral-small", mistral(price(0.15, 0.6, 0.015))],
  ["mistral/mistral-large", mistral(price(0.5, 1.5, 0.05))],
  ["mistral/codestral", sized(128_000, 16_384, "text")(price(0.3, 0.9, 0.03))],

  ["groq/", groq()],
  ["groq/meta-llama/llama-4", sized(131_072, 8_192, "images")()],
  ["groq/llama-3.3-70b", groq(price(0.59, 0.79, 0.59))],

  ["workersai/", sized(24_000, 4_096, "text")()],
  ["workersai/@cf/openai/gpt-oss-120b", bound(price(0.35, 0.75, 0.35))],
  ["workersai/@cf/meta/llama-3.3-70b-instruct-fp8-fast", sized(24_000, 4_096, "text")(price(0.29, 2.25, 0.29))],
]);
