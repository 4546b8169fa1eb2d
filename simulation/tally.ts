import type { Simulated } from "./simulate.ts";

/** What worlds have come to, added up. Plain data: it crosses from one process to another. */
export interface Ended {
  readonly seed: number;
  readonly steps: number;
  readonly transitions: number;
  readonly settledMinutes: number;
  readonly print: string;
  readonly totals: readonly (readonly [name: string, count: number])[];
  readonly violation: Simulated["violation"];
  /** Of the trace, where a promise was broken. */
  readonly lines: readonly string[];
}

export function ended({ totals, violation, lines, ...done }: Simulated): Ended {
  const { seed, steps, transitions, settledMinutes, print } = done;
  return {
    seed,
    steps,
    transitions,
    settledMinutes,
    print,
    totals: [...totals],
    violation,
    lines: violation ? lines() : [],
  };
}

export class Tally {
  readonly #totals = new Map<string, number>();
  readonly #startedAt: number;
  readonly #now: () => number;
  #transitions = 0;
  #longestMinutes = 0;
  worlds = 0;
  steps = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
  }

  get totals(): ReadonlyMap<string, number> {
    return this.#totals;
  }

  get seconds(): number {
    return (this.#now() - this.#startedAt) / 1000;
  }

  add({ steps, transitions, settledMinutes, totals }: Ended): void {
    this.worlds += 1;
    this.steps += steps;
    this.#transitions += transitions;
    this.#longestMinutes = Math.max(this.#longestMinutes, settledMinutes);
    for (const [name, count] of totals) this.#totals.set(name, (this.#totals.get(name) ?? 0) + count);
  }

  /** In one line, then those of a kind in a line: "command: new 7, stop 4". */
  lines(head: string): string[] {
    const perSecond = Math.round(this.steps / Math.max(0.001, this.seconds));
    const named = [...this.#totals].sort(([one], [other]) => one.localeCompare(other));
    const kinds = Map.groupBy(named, ([name]) => KIND.exec(name)?.[1] ?? "");
    return [
      `${head}: ${this.worlds} worlds, ${this.steps} events, ${this.#transitions} transitions, ${this.seconds.toFixed(1)} s, ${perSecond} events/s; settled within ${this.#longestMinutes.toFixed(1)} min`,
      ...[...kinds].map(([kind, counts]) => {
        const words = counts.map(([name, count]) => `${name.slice(kind.length).replace(/^[: ]+/, "")} ${count}`);
        return `  ${kind === "" ? "" : `${kind}: `}${words.join(", ")}`;
      }),
    ];
  }
}

const KIND = /^(check(?= )|\w+(?: refuses)?(?=:))/;
