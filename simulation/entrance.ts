import type { RawEnvironment } from "../src/config.ts";
import type { Environment } from "../src/environment.ts";
import type { Accepted } from "../src/session/accept.ts";
import type { Inbound } from "../src/telegram/message.ts";
import type { Body } from "./bodies.ts";
import { Gone } from "./gone.ts";
import type { Hosts } from "./hosts.ts";
import type { Remote } from "./remote.ts";
import type { SessionHost } from "./session-host.ts";
import type { World } from "./world.ts";

/**
 * The Worker in front of the sessions: the real `receive`, in isolates that know nothing of each other, with a request as
 * Telegram posts it. What a session has answered is kept, for the checks.
 */
export interface Posted {
  readonly status: number;
  readonly inside:
    | { readonly host: SessionHost; readonly inbound: Inbound; readonly outcome: Accepted["outcome"] }
    | undefined;
  /** Why it was refused or ignored before any session, as the log says it. */
  readonly reason: string | undefined;
}

type Worker = typeof import("../src/webhook.ts");

const ISOLATES = 2;
let loaded = 0;

/** Each is a module of its own, as an isolate is: what one remembers the other does not know. */
export async function isolates(): Promise<readonly Worker[]> {
  const made: Worker[] = [];
  for (let count = 0; count < ISOLATES; count += 1) {
    loaded += 1;
    made.push(await import(`../src/webhook.ts?isolate=${loaded}`));
  }
  return made;
}

export class Entrance {
  readonly #world: World;
  readonly #hosts: Hosts;
  readonly #remote: Remote;
  readonly #workers: readonly Worker[];
  #environments: readonly Environment[] = [];
  /** What became of each update inside. */
  readonly #inside = new Map<number, Posted["inside"]>();

  constructor(world: World, hosts: Hosts, remote: Remote, workers: readonly Worker[], settings: RawEnvironment) {
    this.#world = world;
    this.#hosts = hosts;
    this.#remote = remote;
    this.#workers = workers;
    this.deploy(settings);
  }

  /** Each isolate reads the settings of its own environment. */
  deploy(settings: RawEnvironment): void {
    this.#environments = this.#workers.map(() => this.#environment(settings));
  }

  post(body: Body, secret: string | undefined): Promise<Posted> {
    return this.postText(JSON.stringify(body), secret, Number(body["update_id"]));
  }

  async postText(body: string, secret: string | undefined, update = -1): Promise<Posted> {
    const at = this.#world.chance.below(this.#workers.length);
    const worker = this.#workers[at];
    const environment = this.#environments[at];
    if (!worker || !environment) throw new Error("there is no such isolate");
    let reason: string | undefined;
    const unhear = this.#world.hear((fields) => {
      if (fields["update"] === update && typeof fields["reason"] === "string") reason = fields["reason"];
    });
    // What is read from the request is read by the platform, in real time: the world waits for it.
    this.#world.isReading = true;
    try {
      const request = new Request("https://bot.example/telegram/webhook", {
        method: "POST",
        headers: secret === undefined ? {} : { "x-telegram-bot-api-secret-token": secret },
        body,
      });
      const response = await worker.receive(request, environment, {
        waitUntil: (work) => void work.catch(() => this.#world.count("words of the entrance lost")),
      });
      return { status: response.status, inside: this.#inside.get(update), reason };
    } finally {
      this.#world.isReading = false;
      unhear();
    }
  }

  /** Settings, and of the bindings what the entrance uses. */
  #environment(settings: RawEnvironment): Environment {
    const bindings = {
      SESSION: {
        getByName: (key: string) => ({
          accept: ({ inbound }: { readonly inbound: Inbound }) => {
            this.#world.count(`inbound: ${inbound.kind}`);
            this.#world.isReading = false;
            return this.#accept(key, structuredClone(inbound));
          },
        }),
      },
      DIRECTORY: {
        getByName: () => {
          this.#world.isReading = false;
          return this.#remote.access();
        },
      },
    };
    return { ...settings, ...bindings } as unknown as Environment;
  }

  #accept(key: string, inbound: Inbound): Promise<Accepted> {
    const { timeline, chance, weather } = this.#world;
    const lost = () => chance.hit(weather().rpcLost / 4) || this.#remote.isOut("session");
    return new Promise((resolve, reject) => {
      timeline.after(chance.between(1, 20), "accept", () => {
        if (lost()) return reject(this.#fault("Network connection lost."));
        const host = this.#hosts.of(key);
        host
          .call("accept", (shell) => shell.accept(inbound))
          .then(
            (accepted) => {
              const { update } = inbound;
              if (accepted.outcome !== "duplicate" || !this.#inside.has(update)) {
                this.#inside.set(update, { host, inbound, outcome: accepted.outcome });
              }
              timeline.after(chance.between(1, 20), "accepted", () =>
                lost() ? reject(this.#fault("Network connection lost.")) : resolve(accepted),
              );
            },
            (error: unknown) =>
              timeline.after(1, "accept fault", () =>
                reject(error instanceof Gone ? this.#fault("reset") : new Error("remote", { cause: error })),
              ),
          );
      });
    });
  }

  /** As the platform marks what it throws: to be tried again or not, and whether the object is overloaded. */
  #fault(message: string): Error {
    this.#world.count("calls between objects lost");
    return Object.assign(new Error(message), this.#world.chance.pick(FAULTS));
  }
}

const FAULTS = [{ retryable: true }, { durableObjectReset: true }, { overloaded: true, retryable: true }, {}] as const;
