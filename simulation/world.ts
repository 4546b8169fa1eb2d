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

/** 2026-11-22, 11:50 UTC: ten minutes before a daily reset, where there is one. */
export const START = Date.UTC(2026, 10, 22, 11, 50);

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
  readonly entered: Facts["entered"][] = [];
  /** A request is being read by the platform, which takes real time. */
  isReading = false;
  readonly #hearers = new Set<(fields: LogFields) => void>();
  /** Somebody whom the settings or an owner let in, now or before. */
  mayEnter: (user: number) => boolean = () => true;
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
      isPaired: (user) => this.mayEnter(user),
      chatNow: (chat) => this.telegram.chats.get(chat)?.movedTo ?? chat,
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
      count: (what) => this.count(what),
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
    for (const hear of this.#hearers) hear(fields);
    this.count(`log: ${event}`);
    if (event === "run.finished") this.count(`turns ${String(fields["outcome"])}`);
    this.bus.emit("log", { event, fields });
  }

  /** What the entrance writes to the console. */
  console(line: string): void {
    const { event, ...fields }: LogFields & { event: LogEvent } = JSON.parse(line);
    this.log("entrance", event, fields);
  }

  /** The network, as the entrance sees it: it is Telegram's. */
  async web(url: string, init: RequestInit): Promise<Response> {
    this.isReading = false;
    const method = /\/bot[^/]+\/(\w+)$/.exec(String(url))?.[1] ?? "";
    const payload: Record<string, unknown> = typeof init.body === "string" ? JSON.parse(init.body) : {};
    const result = await this.telegram.call({ name: "entrance", key: "entrance" }, method, payload);
    if (result.ok) return Response.json(result);
    const { refusal } = result;
    if (refusal.kind === "flood") {
      const parameters = { retry_after: refusal.retryAfterMs / 1000 };
      return Response.json(
        { ok: false, error_code: 429, description: "Too Many Requests", parameters },
        { status: 429 },
      );
    }
    if (refusal.kind === "unavailable") throw new TypeError("fetch failed");
    return Response.json({ ok: false, error_code: 403, description: "Forbidden: bot was blocked" }, { status: 403 });
  }

  /** Lines of the log, as they come; the answer ends it. */
  hear(hearer: (fields: LogFields) => void): () => void {
    this.#hearers.add(hearer);
    return () => void this.#hearers.delete(hearer);
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
