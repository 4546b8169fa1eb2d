/**
 * How many messages one person may have accepted in a minute: a token bucket. It holds a minute's worth, so a person
 * who was silent may write a burst, and it refills evenly. State is plain data; the time is an argument.
 */

const MINUTE_MS = 60_000;

export interface Bucket {
  /** What is left, a fraction included. */
  readonly tokens: number;
  readonly filledAt: number;
}

export type Allowance =
  | { readonly allowed: true; readonly bucket: Bucket }
  /** `retryAt`: when the next message would be let through. */
  | { readonly allowed: false; readonly bucket: Bucket; readonly retryAt: number };

/** `perMinute` 0: no limit. `bucket` undefined: a person not seen before. A clock that went back refills nothing. */
export function allow(bucket: Bucket | undefined, now: number, perMinute: number): Allowance {
  if (perMinute <= 0) return { allowed: true, bucket: { tokens: 0, filledAt: now } };
  const tokens = bucket === undefined ? perMinute : refilled(bucket, now, perMinute);
  // A hair below one counts as one: 1/3 of a token refilled three times must not refuse the fourth message.
  if (tokens >= 1 - 1e-9) return { allowed: true, bucket: { tokens: Math.max(0, tokens - 1), filledAt: now } };
  const retryAt = now + Math.ceil(((1 - tokens) * MINUTE_MS) / perMinute);
  return { allowed: false, bucket: { tokens, filledAt: now }, retryAt };
}

function refilled(bucket: Bucket, now: number, perMinute: number): number {
  const passedMs = Math.max(0, now - bucket.filledAt);
  return Math.min(perMinute, bucket.tokens + (passedMs * perMinute) / MINUTE_MS);
}
