import { createHash } from "node:crypto";
import type { Chance } from "./chance.ts";
import type { Timeline } from "./timeline.ts";

/**
 * Takes the real clock, the real timers and real chance away from everything in this process: the limit of a tool in
 * run-tool.ts, the ids and time stamps of the AI SDK. What is left of reality is `setImmediate`, by which the simulation
 * lets everything that waits for nothing have its turn.
 */
export const realNow = Date.now.bind(Date);
const immediate = setImmediate;

export function takeOver(
  timeline: Timeline,
  chance: Chance,
  web: (url: string, init: RequestInit) => Promise<Response>,
  said: (line: string) => void,
): () => void {
  const cancels = new Map<number, () => void>();
  let last = 0;
  const later = (act: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) => {
    last += 1;
    const id = last;
    const cancel = timeline.after(ms, "timer", () => {
      cancels.delete(id);
      act(...given);
    });
    cancels.set(id, cancel);
    return id;
  };
  const clear = (id: unknown) => {
    const known = typeof id === "number" ? cancels.get(id) : undefined;
    known?.();
    if (typeof id === "number") cancels.delete(id);
  };
  Reflect.set(globalThis, "setTimeout", later);
  Reflect.set(globalThis, "clearTimeout", clear);
  Reflect.set(globalThis, "setInterval", () => {
    throw new Error("setInterval has no place in a simulated process");
  });
  Reflect.set(globalThis, "fetch", web);
  const { log } = console;
  console.log = said;
  Reflect.set(Date, "now", () => timeline.now);
  Reflect.set(performance, "now", () => timeline.now);
  Reflect.set(Math, "random", () => chance.next());
  Reflect.set(crypto, "randomUUID", () => chance.id());
  // The platform's own takes a thread, and thereby real time.
  Reflect.set(crypto.subtle, "digest", async (_name: string, data: Uint8Array<ArrayBuffer>) => {
    const hashed = createHash("sha256").update(data).digest();
    return hashed.buffer.slice(hashed.byteOffset, hashed.byteOffset + hashed.length);
  });
  return () => {
    console.log = log;
  };
}

/** Everything that waits for nothing but its turn has its turn; and what is read in reality is read. */
export async function settle(isReading: () => boolean): Promise<void> {
  do await new Promise<void>((resolve) => void immediate(resolve));
  while (isReading());
}
