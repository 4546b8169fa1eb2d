/** Virtual time: what is to happen, in the order of its time, and of its planning where times are equal. */
export type Cancel = () => void;

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly what: string;
  act: (() => void) | undefined;
}

export class Timeline {
  #now: number;
  #order = 0;
  readonly #heap: Planned[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** `what`: a word for the trace. */
  at(time: number, what: string, act: () => void): Cancel {
    const planned: Planned = { at: Math.max(this.#now, Math.ceil(time)), order: this.#order++, what, act };
    this.#push(planned);
    return () => {
      planned.act = undefined;
    };
  }

  after(ms: number, what: string, act: () => void): Cancel {
    return this.at(this.#now + Math.max(0, ms), what, act);
  }

  /** The next thing that was not cancelled, with time moved to it; undefined: nothing until `end`. */
  next(end: number): { readonly what: string; readonly act: () => void } | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (!first || first.at > end) {
        this.#now = Math.max(this.#now, end);
        return undefined;
      }
      this.#pop();
      const { act, what } = first;
      if (!act) continue;
      this.#now = first.at;
      return { what, act };
    }
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(planned);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (!parent || !isBefore(planned, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = planned;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      const right = heap[down + 1];
      let child = heap[down];
      if (!child) break;
      if (right && isBefore(right, child)) {
        child = right;
        down += 1;
      }
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = last;
  }
}

function isBefore(one: Planned, other: Planned): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
