import type { Settings } from "./config.ts";
import { findCommand } from "./core/commands.ts";
import { goesWith, mayGoOn } from "./core/gather.ts";
import { sessionKey } from "./core/key.ts";
import { guardLoop, type LoopGuard, NO_LOOP } from "./core/loopguard.ts";
import { allow, type Bucket } from "./core/rate.ts";
import type { Input } from "./core/session.ts";
import { SHARD_NAMES } from "./directory/shards.ts";
import { type Environment, settingsOf } from "./environment.ts";
import { log } from "./log.ts";
import { isSameSecret } from "./secret.ts";
import { BOT } from "./session/bot.ts";
import { inputOf } from "./session/input.ts";
import { bodyOf } from "./telegram/body.ts";
import { admit, type BotIdentity, botId, needsPairing, withoutOurMention } from "./telegram/gate.ts";
import { type LostQuery, parseUpdate } from "./telegram/inbound.ts";
import type { Inbound } from "./telegram/message.ts";
import { type Call, createCaller, type Refusal } from "./telegram/outbound.ts";
import { sendPart } from "./telegram/post.ts";
import { styled } from "./words/styled.ts";
import { type WordKey, type WordParams, words } from "./words/words.ts";

/**
 * The way in: secret, size, form, gate, key, and then the session, whose commit is awaited and nothing else. Telegram holds
 * a chat's next update back until this answers, so it must never wait for a model; and a 5xx makes Telegram send the
 * update again for a day, so it is given only where the update could not be stored.
 */

const TELEGRAM_TIMEOUT_MS = 10_000;
const MOST_SAYINGS = 3;
const FIRST_PAUSE_MS = 1_000;
/** What is left to be done after an answer is cut 30 s after it (Workers, `waitUntil`). */
const MOST_PAUSE_MS = 12_000;
/** An update that fails so often is given up: it would block its chat for a day. */
const MOST_FAILURES = 8;
/** Each /bg and /btw is a session with a run of its own, which no QUEUE_LIMIT holds: one person may start so many. */
const ASIDES_PER_MINUTE_MAX = 10;
const SOON = { "retry-after": "2" };
/** Who goes on all the same has been told: each notice is a message in the chat, beyond the pace of its session. */
const RATE_NOTICES_PER_MINUTE_MAX = 3;
/** What an isolate remembers at the most, of each kind. */
const MOST_REMEMBERED = 5_000;

export async function receive(
  request: Request,
  env: Environment,
  context: Pick<ExecutionContext, "waitUntil">,
): Promise<Response> {
  const settings = settingsOf(env);
  if (!isTelegram(request, settings)) {
    log("update.refused", { reason: "wrong_secret" });
    return answer(401, "expected X-Telegram-Bot-Api-Secret-Token to be this bot's webhook secret");
  }
  const body = await bodyOf(request);
  if (!body.ok) {
    log("update.refused", { reason: body.reason });
    return answer(body.status, body.expected);
  }
  const parsed = parseUpdate(body.value, Date.now());
  if (parsed.kind === "invalid") {
    log("update.refused", { reason: "no_update" });
    return answer(400, `expected ${parsed.expected}`);
  }
  if (parsed.kind === "ignored") {
    log("update.ignored", {
      update: parsed.update,
      reason: parsed.reason,
      ...(parsed.chatId ? { session: `telegram:${parsed.chatId}` } : {}),
    });
    if (parsed.query) new Entrance(env, settings, context).expire(parsed.query);
    return answer(200);
  }
  return enter(parsed.inbound, new Entrance(env, settings, context));
}

