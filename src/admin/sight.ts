import type { PoolView } from "../session/ports.ts";
import type { SessionView } from "../session/view.ts";
import { type Activity, activityOf } from "./activity.ts";
import { parseCursor, parseWanted, writeCursor } from "./input.ts";
import type { AdminPorts, Cursor } from "./ports.ts";

/** What the page shows at one moment. */
export interface Sight {
  readonly at: number;
  readonly version: string;
  readonly views: readonly SessionView[];
  /** Where the next page begins, if there is one. */
  readonly next?: string;
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

/** What somebody wants to see, as the address of the page says it. */
export interface Wanted {
  /** The session whose journal is open. */
  readonly key?: string;
  /** Of a page of older sessions. */
  readonly cursor?: Cursor;
}

/** From the query of /admin and /admin/events; what cannot be read is not wanted. */
export function parseQuery(query: Readonly<Record<string, string>>): Wanted {
  const key = parseWanted(query.session ?? "");
  const cursor = parseCursor(query.cursor ?? "");
  return { ...(key === undefined ? {} : { key }), ...(cursor === undefined ? {} : { cursor }) };
}

export async function lookAt(
  ports: AdminPorts,
  { key, cursor }: Wanted,
  known?: ReadonlyMap<string, SessionView>,
): Promise<Sight> {
  const ask = {
    limit: PAGE_SESSIONS,
    journal: ACTIVITY_JOURNAL_ROWS,
    ...(known ? { known } : {}),
    ...(cursor ? { cursor } : {}),
  };
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
    ...(listing.cursor ? { next: writeCursor(listing.cursor) } : {}),
    unreachable: listing.unreachable,
    pools,
    activity: activityOf(listing.views, at),
    ...(key === undefined ? {} : { open: { key, view } }),
    problems: [...new Set(ports.settings.problems.map(({ name }) => name))],
  };
}
