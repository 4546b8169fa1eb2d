import type {
  LanguageModelV4CallOptions as CallOptions,
  LanguageModelV4,
  LanguageModelV4StreamPart as Part,
  LanguageModelV4StreamResult as StreamResult,
} from "@ai-sdk/provider";
import { toRawFailure } from "../src/models/raw-failure.ts";
import type { Transcription } from "../src/models/transcribe.ts";
import type { Chance } from "./chance.ts";
import type { Life } from "./life.ts";
import type { Key, Providers } from "./providers.ts";
import { type Script, script } from "./script.ts";
import type { SessionHost } from "./session-host.ts";
import type { Timeline } from "./timeline.ts";
import type { Weather } from "./weather.ts";

/**
 * A model in virtual time, behind the interface that all provider packages share. What it says is made of marks, by which the checks know which question an answer belongs to.
 */
export interface ModelCall {
  readonly host: SessionHost;
  readonly life: Life;
  /** The run that the session's value named as the call began. */
  readonly run: string | undefined;
  readonly key: Key;
  readonly model: string;
  readonly startedAt: number;
  readonly signal: AbortSignal | undefined;
  /** Updates whose words are in the prompt, and answers. */
  readonly tokens: readonly number[];
  readonly answers: readonly number[];
  outcome: "on" | "served" | "failed" | "cut";
}

/** The model that hears voice messages, of whatever provider. */
export const HEARS = "whisper";

export interface ModelPorts {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly weather: () => Weather;
  readonly providers: Providers;
  readonly count: (what: string) => void;
  readonly began: (call: ModelCall) => void;
  readonly ended: (call: ModelCall) => void;
}

export class Models {
  readonly #ports: ModelPorts;
  readonly calls = new Set<ModelCall>();
  #answers = 0;
  #ids = 0;

  constructor(ports: ModelPorts) {
    this.#ports = ports;
  }

  model(host: SessionHost, life: Life, name: string, key: Key): LanguageModelV4 {
    return {
      specificationVersion: "v4",
      provider: key.provider,
      modelId: name,
      supportedUrls: {},
      doGenerate: () => Promise.reject(new Error("only streams are simulated")),
      doStream: (options) => this.#stream(host, life, name, key, options),
    };
  }

  #stream(host: SessionHost, life: Life, model: string, key: Key, options: CallOptions): Promise<StreamResult> {
    const { timeline, chance, weather, providers } = this.#ports;
    const { call, over } = this.#begin(host, life, model, key, options.abortSignal, JSON.stringify(options.prompt));
    const wordsOnly = options.toolChoice?.type === "none" || (options.tools?.length ?? 0) === 0;
    return new Promise((resolve, reject) => {
      const cut = () => {
        over("cut");
        reject(aborted());
      };
      if (options.abortSignal?.aborted) return cut();
      options.abortSignal?.addEventListener("abort", cut, { once: true });
      if (chance.hit(weather().modelMute)) return;
      const slow = chance.hit(weather().modelSlow);
      timeline.after(chance.between(50, slow ? 20_000 : 800), "model", () => {
        if (!life.isAwake || call.outcome !== "on") return over("cut");
        const refusal = providers.refusal(key);
        if (refusal !== undefined) {
          over("failed");
          return reject(refusal);
        }
        const plan = script(chance, weather(), options.prompt, wordsOnly, {
          answer: () => ++this.#answers,
          id: () => `call-${++this.#ids}`,
        });
        for (const part of plan.parts) if (part.type === "tool-call") this.#ports.count(`tool: ${part.toolName}`);
        resolve({ stream: this.#parts(call, plan, slow, over) });
      });
    });
  }

  /** What is said in a recording, where the key is taken. */
  hear(host: SessionHost, life: Life, key: Key, signal: AbortSignal): Promise<Transcription> {
    const { timeline, chance, providers } = this.#ports;
    const { over } = this.#begin(host, life, HEARS, key, signal, "");
    return new Promise((resolve) => {
      const cut = () => {
        over("cut");
        resolve({ ok: false, kind: "cut" });
      };
      if (signal.aborted) return cut();
      signal.addEventListener("abort", cut, { once: true });
      timeline.after(chance.between(100, 5_000), "transcription", () => {
        if (!life.isAwake) return cut();
        const error = providers.refusal(key);
        const raw = error && toRawFailure(key.provider, error, timeline.now, false);
        over(raw ? "failed" : "served");
        resolve(raw ? { ok: false, kind: "failed", raw } : { ok: true, text: "words that were heard" });
      });
    });
  }

  #begin(
    host: SessionHost,
    life: Life,
    model: string,
    key: Key,
    signal: AbortSignal | undefined,
    written: string,
  ): { readonly call: ModelCall; readonly over: (outcome: ModelCall["outcome"]) => void } {
    const call: ModelCall = {
      host,
      life,
      run: host.runNow(),
      key,
      model,
      startedAt: this.#ports.timeline.now,
      signal,
      tokens: marks(written, /zq(\d+)z/g),
      answers: marks(written, /ans(\d+)a/g),
      outcome: "on",
    };
    this.calls.add(call);
    this.#ports.began(call);
    const over = (outcome: ModelCall["outcome"]) => {
      if (call.outcome !== "on") return;
      call.outcome = outcome;
      this.calls.delete(call);
      this.#ports.ended(call);
    };
    return { call, over };
  }

  #parts(
    call: ModelCall,
    plan: Script,
    slow: boolean,
    over: (outcome: ModelCall["outcome"]) => void,
  ): ReadableStream<Part> {
    const { timeline, chance } = this.#ports;
    return new ReadableStream<Part>({
      start: (controller) => {
        const cut = () => {
          if (call.outcome !== "on") return;
          over("cut");
          controller.error(aborted());
        };
        call.signal?.addEventListener("abort", cut, { once: true });
        const parts = [...plan.parts];
        const next = () => {
          if (call.outcome !== "on") return;
          if (!call.life.isAwake) return over("cut");
          const part = parts.shift();
          if (!part) {
            if (plan.end === "mute") return;
            over("failed");
            controller.close();
            return;
          }
          if (part.type === "finish") over("served");
          controller.enqueue(part);
          if (part.type === "finish") return controller.close();
          timeline.after(chance.between(5, slow ? 9_000 : 400), "token", next);
        };
        next();
      },
      cancel: () => over("cut"),
    });
  }
}

function marks(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map((match) => Number(match[1]));
}

function aborted(): Error {
  return new DOMException("This operation was aborted", "AbortError");
}
