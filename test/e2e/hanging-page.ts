import { createServer, type Server } from "node:http";
import { address, listen } from "../../playground/listen.ts";
import { waitUntil } from "../../playground/wait.ts";

/** A page that begins to load and never does; it notices when whoever asked has left. */
export class HangingPage {
  readonly visits: { readonly path: string; leftAt: number | undefined }[] = [];
  #words: string | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #server: Server = createServer((request, response) => {
    const visit: HangingPage["visits"][number] = { path: request.url ?? "", leftAt: undefined };
    this.visits.push(visit);
    if (this.#words !== undefined) response.writeHead(200, { "content-type": "text/plain" }).end(this.#words);
    response.once("close", () => {
      visit.leftAt = Date.now();
      this.#tell();
    });
    this.#tell();
  });

  async start(): Promise<this> {
    await listen(this.#server, 0);
    return this;
  }

  /** From now on it loads. */
  answer(words: string): void {
    this.#words = words;
  }

  get url(): string {
    return address(this.#server);
  }

  waitFor(path: string, left: boolean): Promise<{ readonly leftAt: number | undefined }> {
    return waitUntil(
      `the page ${path} to be ${left ? "left" : "asked for"}`,
      () => this.visits.find((visit) => visit.path === path && (!left || visit.leftAt !== undefined)),
      (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      15_000,
      () => JSON.stringify(this.visits),
    );
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
