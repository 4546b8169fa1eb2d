import type { Inbound } from "../src/telegram/message.ts";
import type { SessionHost } from "./session-host.ts";
import type { World } from "./world.ts";

/**
 * Telegram's side of the webhook: the updates of a chat come in their order, the next when the one before has its 200; one
 * that has none is sent again; now and then one is sent again although it had. Presses of buttons overtake everything.
 */
const AGAIN_MS = 1_000;
const LONGEST_AGAIN_MS = 60_000;
const TIMEOUT_MS = 30_000;

interface Waiting {
  readonly host: SessionHost;
  readonly inbound: Inbound;
}

export class Updates {
  readonly #world: World;
  readonly #queues = new Map<number, Waiting[]>();
  #last = 100;
  pending = 0;

  constructor(world: World) {
    this.#world = world;
  }

  nextId(): number {
    this.#last += 1;
    return this.#last;
  }

  send(host: SessionHost, inbound: Inbound): void {
    this.#world.count("updates");
    this.#world.note(host.name, "sent", described(inbound));
    this.pending += 1;
    if (inbound.kind === "press") {
      this.#deliver({ host, inbound }, AGAIN_MS, () => {});
      return;
    }
    const queue = this.#queues.get(host.chatId) ?? [];
    this.#queues.set(host.chatId, queue);
    queue.push({ host, inbound });
    if (queue.length === 1) this.#next(queue);
  }

  #next(queue: Waiting[]): void {
    const first = queue[0];
    if (!first) return;
    this.#deliver(first, AGAIN_MS, () => {
      queue.shift();
      this.#next(queue);
    });
  }

  #deliver(waiting: Waiting, againMs: number, done: () => void): void {
    const { timeline, chance, weather } = this.#world;
    const { host, inbound } = waiting;
    timeline.after(chance.between(5, 100), "webhook", () => {
      let isOver = false;
      const again = () => {
        if (isOver) return;
        isOver = true;
        this.#world.count("updates sent again");
        timeline.after(againMs, "webhook again", () =>
          this.#deliver(waiting, Math.min(LONGEST_AGAIN_MS, againMs * 2), done),
        );
      };
      // A process that dies may leave the connection open.
      const cancel = timeline.after(TIMEOUT_MS, "webhook timeout", again);
      host
        .call("accept", (shell) => shell.accept(inbound))
        .then(
          ({ outcome }) => {
            cancel();
            if (chance.hit(weather().lostWebhook)) {
              timeline.after(50, "webhook lost", again);
              return;
            }
            if (isOver) return;
            isOver = true;
            this.pending -= 1;
            this.#world.acknowledged.push({ host, inbound, outcome });
            this.#world.note(host.name, "200", `${inbound.update} ${outcome}`);
            if (chance.hit(weather().repeatedUpdate)) this.#repeat(waiting);
            done();
          },
          () => {
            cancel();
            timeline.after(20, "webhook 500", again);
          },
        );
    });
  }

  /** An update that has its 200 comes once more. */
  #repeat({ host, inbound }: Waiting): void {
    const { timeline, chance } = this.#world;
    this.#world.count("updates repeated");
    timeline.after(chance.between(1, 20_000), "webhook repeated", () => {
      host.call("accept", (shell) => shell.accept(inbound)).catch(() => {});
    });
  }
}

function described(inbound: Inbound): string {
  const about = inbound.kind === "message" ? inbound.message.text.slice(0, 40) : "";
  return `${inbound.kind} ${inbound.update} ${about}${inbound.kind === "press" ? inbound.data.slice(0, 30) : ""}`;
}
