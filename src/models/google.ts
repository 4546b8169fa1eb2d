import { GoogleLanguageModel } from "@ai-sdk/google/internal";
import type { LanguageModelV4 } from "@ai-sdk/provider";

/**
 * Gemini's own dialect. The package's front door, `createGoogle`, brings pictures, videos, speech and batches into the bundle;
 * this is the model alone. Loaded lazily by registry.ts.
 */
export function googleModel(model: string, options: GoogleOptions): LanguageModelV4 {
  return new GoogleLanguageModel(model, {
    provider: "google.generative-ai",
    baseURL: options.baseURL,
    // In a header; in the query it would stand in every trace.
    headers: { "x-goog-api-key": options.apiKey },
    fetch: options.fetch,
    generateId: () => crypto.randomUUID(),
  });
}

export interface GoogleOptions {
  readonly baseURL: string;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
}