async function enter(inbound: Inbound, entrance: Entrance): Promise<Response> {
  const { settings } = entrance;
  const { update, place } = inbound;
  const from = inbound.kind === "migrated" ? { id: 0 } : inbound.from;
  const session = sessionKey(place, from, settings.groupSessions);
  const bot = await entrance.bot(place.chatType !== "private" || namesBot(inbound));
  if (bot.username === undefined && (namesBot(inbound) || mentionsBot(inbound)) && entrance.mayComeAgain(update)) {
    log("update.refused", { session, update, reason: "own_name_unknown" });
    return answer(503, "not known yet whether it is for this bot; send it again", SOON);
  }
  const skills = await entrance.skillNames(inbound);
  // What is not for us even from a friend is asked about nowhere: a group's chatter must not go to one object.
  const begun = entrance.homeOfPiece(session, inbound);
  const isPiece = begun !== undefined;
  const asFriend = admit(inbound, settings, bot, true, skills, isPiece);
  const isPaired = asFriend.ok && needsPairing(inbound, settings) && (await entrance.isPaired(from.id));
  const admission = asFriend.ok ? admit(inbound, settings, bot, isPaired, skills, isPiece) : asFriend;
  if (!admission.ok) {
    log(admission.event, { session, update, reason: admission.reason, user: from.id });
    entrance.refuse(inbound, admission.tell, admission.pairing === true);
    return answer(200);
  }
  if (admission.bot && !entrance.mayBotsGoOn(place.chatId)) {
    log("update.ignored", { session, update, reason: "bot_loop" });
    return answer(200);
  }
  if (inbound.kind === "message" && !isPiece) {
    if (!entrance.isWithinRate(inbound)) {
      log("update.refused", { session, update, reason: "rate", user: from.id });
      entrance.tellRate(inbound, settings.userRatePerMinute);
      return answer(200);
    }
    if (routeOf(session, inbound) !== session && !entrance.mayStartAside(from.id)) {
      log("update.refused", { session, update, reason: "asides", user: from.id });
      entrance.tellRate(inbound, ASIDES_PER_MINUTE_MAX);
      return answer(200);
    }
  }
  const ours =
    inbound.kind === "message" || inbound.kind === "edit"
      ? { ...inbound, message: withoutOurMention(inbound.message, bot) }
      : inbound;
  if (ours.kind === "migrated") return entrance.handToAll(`telegram:${place.chatId}`, ours);
  const home = begun ?? routeOf(session, ours);
  entrance.notePiece(session, home, ours);
  return entrance.hand(home, ours);
}

/** "/status@somebot": whether that is us depends on our name. */
function namesBot(inbound: Inbound): boolean {
  return (inbound.kind === "message" || inbound.kind === "edit") && inbound.message.command?.bot !== undefined;
}

/** "@somebot, what is this?": likewise. To leave it alone because Telegram did not tell our name would be to lose it. */
function mentionsBot(inbound: Inbound): boolean {
  if ((inbound.kind !== "message" && inbound.kind !== "edit") || inbound.place.chatType === "private") return false;
  return (inbound.message.mentions ?? []).some(({ username }) => username?.endsWith("bot"));
}

/** /bg and /btw have sessions of their own beside their chat's; so have the buttons of what they say, and replies to what they ask. */
function routeOf(session: string, inbound: Inbound): string {
  if (inbound.kind === "message" && inbound.message.command?.words.trim()) {
    const found = findCommand(inbound.message.command.name, []);
    const name = found.kind === "builtin" ? found.command.name : undefined;
    if (name === "bg" || name === "btw") return `${session}:${name}:${inbound.update}`;
  }
  const data = inbound.kind === "press" ? inbound.data : replyToQuestion(inbound);
  const aside = /^(?:stop|ask):([bq])(\d+)-/.exec(data ?? "");
  return aside ? `${session}:${aside[1] === "b" ? "bg" : "btw"}:${aside[2]}` : session;
}

/** A question that is no longer open has no buttons; a reply to it is a message like any other. */
function replyToQuestion(inbound: Inbound): string | undefined {
  const reply = inbound.kind === "message" && !inbound.message.command ? inbound.message.reply : undefined;
  return reply?.button?.startsWith("ask:") ? reply.button : undefined;
}

const identities = new Map<string, BotIdentity>();
const pairedUsers = new Map<number, number>();
const buckets = new Map<number, Bucket>();
const asides = new Map<number, Bucket>();
const stops = new Map<number, Bucket>();
const rateNotices = new Map<number, Bucket>();
/** Of what more may come, by session and person: the last piece, and the session that has it. */
const begunMessages = new Map<string, { readonly last: Input; readonly writtenAt: number; readonly home: string }>();
/** A client sends the parts of a text at once, in whole seconds. After an outage, what was written minutes apart comes together. */
const SPLIT_WRITTEN_MS = 3_000;
const loops = new Map<number, LoopGuard>();
const failures = new Map<number, number>();
/** A person who is let out again may go on for so long in isolates that know them. */
const PAIRED_KNOWN_MS = 60_000;

/** What the entrance asks and tells, with the platform at hand. Its memory is the isolate's: guards, never truth. */
class Entrance {
  readonly #env: Environment;
  readonly settings: Settings;
  readonly #context: Pick<ExecutionContext, "waitUntil">;

  constructor(env: Environment, settings: Settings, context: Pick<ExecutionContext, "waitUntil">) {
    this.#env = env;
    this.settings = settings;
    this.#context = context;
  }

  /** The bot's id stands in its token; its name is asked for once, and only where somebody may have been named. */
  async bot(needsName: boolean): Promise<BotIdentity> {
    const { botToken } = this.settings;
    const known = identities.get(botToken);
    if (known?.username || (known && !needsName)) return known;
    const id = botId(botToken) ?? 0;
    if (!needsName) return { id };
    const got = await this.#call()("getMe", {});
    const username = got.ok && isRecord(got.result) ? got.result.username : undefined;
    if (typeof username !== "string") return { id };
    const bot = { id, username };
    identities.set(botToken, bot);
    return bot;
  }

