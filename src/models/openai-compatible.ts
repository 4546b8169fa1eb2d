import { OpenAICompatibleChatLanguageModel } from "@ai-sdk/openai-compatible";
import type { LanguageModel } from "ai";
import { z } from "zod";

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

export function openAiCompatibleModel(options: OpenAiCompatible): LanguageModel {
  return new OpenAICompatibleChatLanguageModel(options.model, {
    provider: `${options.provider}.chat`,
    url: ({ path }) => `${options.baseURL}${path}`,
    headers: options.apiKey === "" ? {} : { Authorization: `Bearer ${options.apiKey}` },
    fetch: outspokenFetch(options.fetch),
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

/** Enough for any error; whole answers do not come this way. */
const MOST_ERROR_CHARS = 64_000;

/**
 * OpenRouter answers 200 with a JSON body that holds an error, when the upstream failed before the first token. Read as a
 * stream that would be an empty one, and the reason lost; so it becomes the failed response that it is.
 */
function outspokenFetch(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init);
    if (!response.ok || !/^application\/json\b/i.test(response.headers.get("content-type") ?? "")) return response;
    const text = await response.text();
    const status = errorStatusOf(text.slice(0, MOST_ERROR_CHARS));
    const headers = new Headers(response.headers);
    headers.delete("content-encoding");
    headers.delete("content-length");
    return new Response(text, { status: status ?? response.status, headers });
  };
}

function errorStatusOf(text: string): number | undefined {
  try {
    const { error } = errorSchema.parse(JSON.parse(text));
    const code = typeof error === "string" ? undefined : Number(error.code);
    return code !== undefined && code >= 400 && code <= 599 ? code : 502;
  } catch {
    return undefined;
  }
}
