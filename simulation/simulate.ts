import { type RawEnvironment, readSettings } from "../src/config.ts";
import { CHECKS } from "./checks/all.ts";
import { lookedAt } from "./coverage.ts";
import { Entrance, isolates } from "./entrance.ts";
import type { Check, Violation } from "./facts.ts";
import { Fate } from "./fate.ts";
import { Gone, StorageFault } from "./gone.ts";
import { Hosts } from "./hosts.ts";
import { HEARS } from "./model.ts";
import { Observer } from "./observer.ts";
import { Person } from "./people.ts";
import { GROUP_WRITERS, STRANGER, spots as spotsOf } from "./places.ts";
import { realNow, settle, takeOver } from "./real-time.ts";
import { Remote } from "./remote.ts";
import { SessionHost } from "./session-host.ts";
import { portsOf } from "./session-ports.ts";
import { Updates } from "./updates.ts";
import { START, World } from "./world.ts";

/** One world from one seed: a safety phase in which anything may die, then a liveness phase in which everything must settle. */
export interface Asked {
  readonly seed: number;
  /** Virtual minutes of the safety phase. */
  readonly minutes: number;
  /** Chats; a group with topics holds three of them. */
  readonly sessions: number;
  readonly checks?: readonly Check[];
  /** How many of the last lines are kept. */
  readonly lines?: number;
}

export interface Simulated {
  readonly seed: number;
  readonly steps: number;
  readonly transitions: number;
  readonly realMs: number;
  readonly print: string;
  readonly totals: ReadonlyMap<string, number>;
  readonly violation: Violation | undefined;
  readonly lines: () => readonly string[];
  /** Virtual minutes until everything had settled. */
  readonly settledMinutes: number;
}

/** Within so long after the last fault everything is settled: the longest flood, question and run that were under way. */
export const SETTLE_MINUTES = 40;
const MINUTE_MS = 60_000;
/** More things than these do not come at one and the same millisecond: somebody turns in a circle. */
const MOST_AT_ONCE = 2_000;

export async function simulate({ seed, minutes, sessions, checks = CHECKS, lines }: Asked): Promise<Simulated> {
  const startedAt = realNow();
  const workers = await isolates();
  const world = new World(seed, checks, lines);
  const giveBack = takeOver(
    world.timeline,
    world.chance,
    (url, init) => world.web(url, init),
    (line) => world.console(line),
  );
  const onRejection = (error: unknown) => {
    if (!isKnown(error)) world.fault(`a promise that nobody holds was rejected: ${stackOf(error)}`);
  };
  process.on("unhandledRejection", onRejection);

  let raw = environmentOf(world);
  let settings = readSettings(raw);
  const hosts: Hosts = new Hosts((key) => new SessionHost(world, key, (host, life) => makePorts(host, life)));
  const remote = new Remote(world, hosts);
  const makePorts = portsOf(world, remote, hosts, () => settings);
  const entrance = new Entrance(world, hosts, remote, workers, raw);
  const updates = new Updates(world, entrance);
  const spots = spotsOf(sessions);
  const people = [...Map.groupBy(spots, ({ chatId }) => chatId).values()].flatMap((own) => {
    const isGroup = own[0]?.type !== "private";
    return (isGroup ? GROUP_WRITERS : [own[0]?.chatId ?? 0]).map((id) => new Person(world, updates, own, id));
  });
  people.push(new Person(world, updates, [{ chatId: STRANGER, type: "private" }, ...spots], STRANGER));
  const fate = new Fate(world, remote, updates, hosts, spots, () => {
    raw = environmentOf(world);
    settings = readSettings(raw);
    entrance.deploy(raw);
  });
  // Who was let in once, by the settings of an earlier day, may still have updates under way.
  let wasOpen = raw["ALLOWED_USERS"] === "*";
  world.mayEnter = (user) => {
    wasOpen ||= raw["ALLOWED_USERS"] === "*";
    return wasOpen || user !== STRANGER || remote.isPaired(user);
  };
  const observers = new Map<SessionHost, Observer>();
  const observerOf = (host: SessionHost) => {
    const observer = observers.get(host) ?? new Observer(host, world.bus, (what) => world.count(what));
    observers.set(host, observer);
    return observer;
  };

  let steps = 0;
  let instant = 0;
  let sameInstant = 0;
  let settledAskedAt = 0;
  let transitions = 0;
  const look = () => {
    for (const host of world.touched) {
      const observer = observerOf(host);
      if (host.disk.isNew) observer.forget();
      transitions += observer.look();
    }
    world.touched.clear();
    for (const fact of world.entered.splice(0)) {
      world.bus.emit("entered", fact);
      if (fact.inside) world.bus.emit("acknowledged", fact.inside);
    }
  };
  const run = async (until: number, isOver: () => boolean) => {
    while (!world.bus.violation) {
      const next = world.timeline.next(until);
      if (!next) return;
      try {
        next.act();
      } catch (error) {
        if (!isKnown(error)) world.fault(`${next.what} threw ${stackOf(error)}`);
      }
      await settle(() => world.isReading);
      look();
      steps += 1;
      sameInstant = world.timeline.now === instant ? sameInstant + 1 : 0;
      instant = world.timeline.now;
      if (sameInstant > MOST_AT_ONCE)
        world.bus.fail("0: time goes on", `${next.what} comes again and again at one instant`);
      if (instant - settledAskedAt < 1_000) continue;
      settledAskedAt = instant;
      if (isOver()) return;
    }
  };

  const faultsEndAt = START + minutes * MINUTE_MS;
  await run(faultsEndAt, () => false);
  if (!world.bus.violation) {
    for (const person of people) person.quiet();
    world.calm();
    fate.end();
    look();
    await run(faultsEndAt + SETTLE_MINUTES * MINUTE_MS, () => hosts.all.every(isSettled) && updates.pending === 0);
    if (!world.bus.violation) {
      if (updates.pending > 0) world.bus.fail("1: every update gets its 200", `${updates.pending} updates have none`);
      world.bus.emit("end", { hosts: hosts.all });
    }
  }
  for (const [check, looks] of world.bus.looks) world.count(lookedAt(check), looks);
  const settledMinutes = (world.timeline.now - faultsEndAt) / MINUTE_MS;
  process.off("unhandledRejection", onRejection);
  giveBack();
  for (const host of hosts.all) host.disk.close();
  return {
    seed,
    steps,
    transitions,
    realMs: realNow() - startedAt,
    print: world.trace.print,
    totals: world.totals,
    violation: world.bus.violation,
    lines: () => world.trace.lines(START),
    settledMinutes,
  };
}

