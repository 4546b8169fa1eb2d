/**
 * The files of a turn in memory, by Telegram's unique id, as far as they fit together: each is held, encoded and put into
 * a request, which are three copies of it in an object of 128 MB.
 */
export class HeldFiles {
  readonly #mostBytes: number;
  /** Undefined: it does not fit, and is not fetched again. */
  readonly #files = new Map<string, Uint8Array | undefined>();
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  has(uniqueId: string): boolean {
    return this.#files.has(uniqueId);
  }

  get(uniqueId: string): Uint8Array | undefined {
    return this.#files.get(uniqueId);
  }

  /** False: with what is held already it is too much. */
  hold(uniqueId: string, bytes: Uint8Array): boolean {
    if (this.#files.get(uniqueId)) return true;
    const fits = this.#bytes + bytes.length <= this.#mostBytes;
    this.#files.set(uniqueId, fits ? bytes : undefined);
    if (fits) this.#bytes += bytes.length;
    return fits;
  }
}
