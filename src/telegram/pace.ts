/**
 * How fast one chat may be written to: a small burst, then one call in 1.1 s; edits 1.1 s (private) or 3.1 s (groups)
 * after the end of the edit before; 5 calls in five seconds in private, 20 a minute in groups; nothing before the end of a
 * flood wait. Kept in memory only: after a crash the worst that can happen is one more 429, which says the truth again.
 */
export class Pace {
  readonly #editGapMs: number;
  readonly #window: Window;
  /** Time from which on the burst is whole again. */
  #spentUntil = 0;
  #editAfter = 0;
  /** In-between edits keep their distance from the send, too; a final one does not. */
  #betweenAfter = 0;
  #floodUntil = 0;
  /** Starts of the last calls, oldest first. */
  #starts: number[] = [];

  constructor(chat: "private" | "group") {
    this.#editGapMs = chat === "private" ? PRIVATE_EDIT_GAP_MS : GROUP_EDIT_GAP_MS;
    this.#window = chat === "private" ? PRIVATE_WINDOW : GROUP_WINDOW;
  }

  /** The end of the flood wait that Telegram asked for; 0 if it asked for none. */
  get floodUntil(): number {
    return this.#floodUntil;
  }

  /** The earliest time for the next call. In-between edits leave some room so that notices and finals need not wait. */
  readyAt(kind: WriteKind): number {
    const { calls, windowMs, reserved } = this.#window;
    const full = this.#starts.at(-(calls - (kind === "between" ? reserved : 0)));
    return Math.max(
      this.#floodUntil,
      this.#spentUntil - (BURST_CALLS - 1) * CALL_GAP_MS,
      kind === "send" ? 0 : this.#editAfter,
      kind === "between" ? this.#betweenAfter : 0,
      full === undefined ? 0 : full + windowMs,
    );
  }

  began(now: number): void {
    this.#spentUntil = Math.max(this.#spentUntil, now) + CALL_GAP_MS;
    this.#starts = [...this.#starts.slice(1 - this.#window.calls), now];
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

/** So many calls in any stretch of that length; `reserved`: of these, what in-between edits leave to others. */
interface Window {
  readonly calls: number;
  readonly windowMs: number;
  readonly reserved: number;
}

/** A call may take longer than the one after it: that much closer together than they began they may arrive. */
const JITTER_MS = 300;
/** One a second, whatever the burst before: a burst is borrowed from the seconds after it. */
const PRIVATE_WINDOW: Window = { calls: 5, windowMs: 5_000 + JITTER_MS, reserved: 1 };
const GROUP_WINDOW: Window = { calls: GROUP_CALLS_PER_MINUTE, windowMs: 60_000 + JITTER_MS, reserved: 3 };