export function isSettled(host: SessionHost): boolean {
  if (host.disk.isNew) return true;
  const value = host.value();
  if (value && (value.turn.phase !== "idle" || value.queue.length > 0)) return false;
  if (host.disk.rows("SELECT 1 FROM facts WHERE name = 'heir'").length > 0) return false;
  return host.disk.rows("SELECT 1 FROM outbox LIMIT 1").length === 0;
}

const STREAMS = ["edit", "edit", "draft", "off"] as const;

/** A deploy may change the settings as well. */
function environmentOf({ chance, providers }: World): RawEnvironment {
  const keys = (provider: string) =>
    providers
      .of(provider)
      .map(({ secret }) => secret)
      .join(",");
  return {
    TELEGRAM_BOT_TOKEN: "123456:a-bot-token-that-must-not-show",
    TELEGRAM_WEBHOOK_SECRET: "a-webhook-secret",
    ALLOWED_USERS: chance.pick(["*", ALLOWED]),
    OWNERS: "1000",
    MODEL: "openai/gpt-5-mini",
    FALLBACK_MODELS: "anthropic/claude-sonnet-4-5",
    OPENAI_API_KEYS: keys("openai"),
    ANTHROPIC_API_KEYS: keys("anthropic"),
    POOL_WAIT_SECONDS: chance.pick(["0", "30", "300"]),
    RUN_IDLE_TIMEOUT_SECONDS: chance.pick(["20", "60", "180"]),
    RUN_TIMEOUT_SECONDS: chance.pick(["120", "600"]),
    BUSY_MODE: chance.pick(["queue", "queue", "steer", "interrupt"]),
    STREAM: chance.pick(STREAMS),
    RICH_MESSAGES: chance.pick(["on", "off"]),
    QUEUE_LIMIT: chance.pick(["2", "5", "50"]),
    SESSION_IDLE_RESET_MINUTES: chance.pick(["0", "3", "30"]),
    SESSION_DAILY_RESET_HOUR: chance.pick(["", "12"]),
    GROUP_SESSIONS: chance.pick(["shared", "shared", "per_user"]),
    POOL_STRATEGY: chance.pick(["fill_first", "fill_first", "round_robin", "least_used", "random"]),
    TRANSCRIPTION_MODEL: chance.pick(["", `openai/${HEARS}`]),
    CONTEXT_TOKENS: chance.pick(["40000", "40000", "2000"]),
    USER_RATE_PER_MINUTE: chance.pick(["0", "0", "0", "6"]),
    ASK_TIMEOUT_SECONDS: chance.pick(["60", "600"]),
    MAX_STEPS: chance.pick(["3", "6", "12"]),
    USER_DAILY_BUDGET_USD: chance.pick(["0", "0", "1"]),
  };
}

/** Everybody but the stranger. */
const ALLOWED = Array.from({ length: 40 }, (_, index) => 1_000 + index)
  .concat(GROUP_WRITERS)
  .join(",");

/** The dead and the replaced are told so, and storage may fail; nobody else may throw. */
function isKnown(error: unknown): boolean {
  return error instanceof Gone || error instanceof StorageFault;
}

function stackOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${error.message} ${error.stack?.split("\n").slice(1, 4).join(" ")}`
    : String(error);
}
