import { AnthropicLanguageModel } from "@ai-sdk/anthropic/internal";
import type { LanguageModelV4 } from "@ai-sdk/provider";

/**
 * Anthropic's Messages API. The package's front door, `createAnthropic`, brings batches, files and skills into the bundle; this
 * is the model alone. Loaded lazily by registry.ts.
 */
export function anthropicModel(model: string, options: AnthropicOptions): LanguageModelV4 {
  return new AnthropicLanguageModel(model, {
    provider: "anthropic.messages",
    baseURL: options.baseURL,
    headers: { "anthropic-version": API_VERSION, "x-api-key": options.apiKey },
    fetch: options.fetch,
    generateId: () => crypto.randomUUID(),
  });
}

/** The only one that the package speaks. */
const API_VERSION = "2023-06-01";

export interface AnthropicOptions {
  readonly baseURL: string;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
}
