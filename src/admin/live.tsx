import { streamSSE } from "hono/streaming";
import { log } from "../log.ts";
import type { SessionView } from "../session/view.ts";
import type { AdminContext } from "./guard.ts";
import { PARTS } from "./page.tsx";
import { lookAt, type Wanted } from "./sight.ts";

/**
 * The page, live: parts of it are sent again as they change, by server-sent events, as long as somebody looks. A look asks
 * the 16 shards and the sessions that are not quiet, so it comes seldom where nothing happens, and a stream ends before
 * it meets the platform's limit of calls; the browser then opens the next.
 */

export const SHORTEST_PAUSE_MS = 2_000;
export const LONGEST_PAUSE_MS = 15_000;
/** 25 looks of at most 16 + 20 + 1 sessions and shards and a few pools stay below 1,000 calls, the least any plan allows. */
export const MOST_LOOKS = 25;
/** How soon the browser opens the next stream. */
const AGAIN_MS = 1_000;

export function streamLive(context: AdminContext, wanted: Wanted): Response {
  const ports = context.get("ports");
  return streamSSE(context, async (stream) => {
    const sent = new Map<string, string>();
    let known: ReadonlyMap<string, SessionView> | undefined;
    let pauseMs = SHORTEST_PAUSE_MS;
    let wake = (): void => {};
    stream.onAbort(() => wake());
    for (let look = 0; look < MOST_LOOKS && !stream.aborted; look += 1) {
      if (look > 0) {
        await pause(pauseMs, (end) => {
          wake = end;
        });
        if (stream.aborted) return;
      }
      try {
        const sight = await lookAt(ports, wanted, known);
        known = new Map(sight.views.map((view) => [view.key, view]));
        const changed = Object.entries(PARTS)
          .map(([id, render]) => ({ id, html: String(render(sight) ?? "") }))
          .filter(({ id, html }) => sent.get(id) !== html);
        for (const { id, html } of changed) {
          sent.set(id, html);
          await stream.writeSSE({ event: "part", data: JSON.stringify({ id, html }), retry: AGAIN_MS });
        }
        // A line now and then tells both ends that the other is there.
        if (changed.length === 0) await stream.write(": nothing new\n\n");
        pauseMs = changed.length > 0 ? SHORTEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * 1.5);
      } catch (error) {
        log("internal.error", { where: "admin.events", name: error instanceof Error ? error.name : "unknown" });
        pauseMs = LONGEST_PAUSE_MS;
      }
    }
  });
}

/** Ends early by `end`, so that a reader who has gone holds nothing. */
function pause(ms: number, hand: (end: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    hand(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
