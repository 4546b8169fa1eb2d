import type { Policy, Session } from "./session.ts";

/**
 * Resets by the clock. They are decided when the next message comes, so that a person who is away is not spoken to; the
 * old epoch is over then for good.
 */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Why the next message opens a new epoch of itself; undefined: it does not. */
export function dueReset(session: Session, now: number): "idle" | "daily" | undefined {
  const { policy, activeAt, spoken } = session;
  if (!spoken || activeAt === 0) return undefined;
  if (policy.idleResetMs > 0 && now - activeAt >= policy.idleResetMs) return "idle";
  if (policy.dailyResetHour !== undefined && activeAt < lastResetHour(policy, policy.dailyResetHour, now))
    return "daily";
  return undefined;
}

/** The last time at which the person's clock showed `hour`. */
function lastResetHour(policy: Policy, hour: number, now: number): number {
  const local = now + policy.clockOffsetMs;
  const today = Math.floor(local / DAY_MS) * DAY_MS + hour * HOUR_MS;
  return (today <= local ? today : today - DAY_MS) - policy.clockOffsetMs;
}
