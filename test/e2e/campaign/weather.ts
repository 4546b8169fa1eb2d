import type { ActiveFault, Fault } from "../../../playground/telegram/faults.ts";
import type { World } from "../harness/world.ts";
import { pause } from "./pause.ts";

/** What is against the bot while people write, beside the kills. */

const LONGEST_FAIR_WEATHER_MS = 700;
const LONGEST_PLENTY_MS = 30_000;
const LONGEST_DROUGHT_MS = 5_000;

/** What the settings say in this life of the Worker: none of them may cost a message. */
export function settingsOf(dice: (below: number) => number): Readonly<Record<string, string>> {
  return {
    STREAM: ["edit", "edit", "draft", "off"][dice(4)] ?? "edit",
    BUSY_MODE: ["queue", "queue", "steer", "interrupt"][dice(4)] ?? "queue",
  };
}

/**
 * Floods often, connections that break before Telegram has heard now and then, lost answers rarely. One at a time: where
 * few calls are made, faults that wait for them would pile up until every call meets one.
 */
export async function telegramWeather(
  { telegram }: World,
  dice: (below: number) => number,
  signal: AbortSignal,
): Promise<void> {
  let last: ActiveFault | undefined;
  while (!signal.aborted) {
    await pause(dice(LONGEST_FAIR_WEATHER_MS), signal);
    last?.lift();
    const roll = dice(20);
    const fault: Fault =
      roll < 10
        ? { kind: "flood", retryAfterSeconds: 1 + dice(3) }
        : roll < 14
          ? { kind: "slow", ms: dice(800) }
          : roll < 17
            ? { kind: "reset", when: "before" }
            : roll < 19
              ? { kind: "error", code: 502, description: "Bad Gateway" }
              : { kind: "reset", when: "after" };
    if (!signal.aborted) last = telegram.fault({ method: /^(send|edit)/, times: 1, fault });
  }
  telegram.liftFaults();
}

/** Now and then every key is refused for some seconds: the pool is dry, and turns wait. */
export async function modelWeather(
  { model }: World,
  dice: (below: number) => number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pause(dice(LONGEST_PLENTY_MS), signal);
    if (!signal.aborted) model.door({ kind: "rate_limited", retryAfterSeconds: 2 + dice(3) });
    await pause(dice(LONGEST_DROUGHT_MS), signal);
    model.door({ kind: "open" });
  }
}
