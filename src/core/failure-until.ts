import type { Calendar } from "./failure-codes.ts";
import type { Evidence } from "./failure-evidence.ts";
import {
  firstOfNextMonthUtc,
  nextMidnightPacific,
  nextMidnightUtc,
  parseDurationMs,
  parseInstant,
  parseRetryAfter,
  parseRetryAfterMs,
  untilFromText,
} from "./until.ts";

/** Where in a failure a time may stand: fields of the body, headers, prose, the provider's calendar. */

/** Body fields that name a moment, the surest first, then those that name a wait. */
export function detailsUntil(evidence: Evidence, at: number): number | undefined {
  for (const field of ["resetat", "resetsat", "resettime", "retryuntil", "quotaresettimestamp", "xratelimitreset"]) {
    const untilAt = parseInstant(evidence.times.get(field));
    if (untilAt !== undefined) return untilAt;
  }
  const retryMs = parseRetryAfterMs(evidence.times.get("retryafterms"), at);
  if (retryMs !== undefined) return retryMs;
  for (const field of ["retrydelay", "quotaresetdelay", "retryafter", "retryafterseconds", "resetsinseconds"]) {
    const untilAt = parseRetryAfter(evidence.times.get(field), at);
    if (untilAt !== undefined) return untilAt;
  }
  return undefined;
}

type Headers = Readonly<Record<string, string>>;

/** `retry-after-ms` (OpenAI), `retry-after`, else the resets of those windows that are used up. */
export function headersUntil(headers: Headers, at: number): number | undefined {
  return (
    parseRetryAfterMs(headers["retry-after-ms"], at) ??
    parseRetryAfter(headers["retry-after"], at) ??
    resetHeaders(headers, at)
  );
}

/** What comes before and after "limit", "remaining", "reset" in a header's name. */
const WINDOWS: readonly (readonly [prefix: string, suffix: string])[] = [
  ["x-ratelimit-", "-requests"],
  ["x-ratelimit-", "-tokens"],
  ["x-ratelimit-", ""],
  ["ratelimit-", ""],
  ["anthropic-ratelimit-requests-", ""],
  ["anthropic-ratelimit-tokens-", ""],
  ["anthropic-ratelimit-input-tokens-", ""],
  ["anthropic-ratelimit-output-tokens-", ""],
  ["anthropic-ratelimit-unified-", ""],
];

/**
 * The latest reset among the used-up windows. A window with something left is not why the call failed (Groq's `requests` is a
 * day's window and its reset far off); one that names no remainder counts only if no other does.
 */
function resetHeaders(headers: Headers, at: number): number | undefined {
  const usedUp: number[] = [];
  const unknown: number[] = [];
  for (const [prefix, suffix] of WINDOWS) {
    const resetAt = resetOf(headers[`${prefix}reset${suffix}`], at);
    if (resetAt === undefined) continue;
    const remaining = headers[`${prefix}remaining${suffix}`];
    if (remaining === undefined) unknown.push(resetAt);
    else if (Number(remaining) <= 0) usedUp.push(resetAt);
  }
  if (usedUp.length > 0) return Math.max(...usedUp);
  return unknown.length > 0 ? Math.min(...unknown) : undefined;
}

/** Go durations (OpenAI, Groq), RFC 3339 (Anthropic), epoch seconds or milliseconds (OpenRouter), bare seconds. */
function resetOf(value: string | undefined, at: number): number | undefined {
  if (value === undefined) return undefined;
  const durationMs = parseDurationMs(value);
  return durationMs === undefined ? parseRetryAfter(value, at) : at + durationMs;
}

export function textsUntil(texts: readonly string[], at: number): number | undefined {
  for (const text of texts) {
    const untilAt = untilFromText(text, at);
    if (untilAt !== undefined) return untilAt;
  }
  return undefined;
}

export function calendarUntil(calendar: Calendar, at: number): number {
  switch (calendar) {
    case "midnight_utc":
      return nextMidnightUtc(at);
    case "midnight_pacific":
      return nextMidnightPacific(at);
    case "first_of_next_month_utc":
      return firstOfNextMonthUtc(at);
    default:
      return calendar satisfies never;
  }
}
