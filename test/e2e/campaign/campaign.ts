import { type Conversation, freshResults } from "../../../playground/model/conversation.ts";
import type { Mind, Reply } from "../../../playground/model/reply.ts";
import type { Fault } from "../../../playground/telegram/faults.ts";
import { chance } from "../../core/session/model/random.ts";
import { startWorld, type World } from "../harness/world.ts";
import { type Account, sum } from "./account.ts";
import { type Place, placesOf } from "./crowd.ts";

/**
 * A crash campaign: the real Worker under `wrangler dev` is killed with SIGKILL at random instants while people write in
 * many chats, the model is slow and breaks off, and Telegram floods, loses answers and drops connections. Then it is
 * calm, and what the stand-ins recorded is the account.
 */

export interface CampaignOptions {
  readonly kills: number;
  readonly seed: number;
  readonly places?: number;
  /** The longest it lives between a start and a kill. */
  readonly longestLifeMs?: number;
  readonly tell?: (line: string) => void;
}

export interface CampaignResult extends Account {
  readonly kills: number;
  readonly seed: number;
  /** Places whose last message was not answered. */
  readonly dead: readonly string[];
  /** Messages that still show a Stop button. */
  readonly growing: number;
  /** Lines of the log that must never be. */
  readonly internalErrors: readonly string[];
  /** The chats of the places where something is lost, wrong or dead. */
  readonly stories: readonly string[];
  readonly tookMs: number;
}

const PLACES = 12;
const LONGEST_LIFE_MS = 3_000;
const LONGEST_PAUSE_OF_A_PERSON_MS = 2_500;
const LONGEST_FAIR_WEATHER_MS = 700;
/**
 * When it is calm something must happen every so often until nothing is open: a crash is noticed by a heartbeat of 25 s,
 * and a group is written to three times a minute at the least.
 */
const STANDSTILL_MS = 75_000;
const LAST_LINES = 40;

export async function campaign(options: CampaignOptions): Promise<CampaignResult> {
  const { kills, seed, longestLifeMs = LONGEST_LIFE_MS, tell = () => {} } = options;
  const startedAt = Date.now();
  const world = await startWorld();
  try {
    const places = placesOf(world.telegram, options.places ?? PLACES);
    const storm = new AbortController();
    world.model.mind = mindOf(chance(seed * 7 + 1), () => !storm.signal.aborted);
    const people = places.map((place, index) => crowd(place, chance(seed * 1_000 + index), storm.signal));
    const weather = telegramWeather(world, chance(seed * 7 + 2), storm.signal);
    const dice = chance(seed);
    for (let kill = 1; kill <= kills; kill += 1) {
      // Some at once: a process that has only just come to itself is killed, too.
      await pause(dice(4) === 0 ? dice(200) : dice(longestLifeMs));
      await world.restart();
      if (kill % 10 === 0 || kill === kills)
        tell(`${kill} of ${kills} kills · ${line(sum(places.map((place) => place.account())))}`);
    }
    storm.abort();
    await Promise.all([...people, weather]);
    world.telegram.liftFaults();
    world.telegram.updates.kick();

    await settled(world, places);
    for (const place of places) place.say();
    await settled(world, places);
    const dead = places.filter((place) => place.open() > 0);
    const faulty = places.filter((place) => dead.includes(place) || place.account().wrong.length > 0);
    return {
      ...sum(places.map((place) => place.account())),
      kills,
      seed,
      dead: dead.map(({ name }) => name),
      stories: [
        ...faulty.flatMap((place) => [`--- ${place.name}`, ...place.story()]),
        ...(dead.length > 0 ? [`--- the Worker ${await health(world)}; it wrote last`] : []),
        ...(dead.length > 0 ? world.worker.output.slice(-LAST_LINES) : []),
      ],
      growing: places.reduce((all, place) => all + place.growing(), 0),
      internalErrors: world.worker.logs("internal.error").map((one) => JSON.stringify(one)),
      tookMs: Date.now() - startedAt,
    };
  } finally {
    await world.close();
  }
}