  async isPaired(userId: number): Promise<boolean> {
    const now = Date.now();
    if ((pairedUsers.get(userId) ?? 0) > now) return true;
    const { isPaired } = await this.#env.DIRECTORY.getByName(BOT).isPaired({ userId });
    if (isPaired) remember(pairedUsers, userId, now + PAIRED_KNOWN_MS);
    return isPaired;
  }

  /** Names of skills, where a bare command in a group has to be told from another bot's. */
  async skillNames(inbound: Inbound): Promise<readonly string[]> {
    if (inbound.kind !== "message" && inbound.kind !== "edit") return [];
    if (!inbound.message.command || inbound.place.chatType === "private") return [];
    const { bundledSkills } = await import("../skills/index.ts");
    return bundledSkills.map((skill) => skill.name);
  }

  mayBotsGoOn(chatId: number): boolean {
    const guarded = guardLoop(loops.get(chatId) ?? NO_LOOP, Date.now());
    remember(loops, chatId, guarded.guard);
    return guarded.allowed;
  }

  /** Whoever has written too much may still stop what it began: /stop and /new are counted apart. */
  isWithinRate({ from, message }: Extract<Inbound, { kind: "message" }>): boolean {
    const { userRatePerMinute } = this.settings;
    if (userRatePerMinute === 0) return true;
    const found = message.command && findCommand(message.command.name, []);
    const ends = found?.kind === "builtin" && (found.command.name === "stop" || found.command.name === "new");
    return spend(ends ? stops : buckets, from.id, userRatePerMinute);
  }

  mayStartAside(userId: number): boolean {
    return spend(asides, userId, ASIDES_PER_MINUTE_MAX);
  }

  tellRate(inbound: Extract<Inbound, { kind: "message" }>, limit: number): void {
    if (spend(rateNotices, inbound.from.id, RATE_NOTICES_PER_MINUTE_MAX)) this.tell(inbound, "refused_rate", { limit });
  }

  /** The session that has the pieces before this one; undefined: it is a message of its own. */
  homeOfPiece(session: string, inbound: Inbound): string | undefined {
    if (inbound.kind !== "message") return undefined;
    const begun = begunMessages.get(`${session} ${inbound.from.id}`);
    if (!begun || !goesWith(begun.last, inputOf(inbound, Date.now()))) return undefined;
    const { albumId, writtenAt } = inbound.message;
    return albumId !== undefined || writtenAt - begun.writtenAt <= SPLIT_WRITTEN_MS ? begun.home : undefined;
  }

  notePiece(session: string, home: string, inbound: Inbound): void {
    if (inbound.kind !== "message") return;
    const last = inputOf(inbound, Date.now());
    const { writtenAt } = inbound.message;
    if (mayGoOn(last)) remember(begunMessages, `${session} ${inbound.from.id}`, { last, writtenAt, home });
  }

