import type { Policy } from "../core/session.ts";
import type { SessionPorts } from "./ports.ts";
import { clockOffsetMs } from "./whereabouts.ts";

/** The settings that the rule decides by; the clock is the person's. */
export function policyOf({ settings, now }: SessionPorts, timezone: string | undefined): Policy {
  return {
    busyMode: settings.busyMode,
    queueLimit: settings.queueLimit,
    runIdleTimeoutMs: settings.runIdleTimeoutMs,
    runTimeoutMs: settings.runTimeoutMs,
    poolWaitMs: settings.poolWaitMs,
    idleResetMs: settings.idleResetMs,
    ...(settings.dailyResetHour === undefined ? {} : { dailyResetHour: settings.dailyResetHour }),
    clockOffsetMs: timezone ? clockOffsetMs(timezone, now()) : 0,
  };
}
