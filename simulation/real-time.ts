import type { Chance } from "./chance.ts";
import type { Timeline } from "./timeline.ts";

/**
 * Takes the real clock, the real timers and real chance away from everything in this process: the limit of a tool in
 * run-tool.ts, the ids and time stamps of the AI SDK. What is left of reality is `setImmediate`, by which the simulation
 * lets everything that waits for nothing have its turn.
 */
export const realNow = Date.now.bind(Date);
const immediate = setImmediate;

export function takeOver(timeline: Timeline, chance: Chance): void {
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
  Reflect.set(globalThis, "fetch", () => {
    throw new Error("the network has no place in a simulated process");
  });
  Reflect.set(Date, "now", () => timeline.now);
  Reflect.set(performance, "now", () => timeline.now);
  Reflect.set(Math, "random", () => chance.next());
  Reflect.set(crypto, "randomUUID", () => chance.id());
}

/** Everything that waits for nothing but its turn has its turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => void immediate(resolve));
}