  /** A stranger in private hears why, once in a while; one who asks to be let in gets a code. */
  refuse(inbound: Inbound, tell: WordKey | undefined, pairing: boolean): void {
    if (inbound.kind === "press") {
      this.#context.waitUntil(this.#call()("answerCallbackQuery", { callback_query_id: inbound.queryId }));
    }
    if (inbound.kind !== "message") return;
    const directory = this.#env.DIRECTORY.getByName(BOT);
    const { id, name, language } = inbound.from;
    if (pairing) {
      this.#context.waitUntil(
        directory.request({ userId: id, name, ...(language ? { language } : {}) }).then((asked) => {
          if (asked.ok) return this.#say(inbound, "pair_ask", { code: asked.code });
          if (asked.reason === "already_paired") return this.#say(inbound, "pair_already", {});
          if (asked.reason === "too_many_pending") return this.#say(inbound, "pair_full", {});
          return this.#say(inbound, "pair_wait", {
            minutes: Math.max(1, Math.ceil((asked.until - Date.now()) / 60_000)),
          });
        }),
      );
    } else if (tell) {
      this.#context.waitUntil(
        directory.tellsStranger({ userId: id }).then(({ tells }) => (tells ? this.#say(inbound, tell, {}) : undefined)),
      );
    }
  }

  /** A press that belongs to nothing we know: its button would go on turning. */
  expire({ id, language }: LostQuery): void {
    const text = words(language, "button_expired");
    this.#context.waitUntil(this.#call()("answerCallbackQuery", { callback_query_id: id, text }));
  }

  tell(inbound: Inbound, key: WordKey, params: WordParams): void {
    this.#context.waitUntil(this.#say(inbound, key, params));
  }

  /** A chat that moves: each of its sessions follows, where its people have sessions of their own. */
  async handToAll(chat: string, inbound: Inbound): Promise<Response> {
    const { chatId } = inbound.place;
    const first = await this.hand(chat, inbound);
    if (first.status !== 200) return first;
    try {
      const shards = SHARD_NAMES.map((shard) => this.#env.DIRECTORY.getByName(shard).ofChat({ chatId }));
      const keys = new Set((await Promise.all(shards)).flatMap((known) => known.keys));
      keys.delete(chat);
      for (const key of keys) {
        const next = await this.hand(key, inbound);
        // Sent again, it changes nothing in those that have followed.
        if (next.status !== 200) return next;
      }
      return first;
    } catch (error) {
      return this.#notStored(chat, inbound, error, false);
    }
  }

  async hand(key: string, inbound: Inbound): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        // A stub that has seen a fault stays broken: each try takes a new one.
        await this.#env.SESSION.getByName(key).accept({ inbound });
        return answer(200);
      } catch (error) {
        const fault = isRecord(error) ? error : {};
        const overloaded = fault.overloaded === true;
        if (attempt === 1 && !overloaded && (fault.retryable === true || fault.durableObjectReset === true)) continue;
        return this.#notStored(key, inbound, error, overloaded);
      }
    }
  }

  /** Telegram sends it again if it is told to, and so often it is. */
  mayComeAgain(update: number): boolean {
    const failed = (failures.get(update) ?? 0) + 1;
    remember(failures, update, failed);
    return failed < MOST_FAILURES;
  }

  #notStored(key: string, inbound: Inbound, error: unknown, overloaded: boolean): Response {
    const name = error instanceof Error ? error.name : "unknown";
    const failed = (failures.get(inbound.update) ?? 0) + 1;
    remember(failures, inbound.update, failed);
    log("internal.error", { session: key, update: inbound.update, where: "accept", name, overloaded, failed });
    if (failed < MOST_FAILURES || overloaded) return answer(503, "not stored; send it again", SOON);
    log("update.refused", { session: key, update: inbound.update, reason: "cannot_be_stored" });
    if (inbound.kind === "message") this.tell(inbound, "failed_internal", {});
    return answer(200);
  }

  async #say(inbound: Inbound, key: WordKey, params: WordParams): Promise<void> {
    const { place } = inbound;
    const language = inbound.kind === "migrated" ? undefined : inbound.from.language;
    const { text, entities } = styled(words(language, key, params));
    const post = sendPart(place, { form: "entities", text, entities: [...entities] }, { silent: true });
    const call = this.#call();
    for (let tries = 1; ; tries += 1) {
      const said = await call(post.method, post.payload);
      const pauseMs = said.ok ? undefined : pauseOf(said.refusal, tries);
      if (pauseMs === undefined) return;
      // A code for /pair is given once: lost, it could be asked for again only in an hour.
      await new Promise((resolve) => void setTimeout(resolve, pauseMs));
    }
  }

  #call(): Call {
    return createCaller({
      apiRoot: this.settings.telegramApiRoot,
      token: this.settings.botToken,
      fetch: (url, init) => fetch(url, init),
      timeoutMs: TELEGRAM_TIMEOUT_MS,
    });
  }
}

/** An unset secret lets nobody in. */
function isTelegram(request: Request, settings: Settings): boolean {
  const given = request.headers.get("x-telegram-bot-api-secret-token");
  return settings.webhookSecret !== "" && given !== null && isSameSecret(given, settings.webhookSecret);
}

function answer(status: 200 | 400 | 401 | 413 | 503, problem?: string, headers: Record<string, string> = {}): Response {
  const body = problem === undefined ? { ok: true } : { ok: false, error: problem };
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Nothing holds a word of the entrance but this call: what fails in passing is tried again while the platform lets it wait. */
function pauseOf(refusal: Refusal, tries: number): number | undefined {
  if (tries === MOST_SAYINGS) return undefined;
  if (refusal.kind === "unavailable") return FIRST_PAUSE_MS * tries;
  return refusal.kind === "flood" && refusal.retryAfterMs <= MOST_PAUSE_MS ? refusal.retryAfterMs : undefined;
}

function spend(of: Map<number, Bucket>, userId: number, perMinute: number): boolean {
  const allowance = allow(of.get(userId), Date.now(), perMinute);
  remember(of, userId, allowance.bucket);
  return allowance.allowed;
}

/** A bounded memory: the oldest goes first. */
function remember<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.size > MOST_REMEMBERED ? map.keys().next() : undefined;
  if (oldest && !oldest.done) map.delete(oldest.value);
}
