import { readSettings, type Settings } from "../src/config.ts";
import { CHECKS } from "./checks/all.ts";
import type { Check, Violation } from "./facts.ts";
import { Fate } from "./fate.ts";
import { Gone } from "./gone.ts";
import { Observer } from "./observer.ts";
import { Person } from "./people.ts";
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
const FORUM = -1_000;

export async function simulate({ seed, minutes, sessions, checks = CHECKS, lines }: Asked): Promise<Simulated> {
  const startedAt = realNow();
  const world = new World(seed, checks, lines);
  takeOver(world.timeline, world.chance);
  const onRejection = (error: unknown) => {
    if (!(error instanceof Gone)) world.fault(`a promise that nobody holds was rejected: ${stackOf(error)}`);
  };
  process.on("unhandledRejection", onRejection);

  let settings = settingsOf(world);
  const hosts: SessionHost[] = [];
  const remote = new Remote(world, (key) => hosts.find((host) => host.key === key));
  const makePorts = portsOf(world, remote, () => settings);
  for (let index = 0; index < sessions; index += 1) {
    const key = index % 5 < 2 ? `telegram:${1_000 + index}` : forumKey(index);
    hosts.push(new SessionHost(world, key, makePorts));
  }
  const observers = new Map(hosts.map((host) => [host, new Observer(host, world.bus)]));
  const updates = new Updates(world);
  const people = byChat(hosts).flatMap((own) => {
    const writers = own[0] && own[0].chatId < 0 ? [1_000, 2_000] : [own[0]?.chatId ?? 0];
    return writers.map((id) => new Person(world, updates, own, id));
  });
  const fate = new Fate(world, remote, updates, hosts, () => {
    settings = settingsOf(world);
  });

  let steps = 0;
  let instant = 0;
  let sameInstant = 0;
  let settledAskedAt = 0;
  let transitions = 0;
  const look = () => {
    for (const host of world.touched) {
      const observer = observers.get(host);
      if (host.disk.isNew) observer?.forget();
      transitions += observer?.look() ?? 0;
    }
    world.touched.clear();
    for (const fact of world.acknowledged.splice(0)) world.bus.emit("acknowledged", fact);
  };
  const run = async (until: number, isOver: () => boolean) => {
    while (!world.bus.violation) {
      const next = world.timeline.next(until);
      if (!next) return;
      try {
        next.act();
      } catch (error) {
        // The dead and the replaced are told so; nobody else may throw here.
        if (!(error instanceof Gone)) world.fault(`${next.what} threw ${stackOf(error)}`);
      }
      await settle();
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
    await run(faultsEndAt + SETTLE_MINUTES * MINUTE_MS, () => hosts.every(isSettled) && updates.pending === 0);
    if (!world.bus.violation) {
      if (updates.pending > 0) world.bus.fail("1: every update gets its 200", `${updates.pending} updates have none`);
      world.bus.emit("end", { hosts });
    }
  }
  const settledMinutes = (world.timeline.now - faultsEndAt) / MINUTE_MS;
  process.off("unhandledRejection", onRejection);
  for (const host of hosts) host.disk.close();
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
  return host.disk.rows("SELECT 1 FROM outbox LIMIT 1").length === 0;
}

function forumKey(index: number): string {
  const chat = FORUM - Math.floor(index / 5);
  return index % 5 === 2 ? `telegram:${chat}` : `telegram:${chat}:topic:${10 + (index % 5)}`;
}

function byChat(hosts: readonly SessionHost[]): SessionHost[][] {
  return [...Map.groupBy(hosts, ({ chatId }) => chatId).values()];
}

/** Without "draft" until src/telegram/stream.ts no longer spins there (a draft whose tool line went, and no word for 15 s). */
const STREAMS = ["edit", "edit", "off"] as const;

/** A deploy may change the settings as well. */
function settingsOf({ chance, providers }: World): Settings {
  const keys = (provider: string) =>
    providers
      .of(provider)
      .map(({ secret }) => secret)
      .join(",");
  return readSettings({
    TELEGRAM_BOT_TOKEN: "123456:a-bot-token-that-must-not-show",
    TELEGRAM_WEBHOOK_SECRET: "a-webhook-secret",
    ALLOWED_USERS: "*",
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
    ASK_TIMEOUT_SECONDS: chance.pick(["60", "600"]),
    MAX_STEPS: chance.pick(["3", "6", "12"]),
    USER_DAILY_BUDGET_USD: chance.pick(["0", "0", "1"]),
  });
}

function stackOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${error.message} ${error.stack?.split("\n").slice(1, 4).join(" ")}`
    : String(error);
}
