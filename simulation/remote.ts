import { createHmac } from "node:crypto";
import { DirectoryShell } from "../src/directory/shell.ts";
import { PersonShell } from "../src/person/shell.ts";
import type { ApproveReply, Person, PoolView } from "../src/session/ports.ts";
import type { WordKey } from "../src/words/words.ts";
import { Disk } from "./disk.ts";
import type { Hosts } from "./hosts.ts";
import type { Life } from "./life.ts";
import { PoolHost } from "./pool-host.ts";
import type { SessionHost } from "./session-host.ts";
import type { World } from "./world.ts";

/** The other objects, as a session reaches them: after a while, or not at all. */
export class Remote {
  readonly #world: World;
  readonly #pools = new Map<string, PoolHost>();
  readonly #persons = new Map<number, PersonShell>();
  readonly #hosts: Hosts;
  readonly #directory: DirectoryShell;
  /** Kinds of objects that cannot be reached, and until when. */
  readonly #outUntil = new Map<string, number>();

  constructor(world: World, hosts: Hosts) {
    this.#world = world;
    this.#hosts = hosts;
    const disk = new Disk();
    this.#directory = new DirectoryShell({
      sql: rowsOf(disk),
      hash: (code) => createHmac("sha256", "a-webhook-secret").update(code).digest("hex"),
      random: (bytes) => Uint8Array.from({ length: bytes }, () => world.chance.below(256)),
      now: () => world.timeline.now,
    });
    for (const provider of new Set(world.providers.keys.map((key) => key.provider))) {
      this.#pools.set(provider, this.#poolHost(provider));
    }
  }

  /** A call to another object: there, and back. It may be lost on the way there, or its answer on the way back. */
  hop<T>(to: Reached, act: () => T): Promise<Awaited<T>> {
    const { timeline, chance, weather } = this.#world;
    return new Promise((resolve, reject) => {
      const isLost = () => this.isOut(to) || chance.hit(weather().rpcLost / 2);
      const lost = () => {
        this.#world.count("calls between objects lost");
        reject(new Error("Network connection lost."));
      };
      timeline.after(chance.between(1, 40), "rpc", () => {
        if (isLost()) return lost();
        // It may be a promise: another session is asked, and may die of it.
        new Promise<Awaited<T>>((given) => given(act() as Awaited<T>)).then(
          (result) =>
            timeline.after(chance.between(1, 40), "rpc answer", () => {
              if (isLost()) lost();
              else resolve(result);
            }),
          (error: unknown) => timeline.after(1, "rpc fault", () => reject(error)),
        );
      });
    });
  }

  /** A kind of object cannot be reached for a while. */
  outage(): void {
    const { chance, timeline } = this.#world;
    const out = chance.pick(REACHED);
    const ms = chance.between(1_000, 120_000);
    this.#outUntil.set(out, timeline.now + ms);
    this.#world.count(`outages: ${out}`);
    this.#world.note(out, "outage", `${ms} ms`);
  }

  endOutages(): void {
    this.#outUntil.clear();
  }

  isOut(what: Reached): boolean {
    return (this.#outUntil.get(what) ?? 0) > this.#world.timeline.now;
  }

  /** The directory object, as the entrance asks it who may. */
  access() {
    return {
      isPaired: (request: Parameters<DirectoryShell["isPaired"]>[0]) =>
        this.hop("directory", () => this.#directory.isPaired(request)),
      request: (request: Parameters<DirectoryShell["request"]>[0]) =>
        this.hop("directory", () => this.#directory.request(request)),
      ofChat: (request: Parameters<DirectoryShell["ofChat"]>[0]) =>
        this.hop("directory", () => this.#directory.ofChat(request)),
      tellsStranger: (request: Parameters<DirectoryShell["tellsStranger"]>[0]) =>
        this.hop("directory", () => this.#directory.tellsStranger(request)),
    };
  }

  isPaired(userId: number): boolean {
    return this.#directory.isPaired({ userId }).isPaired;
  }

  touch(key: string, at: number): Promise<unknown> {
    return this.hop("directory", () => this.#directory.touch({ key, at }));
  }

  skills(): Promise<readonly string[]> {
    return this.hop("directory", () => this.#directory.skills().texts);
  }

  /** As src/session/bot.ts says it. */
  async addSkill(name: string, text: string): Promise<string | undefined> {
    const added = await this.hop("directory", () => this.#directory.addSkill({ name, text }));
    return added.ok ? undefined : added.reason;
  }

  /** As src/session/bot.ts does it. */
  async approvePair(code: string, by: number): Promise<ApproveReply> {
    const approved = await this.hop("directory", () => this.#directory.approve({ code, by }));
    if (approved.ok) {
      const { userId, name } = approved;
      await this.tell(`telegram:${userId}`, "pair_welcome", {}).catch(() => {});
      return { kind: "done", userId, name };
    }
    return approved.reason === "locked" ? { kind: "locked", untilAt: approved.until } : { kind: "wrong" };
  }

  /** Something is to be said in another session's chat. */
  tell(key: string, word: WordKey, params: Readonly<Record<string, string | number>>): Promise<void> {
    return this.hop("session", () => this.#hosts.of(key).call("tell", (shell) => shell.tell({ key: word, params })));
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
    const ask = <T>(act: () => T) => life.async("person", () => this.hop("person", act));
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
          FILES.find(([part]) => url.includes(part))?.[1]() ??
            new Response("A page.", { headers: { "content-type": "text/plain" } }),
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
        exec: rowsOf(disk).exec,
      },
      () => this.#world.timeline.now,
    );
    this.#persons.set(userId, made);
    return made;
  }

  #poolHost(provider: string): PoolHost {
    const { timeline, chance, weather } = this.#world;
    const tell = (session: string, what: string, act: (host: SessionHost) => Promise<void>) => {
      const host = this.#hosts.find(session);
      if (!host) return;
      timeline.after(chance.between(1, 60), what, () => {
        if (this.isOut("session") || chance.hit(weather().rpcLost)) this.#world.count("calls between objects lost");
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
      charged: (credential, isOfBeforeLift) => this.#world.bus.emit("charged", { credential, isOfBeforeLift }),
      crashed: () => {
        this.#world.count("pool crashes");
        this.#world.note(provider, "crash");
      },
    });
  }
}

const REACHED = ["pool", "person", "directory", "session"] as const;
export type Reached = (typeof REACHED)[number];

function rowsOf(disk: Disk) {
  return {
    exec: (query: string, ...values: (string | number | null)[]) => {
      const rows = disk.rows(query, ...values);
      return { toArray: () => rows };
    },
  };
}

/** What a file of Telegram holds, by its path; what is no file is a page of the web. */
const FILES: readonly (readonly [string, () => Response])[] = [
  ["/file/bot123456:a-bot-token-that-must-not-show/skill-", () => new Response(SKILL)],
  ["/text-", () => new Response("the words of a file")],
  ["/voice-", () => new Response("OggS of a voice")],
  ["/file/", () => new Response(PICTURE, { headers: { "content-type": "image/png" } })],
];
const SKILL = "---\nname: poem\ndescription: Writes a poem.\n---\nWrite a poem about $ARGUMENTS";

/** A picture of one dot. */
const PICTURE = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (char) => char.charCodeAt(0),
);
