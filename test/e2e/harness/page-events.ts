import { waitUntil } from "../../../playground/wait.ts";

interface PageEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** The playground's page as a script sees it: its stream of events, and what a person does there. */
export class PageEvents {
  readonly events: PageEvent[] = [];
  readonly #url: string;
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();

  static async open(url: string): Promise<PageEvents> {
    const page = new PageEvents(url);
    const response = await fetch(`${url}/events`, { signal: page.#stop.signal });
    if (!response.body) throw new Error("the page's events have no body");
    void page.#read(response.body).catch(() => undefined);
    return page;
  }

  private constructor(url: string) {
    this.#url = url;
  }

  close(): void {
    this.#stop.abort();
  }

  async act(name: string, body: unknown): Promise<void> {
    const response = await fetch(`${this.#url}/api/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`the page refuses ${name}: ${await response.text()}`);
  }

  first(event: string): Promise<Record<string, unknown>> {
    return this.find(event, () => true);
  }

  find<T = Record<string, unknown>>(event: string, fits: (data: T) => boolean, timeoutMs = 20_000): Promise<T> {
    const look = (): T | undefined =>
      this.events.find((candidate) => candidate.event === event && fits(candidate.data as T))?.data as T | undefined;
    const subscribe = (listener: () => void): (() => void) => {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    };
    const describe = (): string => `the last events were ${JSON.stringify(this.events.slice(-4)).slice(0, 1500)}`;
    return waitUntil(`a certain ${event} event`, look, subscribe, timeoutMs, describe);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of body) {
      const frames = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
      rest = frames.pop() ?? "";
      for (const frame of frames) {
        const [, event = "", data = "null"] = /^event: (.*)\ndata: (.*)$/s.exec(frame) ?? [];
        this.events.push({ event, data: JSON.parse(data) });
      }
      for (const listener of [...this.#listeners]) listener();
    }
  }
}
