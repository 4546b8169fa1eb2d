/**
 * Guessing the token is made slow: so many wrong ones from one address in a window, then nothing from there is looked at
 * until the window is over, the right one included (otherwise guessing would simply go on). Kept in the memory of an
 * isolate: a Worker has many, so this bounds a guesser by isolates, and the length of the token does the rest.
 */

export const WINDOW_MS = 15 * 60_000;
export const MOST_WRONG = 10;
/** Addresses remembered; the oldest are forgotten first. */
export const MOST_ADDRESSES = 1_000;
/** Where so many wrong ones come from all addresses together, each address is allowed fewer. */
export const MOST_WRONG_IN_ALL = 500;
export const MOST_WRONG_UNDER_ATTACK = 3;

interface Wrong {
  readonly count: number;
  readonly endsAt: number;
}

export class Guesses {
  readonly #byAddress = new Map<string, Wrong>();
  #all: Wrong = { count: 0, endsAt: 0 };

  /** Until when this address is not looked at; undefined: it may try. */
  shutUntil(address: string, now: number): number | undefined {
    const wrong = this.#byAddress.get(network(address));
    if (!wrong || wrong.endsAt <= now) return undefined;
    const isAttack = this.#all.endsAt > now && this.#all.count >= MOST_WRONG_IN_ALL;
    return wrong.count >= (isAttack ? MOST_WRONG_UNDER_ATTACK : MOST_WRONG) ? wrong.endsAt : undefined;
  }

  wrong(address: string, now: number): void {
    const from = network(address);
    this.#all = another(this.#all, now);
    const wrong = another(this.#byAddress.get(from), now);
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

function another(wrong: Wrong | undefined, now: number): Wrong {
  return wrong && wrong.endsAt > now
    ? { count: wrong.count + 1, endsAt: wrong.endsAt }
    : { count: 1, endsAt: now + WINDOW_MS };
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
