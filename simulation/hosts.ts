import type { SessionHost } from "./session-host.ts";

/** The sessions there are. One comes into being when somebody names it first, as a Durable Object does. */
export class Hosts {
  readonly #make: (key: string) => SessionHost;
  readonly #byKey = new Map<string, SessionHost>();
  /** Told of each that comes into being. */
  onNew: (host: SessionHost) => void = () => {};

  constructor(make: (key: string) => SessionHost) {
    this.#make = make;
  }

  get all(): readonly SessionHost[] {
    return [...this.#byKey.values()];
  }

  find(key: string): SessionHost | undefined {
    return this.#byKey.get(key);
  }

  of(key: string): SessionHost {
    const known = this.#byKey.get(key);
    if (known) return known;
    const made = this.#make(key);
    this.#byKey.set(key, made);
    this.onNew(made);
    return made;
  }

  inChat(chatId: number): SessionHost[] {
    return this.all.filter((host) => host.chatId === chatId);
  }
}
