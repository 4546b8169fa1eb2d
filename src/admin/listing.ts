import type { Registered } from "../directory/register.ts";
import { SHARD_NAMES } from "../directory/shards.ts";
import type { SessionView } from "../session/view.ts";
import type { Listing, ListingRequest } from "./ports.ts";

/**
 * The list of sessions: the shards of the register say which were used last, and each of those is asked what it is doing
 * now. The register is only ever a hint; what a row shows comes from the session itself.
 */

export interface ListingPorts {
  now(): number;
  page(shard: string, ask: { readonly before?: Registered; readonly limit: number }): Promise<readonly Registered[]>;
  /** Undefined: the session is gone. Rejects where it cannot be reached. */
  view(key: string, journalRows: number): Promise<SessionView | undefined>;
}

/** One call to each of the shards and one to each session listed: far from the platform's 1,000 calls a request. */
export const MOST_SESSIONS = 100;
/** The platform opens six connections at once for a request; more would only wait in line. */
const AT_ONCE = 6;
/** A session that was used so lately is asked again, whatever is known of it: the register may be told a moment late. */
const RECENT_MS = 2 * 60_000;

export async function listSessions(ports: ListingPorts, request: ListingRequest): Promise<Listing> {
  const limit = Math.max(1, Math.min(MOST_SESSIONS, request.limit));
  const { cursor: before, known, journal } = request;
  // One more than is shown, so that the last page is known to be the last.
  const ask = { limit: limit + 1, ...(before ? { before } : {}) };
  const shards = await inParallel(SHARD_NAMES, (shard) => ports.page(shard, ask));
  const registered = shards.flat().sort(byNewest);
  const shown = registered.slice(0, limit);

  const unreachable: string[] = [];
  const asked = await inParallel(shown, async ({ key, at }) => {
    const quiet = known?.get(key);
    if (quiet && isQuiet(quiet, at, ports.now())) return quiet;
    try {
      return await ports.view(key, journal);
    } catch {
      unreachable.push(key);
      return undefined;
    }
  });
  const views = asked
    .filter((view) => view !== undefined)
    .sort((one, other) => other.lastActiveAt - one.lastActiveAt || (one.key < other.key ? 1 : -1));
  const last = shown.at(-1);
  return { views, unreachable, ...(last && registered.length > limit ? { cursor: last } : {}) };
}

/** Nothing can have changed: it has nothing to do, nothing to deliver, and was not used since. */
function isQuiet(view: SessionView, touchedAt: number, now: number): boolean {
  const lastAt = Math.max(touchedAt, view.lastActiveAt);
  return (
    view.state === "idle" && view.deliveries.count === 0 && lastAt <= view.lastActiveAt && now - lastAt > RECENT_MS
  );
}

/** The order of the register: newest first, keys part those of the same millisecond. */
function byNewest(one: Registered, other: Registered): number {
  return other.at - one.at || (one.key < other.key ? 1 : -1);
}

/** Results in the order of the items, AT_ONCE at a time. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}
