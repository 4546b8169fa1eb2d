/** The last lines of what happened, and a running print of all of it: two runs of a seed must come to the same print. */
export const KEPT_LINES = 200;

export class Trace {
  readonly #kept: number;
  readonly #lines: (readonly [at: number, who: string, what: string, detail: string])[] = [];
  #next = 0;
  #print = 0x811c9dc5;

  constructor(kept: number) {
    this.#kept = kept;
  }

  note(at: number, who: string, what: string, detail = ""): void {
    this.#lines[this.#next % this.#kept] = [at, who, what, detail];
    this.#next += 1;
    this.#mix(at % 2 ** 31);
    for (const text of [who, what, detail]) {
      for (let index = 0; index < text.length; index += 1) this.#mix(text.charCodeAt(index));
    }
  }

  get print(): string {
    return (this.#print >>> 0).toString(16).padStart(8, "0");
  }

  /** One aligned line per event, times in seconds since `start`. */
  lines(start: number): string[] {
    const from = Math.max(0, this.#next - this.#kept);
    const shown = Array.from({ length: this.#next - from }, (_, index) => this.#lines[(from + index) % this.#kept]);
    const width = Math.max(8, ...shown.map((line) => line?.[1].length ?? 0));
    return shown.flatMap((line) => {
      if (!line) return [];
      const [at, who, what, detail] = line;
      const seconds = ((at - start) / 1000).toFixed(3).padStart(10);
      return `${seconds}  ${who.padEnd(width)}  ${what.padEnd(20)}  ${detail.replace(/\s+/g, " ")}`.trimEnd();
    });
  }

  #mix(value: number): void {
    this.#print = Math.imul(this.#print ^ value, 0x01000193);
  }
}
