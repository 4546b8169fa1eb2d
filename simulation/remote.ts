import type { Settings } from "../src/config.ts";
import { PersonShell } from "../src/person/shell.ts";
import type { Person, PoolView } from "../src/session/ports.ts";
import { Disk } from "./disk.ts";
import type { Life } from "./life.ts";
import { PoolHost } from "./pool-host.ts";
import type { SessionHost } from "./session-host.ts";
import type { World } from "./world.ts";

/** The other objects, as a session reaches them: after a while, or not at all. */
export class Remote {
  readonly #world: World;
  readonly #pools = new Map<string, PoolHost>();
  readonly #persons = new Map<number, PersonShell>();
  readonly #hostOf: (key: string) => SessionHost | undefined;

  constructor(world: World, hostOf: (key: string) => SessionHost | undefined) {
    this.#world = world;
    this.#hostOf = hostOf;
    for (const provider of new Set(world.providers.keys.map((key) => key.provider))) {
      this.#pools.set(provider, this.#poolHost(provider));
    }
  }

  /** A call to another object: there, and back. It may be lost on the way there, or its answer on the way back. */
  hop<T>(act: () => T): Promise<T> {
    const { timeline, chance, weather } = this.#world;
    return new Promise((resolve, reject) => {
      const lost = () => {
        this.#world.count("calls between objects lost");
        reject(new Error("Network connection lost."));
      };
      timeline.after(chance.between(1, 40), "rpc", () => {
        if (chance.hit(weather().rpcLost / 2)) return lost();
        try {
          const result = act();
          timeline.after(chance.between(1, 40), "rpc answer", () => {
            if (chance.hit(weather().rpcLost / 2)) lost();
            else resolve(result);
          });
        } catch (error) {
          timeline.after(1, "rpc fault", () => reject(error));
        }
      });
    });
  }

  pool(provider: string): PoolHost {
    const pool = this.#pools.get(provider);
    if (!pool) throw new Error(`there is no pool of ${provider}`);
    return pool;
  }

  poolViews(): PoolView[] {
    return [...this.#pools].map(([provider, pool]) => ({
      provider,
      credentials: pool.list(this.#world.providers.of(provider).map(({ id }) => ({ id }))),
    }));
  }

  lift(provider: string, credential?: string): number {
    // Whoever lifts a key has seen to it that it works again.
    for (const key of this.#world.providers.of(provider)) {
      if (credential === undefined || key.id === credential) key.state = "good";
    }
    return this.pool(provider).lift(credential);
  }

  crashPool(): void {
    this.#world.chance.pick([...this.#pools.values()])?.crash();
  }

  person(life: Life, userId: number): Person {
    const shell = this.#personShell(userId);
    const ask = <T>(act: () => T) => life.async("person", () => this.hop(act));
    return {
      remember: (request) => ask(() => shell.remember(request)),
      recall: (request) => ask(() => shell.recall(request)),
      forget: (request) => ask(() => shell.forget(request)),
      profile: () => ask(() => ({ spentTodayUsd: shell.overview({}).today.usd, tokensToday: 0 })),
      spend: ({ usd, input, output, model }) =>
        ask(() => void shell.addSpend({ model, usd, inputTokens: input, outputTokens: output })),
      setTimezone: (timezone) => ask(() => shell.setProfile({ timezone }).ok),
      memories: () => ask(() => shell.memories({}).memories),
      eraseAll: () => ask(() => void shell.erase({})),
    };
  }

  /** A page of the web; every third does not answer. */
  fetch(url: string, signal: AbortSignal | undefined): Promise<Response> {
    const { timeline, chance } = this.#world;
    return new Promise((resolve, reject) => {
      const cut = () => reject(new DOMException("This operation was aborted", "AbortError"));
      if (signal?.aborted) return cut();
      signal?.addEventListener("abort", cut, { once: true });
      if (chance.hit(0.3) && this.#world.weather().modelMute > 0) return;
      timeline.after(chance.between(20, 2_000), "page", () =>
        resolve(
          url.includes("/file/")
            ? new Response(PICTURE, { headers: { "content-type": "image/png" } })
            : new Response("A page.", { headers: { "content-type": "text/plain" } }),
        ),
      );
    });
  }

  #personShell(userId: number): PersonShell {
    const known = this.#persons.get(userId);
    if (known) return known;
    const disk = new Disk();
    const made = new PersonShell(
      {
        exec: (query, ...values) => {
          const rows = disk.rows(query, ...values);
          return { toArray: () => rows };
        },
      },
      () => this.#world.timeline.now,
    );
    this.#persons.set(userId, made);
    return made;
  }

  #poolHost(provider: string): PoolHost {
    const { timeline, chance, weather } = this.#world;
    const tell = (session: string, what: string, act: (host: SessionHost) => Promise<void>) => {
      const host = this.#hostOf(session);
      if (!host) return;
      timeline.after(chance.between(1, 60), what, () => {
        if (chance.hit(weather().rpcLost)) this.#world.count("calls between objects lost");
        else act(host).catch(() => {});
      });
    };
    return new PoolHost({
      provider,
      timeline,
      chance,
      log: (event, fields = {}) => this.#world.log(provider, event, fields),
      revoke: (holders, credential) => {
        for (const { session, model } of holders) {
          tell(session, "leaseLost", async (host) => {
            await host.known("leaseLost", (shell) => shell.leaseLost({ provider, credential, model }));
            this.#world.bus.emit("revoked", { host, provider, credential, model });
          });
        }
      },
      wake: (sessions) => {
        for (const session of sessions) {
          tell(session, "poolChanged", (host) => host.known("poolChanged", (shell) => shell.poolChanged()));
        }
      },
      crashAtPort: () => weather().crashAtPort,
      chargedAfterLift: (credential) => this.#world.bus.emit("chargedAfterLift", { credential }),
      crashed: () => {
        this.#world.count("pool crashes");
        this.#world.note(provider, "crash");
      },
    });
  }
}

export type SettingsOf = () => Settings;

/** A picture of one dot. */
const PICTURE = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (char) => char.charCodeAt(0),
);
