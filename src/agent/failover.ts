import type { LanguageModelV4, LanguageModelV4FunctionTool } from "@ai-sdk/provider";
import type { ModelMessage } from "ai";
import { classify, type FailureClass, touchesCredential, type Verdict } from "../core/failure.ts";
import type { ModelName } from "../core/model-name.ts";
import type { Shortage } from "../core/pool-choice.ts";
import type { KeptLease } from "../core/session.ts";
import { toRawFailure } from "../models/raw-failure.ts";
import { callModel, type ModelReply } from "./call.ts";
import { inFormOf, inWordsAlone, type RefusedFiles } from "./forms.ts";

/**
 * One model call of a turn, carried by whichever credential and model can: keys are rotated inside the run, each tried
 * once a turn at most; faults of the server are retried with pauses under one deadline and touch no key; a model that
 * cannot serve gives way to the next fallback. It decides who is asked next, and says aloud when nobody is left.
 */

export interface Lease {
  readonly lease: string;
  readonly credential: string;
  readonly version: number;
  readonly isProbe?: boolean;
  readonly keepUntilAt?: number;
}

export type LeaseAnswer = ({ readonly ok: true } & Lease) | ({ readonly ok: false } & Shortage);

export interface FailoverPorts {
  readonly models: readonly ModelName[];
  readonly signal: AbortSignal;
  /** How long one call may be retried in all; shorter than the run's limit of idleness, so that the failure is said and not a timeout. */
  readonly retryWithinMs: number;
  now(): number;
  chance(): number;
  /** Ends early when the signal aborts. */
  pause(ms: number): Promise<void>;
  kept(): KeptLease | undefined;
  /** Never rejects: a pool that cannot be reached is stood in for by what the session knows. */
  lease(model: ModelName, exclude: readonly string[]): Promise<LeaseAnswer>;
  /** The pool has taken the credential back since it was leased. */
  isLost(model: ModelName, credential: string): boolean;
  report(model: ModelName, lease: Lease, outcome: { ok: true } | { ok: false; verdict: Verdict }): Promise<void>;
  /** How much a model takes, so far as is known. */
  contextTokens(model: ModelName): number;
  /** Outlives the turn. */
  readonly refusedFiles: RefusedFiles;
  /** Undefined: the key is gone from the settings. */
  open(model: ModelName, credential: string): Promise<LanguageModelV4 | undefined>;
  log(fields: Readonly<Record<string, string | number | boolean>>): void;
}

export interface Asking {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly LanguageModelV4FunctionTool[];
  readonly wordsOnly: boolean;
  onText(text: string): void;
  onProgress(): void;
}

export type Asked =
  | {
      readonly kind: "reply";
      readonly reply: Extract<ModelReply, { ok: true }>;
      readonly model: ModelName;
      /** Null: it served this call, and is not to serve another. */
      readonly lease: KeptLease | null;
    }
  /** No credential for any model. */
  | { readonly kind: "exhausted"; readonly untilAt?: number; readonly reason: string; readonly text: string }
  | { readonly kind: "too_long"; readonly model: ModelName }
  | {
      readonly kind: "failed";
      readonly failure: FailureClass;
      readonly model: ModelName;
      readonly code: string;
      readonly text: string;
    }
  | { readonly kind: "cut" };

/** Server faults: so many tries of one call, and so long in all. After words were shown one more try is enough. */
export const RETRY_PAUSES_MS = [500, 1_500, 4_000] as const;
export const RETRY_DEADLINE_MS = 30_000;
const MOST_TRIES_AFTER_TEXT = 1;
/** What the failure was is known to whoever met it; to this session it is one that another key may not meet. */
const LOST: Verdict = { class: "rate", retryable: true };

export class Failover {
  readonly #ports: FailoverPorts;
  readonly #tried = new Map<string, string[]>();
  #at = 0;
  /** The credential that served the turn's last call: the next call of the turn stays with it. */
  #current: KeptLease | undefined;

