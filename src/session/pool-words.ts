import type { Keyboard } from "../telegram/post.ts";
import { safe } from "../words/styled.ts";
import { untilWords, type WordParams, wordKey, words } from "../words/words.ts";
import type { PoolView } from "./ports.ts";

/** Telegram takes a hundred buttons; the rest of a pool is lifted with all of it. */
const MOST_SINGLE_BUTTONS = 60;

/** /pool: the keys by their fingerprints, what state they are in and why, and buttons that lift them. */
export function poolWords(
  pools: readonly PoolView[],
  language: string | undefined,
  now: number,
  timezone: string | undefined,
): { readonly text: string; readonly keyboard: Keyboard } {
  const lines: string[] = [];
  const keyboard: { text: string; callback_data: string }[][] = [];
  for (const { provider, credentials } of pools) {
    lines.push(words(language, "pool_title", { provider: safe(provider) }));
    if (credentials.length === 0) lines.push(words(language, "pool_empty"));
    for (const { id, state, until, reason, uses } of credentials) {
      const facts = { reason: reason ?? "unknown", ...(until === null ? {} : { untilAt: until }) };
      lines.push(words(language, `pool_${state}`, { id, uses, ...poolParams(facts, language, now, timezone) }));
      if (state !== "ready" && keyboard.length < MOST_SINGLE_BUTTONS) {
        keyboard.push([{ text: words(language, "pool_lift_one", { id }), callback_data: `lift:${provider}:${id}` }]);
      }
    }
    if (credentials.some(({ state }) => state !== "ready")) {
      keyboard.push([
        { text: `${words(language, "pool_lift_all")} (${provider})`, callback_data: `lift:${provider}:*` },
      ]);
    }
  }
  if (pools.length === 0) lines.push(words(language, "pool_empty"));
  return { text: lines.join("\n"), keyboard };
}

/** Why a key rests and until when, as it is said in a chat. */
export function poolParams(
  { reason, untilAt }: { readonly reason?: string; readonly untilAt?: number },
  language: string | undefined,
  now: number,
  timezone: string | undefined,
): WordParams {
  return {
    ...(reason === undefined ? {} : { reason: words(language, wordKey(`reason_${reason}`, "reason_unknown")) }),
    ...(untilAt === undefined ? {} : { until: untilWords(language, untilAt, now, timezone) }),
  };
}
