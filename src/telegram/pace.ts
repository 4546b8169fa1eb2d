/**
 * How fast one chat may be written to: a small burst, then one call in 1.1 s; edits 1.1 s (private) or 3.1 s (groups)
 * after the end of the edit before; 20 calls a minute in groups; nothing before the end of a flood wait. Kept in memory
 * only: after a crash the worst that can happen is one more 429, which says the truth again.
 */
export class Pace {
  readonly #editGapMs: number;
  readonly #perMinute: number;
  /** Time from which on the burst is whole again. */
  #spentUntil = 0;
  #editAfter = 0;
  /** In-between edits keep their distance from the send, too; a final one does not. */
  #betweenAfter = 0;
  #floodUntil = 0;
  /** Starts of the last calls in a group, oldest first. */
  #starts: number[] = [];

  constructor(chat: "private" | "group") {
    this.#editGapMs = chat === "private" ? PRIVATE_EDIT_GAP_MS : GROUP_EDIT_GAP_MS;
    this.#perMinute = chat === "private" ? Number.POSITIVE_INFINITY : GROUP_CALLS_PER_MINUTE;
  }

  /** The end of the flood wait that Telegram asked for; 0 if it asked for none. */
  get floodUntil(): number {
    return this.#floodUntil;
  }

  /** The earliest time for the next call. In-between edits leave some room so that notices and finals need not wait. */
  readyAt(kind: WriteKind): number {
    const limit = this.#perMinute - (kind === "between" ? RESERVED_PER_MINUTE : 0);
    const full = this.#starts.at(-limit);
    return Math.max(
      this.#floodUntil,
      this.#spentUntil - (BURST_CALLS - 1) * CALL_GAP_MS,
      kind === "send" ? 0 : this.#editAfter,
      kind === "between" ? this.#betweenAfter : 0,
      full === undefined ? 0 : full + 60_000,
    );
  }

  began(now: number): void {
    this.#spentUntil = Math.max(this.#spentUntil, now) + CALL_GAP_MS;
    if (this.#perMinute === Number.POSITIVE_INFINITY) return;
    this.#starts = [...this.#starts.slice(1 - this.#perMinute), now];
  }

  ended(kind: WriteKind, now: number): void {
    if (kind === "send") this.#betweenAfter = now + this.#editGapMs;
    else this.#editAfter = now + this.#editGapMs;
    this.#spentUntil = Math.max(this.#spentUntil, now);
  }

  flood(until: number): void {
    this.#floodUntil = Math.max(this.#floodUntil, until);
  }
}

/** `between`: an edit of a growing answer, of which a later one makes up for its loss. */
export type WriteKind = "send" | "edit" | "between";

/** Telegram: about one message a second to one chat, bursts tolerated; 20 a minute to one group, edits included. */
export const CALL_GAP_MS = 1_100;
export const BURST_CALLS = 3;
export const PRIVATE_EDIT_GAP_MS = 1_100;
export const GROUP_EDIT_GAP_MS = 3_100;
export const GROUP_CALLS_PER_MINUTE = 20;
const RESERVED_PER_MINUTE = 3;
