import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isServing } from "../../../scripts/wrangler.ts";
import { chance } from "../../core/session/model/random.ts";
import { WorkerdAlone } from "../harness/workerd-alone.ts";
import { startWorld, type World } from "../harness/world.ts";
import { type Account, sum } from "./account.ts";
import { type Place, placesOf } from "./crowd.ts";
import { mindOf } from "./mind.ts";
import { pause } from "./pause.ts";
import { testimony } from "./testimony.ts";
import { modelWeather, settingsOf, telegramWeather } from "./weather.ts";

/**
 * A crash campaign: the real Worker is killed with SIGKILL at random instants while people write in
 * many chats, the model is slow and breaks off, its keys run dry, and Telegram floods, loses answers and drops
 * connections. Then it is calm, and what the stand-ins recorded is the account.
 */

export interface CampaignOptions {
  readonly kills: number;
  readonly seed: number;
  readonly places?: number;
  /** What runs the Worker: `wrangler dev`, or workerd alone, which starts in a tenth of the time. */
  readonly under?: "wrangler" | "workerd";
  readonly tell?: (line: string) => void;
}

export interface CampaignResult extends Account {
  readonly kills: number;
  readonly seed: number;
  /** Places whose last message was not answered, by a process that answers. */
  readonly dead: readonly string[];
  /** What befell the process and no chat: it did not come up, or ended or hung without having been killed. */
  readonly mishaps: readonly string[];
  /** Messages that still show a Stop button. */
  readonly growing: number;
  /** Lines of the log that must never be. */
  readonly internalErrors: readonly string[];
  /** The chats of the places where something is lost, wrong or dead, and what the Worker says of them. */
  readonly stories: readonly string[];
  readonly tookMs: number;
}

const PLACES = 12;
/** The longest it lives between a start and a kill: some are killed when they have only just come to themselves. */
const LONGEST_LIVES_MS = [200, 3_000, 3_000, 8_000];
const LONGEST_PAUSE_OF_A_PERSON_MS = 2_500;
/**
 * When it is calm something must happen every so often until nothing is open: a crash is noticed by a heartbeat of 25 s,
 * and a group is written to three times a minute at the least.
 */
const STANDSTILL_MS = 75_000;
const LOOK_EVERY_MS = 500;
/** So often a Worker that does not come up is started again; it is told each time. */
const MOST_STARTS = 3;

export async function campaign(options: CampaignOptions): Promise<CampaignResult> {
  const { kills, seed, tell = () => {} } = options;
  const startedAt = Date.now();
  const directory = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "turnkeeper-campaign-"));
  const world = await startWorld({
    persistDir: directory,
    ...(options.under === "workerd" ? { engine: (engine) => new WorkerdAlone(engine) } : {}),
  });
  let isClean = false;
  const mishaps: string[] = [];
  const befell = (mishap: string): void => {
    mishaps.push(mishap);
    tell(mishap);
  };
  try {
    const places = placesOf(world.telegram, options.places ?? PLACES);
    const storm = new AbortController();
    const { signal } = storm;
    world.model.mind = mindOf(chance(seed * 7 + 1), () => !signal.aborted);
    const busy = [
      ...places.map((place, index) => crowd(place, chance(seed * 1_000 + index), signal)),
      telegramWeather(world, chance(seed * 7 + 2), signal),
      modelWeather(world, chance(seed * 7 + 3), signal),
    ];
    const dice = chance(seed);
    for (let kill = 1; kill <= kills; kill += 1) {
      await pause(dice(LONGEST_LIVES_MS[dice(LONGEST_LIVES_MS.length)] ?? 0));
      if (!world.worker.running) befell(`before kill ${kill} the process had ended by itself`);
      await restarted(world, settingsOf(dice), `after kill ${kill}`, befell);
      if (kill % 10 === 0 || kill === kills) {
        const seconds = Math.round((Date.now() - startedAt) / 1_000);
        tell(`${kill} of ${kills} kills, ${seconds} s · ${line(accountOf(places))}`);
      }
    }
    storm.abort();
    await Promise.all(busy);
    world.telegram.updates.kick();

    await settled(world, places, tell);
    for (const place of places) place.say();
    await settled(world, places, tell);
    const stories: string[] = [];
    const silent = () => places.filter((place) => place.open() > 0);
    if (silent().length > 0) {
      stories.push(...(await testimony(world, silent())));
      if (!(await isServing(world.worker.url))) {
        befell("when it was calm the process did not answer; it was started once more");
        await restarted(world, {}, "when it was calm", befell);
        await settled(world, places, tell);
      }
    }
    const crashes = world.worker.output.filter((written) => written.includes("runtime crashed unexpectedly")).length;
    if (crashes > 0) befell(`the runtime crashed by itself, ${crashes} times`);
    const dead = silent();
    const faulty = places.filter((place) => dead.includes(place) || place.account().wrong.length > 0);
    const result: CampaignResult = {
      ...accountOf(places),
      kills,
      seed,
      dead: dead.map(({ name }) => name),
      mishaps,
      stories: [...stories, ...faulty.flatMap((place) => [`--- ${place.name}: ${place.key}`, ...place.story()])],
      growing: places.reduce((all, place) => all + place.growing(), 0),
      internalErrors: world.worker.logs("internal.error").map((one) => JSON.stringify(one)),
      tookMs: Date.now() - startedAt,
    };
    isClean = faultsOf(result).length === 0;
    return result;
  } finally {
    await world.close();
    if (isClean) rmSync(directory, { recursive: true, force: true });
    else {
      writeFileSync(join(directory, "log.txt"), world.worker.output.join("\n"));
      tell(`the state and all that the Worker wrote are kept in ${directory}`);
    }
  }
}

