import { Hono } from "hono";
import { Guesses } from "../../../src/admin/guesses.ts";
import type { AdminPorts, Listing, ListingRequest } from "../../../src/admin/ports.ts";
import { adminRoutes } from "../../../src/admin/routes.tsx";
import { readSettings } from "../../../src/config.ts";
import type { JournalView, SessionView } from "../../../src/session/view.ts";

/** The maintainers' routes over a world of plain objects, with a clock that stands still. */

export const TOKEN = "an-admin-token-of-good-length";
export const BOT_TOKEN = "123456:bot-token-that-must-not-show";
export const KEY = "telegram:1";

export interface Stage {
  readonly clock: { now: number };
  /** What was asked of the ports, in order. */
  readonly calls: string[];
  readonly views: Map<string, SessionView>;
  readonly guesses: Guesses;
  ports: AdminPorts;
  /** `path` is below /admin. */
  ask(path: string, init?: RequestInit & { readonly token?: string; readonly origin?: string }): Promise<Response>;
}

export function startAdmin(change: Partial<AdminPorts> = {}, env: Record<string, string | undefined> = {}): Stage {
  const clock = { now: Date.UTC(2026, 10, 22, 12) };
  const calls: string[] = [];
  const views = new Map<string, SessionView>([[KEY, viewOf(KEY)]]);
  const guesses = new Guesses();
  let nonces = 0;
  const note = <Result>(call: string, result: Result): Promise<Result> => {
    calls.push(call);
    return Promise.resolve(result);
  };
  const ports: AdminPorts = {
    settings: readSettings({
      TELEGRAM_BOT_TOKEN: BOT_TOKEN,
      TELEGRAM_WEBHOOK_SECRET: "the-webhook-secret",
      ADMIN_TOKEN: TOKEN,
      OPENAI_API_KEYS: "sk-secret-one,sk-secret-two",
      ...env,
    }),
    version: "0.0.0",
    now: () => clock.now,
    newNonce: () => `nonce-${nonces++}`,
    sessions: (ask: ListingRequest): Promise<Listing> => {
      const all = [...views.values()];
      const more = all[ask.limit];
      return note(`sessions ${ask.limit} ${ask.cursor?.key ?? "-"}`, {
        views: all.slice(0, ask.limit),
        unreachable: [],
        ...(more ? { cursor: { key: more.key, at: more.lastActiveAt } } : {}),
      });
    },
    session: (key) => note(`session ${key}`, views.get(key)),
    reset: (key) => note(`reset ${key}`, views.has(key)),
    stop: (key) => note(`stop ${key}`, views.has(key)),
    eraseSession: (key) => note(`erase ${key}`, views.delete(key)),
    transcript: (key) => note(`transcript ${key}`, views.has(key) ? [{ user: "<b>words</b>" }] : undefined),
    history: (key) => note(`history ${key}`, views.has(key) ? JSON.stringify({ key, rows: [] }) : undefined),
    erasePerson: (userId) => note(`erase person ${userId}`, { memories: 2, sessions: [`telegram:${userId}`] }),
    pools: () => note("pools", [POOL]),
    lift: (provider, credential) =>
      note(
        `lift ${provider} ${credential ?? "all"}`,
        provider === "openai" && (credential ?? "aaaaaaaaaaaa") === "aaaaaaaaaaaa" ? 1 : 0,
      ),
    registerWebhook: (url) => note(`webhook ${url}`, { ok: true as const }),
    ...change,
  };
  const stage: Stage = {
    clock,
    calls,
    views,
    guesses,
    ports,
    ask: async (path, { token, origin = "http://localhost", ...init } = {}) => {
      const headers = new Headers(init.headers);
      if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
      return app.request(`${origin}/admin${path.replace(/^\/(?=\?|$)/, "")}`, { ...init, headers });
    },
  };
  // As the Worker mounts them.
  const app = new Hono().route(
    "/admin",
    adminRoutes(() => stage.ports, guesses),
  );
  return stage;
}

export const POOL = {
  provider: "openai",
  credentials: [
    {
      id: "aaaaaaaaaaaa",
      state: "cooling" as const,
      until: Date.UTC(2026, 10, 22, 12, 5),
      reason: "rate",
      leases: 0,
      uses: 3,
      lastUsedAt: Date.UTC(2026, 10, 22, 11, 59),
    },
    { id: "bbbbbbbbbbbb", state: "ready" as const, until: null, reason: null, leases: 1, uses: 9, lastUsedAt: null },
  ],
};

export function viewOf(key: string, change: Partial<SessionView> = {}): SessionView {
  return {
    key,
    state: "idle",
    epoch: 1,
    queued: 0,
    lastActiveAt: Date.UTC(2026, 10, 22, 11, 50),
    run: null,
    queue: [],
    deliveries: { count: 0, oldestAt: null, lost: null },
    reminders: 0,
    usd: 0,
    journal: [],
    ...change,
  };
}

/** A journal from lines such as ["received", "running", "r1"], a second apart, ending at `endAt`. */
export function journalOf(
  lines: readonly (readonly [event: string | object, phase: string, run: string | null])[],
  endAt: number,
  firstSeq = 1,
): JournalView[] {
  return lines.map(([event, phase, run], index) => ({
    seq: firstSeq + index,
    at: endAt - (lines.length - 1 - index) * 1_000,
    event: typeof event === "string" ? { type: event, effects: [] } : event,
    phase,
    epoch: 1,
    run,
    queued: 0,
  }));
}
