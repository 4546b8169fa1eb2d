import { OpenAICompatibleChatLanguageModel } from "@ai-sdk/openai-compatible";
import type { LanguageModelV4 } from "@ai-sdk/provider";
import * as z from "zod";
import { streamingFetch } from "./streaming-fetch.ts";

/**
 * `POST {base}/chat/completions`, the dialect of openai/… and of everybody who copied it. Loaded lazily by registry.ts.
 */

export interface OpenAiCompatible {
  readonly provider: string;
  readonly model: string;
  readonly baseURL: string;
  /** Empty: no Authorization header. */
  readonly apiKey: string;
  readonly fetch: typeof fetch;
}

export function openAiCompatibleModel(options: OpenAiCompatible): LanguageModelV4 {
  return new OpenAICompatibleChatLanguageModel(options.model, {
    provider: `${options.provider}.chat`,
    url: ({ path }) => `${options.baseURL}${path}`,
    headers: options.apiKey === "" ? {} : { Authorization: `Bearer ${options.apiKey}` },
    fetch: streamingFetch(options.fetch),
    includeUsage: true,
    errorStructure: { errorSchema, errorToMessage },
    ...(needsCompletionTokens(options) ? { transformRequestBody: renameMaxTokens } : {}),
  });
}

/**
 * The package's own schema strips an error chunk to message, type and code; OpenRouter's `metadata` and everybody's reset
 * times would be lost before they can be classified.
 */
const errorSchema = z.looseObject({ error: z.union([z.string(), z.looseObject({})]) });

function errorToMessage({ error }: z.infer<typeof errorSchema>): string {
  if (typeof error === "string") return error;
  return typeof error.message === "string" ? error.message : "the provider answered with an error";
}

/** OpenAI's reasoning models answer `max_tokens` with a 400; compatible servers often know nothing else. */
function needsCompletionTokens({ provider, model }: OpenAiCompatible): boolean {
  return provider === "openai" && /^(gpt-[5-9]|o\d)/.test(model);
}

function renameMaxTokens({ max_tokens, ...body }: Record<string, unknown>): Record<string, unknown> {
  return max_tokens === undefined ? body : { ...body, max_completion_tokens: max_tokens };
}