/** All that must not be, a line each. */
export function faultsOf({ lost, wrong, dead, mishaps, internalErrors }: CampaignResult): string[] {
  return [...lost, ...wrong, ...dead.map((name) => `${name} is dead`), ...mishaps, ...internalErrors];
}

export function line(all: Account): string {
  const { acknowledged, answered, said, marked, remindersKept, lost, wrong } = all;
  return `${acknowledged} acknowledged · ${answered} answered · ${said} said · ${marked} marked · ${remindersKept} reminders · ${lost.length} open or lost · ${wrong.length} wrong`;
}

function accountOf(places: readonly Place[]): Account {
  return sum(places.map((place) => place.account()));
}

/** A Worker that does not come up again is another matter than a chat that is dead: it is told, and tried again. */
async function restarted(
  world: World,
  settings: Readonly<Record<string, string>>,
  when: string,
  befell: (mishap: string) => void,
): Promise<void> {
  for (let start = 1; ; start += 1) {
    try {
      return await world.restart(settings);
    } catch (error) {
      befell(`${when} the Worker did not come up (start ${start}): ${error instanceof Error ? error.message : error}`);
      if (start === MOST_STARTS) throw error;
    }
  }
}

async function crowd(place: Place, dice: (below: number) => number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(dice(LONGEST_PAUSE_OF_A_PERSON_MS), signal);
    if (!signal.aborted) place.act(dice);
  }
}

/** Until nothing is open, or nothing happens any more. Whoever was asked something answers. */
async function settled({ telegram }: World, places: readonly Place[], tell: (line: string) => void): Promise<void> {
  const calmSince = Date.now();
  let seen = -1;
  let movedAt = Date.now();
  while (places.some((place) => place.open() > 0) && Date.now() - movedAt < STANDSTILL_MS) {
    const done = telegram.calls.filter(({ outcome, method }) => outcome?.ok && METHODS_THAT_SAY.test(method)).length;
    if (done !== seen) movedAt = Date.now();
    seen = done;
    for (const place of places) place.choose();
    await pause(LOOK_EVERY_MS);
  }
  const open = places.filter((place) => place.open() > 0).map(({ name }) => name);
  tell(
    `calm for ${Math.round((Date.now() - calmSince) / 1_000)} s · ${open.length > 0 ? `open: ${open}` : "all is answered"}`,
  );
}

/** What else is called may go on for ever beside a dead chat. */
const METHODS_THAT_SAY = /^(send(?!ChatAction)|edit)/;
