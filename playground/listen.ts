import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Nothing of the playground is reachable from another machine. */
export const HOST = "127.0.0.1";

/** Listens on a port, 0 for any free one. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Listens on the port or on the next free one after it. */
export async function listenFrom(server: Server, port: number, tries = 50): Promise<number> {
  for (let next = port; ; next += 1) {
    try {
      return await listen(server, next);
    } catch (error) {
      const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      if (!taken || next >= port + tries) throw error;
    }
  }
}

export function address(server: Server): string {
  const at = server.address();
  if (at === null || typeof at === "string") throw new Error("the server does not listen on a port");
  return `http://${HOST}:${at.port}`;
}

/**
 * A port that is free now, out of those that no system hands out by itself (Linux begins at 32768, others later): it must
 * still be ours after a process that listened there was killed and is started again, seconds later.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const MOST_PORTS_TRIED = 100;

export async function freePort(): Promise<number> {
  for (let tried = 1; ; tried += 1) {
    const server = createServer();
    try {
      const port = await listen(server, FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT)));
      await new Promise<void>((resolve) => server.close(() => resolve()));
      return port;
    } catch (error) {
      if (tried === MOST_PORTS_TRIED) throw error;
    }
  }
}
