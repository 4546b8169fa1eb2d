import { HEARTBEAT_MS } from "../core/session.ts";

/** Pauses after an outage, by the number of attempts before; the last is repeated. */
export const PAUSES_MS: readonly number[] = [1_000, 2_000, 5_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000];

/** Telegram itself keeps what is meant for a bot for 24 h; an answer older than that answers nothing. */
export const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/**
 * While the courier is under way the alarm comes so often: it finds out whether the process has died. As often as for the
 * run before it, so that the alarm that is set already will do.
 */
export const WATCH_EVERY_MS = HEARTBEAT_MS;

/** A closed topic may have been opened again a moment later; it is asked once more. */
export const THREAD_RETRY_MS = 1_000;

/** After a fault of our own or of the storage. */
export const FAULT_PAUSE_MS = 5_000;

export function pauseMs(attempt: number): number {
  return PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 0;
}
