import * as z from "zod";
import { type ProviderSettings, WITHOUT_TRANSCRIPTIONS } from "../config.ts";
import type { RawFailure } from "../core/failure.ts";
import type { ModelName } from "../core/model-name.ts";
import { baseUrlOf, hasOwnHost } from "./base-url.ts";
import { toRawFailure } from "./raw-failure.ts";
import { ModelUnavailable, type UnavailableReason } from "./unavailable.ts";
import { isAiBinding } from "./workers-ai.ts";

/**
 * Speech to text: `POST {base}/audio/transcriptions` as OpenAI defined it (Groq and Mistral speak it, too), or Whisper on
 * Workers AI. Never throws: what went wrong is returned, in a form that core/failure.ts reads.
 */

export interface TranscriptionRequest {
  readonly model: ModelName;
  readonly settings: ProviderSettings | undefined;
  /** Empty: a server of one's own that needs none. */
  readonly key: string;
  readonly audio: Uint8Array<ArrayBuffer>;
  /** With the extension that tells the format: providers go by it ("voice.ogg"). */
  readonly fileName: string;
  readonly mime: string;
  readonly timeoutMs: number;
  /** Cuts the call. */
  readonly signal?: AbortSignal;
  readonly now: () => number;
  readonly fetch?: typeof fetch;
  readonly ai?: unknown;
}

export type Transcription =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly kind: "failed"; readonly raw: RawFailure }
  | { readonly ok: false; readonly kind: "unavailable"; readonly reason: UnavailableReason }
  | { readonly ok: false; readonly kind: "cut" };

export async function transcribe(request: TranscriptionRequest): Promise<Transcription> {
  const { provider } = request.model;
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
  try {
    signal.throwIfAborted();
    const baseUrl = baseUrlOf(provider, request.settings);
    if (provider === "workersai" && baseUrl === undefined) return await whisper(request, signal);
    if (baseUrl === undefined) throw new ModelUnavailable(provider, "no_base_url");
    if (WITHOUT_TRANSCRIPTIONS.has(provider)) throw new ModelUnavailable(provider, "no_transcription");
    if (request.key === "" && hasOwnHost(provider)) throw new ModelUnavailable(provider, "no_key");
    return await post(`${baseUrl}/audio/transcriptions`, request, signal);
  } catch (error) {
    if (error instanceof ModelUnavailable) return { ok: false, kind: "unavailable", reason: error.reason };
    if (request.signal?.aborted) return { ok: false, kind: "cut" };
    const raw = toRawFailure(provider, timeout.aborted ? timeout.reason : error, request.now(), false);
    return raw === undefined ? { ok: false, kind: "cut" } : { ok: false, kind: "failed", raw };
  }
}

async function post(url: string, request: TranscriptionRequest, signal: AbortSignal): Promise<Transcription> {
  const form = new FormData();
  form.set("model", request.model.model);
  form.set("file", new File([request.audio], request.fileName, { type: request.mime }));
  const send = request.fetch ?? globalThis.fetch;
  const response = await send(url, {
    method: "POST",
    headers: request.key === "" ? {} : { authorization: `Bearer ${request.key}` },
    body: form,
    redirect: "manual",
    signal,
  });
  const body = await response.text();
  if (response.ok) return heard(request, textOf(body));
  return {
    ok: false,
    kind: "failed",
    raw: {
      provider: request.model.provider,
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body,
      at: request.now(),
    },
  };
}

const answerSchema = z.object({ text: z.string() });

function textOf(body: string): string | undefined {
  try {
    return answerSchema.parse(JSON.parse(body)).text;
  } catch {
    return undefined;
  }
}

async function whisper(request: TranscriptionRequest, signal: AbortSignal): Promise<Transcription> {
  const { provider, model } = request.model;
  if (!isAiBinding(request.ai)) throw new ModelUnavailable(provider, "no_binding");
  // The first Whisper takes numbers, the turbo one base64 (@cloudflare/workers-types, AiModelList).
  const audio = model.includes("turbo") ? base64(request.audio) : [...request.audio];
  const answer = await Promise.race([request.ai.run(model, { audio }), aborted(signal)]);
  return heard(request, answerSchema.safeParse(answer).data?.text);
}

function heard(request: TranscriptionRequest, text: string | undefined): Transcription {
  if (text !== undefined) return { ok: true, text: text.trim() };
  const raw = { provider: request.model.provider, message: "an answer without a text", at: request.now() };
  return { ok: false, kind: "failed", raw };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** String.fromCharCode takes its characters as arguments: a whole file at once would overflow the stack. */
const CHUNK_BYTES = 8_190;

/** Chunks of whole triples concatenate without padding between them. */
function base64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES)));
  }
  return text;
}
