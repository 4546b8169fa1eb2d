import type { Door, Manner } from "./model/reply.ts";
import type { ModelStandIn } from "./model.ts";
import type { TelegramStandIn } from "./telegram.ts";
import type { LiveWorker } from "./worker.ts";

/** The stage: what can be made to happen, by name. */
export const MODEL_MOODS = {
  normal: {},
  slow: { firstByteMs: 2500, tokensPerSecond: 3 },
  mute: { flow: "mute" },
  torn: { flow: "torn" },
  endless: { flow: "endless" },
  empty: { flow: "empty" },
} as const satisfies Readonly<Record<string, Partial<Manner>>>;

export const KEY_MOODS = {
  "all well": [{ kind: "open" }, { kind: "open" }],
  "key 1 rate-limited": [{ kind: "rate_limited", retryAfterSeconds: 20 }, { kind: "open" }],
  "all keys rate-limited": [
    { kind: "rate_limited", retryAfterSeconds: 6 },
    { kind: "rate_limited", retryAfterSeconds: 6 },
  ],
  "out of credit": [{ kind: "out_of_credit" }, { kind: "out_of_credit" }],
  "key 1 dead": [{ kind: "dead" }, { kind: "open" }],
  overloaded: [{ kind: "overloaded" }, { kind: "overloaded" }],
} as const satisfies Readonly<Record<string, readonly [Door, Door]>>;

export const TELEGRAM_MOODS = ["normal", "flood", "errors", "strict pace"] as const;

export type ModelMood = keyof typeof MODEL_MOODS;
export type KeyMood = keyof typeof KEY_MOODS;
export type TelegramMood = (typeof TELEGRAM_MOODS)[number];

export interface StageView {
  readonly model: ModelMood;
  readonly keys: KeyMood;
  readonly telegram: TelegramMood;
  readonly worker: "running" | "starting" | "killed";
  /** A real model answers: its moods are not ours to set. */
  readonly real: string | null;
}

export interface StageParts {
  readonly telegram: TelegramStandIn;
  readonly model: ModelStandIn;
  readonly worker: LiveWorker;
  readonly keys: readonly [string, string];
  /** `provider/model`, where a real one answers. */
  readonly real: string | undefined;
  /** Called when anything below `view` changes. */
  readonly changed: () => void;
}

export class Stage {
  readonly parts: StageParts;
  #view: StageView;

  constructor(parts: StageParts) {
    this.parts = parts;
    this.#view = { model: "normal", keys: "all well", telegram: "normal", worker: "running", real: parts.real ?? null };
  }

  get view(): StageView {
    return this.#view;
  }

  setModel(mood: ModelMood): void {
    this.parts.model.manner = {
      ...this.parts.model.manner,
      flow: "whole",
      firstByteMs: 300,
      tokensPerSecond: 18,
      ...MODEL_MOODS[mood],
    };
    this.#show({ model: mood });
  }

  setKeys(mood: KeyMood): void {
    const [first, second] = KEY_MOODS[mood];
    this.parts.model.door(first, this.parts.keys[0]);
    this.parts.model.door(second, this.parts.keys[1]);
    this.#show({ keys: mood });
  }

  setTelegram(mood: TelegramMood): void {
    const { telegram } = this.parts;
    telegram.liftFaults();
    telegram.pace.on = mood === "strict pace";
    const writes = /^(send|edit)/;
    if (mood === "flood") telegram.fault({ method: writes, fault: { kind: "flood", retryAfterSeconds: 5 } });
    if (mood === "errors") {
      telegram.fault({ method: writes, fault: { kind: "error", code: 500, description: "Internal Server Error" } });
    }
    this.#show({ telegram: mood });
  }

  async kill(): Promise<void> {
    await this.parts.worker.kill9();
    this.#show({ worker: "killed" });
  }

  async start(): Promise<void> {
    if (this.parts.worker.running) return;
    this.#show({ worker: "starting" });
    await this.parts.worker.start();
    await this.liftKeys();
    this.parts.telegram.updates.kick();
    this.#show({ worker: "running" });
  }

  /** Where the stand-in's keys are all well, no pool may go on remembering that they were not, for hours maybe. */
  async liftKeys(): Promise<void> {
    if (this.#view.keys === "all well" && !this.parts.real) await this.healPool();
  }

  /** The pool forgets its grudges, as when a maintainer presses reset. False where /admin does not answer. */
  async healPool(): Promise<boolean> {
    try {
      const response = await this.parts.worker.admin("/pools/openai/reset", { method: "POST", body: {} });
      return response.ok;
    } catch {
      return false;
    }
  }

  #show(part: Partial<StageView>): void {
    this.#view = { ...this.#view, ...part };
    this.parts.changed();
  }
}
