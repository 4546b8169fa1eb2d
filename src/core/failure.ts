import { type Calendar, meaningOfCodes } from "./failure-codes.ts";
import { type Evidence, gatherEvidence } from "./failure-evidence.ts";
import { phraseIn } from "./failure-phrases.ts";
import { calendarUntil, detailsUntil, headersUntil, textsUntil } from "./failure-until.ts";
import { clampUntil, LONGEST_BILLING_WAIT_MS } from "./until.ts";

/**
 * What a provider's failure means: whose fault it is, whether a credential must rest, and until when. The table is
 * reference/platform.md, part 5; its data is in failure-codes.ts and failure-phrases.ts, this file is the order in which the
 * evidence is asked: sure code → structured detail → header → text → drawer code → status → unknown.
 *
 * It must never throw, never read a clock, and never let anything a provider wrote leave it but times and request ids: a body
 * may echo the key or the prompt.
 */

export type FailureClass =
  | "rate"
  | "quota"
  | "billing"
  | "auth"
  | "overload"
  | "context"
  | "bad"
  | "blocked"
  | "network"
  | "model_missing";

/** How far it reaches: this model on this credential, this credential, or every credential of the same account. */
export type Scope = "model" | "credential" | "account";

export interface RawFailure {
  readonly provider: string;
  readonly status?: number;
  /** Lower-case names. */
  readonly headers?: Record<string, string>;
  /** Parsed JSON, or text. */
  readonly body?: unknown;
  /** Of a thrown error: network, timeout, a binding's failure. */
  readonly message?: string;
  /** The answer had begun: a 200 and perhaps some text. */
  readonly midStream?: boolean;
  /** Now, epoch milliseconds. */
  readonly at: number;
}

export interface Verdict {
  readonly class: FailureClass;
  /** When it is known or assumed to be over (rate, quota, billing; overload only when the provider says so). Always after `at`. */
  readonly untilAt?: number;
  /** `untilAt` is the provider's word or calendar, not a default of this file. */
  readonly explicit?: boolean;
  readonly scope?: Scope;
  /** May the same call be made again on the same key after a pause? */
  readonly retryable: boolean;
  /** What decided: a code of our own tables, `text.…`, `quota.…` or `http_…`. Safe to log. */
  readonly code?: string;
  /** Safe to show. */
  readonly requestId?: string;
}

/** A minute is the window of every provider's request and token limits (platform.md, part 5). The pool lets it grow. */
export const RATE_DEFAULT_MS = 60_000;
/** A quota without a time: an hour, as Hermes benches a 429 that names no reset (hermes.md, 4.4); checked again after that. */
export const QUOTA_DEFAULT_MS = 3_600_000;
/** An empty account fills when somebody pays: five hours, as OpenClaw disables billing (peers.md); a person can reset the pool. */
export const BILLING_DEFAULT_MS = 5 * 3_600_000;

/** Says what a failure means. Never throws: what cannot be read is an overload without a time. */
export function classify(failure: RawFailure): Verdict {
  try {
    return verdict(gatherEvidence(failure), failure.at);
  } catch {
    return { class: "overload", retryable: true };
  }
}

/** Only these may change the state of a credential (rule 5). */
export function touchesCredential(verdict: Verdict): boolean {
  switch (verdict.class) {
    case "rate":
    case "quota":
    case "billing":
    case "auth":
      return true;
    case "overload":
    case "context":
    case "bad":
    case "blocked":
    case "network":
    case "model_missing":
      return false;
    default:
      return verdict.class satisfies never;
  }
}

/** A phrase a person can act on; never anything the provider wrote. Reads on after "because …". */
export function reasonWord(verdict: Verdict): string {
  switch (verdict.class) {
    case "rate":
      return "the provider's rate limit is reached";
    case "quota":
      return "the provider's quota is used up for now";
    case "billing":
      return "the account behind this key is out of credit or has reached its spending limit";
    case "auth":
      return "the provider does not accept this key";
    case "overload":
      return "the provider is overloaded or has a fault";
    case "context":
      return "the conversation is too long for this model";
    case "bad":
      return "the provider refused the request as invalid";
    case "blocked":
      return "the provider's content policy refused it";
    case "network":
      return "the provider could not be reached, or the connection broke off";
    case "model_missing":
      return "the provider does not offer this model to this account";
    default:
      return verdict.class satisfies never;
  }
}

interface Finding {
  readonly class: FailureClass;
  readonly code: string;
  readonly scope?: Scope;
  readonly until?: Calendar;
}

function verdict(evidence: Evidence, at: number): Verdict {
  const found = find(evidence, at);
  const scope = found.scope ?? defaultScope(found.class);
  return {
    class: found.class,
    retryable: found.class === "overload" || found.class === "network",
    ...until(found, evidence, at),
    ...(scope === undefined ? {} : { scope }),
    code: found.code,
    ...(evidence.requestId === undefined ? {} : { requestId: evidence.requestId }),
  };
}

