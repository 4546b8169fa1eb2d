import { bundledSkills } from "../../skills/index.ts";
import type { Skill } from "../agent/skills.ts";
import { parseSkill } from "../agent/skills.ts";
import { BOT_DIRECTORY, SHARD_NAMES } from "../directory/shards.ts";
import { type Environment, settingsOf } from "../environment.ts";
import { liftIn, poolsOf } from "../session/bot.ts";
import { JOURNAL_SLOTS } from "../session/store.ts";
import type { SessionView } from "../session/view.ts";
import { registerWebhook } from "../telegram/menu.ts";
import { createCaller, type Refusal } from "../telegram/outbound.ts";
import { VERSION } from "../version.ts";
import { LANGUAGES, words } from "../words/words.ts";
import { type ListingPorts, listSessions, MOST_SESSIONS } from "./listing.ts";
import type { AdminPorts } from "./ports.ts";

/** The platform's ports of the maintainers' page: the objects, the clock, Telegram. */

const TELEGRAM_TIMEOUT_MS = 10_000;

export function platformAdminPorts(env: Environment): AdminPorts {
  const settings = settingsOf(env);
  const session = (key: string) => env.SESSION.getByName(key);
  const listing: ListingPorts = {
    now: Date.now,
    page: async (shard, ask) => (await env.DIRECTORY.getByName(shard).page(ask)).rows,
    view: (key, journalRows) => viewOf(env, key, journalRows),
  };
  return {
    settings,
    version: VERSION,
    now: Date.now,
    newNonce: () => crypto.randomUUID(),
    sessions: (ask) => listSessions(listing, ask),
    session: (key) => viewOf(env, key, JOURNAL_SLOTS),
    reset: async (key) => (await session(key).reset({})).ok,
    stop: async (key) => (await session(key).stop({})).ok,
    eraseSession: async (key) => (await session(key).erase({})).ok,
    transcript: async (key) => {
      const { ok, rows } = await session(key).transcript({});
      const said: readonly unknown[] = JSON.parse(rows);
      return ok ? said : undefined;
    },
    history: async (key) => {
      const answer = await session(key).history({});
      return answer.ok ? answer.history : undefined;
    },
    erasePerson: async (userId) => {
      const bot = env.DIRECTORY.getByName(BOT_DIRECTORY);
      const [{ memories }] = await Promise.all([
        env.PERSON.getByName(String(userId)).erase({}),
        bot.revoke({ userId }),
      ]);
      const shards = await Promise.all(SHARD_NAMES.map((shard) => env.DIRECTORY.getByName(shard).ofPerson({ userId })));
      const sessions = shards.flatMap(({ keys }) => keys);
      for (const key of sessions) await session(key).erase({});
      return { memories, sessions };
    },
    pools: () => poolsOf(env, settings),
    lift: async (provider, credential) => {
      const lifted = await liftIn(env, settings, provider, credential);
      if (lifted > 0) await wakeThoseWhoWait(env, listing);
      return lifted;
    },
    registerWebhook: async (url) => {
      const call = createCaller({
        apiRoot: settings.telegramApiRoot,
        token: settings.botToken,
        fetch: (input, init) => fetch(input, init),
        timeoutMs: TELEGRAM_TIMEOUT_MS,
      });
      const requests = registerWebhook(url, settings.webhookSecret, {
        words,
        languages: LANGUAGES.filter((language) => language !== "en"),
        owners: settings.owners,
        skills: await skillsOf(env),
      });
      for (const { method, payload, mayFail } of requests) {
        const done = await call(method, payload);
        if (!done.ok && !mayFail) return { ok: false, problem: `${method}: ${refusalWords(done.refusal)}` };
      }
      return { ok: true };
    },
  };
}

type SessionReply = { readonly ok: true; readonly view: SessionView } | { readonly ok: false };

async function viewOf(env: Environment, key: string, journal: number): Promise<SessionView | undefined> {
  // Said once more what the object says: the platform's types of a call lose what is `unknown` in it.
  const stub: { view(ask: { journal: number }): Promise<SessionReply> } = env.SESSION.getByName(key);
  const reply = await stub.view({ journal });
  return reply.ok ? reply.view : undefined;
}

/** A turn that waits for a credential need not wait for its time any more. Those used last are told; the others' alarms do it. */
async function wakeThoseWhoWait(env: Environment, listing: ListingPorts): Promise<void> {
  const { views } = await listSessions(listing, { limit: MOST_SESSIONS, journal: 0 });
  for (const { key, run } of views) {
    if (run?.waiting?.why === "credential") await env.SESSION.getByName(key).poolChanged({});
  }
}

async function skillsOf(env: Environment): Promise<readonly Skill[]> {
  const { texts } = await env.DIRECTORY.getByName(BOT_DIRECTORY).skills();
  const added = await Promise.all(texts.map(parseSkill));
  return [...bundledSkills, ...added.flatMap((parsed) => (parsed.ok ? [parsed.skill] : []))];
}

function refusalWords(refusal: Refusal): string {
  switch (refusal.kind) {
    case "unauthorized":
      return "Telegram does not know the bot token";
    case "unavailable":
      return "Telegram could not be reached";
    case "flood":
      return `Telegram wants it slower, again in ${Math.ceil(refusal.retryAfterMs / 1000)} s`;
    case "refused":
      return `Telegram refused it (${refusal.code}): is the address reachable by https from outside?`;
    default:
      return `Telegram refused it (${refusal.kind})`;
  }
}
