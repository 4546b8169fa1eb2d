import type { Body } from "./bodies.ts";
import type { Entrance, Posted } from "./entrance.ts";
import type { Spot } from "./places.ts";
import type { World } from "./world.ts";

/**
 * Telegram's side of the webhook: the updates of a chat come in their order, the next when the one before has its 200; one
 * that has none is sent again; now and then one is sent again although it had, or twice at once. Presses of buttons
 * overtake everything.
 */
const AGAIN_MS = 1_000;
const LONGEST_AGAIN_MS = 60_000;
const TIMEOUT_MS = 30_000;
/** More than the entrance reads. */
const LARGE_CHARS = 1_100_000;
const SECRET = "a-webhook-secret";

/** What is to become of an update: it is meant for the bot and from somebody who may; it is not; or that depends. */
export type Wanted = "in" | "out" | "any";

interface Waiting {
  readonly update: number;
  readonly body: Body;
  readonly wanted: Wanted;
  attempts: number;
}

export class Updates {
  readonly #world: World;
  readonly #entrance: Entrance;
  readonly #queues = new Map<number, Waiting[]>();
  #last = 100;
  pending = 0;

  constructor(world: World, entrance: Entrance) {
    this.#world = world;
    this.#entrance = entrance;
  }

  nextId(): number {
    this.#last += 1;
    return this.#last;
  }

  send({ chatId }: Pick<Spot, "chatId">, body: Body, wanted: Wanted = "in"): void {
    const { chance, weather } = this.#world;
    const kind = Object.keys(body).find((name) => name !== "update_id") ?? "";
    const waiting: Waiting = { update: Number(body["update_id"]), body, wanted, attempts: 0 };
    this.#world.count("updates");
    this.#world.count(`update: ${kind}`);
    this.#world.note(String(chatId), "sent", `${kind} ${waiting.update} ${described(body[kind])}`);
    if (chance.hit(weather().forged)) this.#forge(body);
    if (chance.hit(weather().forged / 4)) this.#junk();
    this.pending += 1;
    if (kind === "callback_query") {
      this.#deliver(waiting, AGAIN_MS, () => {});
      return;
    }
    const queue = this.#queues.get(chatId) ?? [];
    this.#queues.set(chatId, queue);
    queue.push(waiting);
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
    const { update, body, wanted } = waiting;
    if (chance.hit(weather().twinUpdate)) this.#repeat(waiting, 150);
    timeline.after(chance.between(5, 100), "webhook", () => {
      let isOver = false;
      waiting.attempts += 1;
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
      const answered = ({ status, inside, reason }: Posted) => {
        cancel();
        this.#world.count(`webhook: ${status}${reason === undefined || inside ? "" : ` ${reason}`}`);
        if (status !== 200 || chance.hit(weather().lostWebhook)) {
          timeline.after(50, "webhook lost", again);
          return;
        }
        if (isOver) return;
        isOver = true;
        this.pending -= 1;
        this.#world.entered.push({ update, wanted, attempts: waiting.attempts, inside, reason });
        this.#world.note("telegram", "200", `${update} ${inside ? inside.outcome : reason}`);
        if (chance.hit(weather().repeatedUpdate)) this.#repeat(waiting, 20_000);
        done();
      };
      this.#entrance.post(body, SECRET).then(answered, (error: unknown) => {
        cancel();
        // The platform makes a 500 of what the Worker throws.
        this.#world.note("telegram", "500", String(error));
        this.#world.count("webhook: 500");
        timeline.after(20, "webhook 500", again);
      });
    });
  }

  /** It comes once more, later or at the same time. */
  #repeat(waiting: Waiting, withinMs: number): void {
    const { timeline, chance } = this.#world;
    this.#world.count("updates repeated");
    timeline.after(chance.between(1, withinMs), "webhook repeated", () => {
      // One that fails counts as every other does.
      waiting.attempts += 1;
      this.#entrance.post(waiting.body, SECRET).catch(() => this.#world.count("webhook: 500"));
    });
  }

  /** Somebody who knows the secret posts what is no update. */
  #junk(): void {
    const { chance, timeline } = this.#world;
    const text = chance.pick(["", "{", "[]", `{"update_id":-1}`, " ".repeat(LARGE_CHARS)]);
    timeline.after(chance.between(1, 100), "junk webhook", () => {
      this.#entrance.postText(text, SECRET).then(
        ({ status }) => {
          this.#world.count(`webhook: ${status} forged`);
          if (status < 400 || status >= 500) this.#world.fault(`what is no update is answered with ${status}`);
        },
        (error: unknown) => this.#world.fault(`the entrance threw ${String(error)}`),
      );
    });
  }

  /** Somebody who does not know the secret posts what looks like an update. */
  #forge(body: Body): void {
    const { chance, timeline } = this.#world;
    const update = this.nextId();
    const secret = chance.pick([undefined, "", "another-secret", `${SECRET}x`]);
    timeline.after(chance.between(1, 100), "forged webhook", () => {
      this.#entrance.post({ ...body, update_id: update }, secret).then(
        ({ status, inside }) => {
          this.#world.count(`webhook: ${status} forged`);
          this.#world.entered.push({
            update,
            wanted: "out",
            attempts: 1,
            inside,
            reason: status === 401 ? "wrong_secret" : undefined,
          });
        },
        () => {},
      );
    });
  }
}

/** A word for the trace. */
function described(body: unknown): string {
  if (typeof body !== "object" || body === null) return "";
  const words: unknown = Reflect.get(body, "text") ?? Reflect.get(body, "caption") ?? Reflect.get(body, "data");
  return typeof words === "string" ? words.slice(0, 40) : "";
}