export function line(all: Account): string {
  const { acknowledged, answered, said, marked, remindersKept, lost, wrong } = all;
  return `${acknowledged} acknowledged · ${answered} answered · ${said} said · ${marked} marked · ${remindersKept} reminders · ${lost.length} open or lost · ${wrong.length} wrong`;
}

async function crowd(place: Place, dice: (below: number) => number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(dice(LONGEST_PAUSE_OF_A_PERSON_MS), signal);
    if (!signal.aborted) place.act(dice);
  }
}

/** Floods often, connections that break before Telegram has heard now and then, lost answers rarely. */
async function telegramWeather(world: World, dice: (below: number) => number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(dice(LONGEST_FAIR_WEATHER_MS), signal);
    const roll = dice(20);
    const fault: Fault =
      roll < 10
        ? { kind: "flood", retryAfterSeconds: 1 + dice(3) }
        : roll < 14
          ? { kind: "slow", ms: dice(800) }
          : roll < 17
            ? { kind: "reset", when: "before" }
            : roll < 19
              ? { kind: "error", code: 502, description: "Bad Gateway" }
              : { kind: "reset", when: "after" };
    if (!signal.aborted) world.telegram.fault({ method: /^(send|edit)/, times: 1, fault });
  }
}

/** Says back what it was asked, slowly; keeps promises by the tool; breaks off or refuses now and then. */
function mindOf(dice: (below: number) => number, isStormy: () => boolean): Mind {
  return (conversation) => {
    const words = askedWords(conversation);
    const manner = { firstByteMs: dice(500), tokensPerSecond: 10 + dice(60) };
    if (!isStormy()) return { ...replyTo(conversation, words), manner: { firstByteMs: 5, tokensPerSecond: 300 } };
    const roll = dice(100);
    if (roll < 3) return { ...replyTo(conversation, words), manner: { ...manner, flow: "torn" } };
    if (roll < 5) return { door: { kind: "overloaded" } };
    if (roll < 6) return { door: { kind: "rate_limited", retryAfterSeconds: 2 } };
    return { ...replyTo(conversation, words), manner };
  };
}

function replyTo(conversation: Conversation, words: readonly string[]): Reply {
  const [result] = freshResults(conversation);
  const [word] = words;
  const asksForReminder = lastAsked(conversation).some((text) => text.includes("remind me"));
  if (!result && asksForReminder && word && conversation.tools.includes("remind")) {
    return { tools: [{ name: "remind", args: { text: `due ${word}`, in_seconds: 3 } }] };
  }
  const promise = result?.text.startsWith("Set.") ? " The reminder is set." : "";
  return {
    text: `You asked, and here is what I know of it, in a few words. That is all of ${words.join(" ")}!${promise}`,
  };
}

/** What people have said since the model last answered in words. */
function lastAsked({ messages }: Conversation): string[] {
  const lastAnswer = messages.findLastIndex(({ role, calls }) => role === "assistant" && calls.length === 0);
  return messages.slice(lastAnswer + 1).flatMap(({ role, text }) => (role === "user" ? [text] : []));
}

function askedWords(conversation: Conversation): string[] {
  return lastAsked(conversation).flatMap((text) => [...text.matchAll(/\bw\d+x\b/g)].map(([word]) => word));
}

/** Until nothing is open, or nothing happens any more. */
async function settled({ telegram }: World, places: readonly Place[]): Promise<void> {
  let seen = -1;
  let movedAt = Date.now();
  while (places.some((place) => place.open() > 0) && Date.now() - movedAt < STANDSTILL_MS) {
    const done = telegram.calls.filter(({ outcome, method }) => outcome?.ok && method !== "sendChatAction").length;
    if (done !== seen) movedAt = Date.now();
    seen = done;
    await pause(500);
  }
}

/** Where every chat is dead it is the process, or the machine. */
async function health({ worker }: World): Promise<string> {
  if (!worker.running) return "has ended by itself";
  try {
    const { status } = await fetch(`${worker.url}/health`, { signal: AbortSignal.timeout(5_000) });
    return `answers ${status} on /health`;
  } catch (error) {
    return `does not answer (${error instanceof Error ? error.name : "unknown"})`;
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
