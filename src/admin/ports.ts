import type { Settings } from "../config.ts";
import type { PoolView } from "../session/ports.ts";
import type { SessionView } from "../session/view.ts";

/** Everything the maintainers' page touches that is not itself. The Worker hands over the platform's; a test its own. */
export interface AdminPorts {
  readonly settings: Settings;
  readonly version: string;
  readonly now: () => number;
  /** Unguessable, of characters that may stand in a header and an attribute (base64url, hex). */
  readonly newNonce: () => string;
  /** A page of sessions, newest first. */
  sessions(ask: ListingRequest): Promise<Listing>;
  /** Undefined: there is no such session. Asking must not make one. */
  session(key: string): Promise<SessionView | undefined>;
  /** As /new does; false: there is no such session. */
  reset(key: string): Promise<boolean>;
  /** As /stop does; false: there is no such session. */
  stop(key: string): Promise<boolean>;
  /** What was said in the session's epoch; undefined: there is no such session. */
  transcript(key: string): Promise<readonly unknown[] | undefined>;
  /** The session's whole journal as JSON (session/view.ts, `SessionHistory`), without words; undefined: there is no such session. */
  history(key: string): Promise<string | undefined>;
  /** Deletes everything of a session; false: there is no such session. */
  eraseSession(key: string): Promise<boolean>;
  /** Deletes what is kept of a person: memories, the sessions that are theirs alone, that they were let in. */
  erasePerson(userId: number): Promise<{ readonly memories: number; readonly sessions: readonly string[] }>;
  pools(): Promise<readonly PoolView[]>;
  /** Makes credentials ready at once; all of the provider without `credential`. How many there were. */
  lift(provider: string, credential?: string): Promise<number>;
  /** Sets Telegram's webhook to `url` + /telegram/webhook, and the command menu. */
  registerWebhook(url: string): Promise<{ readonly ok: true } | { readonly ok: false; readonly problem: string }>;
}

export interface ListingRequest {
  /** At most MOST_SESSIONS. */
  readonly limit: number;
  /** As a listing gave it. */
  readonly cursor?: Cursor;
  /** Rows of each session's journal. */
  readonly journal: number;
  /** What the caller knows from before: a session that has been quiet since is not asked again. */
  readonly known?: ReadonlyMap<string, SessionView>;
}

/** The last session of a page, in the order of the register. */
export interface Cursor {
  readonly key: string;
  readonly at: number;
}

export interface Listing {
  readonly views: readonly SessionView[];
  /** Where the next page begins; absent: this was the last one. */
  readonly cursor?: Cursor;
  /** Registered sessions that could not be asked just now. */
  readonly unreachable: readonly string[];
}
