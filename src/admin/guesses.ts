/**
 * Guessing a token that is short enough to be guessed is made slow: so many wrong ones from one address in a window, then
 * nothing from there is looked at until the window is over, the right one included (otherwise guessing would simply go on).
 * Kept in the memory of an
 * isolate: a Worker has many, so this bounds a guesser by isolates, and the length of the token does the rest (guard.ts).
 * The same wrong token again is no new guess: a dashboard that still has the old one shuts nobody out.
 */

export const WINDOW_MS = 15 * 60_000;
export const MOST_WRONG = 100;
/** Addresses remembered; the oldest are forgotten first. */
export const MOST_ADDRESSES = 1_000;
/** Where so many wrong ones come from all addresses together, each address is allowed fewer. */
export const MOST_WRONG_IN_ALL = 500;
export const MOST_WRONG_UNDER_ATTACK = 3;

/** Wrong guesses of one window. `marks` tells one guess from another, and is no longer than MOST_WRONG. */
interface Wrong {
  readonly count: number;
  readonly endsAt: number;
  readonly marks: readonly string[];
}

export class Guesses {
  readonly #byAddress = new Map<string, Wrong>();
  #all: Wrong = { count: 0, endsAt: 0, marks: [] };

  /** Until when this address is not looked at; undefined: it may try. */
  shutUntil(address: string, now: number): number | undefined {
    const wrong = this.#byAddress.get(network(address));
    if (!wrong || wrong.endsAt <= now) return undefined;
    const isAttack = this.#all.endsAt > now && this.#all.count >= MOST_WRONG_IN_ALL;
    return wrong.count >= (isAttack ? MOST_WRONG_UNDER_ATTACK : MOST_WRONG) ? wrong.endsAt : undefined;
  }

  /** `mark` stands for the token that was given: any short digest of it. */
  wrong(address: string, mark: string, now: number): void {
    const from = network(address);
    const before = this.#byAddress.get(from);
    if (before && before.endsAt > now && before.marks.includes(mark)) return;
    this.#all = { ...another(this.#all, mark, now), marks: [] };
    const wrong = another(before, mark, now);
    this.#byAddress.delete(from);
    this.#byAddress.set(from, wrong);
    for (const oldest of this.#byAddress.keys()) {
      if (this.#byAddress.size <= MOST_ADDRESSES) break;
      this.#byAddress.delete(oldest);
    }
  }

  right(address: string): void {
    this.#byAddress.delete(network(address));
  }

  get addresses(): number {
    return this.#byAddress.size;
  }
}

function another(wrong: Wrong | undefined, mark: string, now: number): Wrong {
  return wrong && wrong.endsAt > now
    ? { count: wrong.count + 1, endsAt: wrong.endsAt, marks: [...wrong.marks, mark].slice(-MOST_WRONG) }
    : { count: 1, endsAt: now + WINDOW_MS, marks: [mark] };
}

/** Whoever has one IPv6 address has the 2^64 of its network. */
function network(address: string): string {
  if (!address.includes(":")) return address.slice(0, 64);
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  while (tail !== undefined && groups.length + after.length < 8) groups.push("0");
  return [...groups, ...after].slice(0, 4).join(":").slice(0, 64);
}
