import type { Call } from "./outbound.ts";
import type { Pace } from "./pace.ts";
import { type Address, typing } from "./post.ts";
import type { Cancel } from "./stream.ts";

/** Telegram shows "typing" for 5 s. */
export const TYPING_EVERY_MS = 4_000;
/** An answer that stands before anybody would have looked needs none. */
export const TYPING_AFTER_MS = 200;

export interface TypingPorts {
  readonly call: Call;
  readonly now: () => number;
  readonly after: (ms: number, act: () => void) => Cancel;
  readonly pace: Pace;
}

const NOTHING: Cancel = () => {};

/** "typing…" above the chat until it is stopped; silent during a flood wait. Nobody cares what becomes of its calls. */
export class Typing {
  readonly #ports: TypingPorts;
  readonly #place: Address;
  #abort: AbortController | undefined;
  #cancel: Cancel = NOTHING;

  constructor(place: Address, ports: TypingPorts) {
    this.#place = place;
    this.#ports = ports;
    this.#cancel = ports.after(TYPING_AFTER_MS, () => this.#tick());
  }

  stop(): void {
    this.#cancel();
    this.#cancel = NOTHING;
    this.#abort?.abort();
  }

  #tick(): void {
    const { call, now, after, pace } = this.#ports;
    this.#cancel = after(TYPING_EVERY_MS, () => this.#tick());
    if (pace.floodUntil > now()) return;
    const post = typing(this.#place);
    this.#abort ??= new AbortController();
    void call(post.method, post.payload, this.#abort.signal).then((result) => {
      if (!result.ok && result.refusal.kind === "flood") pace.flood(now() + result.refusal.retryAfterMs);
    });
  }
}
