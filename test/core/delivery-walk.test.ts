import { describe, expect, it } from "vitest";
import type { Courier } from "../../src/session/delivery.ts";
import type { Refusal } from "../../src/telegram/outbound.ts";
import { Chat } from "./harness/chat.ts";

/** Walks are numbered; a failure names its seed. */
const WALKS = 60;

/** A small generator of chance with a seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TROUBLE: readonly Refusal[] = [
  { kind: "flood", retryAfterMs: 7_000 },
  { kind: "unavailable", maybeAccepted: false },
  { kind: "unavailable", maybeAccepted: true },
  { kind: "reply_gone" },
  { kind: "markup" },
];

describe("whatever happens on the way", () => {
  it(`every answer arrives, and what stands twice is marked (${WALKS} walks)`, async () => {
    for (let seed = 1; seed <= WALKS; seed += 1) {
      const random = chance(seed);
      const chat = new Chat(random() < 0.5 ? "private" : "supergroup");
      chat.latencyMs = Math.floor(random() * 400);
      const said: string[] = [];
      let markups = 0;
      let courier: Courier = chat.courier();
      for (let step = 0; step < 25; step += 1) {
        const dice = random();
        if (dice < 0.35) {
          const text = `Message ${said.length} of walk ${seed}, long enough to be streamed.`;
          const run = `run${said.length}`;
          said.push(text);
          const { chatId } = chat.place;
          const isPrivate = chat.place.chatType === "private";
          if (random() < 0.6) {
            const options = { mode: "edit", private: isPrivate, stopLabel: "Stop" } as const;
            const growing = courier.growing(run, { chatId }, 5, options);
            for (let end = 15; end < text.length; end += 10) {
              growing.show(text.slice(0, end));
              await chat.pass(Math.floor(random() * 900));
            }
          }
          chat.put(courier, { kind: "answer", markdown: text }, { run, replyTo: 5, attempting: random() < 0.7 });
          void courier.deliver();
        } else if (dice < 0.5) {
          const refusal = TROUBLE[Math.floor(random() * TROUBLE.length)];
          const lowers = refusal?.kind === "markup" || refusal?.kind === "reply_gone";
          if (lowers) markups += 1;
          // Three of them for one answer are an apology; that is another test's matter.
          if (refusal && (!lowers || markups < 3)) chat.refuse("*", refusal);
        } else if (dice < 0.6) {
          chat.loseAnswer("*");
        } else if (dice < 0.75) {
          courier = chat.courier();
        } else {
          await chat.pass(Math.floor(random() * 5_000));
          void courier.deliver();
        }
      }
      await chat.drain(courier);
      await chat.pass(120_000);

      const shown = chat.said();
      for (const text of said) {
        const copies = shown.filter((one) => one.endsWith(text));
        expect(copies.length, `seed ${seed}: "${text}" is not there`).toBeGreaterThan(0);
        const unmarked = copies.filter((one) => one === text);
        expect(unmarked.length, `seed ${seed}: "${text}" stands twice unmarked`).toBeLessThan(2);
      }
      expect(chat.reasons("delivery.failed"), `seed ${seed}`).toEqual([]);
      expect(courier.pending().count).toBe(0);
    }
  }, 60_000);
});