function find(evidence: Evidence, at: number): Finding {
  return (
    upstreamDetail(evidence) ??
    meaningOfCodes(evidence.provider, evidence.codes, true) ??
    quotaDetail(evidence, at) ??
    textOrDrawer(evidence) ??
    ofStatus(evidence.status) ?? { class: "overload", code: "unknown" }
  );
}

/** A free day's allowance is gone if the wait is longer than any per-minute window can explain. */
const LONGEST_RATE_WAIT_MS = 10 * 60_000;

/** Google says which quota in `QuotaFailure.violations[].quotaId`; `PerDay` outranks a `PerMinute` beside it. */
function quotaDetail(evidence: Evidence, at: number): Finding | undefined {
  if (evidence.quotas.length === 0) return undefined;
  const scope: Scope = evidence.quotas.some((quota) => quota.includes("permodel")) ? "model" : "account";
  if (evidence.quotas.some((quota) => quota.includes("perday") || quota.includes("per_day"))) {
    return { class: "quota", code: "quota.per_day", scope, until: "midnight_pacific" };
  }
  const untilAt = detailsUntil(evidence, at);
  if (untilAt !== undefined && untilAt - at > LONGEST_RATE_WAIT_MS)
    return { class: "quota", code: "quota.long_wait", scope };
  return { class: "rate", code: "quota.per_minute" };
}

/**
 * What an aggregator's upstream says of money, keys and rates is about the aggregator's account there, and about everybody's
 * calls: another key of ours changes nothing. Unless the key there is ours, too.
 */
function upstreamDetail(evidence: Evidence): Finding | undefined {
  if (evidence.provider !== "openrouter" || !evidence.upstream.spoke || evidence.upstream.byok) return undefined;
  return [401, 402, 429].includes(evidence.status ?? 0) ? { class: "overload", code: "upstream.busy" } : undefined;
}

/** The text decides; where the drawer it came in agrees, that code is the better name for it. */
function textOrDrawer(evidence: Evidence): Finding | undefined {
  const phrase = phraseIn(evidence.texts, evidence.provider, evidence.status);
  const drawer = meaningOfCodes(evidence.provider, evidence.codes, false);
  if (phrase === undefined) return drawer;
  return { ...phrase, code: drawer?.class === phrase.class ? drawer.code : phrase.name };
}

function ofStatus(status: number | undefined): Finding | undefined {
  if (status === undefined || !Number.isInteger(status)) return undefined;
  const found = (klass: FailureClass): Finding => ({ class: klass, code: `http_${status}` });
  if (status >= 600) return undefined;
  if (status >= 500) return found("overload");
  switch (status) {
    case 401:
      return found("auth");
    case 402:
      return found("billing");
    case 404:
      return found("model_missing");
    case 408:
    case 499:
      return found("network");
    case 409:
    case 425:
    case 498:
      return found("overload");
    case 413:
      return found("context");
    case 429:
      return found("rate");
    default:
      // Also a bare 403: entitlement, region or moderation say nothing about the key.
      return status >= 300 && status < 500 ? found("bad") : undefined;
  }
}

function defaultScope(klass: FailureClass): Scope | undefined {
  switch (klass) {
    case "rate":
      return "model";
    case "quota":
    case "billing":
      return "account";
    case "auth":
      return "credential";
    default:
      return undefined;
  }
}

/** Explicit reset > retry-after > the provider's calendar > the default of the class (rule 3). */
function until(found: Finding, evidence: Evidence, at: number): { untilAt?: number; explicit?: boolean } {
  const calendarAt = found.until === undefined ? undefined : calendarUntil(found.until, at);
  const toldAt = detailsUntil(evidence, at) ?? headersUntil(evidence.headers, at) ?? textsUntil(evidence.texts, at);
  switch (found.class) {
    case "rate":
      return bounded(toldAt ?? calendarAt, at, RATE_DEFAULT_MS);
    case "quota":
      // With a daily quota Google still sends the retry delay of the minute; the day is what holds.
      if (calendarAt !== undefined && (toldAt === undefined || toldAt - at < LONGEST_RATE_WAIT_MS)) {
        return bounded(calendarAt, at, QUOTA_DEFAULT_MS);
      }
      return bounded(toldAt ?? calendarAt, at, QUOTA_DEFAULT_MS);
    case "billing": {
      // Seconds-long waits come from the rate limiter in front and say nothing about money.
      const moneyAt = toldAt !== undefined && toldAt - at >= QUOTA_DEFAULT_MS ? toldAt : calendarAt;
      return bounded(moneyAt, at, BILLING_DEFAULT_MS, LONGEST_BILLING_WAIT_MS);
    }
    case "overload":
      return toldAt === undefined ? {} : { untilAt: clampUntil(toldAt, at), explicit: true };
    default:
      return {};
  }
}

function bounded(
  untilAt: number | undefined,
  at: number,
  defaultMs: number,
  longestMs?: number,
): { untilAt: number; explicit: boolean } {
  return untilAt === undefined
    ? { untilAt: clampUntil(at + defaultMs, at, longestMs), explicit: false }
    : { untilAt: clampUntil(untilAt, at, longestMs), explicit: true };
}
