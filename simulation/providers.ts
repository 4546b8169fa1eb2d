import type { Chance } from "./chance.ts";
import type { Timeline } from "./timeline.ts";
import type { Weather } from "./weather.ts";

/** The providers: what each key may do at the moment, and what a call with it meets. */
export interface Key {
  readonly provider: string;
  /** As the pool knows it. */
  readonly id: string;
  readonly secret: string;
  state: "good" | "limited" | "empty" | "revoked";
  until: number;
}

export const PROVIDERS: Readonly<Record<string, number>> = { openai: 3, anthropic: 1 };

export class Providers {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #weather: () => Weather;
  readonly keys: readonly Key[];

  constructor(timeline: Timeline, chance: Chance, weather: () => Weather) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#weather = weather;
    this.keys = Object.entries(PROVIDERS).flatMap(([provider, count]) =>
      Array.from({ length: count }, (_, index) => ({
        provider,
        id: `${provider}-key-${index + 1}`,
        secret: `sk-simulated-${provider}-${index + 1}`,
        state: "good" as const,
        until: 0,
      })),
    );
  }

  of(provider: string): readonly Key[] {
    return this.keys.filter((key) => key.provider === provider);
  }

  /** A key runs into trouble, as keys do. */
  trouble(): string {
    const chance = this.#chance;
    // Most sessions are with the first.
    const key = chance.hit(0.5) ? this.keys[0] : chance.pick(this.keys);
    if (!key) return "";
    key.state = chance.pick(["limited", "limited", "limited", "empty", "revoked"]);
    key.until = this.#timeline.now + 1_000 * chance.pick([2, 20, 60, 200, 600]);
    return `${key.id} ${key.state}`;
  }

  calm(): void {
    for (const key of this.keys) {
      key.state = "good";
      key.until = 0;
    }
  }

  /** The error that a call with the key meets before a word has come; undefined: it is served. */
  refusal(key: Key): object | undefined {
    const now = this.#timeline.now;
    if (key.state === "limited" && key.until <= now) key.state = "good";
    switch (key.state) {
      case "good":
        return this.#chance.hit(this.#weather().modelFault) ? this.#fault() : undefined;
      case "limited":
        return failure(
          429,
          { error: { type: "rate_limit_error", code: "rate_limit_exceeded", message: "Rate limit reached" } },
          { "retry-after": String(Math.max(1, Math.ceil((key.until - now) / 1000))) },
        );
      case "empty":
        return failure(402, { error: { type: "billing_error", code: "insufficient_quota", message: "No credit" } });
      case "revoked":
        return failure(401, {
          error: { type: "authentication_error", code: "invalid_api_key", message: "No such key" },
        });
      default:
        return key.state satisfies never;
    }
  }

  #fault(): object {
    const chance = this.#chance;
    switch (chance.below(4)) {
      case 0:
        return failure(500, { error: { message: "The server had an error" } });
      case 1:
        return failure(529, { error: { type: "overloaded_error", message: "Overloaded" } });
      case 2:
        return failure(503, "<html>Service Unavailable</html>");
      default:
        return Object.assign(new TypeError("fetch failed"), { code: "ECONNRESET" });
    }
  }
}

function failure(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): object {
  return {
    name: "AI_APICallError",
    message: "refused",
    statusCode: status,
    responseHeaders: headers,
    responseBody: typeof body === "string" ? body : JSON.stringify(body),
  };
}
