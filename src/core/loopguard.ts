/**
 * The loop guard: two bots that answer each other never stop by themselves. In one chat at most LOOP_MESSAGES messages
 * of other bots are taken in LOOP_WINDOW_MS; one more, and all of them are left alone for LOOP_COOL_MS. People are
 * never counted. Plain data and the time in, plain data out.
 */

export const LOOP_MESSAGES = 20;
export const LOOP_WINDOW_MS = 5 * 60_000;
export const LOOP_COOL_MS = 10 * 60_000;

export type LoopGuard =
  | { readonly phase: "counting"; readonly takenAt: readonly number[] }
  | { readonly phase: "cooling"; readonly until: number };

export const NO_LOOP: LoopGuard = { phase: "counting", takenAt: [] };

/** A message of another bot comes. A message refused while cooling does not prolong the cooling. */
export function guardLoop(guard: LoopGuard, now: number): { readonly allowed: boolean; readonly guard: LoopGuard } {
  if (guard.phase === "cooling" && now < guard.until) return { allowed: false, guard };
  const takenAt = guard.phase === "cooling" ? [] : guard.takenAt.filter((at) => now - at < LOOP_WINDOW_MS);
  if (takenAt.length >= LOOP_MESSAGES) {
    return { allowed: false, guard: { phase: "cooling", until: now + LOOP_COOL_MS } };
  }
  return { allowed: true, guard: { phase: "counting", takenAt: [...takenAt, now] } };
}
