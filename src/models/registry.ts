import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { ProviderSettings } from "../config.ts";
import type { ModelName } from "../core/model-name.ts";
import { baseUrlOf, hasOwnHost } from "./base-url.ts";
import { ANTHROPIC_IDS, ANY_IDS, type IdForm, MISTRAL_IDS, takingBack } from "./sound-calls.ts";
import { ModelUnavailable } from "./unavailable.ts";
import { bindingFetch, isAiBinding } from "./workers-ai.ts";

/**
 * From `provider/model` to something that can be asked. Every package is loaded with the first turn that needs it: start-up
 * must not pay for it. Nothing here retries; callers pass `maxRetries: 0`, because whoever leased the credential must see every
 * failure.
 *
 * openrouter, xai and deepseek are spoken to as OpenAI-compatible, which they are. The AI SDK's own packages for xai and
 * deepseek on this registry pin an older @ai-sdk/provider-utils, which would then be bundled twice.
 */

export interface ModelRequest {
  readonly model: ModelName;
  /** Undefined for a known provider of which nothing is configured. */
  readonly settings: ProviderSettings | undefined;
  /** Ignored by the Workers AI binding. */
  readonly key: string;
  readonly fetch?: typeof fetch;
  /** `env.AI`, where the Worker has one. */
  readonly ai?: unknown;
}

/**
 * Opened models, by whoever carries their requests. They hold nothing of a call, and opening one builds schemas that take as
 * long as a short turn. Finished ones only: a promise must not be awaited from another object's event.
 */
const opened = new WeakMap<typeof fetch, Map<string, LanguageModelV4>>();
const MOST_OPENED = 100;

/** Opens a model, once for each isolate. @throws ModelUnavailable when the settings do not say where, or with what, to ask. */
export async function languageModel(request: ModelRequest): Promise<LanguageModelV4> {
  const { provider, model } = request.model;
  if (provider === "workersai" && baseUrlOf(provider, request.settings) === undefined) return boundModel(request);
  const { fetch: carrier = globalThis.fetch } = request;
  const name = JSON.stringify([provider, model, request.settings?.baseUrl, request.key]);
  const known = opened.get(carrier)?.get(name);
  if (known) return known;
  const made = takingBack(await open(request), idForm(provider));
  const models = opened.get(carrier) ?? new Map<string, LanguageModelV4>();
  if (models.size >= MOST_OPENED) models.clear();
  opened.set(carrier, models.set(name, made));
  return made;
}

function idForm(provider: string): IdForm {
  if (provider === "anthropic") return ANTHROPIC_IDS;
  return provider === "mistral" ? MISTRAL_IDS : ANY_IDS;
}

async function open(request: ModelRequest): Promise<LanguageModelV4> {
  const { provider, model } = request.model;
  const baseURL = baseUrlOf(provider, request.settings);
  if (baseURL === undefined) throw new ModelUnavailable(provider, "no_base_url");
  // An SDK without a key looks for one in the environment; a server of one's own may need none.
  if (request.key === "" && hasOwnHost(provider)) throw new ModelUnavailable(provider, "no_key");
  const options = { baseURL, apiKey: request.key, fetch: await streaming(lateFetch(request.fetch)) };
  switch (provider) {
    case "anthropic": {
      const { anthropicModel } = await import("./anthropic.ts");
      return anthropicModel(model, options);
    }
    case "google": {
      const { googleModel } = await import("./google.ts");
      return googleModel(model, options);
    }
    case "groq": {
      const { createGroq } = await import("./groq.ts");
      return createGroq(options)(model);
    }
    case "mistral": {
      const { createMistral } = await import("./mistral.ts");
      return createMistral(options)(model);
    }
    default: {
      const { openAiCompatibleModel } = await import("./openai-compatible.ts");
      return openAiCompatibleModel({ provider, model, ...options });
    }
  }
}

async function boundModel(request: ModelRequest): Promise<LanguageModelV4> {
  const { provider, model } = request.model;
  if (!isAiBinding(request.ai)) throw new ModelUnavailable(provider, "no_binding");
  const { openAiCompatibleModel } = await import("./openai-compatible.ts");
  return openAiCompatibleModel({
    provider,
    model,
    // Never resolved: the fetch below hands every request to the binding.
    baseURL: "https://workers-ai.invalid/v1",
    apiKey: "",
    fetch: await streaming(bindingFetch(request.ai, model)),
  });
}

async function streaming(send: typeof fetch): Promise<typeof fetch> {
  const { streamingFetch } = await import("./streaming-fetch.ts");
  return streamingFetch(send);
}

/**
 * Looks `fetch` up when it is called, and calls it without a receiver, which workerd insists on. No redirect is followed: it
 * would take the conversation, and most providers' keys with it, to a host that nobody has set.
 */
function lateFetch(given: typeof fetch | undefined): typeof fetch {
  return (input, init) => (given ?? globalThis.fetch)(input, { ...init, redirect: "manual" });
}
