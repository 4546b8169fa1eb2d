import type { PoolView } from "../session/ports.ts";
import type { SessionView } from "../session/view.ts";
import { type Activity, activityOf } from "./activity.ts";
import type { AdminPorts } from "./ports.ts";

/** What the page shows at one moment. */
export interface Sight {
  readonly at: number;
  readonly version: string;
  readonly views: readonly SessionView[];
  /** There are more than these. */
  readonly hasMore: boolean;
  readonly unreachable: readonly string[];
  readonly pools: readonly PoolView[];
  readonly activity: Activity;
  /** The session whose journal is open; undefined view: there is none of that key. */
  readonly open?: { readonly key: string; readonly view: SessionView | undefined };
  /** Names of settings that are missing or cannot be used. */
  readonly problems: readonly string[];
}

/** Sessions on the page, those used last. */
export const PAGE_SESSIONS = 20;
/** Of each: enough for a busy day's pictures, and little enough to be read again every few seconds. */
export const ACTIVITY_JOURNAL_ROWS = 128;

export async function lookAt(
  ports: AdminPorts,
  key: string | undefined,
  known?: ReadonlyMap<string, SessionView>,
): Promise<Sight> {
  const ask = { limit: PAGE_SESSIONS, journal: ACTIVITY_JOURNAL_ROWS, ...(known ? { known } : {}) };
  const [listing, pools, view] = await Promise.all([
    ports.sessions(ask),
    ports.pools(),
    key === undefined ? undefined : ports.session(key),
  ]);
  const at = ports.now();
  return {
    at,
    version: ports.version,
    views: listing.views,
    hasMore: listing.cursor !== undefined,
    unreachable: listing.unreachable,
    pools,
    activity: activityOf(listing.views, at),
    ...(key === undefined ? {} : { open: { key, view } }),
    problems: [...new Set(ports.settings.problems.map(({ name }) => name))],
  };
}
