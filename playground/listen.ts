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

/** A port that is free now. Another process may take it before it is used; on one machine that is rare enough. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
