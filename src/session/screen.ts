import { Growing, type GrowingOptions, type GrowingPorts } from "../telegram/stream.ts";
import type { Outbox } from "./outbox.ts";

/** Which answers grow in the chat at present, and which messages earlier processes left there. */
export class Screen {
  readonly #outbox: Outbox;
  readonly #live = new Map<string, Growing>();
  #latestRun: string | undefined;
  /** Rises when the chat gets another id: messages of before are none of the new one's. */
  #moves = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** A session has one run: whatever grew before is silent from here on. `before`: the run that this one goes on for. */
  begin(
    options: Omit<GrowingOptions, "ids" | "inDoubt">,
    ports: Omit<GrowingPorts, "remember">,
    before: string | undefined,
  ): Growing {
    const { run } = options;
    for (const [other, growing] of this.#live) {
      growing.close();
      if (other === run || !this.#outbox.has(other)) this.#live.delete(other);
    }
    this.#latestRun = run;
    const own = this.#outbox.remembered(run);
    const ids = own.length > 0 || before === undefined ? own : this.#outbox.remembered(before);
    // A process died between a send and its answer: a message may stand without our knowing its id.
    const inDoubt = [run, before].some((one) => one !== undefined && this.#outbox.isSending(one));
    if (ids !== own || inDoubt) this.#outbox.remember(run, ids, inDoubt);
    const moves = this.#moves;
    const remember = (accepted: readonly number[], isSending: boolean) => {
      if (this.#moves !== moves) return;
      // A send of an ended run may land late; it counts while its last words are still to be delivered.
      if (this.#latestRun === run || this.#outbox.has(run)) this.#outbox.remember(run, accepted, isSending);
    };
    const growing = new Growing({ ...options, ids, inDoubt }, { ...ports, remember });
    this.#live.set(run, growing);
    return growing;
  }

  of(run: string): Growing | undefined {
    return this.#live.get(run);
  }

  /** Whether an end of the run has something to tidy up, or may have when its call in flight has landed. */
  shows(run: string): boolean {
    return this.#live.get(run)?.visible === true || this.#outbox.remembered(run).length > 0;
  }

  leave(run: string): void {
    this.#live.delete(run);
  }

  move(): void {
    this.#moves += 1;
    this.clear();
  }

  clear(): void {
    for (const growing of this.#live.values()) growing.close();
    this.#live.clear();
  }
}
