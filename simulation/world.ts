import type { LogEvent, LogFields } from "../src/log.ts";
import { Chance } from "./chance.ts";
import { Bus, type Check, type Facts } from "./facts.ts";
import { Models } from "./model.ts";
import { type Key, Providers } from "./providers.ts";
import type { SessionHost } from "./session-host.ts";
import { Telegram } from "./telegram.ts";
import { Timeline } from "./timeline.ts";
import { KEPT_LINES, Trace } from "./trace.ts";
import { CALM, climate, type Weather } from "./weather.ts";

/** 2026-11-22, 12:00 UTC. */
export const START = Date.UTC(2026, 10, 22, 12);

/** What all parts of a simulation share: time, chance, the weather, Telegram, the models, the trace and the checks. */
export class World {
  readonly seed: number;
  readonly chance: Chance;
  readonly timeline = new Timeline(START);
  readonly trace: Trace;
  readonly totals = new Map<string, number>();
  readonly bus: Bus;
  readonly telegram: Telegram;
  readonly providers: Providers;
  readonly models: Models;
  /** Sessions in whose memory or storage something happened in this step. */
  readonly touched = new Set<SessionHost>();
  /** Updates that got their 200 in this step; said when what they led to has been seen. */
  readonly acknowledged: Facts["acknowledged"][] = [];
  /** A key has refused a call. */
  onKeyRefused: (key: Key) => void = () => {};
  #weather: Weather;

  constructor(seed: number, checks: readonly Check[], lines = KEPT_LINES) {
    this.trace = new Trace(lines);
    this.seed = seed;
    this.chance = new Chance(seed);
    this.#weather = climate(this.chance);
    this.bus = new Bus(checks, {
      now: () => this.timeline.now,
      floodUntil: (chat) => this.telegram.chats.get(chat)?.floodUntil ?? 0,
      stands: (chat, message) => this.telegram.chats.get(chat)?.messages.has(message) === true,
    });
    const { timeline, chance, bus } = this;
    const weather = () => this.#weather;
    this.telegram = new Telegram({
      timeline,
      chance,
      weather,
      bus,
      count: (what) => this.count(what),
      note: (who, what, detail) => this.note(who, what, detail),
    });
    this.providers = new Providers(timeline, chance, weather);
    this.models = new Models({
      timeline,
      chance,
      weather,
      providers: this.providers,
      began: (call) => {
        this.count("model calls");
        this.note(call.host.name, "model", `${call.key.id} for ${call.run ?? "no run"}`);
        bus.emit("modelCalled", call);
      },
      ended: (call) => {
        this.note(call.host.name, "model ended", call.outcome);
        this.touched.add(call.host);
        bus.emit("modelEnded", call);
        if (call.outcome === "failed" && call.key.state !== "good") this.onKeyRefused(call.key);
      },
    });
  }

  readonly weather = (): Weather => this.#weather;

  /** From now on nothing goes wrong any more. */
  calm(): void {
    this.#weather = CALM;
    this.providers.calm();
    this.note("world", "calm");
  }

  count(what: string, by = 1): void {
    this.totals.set(what, (this.totals.get(what) ?? 0) + by);
  }

  note(who: string, what: string, detail = ""): void {
    this.trace.note(this.timeline.now, who, what, detail);
  }

  log(who: string, event: LogEvent, fields: LogFields): void {
    this.note(who, event, facts(fields));
    if (event === "run.finished") this.count(`turns ${String(fields["outcome"])}`);
    this.bus.emit("log", { event, fields });
  }

  /** A process that lives did what no process may do. */
  fault(complaint: string): void {
    this.bus.fail("0: nothing is thrown into the void", complaint);
  }
}

function facts(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([name]) => name !== "session" && name !== "provider")
    .map(([name, value]) => `${name}=${typeof value === "string" ? value.slice(0, 36) : value}`)
    .join(" ");
}
