import type { RemindersPort } from "../agent/tools/tool.ts";
import type { Settings } from "../config.ts";
import { shardOf } from "../directory/shards.ts";
import { type Environment, settingsOf } from "../environment.ts";
import { log, unhurried } from "../log.ts";
import { languageModel } from "../models/registry.ts";
import { fingerprintsOf, keyOf } from "../pool/fingerprint.ts";
import type { ReportReply } from "../pool/shell.ts";
import { createCaller } from "../telegram/outbound.ts";
import { botOf } from "./bot.ts";
import type { PoolPort, SessionPorts } from "./ports.ts";

/** The platform's ports of a session: Durable Object storage, the clock, Telegram, the other objects. */

/** Longer than Telegram takes for anything; a call that hangs must not hang its chat. */
export const TELEGRAM_TIMEOUT_MS = 20_000;
const TRANSCRIBE_TIMEOUT_MS = 60_000;
const BINDING = "binding";
/** One for all objects of the isolate, so that models that are asked through it are opened once. */
const send: typeof fetch = (input, init) => fetch(input, init);

export function platformPorts(ctx: DurableObjectState, env: Environment, wiped: () => void): SessionPorts {
  const settings = settingsOf(env);
  const key = ctx.id.name ?? "unknown";
  const { storage } = ctx;
  const [, parent, aside] = /^(.*):(bg|btw):\d+$/.exec(key) ?? [];
  const transcription = settings.transcriptionModel;
  return {
    key,
    sql: storage.sql,
    transactionSync: (work) => storage.transactionSync(work),
    setAlarm: (at) => void storage.setAlarm(at),
    deleteAlarm: () => void storage.deleteAlarm(),
    wipe: () => {
      wiped();
      ctx.waitUntil(storage.deleteAll().then(() => dropFrom(env, key)));
    },
    now: Date.now,
    newId: () => crypto.randomUUID(),
    chance: Math.random,
    after: (ms, callback) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    detach: (work) => ctx.waitUntil(work),
    settings,
    log: unhurried(log),
    call: createCaller({
      apiRoot: settings.telegramApiRoot,
      token: settings.botToken,
      fetch: send,
      timeoutMs: TELEGRAM_TIMEOUT_MS,
    }),
    fetch: send,
    loader: env.LOADER,
    pool: (provider) => poolOf(env, settings, provider, (work) => ctx.waitUntil(work)),
    keyOf: async (provider, credential) => {
      const configured = settings.providers.get(provider);
      if (credential === BINDING && env.AI !== undefined) return "";
      return configured ? keyOf(configured, credential) : undefined;
    },
    credentials: async (provider) => {
      const configured = settings.providers.get(provider);
      return configured ? (await fingerprintsOf(configured)).map(({ id }) => id) : [];
    },
    model: (name, secret) =>
      languageModel({
        model: name,
        settings: settings.providers.get(name.provider),
        key: secret,
        fetch: send,
        ...(env.AI === undefined ? {} : { ai: env.AI }),
      }),
    person: (userId) => personOf(env, userId),
    ...(transcription
      ? {
          transcribe: async ({ bytes, name, mime }, key, signal) => {
            const { transcribe } = await import("../models/transcribe.ts");
            return transcribe({
              model: transcription,
              settings: settings.providers.get(transcription.provider),
              key,
              audio: new Uint8Array(bytes),
              fileName: name,
              mime,
              timeoutMs: TRANSCRIBE_TIMEOUT_MS,
              signal,
              now: Date.now,
              fetch: send,
              ...(env.AI === undefined ? {} : { ai: env.AI }),
            });
          },
        }
      : {}),
    touch: async (at) => {
      await env.DIRECTORY.getByName(shardOf(key)).touch({ key, at });
    },
    bot: botOf(env, settings),
    handOver: async (toKey, heritage) => {
      await env.SESSION.getByName(toKey).adopt({ heritage });
    },
    former: (before) => ({
      stop: async () => void (await env.SESSION.getByName(before).stop({ onlyBusy: true })),
      press: async (inbound) => void (await env.SESSION.getByName(before).accept({ inbound })),
    }),
    ...(parent === undefined ? {} : { chatReminders: remindersOf(env, parent) }),
    parentContext: async () => {
      if (parent === undefined) return { messages: [] };
      try {
        const { messages, ...manner } = await env.SESSION.getByName(parent).context({});
        const parsed: readonly unknown[] = aside === "btw" ? JSON.parse(messages) : [];
        return { ...manner, messages: parsed };
      } catch (error) {
        // What works in the background can do without it; a side question cannot.
        if (aside === "btw") throw error;
        return { messages: [] };
      }
    },
  };
}

