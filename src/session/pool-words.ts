import type { Keyboard } from "../telegram/post.ts";
import { safe } from "../words/styled.ts";
import { untilWords, wordKey, words } from "../words/words.ts";
import type { PoolView } from "./ports.ts";

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
      const because = words(language, wordKey(`reason_${reason ?? "unknown"}`, "reason_unknown"));
      const when = until === null ? "" : untilWords(language, until, now, timezone);
      lines.push(words(language, `pool_${state}`, { id, uses, reason: because, until: when }));
      if (state !== "ready") {
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
