import { OpenAICompatibleChatLanguageModel } from "@ai-sdk/openai-compatible";
import { EmptyResponseBodyError, type LanguageModelV4, type LanguageModelV4CallOptions } from "@ai-sdk/provider";
import {
  createJsonErrorResponseHandler,
  extractResponseHeaders,
  removeUndefinedEntries,
  resolve,
} from "@ai-sdk/provider-utils";
import * as z from "zod";
import { VERSION } from "../version.ts";
import { wantsReasoning } from "./catalog.ts";
import { ChatParts } from "./chat-stream.ts";
import { type StreamResult, streamOf } from "./parts.ts";

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
  return new ChatModel(options.model, {
    provider: `${options.provider}.chat`,
    url: ({ path }) => `${options.baseURL}${path}`,
    headers: options.apiKey === "" ? {} : { Authorization: `Bearer ${options.apiKey}` },
    fetch: options.fetch,
    ...(needsCompletionTokens(options) ? { transformRequestBody: renameMaxTokens } : {}),
    ...(wantsReasoning(options) ? { transformRequestBody: fillReasoning } : {}),
  });
}

const HEADERS = { "content-type": "application/json", "user-agent": `turnkeeper/${VERSION}` };

/** The package's model, which reads its answers in one pass (chat-stream.ts). */
export class ChatModel extends OpenAICompatibleChatLanguageModel {
  override async doStream(options: LanguageModelV4CallOptions): Promise<StreamResult> {
    const { body: prepared, warnings } = await this.prepareRequest(options);
    const body = { ...prepared, stream: true, stream_options: { include_usage: true } };
    const url = this.config.url({ path: "/chat/completions", modelId: this.modelId });
    const response = await (this.config.fetch ?? fetch)(url, {
      method: "POST",
      headers: removeUndefinedEntries({ ...HEADERS, ...(await resolve(this.config.headers)), ...options.headers }),
      body: JSON.stringify(body),
      signal: options.abortSignal ?? null,
    });
    if (!response.ok) throw (await failedResponseHandler({ response, url, requestBodyValues: body })).value;
    if (response.body === null) throw new EmptyResponseBodyError();
    const parts = new ChatParts(response.body, warnings);
    const headers = extractResponseHeaders(response);
    return {
      parts,
      get stream() {
        return streamOf(parts);
      },
      request: { body },
      response: { headers },
    };
  }
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

const failedResponseHandler = createJsonErrorResponseHandler({ errorSchema, errorToMessage });

/** OpenAI's reasoning models answer `max_tokens` with a 400; compatible servers often know nothing else. */
function needsCompletionTokens({ provider, model }: OpenAiCompatible): boolean {
  return provider === "openai" && /^(gpt-[5-9]|o\d)/.test(model);
}

function renameMaxTokens({ max_tokens, ...body }: Record<string, unknown>): Record<string, unknown> {
  return max_tokens === undefined ? body : { ...body, max_completion_tokens: max_tokens };
}

/** Where there were no thoughts, or another model wrote, none at all is a 400 as well. */
function fillReasoning({ messages, ...body }: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(messages)) return { ...body, messages };
  return {
    ...body,
    messages: messages.map((message) =>
      message.role === "assistant" ? { reasoning_content: "", ...message } : message,
    ),
  };
}
