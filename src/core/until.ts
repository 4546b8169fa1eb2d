/**
 * Reads every form in which a provider says "not before then" and turns it into epoch milliseconds. Decides nothing about
 * whose fault a failure is; never reads a clock (the present is always the argument `at`), never throws.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** No sooner than this: a time that has passed, or is due now, would make a caller spin. */
export const LEAST_WAIT_MS = SECOND_MS;
/** No later than this for a rate or a quota: a longer claim is checked again after a day (reference/platform.md, part 5, rule 3). */
export const LONGEST_WAIT_MS = DAY_MS;
/** Billing may name the first of the next month, which is at most 31 days off. */
export const LONGEST_BILLING_WAIT_MS = 32 * DAY_MS;

/** Puts a time into [at + 1 s, at + longestMs]. */
export function clampUntil(untilAt: number, at: number, longestMs: number = LONGEST_WAIT_MS): number {
  if (Number.isNaN(untilAt)) return at + LEAST_WAIT_MS;
  return Math.round(Math.min(Math.max(untilAt, at + LEAST_WAIT_MS), at + longestMs));
}

/** A moment: epoch seconds or milliseconds (number or digits), RFC 3339 / ISO 8601 (UTC when it names no zone), HTTP date. */
export function parseInstant(value: unknown): number | undefined {
  if (typeof value === "number") return epochMs(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return epochMs(Number(text));
  const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i.exec(
    text,
  );
  if (iso) {
    const zone = iso[3] === undefined || /^(z|utc)$/i.test(iso[3]) ? "Z" : iso[3];
    return finite(Date.parse(`${iso[1]}T${iso[2] ?? "00:00"}${zone}`));
  }
  // An HTTP date ("Sun, 22 Nov 2026 10:00:30 GMT"), nothing looser: Date.parse reads almost anything as some date.
  if (/^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/.test(text))
    return finite(Date.parse(text));
  return undefined;
}

/** Digits are seconds up to the year 5138 and milliseconds from 1973 on; smaller numbers are no moment. */
function epochMs(value: number): number | undefined {
  if (!Number.isFinite(value) || value < 1e9) return undefined;
  if (value < 1e11) return value * SECOND_MS;
  return value < 1e15 ? value : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  millisecond: 1,
  s: SECOND_MS,
  sec: SECOND_MS,
  second: SECOND_MS,
  m: MINUTE_MS,
  min: MINUTE_MS,
  minute: MINUTE_MS,
  h: HOUR_MS,
  hr: HOUR_MS,
  hour: HOUR_MS,
  d: DAY_MS,
  day: DAY_MS,
  week: 7 * DAY_MS,
};

const DURATION_PART =
  /(\d+(?:\.\d+)?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?)(?![a-z])/;
const DURATION_START = new RegExp(
  `^(?:${DURATION_PART.source}|${DURATION_PART.source.replace("(?![a-z])", "(?=\\d)")})`,
  "i",
);

/**
 * How long, in milliseconds, from the start of a text: Go durations ("6m0s", "12ms", "1m47.5854s"), protobuf ("46s"),
 * Google's ("10h17m") and people's ("4hr 5min", "2 days and 3 hours"). Undefined when the text does not begin with one.
 */
export function parseDurationMs(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  let rest = value.trim();
  let totalMs: number | undefined;
  for (let parts = 0; parts < 8; parts++) {
    const match = DURATION_START.exec(rest);
    if (!match) break;
    const unit = (match[2] ?? match[4] ?? "").toLowerCase();
    const factor = UNIT_MS[unit] ?? UNIT_MS[unit.replace(/s$/, "")];
    if (factor === undefined) break;
    totalMs = (totalMs ?? 0) + Number(match[1] ?? match[3]) * factor;
    rest = rest.slice(match[0].length).replace(/^\s*(?:,\s*)?(?:and\s+)?/i, "");
  }
  return totalMs;
}

/** `Retry-After` and its like: seconds (a fraction is tolerated), a duration with units, or a moment. */
export function parseRetryAfter(value: unknown, at: number): number | undefined {
  if (typeof value === "number")
    return parseInstant(value) ?? (value >= 0 && Number.isFinite(value) ? at + value * SECOND_MS : undefined);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  if (/^\d+(\.\d+)?$/.test(text)) return at + Number(text) * SECOND_MS;
  const durationMs = parseDurationMs(text);
  return durationMs === undefined ? undefined : at + durationMs;
}

/** `retry-after-ms`: milliseconds. */
export function parseRetryAfterMs(value: unknown, at: number): number | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && /^\s*\d+(\.\d+)?\s*$/.test(text) ? at + Number(text) : undefined;
}

const WAIT_PHRASE =
  /(?:try again|retry|retry again|wait|resets?|available again|refreshes|renews)\s+(?:again\s+)?(?:in|after|for)\s+(?:about\s+|approximately\s+|~\s*)?(\d[^.;!?\n]{0,40}(?:\.\d[^.;!?\n]{0,40})?)/i;
const MOMENT_PHRASE =
  /(?:regain access|resets?|try again|retry|available again|resumes?|renews)\s+(?:on|at|after)\s+(\d{4}-\d{2}-\d{2})(?:(?:[T ]|\s+at\s+)(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|UTC|[+-]\d{2}:\d{2})?)?/i;

/** Until-times in prose: "try again in 5.289s", "resets in 4hr 5min", "regain access on 2026-12-01 at 00:00 UTC", "resets tomorrow". */
export function untilFromText(text: string, at: number): number | undefined {
  const moment = momentFromText(text);
  if (moment !== undefined) return moment;
  const wait = WAIT_PHRASE.exec(text)?.[1];
  if (wait !== undefined) {
    const durationMs = parseDurationMs(wait);
    if (durationMs !== undefined) return at + durationMs;
  }
  if (/\b(?:resets?|again|available|back)\b[^.]{0,24}\btomorrow\b/i.test(text)) return nextMidnightUtc(at);
  return undefined;
}

/** Only the prose that names a moment, not a wait. */
export function momentFromText(text: string): number | undefined {
  const match = MOMENT_PHRASE.exec(text);
  if (!match) return undefined;
  return parseInstant(`${match[1]}T${match[2] ?? "00:00"}${match[3] ?? "Z"}`);
}

/** 00:00 UTC after `at`: when Workers AI gives a new daily allocation, and OpenRouter a new day of free requests. */
export function nextMidnightUtc(at: number): number {
  return (Math.floor(at / DAY_MS) + 1) * DAY_MS;
}

/** 00:00 UTC on the first of the month after `at`: when Anthropic lifts a monthly spend cap. */
export function firstOfNextMonthUtc(at: number): number {
  const now = new Date(at);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
}

/** 00:00 in Los Angeles after `at`: when Google resets daily quotas. Seven or eight hours after 00:00 UTC, as summer time has it. */
export function nextMidnightPacific(at: number): number {
  const today = pacificParts(at);
  for (const hours of [7, 8]) {
    const candidate = Date.UTC(today.year, today.month - 1, today.day + 1, hours);
    if (pacificParts(candidate).hour === 0) return candidate;
  }
  return Date.UTC(today.year, today.month - 1, today.day + 1, 8);
}

function pacificParts(at: number): { year: number; month: number; day: number; hour: number } {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: "America/Los_Angeles",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
  });
  const parts = new Map(format.formatToParts(new Date(at)).map((part) => [part.type, Number(part.value)]));
  return {
    year: parts.get("year") ?? 1970,
    month: parts.get("month") ?? 1,
    day: parts.get("day") ?? 1,
    hour: parts.get("hour") ?? 0,
  };
}