function poolOf(
  env: Environment,
  settings: Settings,
  provider: string,
  detach: (work: Promise<unknown>) => void,
): PoolPort {
  const configured = settings.providers.get(provider);
  if (provider === "workersai" && env.AI !== undefined && !configured) {
    // The binding is no key: there is nothing to rotate and nothing to bench.
    return {
      lease: async () => ({ ok: true, lease: BINDING, credential: BINDING, version: -1 }),
      report: async () => {},
    };
  }
  const stub = () => env.POOL.getByName(provider);
  const tellOwners = (notices: ReportReply["notices"]) => {
    for (const notice of notices) detach(tell(env, settings, provider, notice));
  };
  return {
    lease: async (request) => {
      const fingerprints = configured ? await fingerprintsOf(configured) : [];
      const { notices, ...answer } = await stub().lease({ ...request, fingerprints, strategy: settings.poolStrategy });
      tellOwners(notices);
      return answer;
    },
    report: async (report) => {
      const { notices } = await stub().report(report);
      tellOwners(notices);
    },
  };
}

/** Once, in each owner's private chat: a key is off, or a pool has run dry. */
async function tell(
  env: Environment,
  settings: Settings,
  provider: string,
  notice: ReportReply["notices"][number],
): Promise<void> {
  for (const owner of settings.owners) {
    const chat = env.SESSION.getByName(`telegram:${owner}`);
    if (notice.kind === "disabled") {
      const { credential, reason } = notice;
      await chat.tell({
        key: "pool_notice_disabled",
        params: { provider, id: credential, reason },
        ofPool: { reason },
      });
    } else if (notice.untilAt === undefined) {
      await chat.tell({ key: "pool_notice_dry_unknown", params: { provider } });
    } else {
      const { untilAt } = notice;
      await chat.tell({ key: "pool_notice_dry", params: { provider, until: isoMinute(untilAt) }, ofPool: { untilAt } });
    }
  }
}

/** For an object of the version before, which knows no better during a deploy. */
function isoMinute(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ").concat(" UTC");
}

function personOf(env: Environment, userId: number): ReturnType<SessionPorts["person"]> {
  const stub = () => env.PERSON.getByName(String(userId));
  return {
    remember: (request) => stub().remember(request),
    recall: (request) => stub().recall(request),
    forget: (request) => stub().forget(request),
    profile: async () => {
      const { profile, today } = await stub().overview({});
      return {
        ...(profile.timezone ? { timezone: profile.timezone } : {}),
        spentTodayUsd: today.usd,
        tokensToday: today.inputTokens + today.outputTokens,
      };
    },
    spend: async ({ usd, input, output, model }) => {
      await stub().addSpend({ model, usd, inputTokens: input, outputTokens: output });
    },
    setTimezone: async (timezone) => (await stub().setProfile({ timezone })).ok,
    memories: async () => (await stub().memories({})).memories,
    eraseAll: async () => {
      await stub().erase({});
    },
  };
}

function remindersOf(env: Environment, key: string): RemindersPort {
  const stub = () => env.SESSION.getByName(key);
  return {
    add: (plan) => stub().addReminder({ plan }),
    list: async () => (await stub().reminders({})).reminders,
    cancel: async (id) => (await stub().cancelReminder({ id })).cancelled,
  };
}

async function dropFrom(env: Environment, key: string): Promise<void> {
  await env.DIRECTORY.getByName(shardOf(key)).drop({ key });
}
