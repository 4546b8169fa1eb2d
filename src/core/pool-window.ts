import type { FailureClass, Verdict } from "./failure.ts";

/**
 * A window in which a credential rests: how long it is, and what a failure inside it changes. Must never be without an
 * end, nor move its end because the same trouble was seen twice. All times are epoch milliseconds.
 */

export type BenchReason = Extract<FailureClass, "rate" | "quota" | "billing" | "auth">;

export interface Cooling {
  readonly phase: "cooling";
  readonly reason: BenchReason;
  /** Consecutive windows of this reason, this one included; a success or a person ends the count. */
  readonly strikes: number;
  readonly sinceAt: number;
  readonly untilAt: number;
  /** The provider named the end itself; otherwise it is our guess. */
  readonly isExplicit: boolean;
}

/** The window has ended, and nothing has succeeded since: the next lease is the one probe. */
export interface Returning {
  readonly phase: "returning";
  readonly reason: BenchReason;
  readonly strikes: number;
  readonly endedAt: number;
}

/** One probe is out; nobody else is let in until its outcome, or until `untilAt`. */
export interface Trial {
  readonly phase: "trial";
  readonly reason: BenchReason;
  readonly strikes: number;
  readonly endedAt: number;
  readonly lease: string;
  readonly untilAt: number;
}

export type Bench = Cooling | Returning | Trial;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

interface Lengths {
  /** The first window when the provider names no end; each further one is twice as long. */
  readonly firstMs: number;
  readonly capMs: number;
  /** The longest guess for the only key there is: resting it silences the bot. */
  readonly soleMs: number;
  /** What a provider's own time is held to. */
  readonly leastMs: number;
  readonly mostMs: number;
}

/**
 * Reference: peers 4.1 (30 s doubling; billing 5 h doubling to 24 h) and 4.2 (60 s for the only key, never for billing).
 * Billing keeps an hour at least whatever a Retry-After says: a top-up takes a person, and a person can lift.
 */
export const BENCH_LENGTHS: Readonly<Record<BenchReason, Lengths>> = {
  rate: { firstMs: 30 * SECOND_MS, capMs: HOUR_MS, soleMs: MINUTE_MS, leastMs: SECOND_MS, mostMs: DAY_MS },
  quota: {
    firstMs: 10 * MINUTE_MS,
    capMs: 6 * HOUR_MS,
    soleMs: 10 * MINUTE_MS,
    leastMs: SECOND_MS,
    mostMs: 35 * DAY_MS,
  },
  billing: { firstMs: 5 * HOUR_MS, capMs: DAY_MS, soleMs: DAY_MS, leastMs: HOUR_MS, mostMs: 35 * DAY_MS },
  /** Only for a key that may not use one model; a refused key is disabled. */
  auth: { firstMs: HOUR_MS, capMs: HOUR_MS, soleMs: HOUR_MS, leastMs: HOUR_MS, mostMs: DAY_MS },
};

/** Guesses are drawn out by up to this share, so that keys benched together do not return together. */
export const JITTER_SHARE = 0.1;
const MAX_STRIKES = 20;

/** A worse cause replaces a milder one inside its window; the same or a milder one changes nothing. */
const RANK: Readonly<Record<BenchReason, number>> = { rate: 0, quota: 1, billing: 2, auth: 3 };

export interface Strike {
  readonly reason: BenchReason;
  readonly verdict: Verdict;
  /** The window holds for this model only; undefined: for the credential. */
  readonly model: string | undefined;
  readonly isSole: boolean;
  readonly dice: number;
}

/**
 * A window does not move. Two exceptions, each possible once: a worse cause replaces a milder one, and an end that the
 * provider names replaces our own guess if it is later (LiteLLM #40130: a guess of one second hid a Retry-After of 60).
 */
export function openWindow(before: Bench | undefined, blow: Strike, now: number): Cooling | undefined {
  const { reason, verdict } = blow;
  const isExplicit = verdict.untilAt !== undefined && verdict.explicit === true;
  if (before?.phase === "cooling") {
    if (RANK[reason] < RANK[before.reason]) return undefined;
    const untilAt = windowEnd(blow, 1, isExplicit, now);
    if (RANK[reason] > RANK[before.reason]) {
      const latest = Math.max(untilAt, before.untilAt);
      return { phase: "cooling", reason, strikes: 1, sinceAt: now, untilAt: latest, isExplicit };
    }
    if (before.isExplicit || !isExplicit || untilAt <= before.untilAt) return undefined;
    return { ...before, untilAt, isExplicit };
  }
  const strikes = before?.reason === reason ? Math.min(before.strikes + 1, MAX_STRIKES) : 1;
  return {
    phase: "cooling",
    reason,
    strikes,
    sinceAt: now,
    untilAt: windowEnd(blow, strikes, isExplicit, now),
    isExplicit,
  };
}

function windowEnd({ reason, verdict, isSole, dice }: Strike, strikes: number, isExplicit: boolean, now: number) {
  const lengths = BENCH_LENGTHS[reason];
  const grown = Math.min(lengths.firstMs * 2 ** (strikes - 1), lengths.capMs) * (1 + JITTER_SHARE * dice);
  const guess = isSole ? Math.min(grown, lengths.soleMs) : grown;
  // A time that is not the provider's own word is failure.ts's default for want of one, and does not grow.
  const length = isExplicit && verdict.untilAt !== undefined ? verdict.untilAt - now : guess;
  return now + Math.round(Math.min(Math.max(length, lengths.leastMs), lengths.mostMs));
}