  constructor(ports: FailoverPorts) {
    this.#ports = ports;
  }

  /** `waitUntilAt`: how long the turn is willing to wait for a credential. */
  async ask(asking: Asking, waitUntilAt: number): Promise<Asked> {
    const { ports } = { ports: this.#ports };
    const shortages: number[] = [];
    let first: Extract<Asked, { kind: "failed" }> | undefined;
    let reason = "none";
    let came = "";

    while (this.#at < ports.models.length) {
      const name = ports.models[this.#at];
      if (!name) break;
      const tried = this.#tried.get(name.provider) ?? [];
      const lease = await this.#lease(name, tried);
      if (ports.signal.aborted) return { kind: "cut" };
      if (!lease.ok) {
        if (reason === "none" && !lease.empty) reason = "unknown";
        if (lease.earliestAt !== undefined) shortages.push(lease.earliestAt);
        // A key that comes back soon is worth waiting for; one that does not sends the turn to the next model.
        const untilAt = worthWaiting(lease, waitUntilAt, ports.now());
        if (untilAt !== undefined) return { kind: "exhausted", untilAt, reason, text: came };
        this.#at += 1;
        continue;
      }
      const served = await this.#serve(name, lease, asking);
      if (served.kind === "rotate") {
        reason = served.verdict?.class ?? reason;
        came = served.text || came;
        this.#tried.set(name.provider, [...tried, lease.credential]);
        continue;
      }
      if (served.kind === "failed") {
        came = served.text || came;
        first ??= served;
        this.#at += 1;
        continue;
      }
      return served;
    }

    const untilAt = shortages.length > 0 ? Math.min(...shortages) : undefined;
    this.#at = Math.max(0, ports.models.length - 1);
    if (first && untilAt === undefined) return { ...first, text: came };
    return { kind: "exhausted", reason, text: came, ...(untilAt === undefined ? {} : { untilAt }) };
  }

  /** The model of the last call cannot take so much: the next one that can take more is asked from here on. False: none can. */
  widen(): boolean {
    const { models, contextTokens } = this.#ports;
    const now = models[this.#at];
    const wider = models.findIndex((one, index) => index > this.#at && now && contextTokens(one) > contextTokens(now));
    if (wider < 0) return false;
    this.#at = wider;
    return true;
  }

  async #lease(name: ModelName, tried: readonly string[]): Promise<LeaseAnswer> {
    for (const kept of [this.#current, this.#ports.kept()]) {
      if (!kept || kept.provider !== name.provider || kept.model !== name.model) continue;
      if (tried.includes(kept.credential) || this.#ports.isLost(name, kept.credential)) continue;
      // When a better choice may be ready again the pool is asked, but not in the middle of a turn.
      if (kept !== this.#current && kept.untilAt !== undefined && kept.untilAt <= this.#ports.now()) continue;
      const { lease, credential, version, untilAt } = kept;
      return { ok: true, lease, credential, version, ...(untilAt === undefined ? {} : { keepUntilAt: untilAt }) };
    }
    return this.#ports.lease(name, tried);
  }

  async #serve(
    name: ModelName,
    lease: Lease,
    asking: Asking,
  ): Promise<Exclude<Asked, { kind: "exhausted" }> | { kind: "rotate"; verdict?: Verdict; text: string }> {
    const ports = this.#ports;
    const model = await ports.open(name, lease.credential);
    // The key left the settings: it has failed nobody, and the next one is asked.
    if (!model) return { kind: "rotate", text: "" };
    let deadlineAt: number | undefined;
    let came = "";
    let proof: Promise<void> | undefined;
    // Others wait for what becomes of a probe: its first sign of life is said, not its end.
    const prove = () => {
      if (lease.isProbe) proof ??= ports.report(name, lease, { ok: true });
    };
    let messages = inFormOf(asking.messages, name, ports.refusedFiles);
    let refused: readonly ModelMessage[] = [];
    const watched: Omit<Asking, "messages"> = {
      ...asking,
      onText: (text) => {
        prove();
        asking.onText(text);
      },
      onProgress: () => {
        prove();
        asking.onProgress();
      },
    };
    for (let tries = 0; ; tries += 1) {
      if (ports.signal.aborted) return { kind: "cut" };
      // It failed for another session while this one paused.
      if (ports.isLost(name, lease.credential)) return { kind: "rotate", verdict: LOST, text: came };
      const startedAt = ports.now();
      const reply = await callModel({ ...watched, messages, model, signal: ports.signal });
      if (reply.ok) prove();
      // In the order in which it happened: what follows may be the same call's failure.
      await proof;
      if (ports.signal.aborted) return { kind: "cut" };
      if (reply.ok) {
        ports.refusedFiles.add(name, refused);
        this.#current = ports.isLost(name, lease.credential) ? undefined : keep(name, lease);
        return { kind: "reply", reply, model: name, lease: this.#current ?? null };
      }
      came = reply.text || came;
      const now = ports.now();
      const raw = toRawFailure(name.provider, reply.error, now, reply.midStream);
      const verdict: Verdict = raw ? classify(raw) : { class: "network", retryable: true };
      ports.log(failureFields(name, lease.credential, verdict, { midStream: reply.midStream, ms: now - startedAt }));
      if (touchesCredential(verdict)) {
        await ports.report(name, lease, { ok: false, verdict });
        return { kind: "rotate", verdict, text: reply.text };
      }
      if (verdict.class === "context") return { kind: "too_long", model: name };
      if (verdict.class === "bad" || verdict.class === "model_missing") {
        // It may be a file that it does not take, whatever is known of it: without them the conversation goes on.
        const plain = inWordsAlone(messages);
        if (plain !== messages) {
          refused = messages;
          messages = plain;
          continue;
        }
      }
      if (verdict.retryable) {
        deadlineAt ??= now + Math.min(RETRY_DEADLINE_MS, ports.retryWithinMs);
        const most = reply.text === "" ? RETRY_PAUSES_MS.length : MOST_TRIES_AFTER_TEXT;
        const asked = verdict.explicit && verdict.untilAt !== undefined ? verdict.untilAt - now : 0;
        const pause = Math.max(asked, (RETRY_PAUSES_MS[tries] ?? 0) * (0.75 + ports.chance() / 2));
        if (tries < most && now + pause < deadlineAt) {
          await ports.pause(pause);
          continue;
        }
      }
      return {
        kind: "failed",
        failure: verdict.class,
        model: name,
        code: verdict.code ?? verdict.class,
        text: reply.text,
      };
    }
  }
}

/** What the log says of a call that failed (`run.failure`). */
export function failureFields(
  { provider, model }: ModelName,
  credential: string,
  verdict: Verdict,
  { midStream, ms }: { readonly midStream: boolean; readonly ms: number },
): Readonly<Record<string, string | number | boolean>> {
  return {
    provider,
    model,
    credential,
    class: verdict.class,
    code: verdict.code ?? "none",
    mid_stream: midStream,
    ms,
    ...(verdict.requestId ? { request_id: verdict.requestId } : {}),
  };
}

/** Until when, at the most. A key that somebody is trying is told of as soon as it has proved well, and not at that time. */
function worthWaiting(
  { earliestAt, isOnTrial }: Extract<LeaseAnswer, { ok: false }>,
  waitUntilAt: number,
  now: number,
): number | undefined {
  if (earliestAt === undefined || earliestAt <= waitUntilAt) return earliestAt;
  return isOnTrial && now < waitUntilAt ? waitUntilAt : undefined;
}

function keep(name: ModelName, lease: Lease): KeptLease {
  return {
    provider: name.provider,
    model: name.model,
    lease: lease.lease,
    credential: lease.credential,
    version: lease.version,
    ...(lease.keepUntilAt === undefined ? {} : { untilAt: lease.keepUntilAt }),
  };
}
