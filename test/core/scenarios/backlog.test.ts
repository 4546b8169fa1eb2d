import { describe, expect, it } from "vitest";
import { Chat } from "../harness/chat.ts";

const GROWTH = { mode: "edit", private: true, stopLabel: "Stop" } as const;

/** Found by the crash campaign (60 kills, seed 28686): with one note of what grows, answers still owed lost theirs. */
describe("an answer that is still owed when the next one has begun to grow", () => {
  it("is completed in its own message by another process, and not said a second time", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const { chatId } = chat.place;
    courier.growing("r1", { chatId }, 5, GROWTH).show("The first answer, as far as it");
    await chat.pass(1_500);
    chat.refuse("*", { kind: "unavailable", maybeAccepted: false });
    chat.put(courier, { kind: "answer", markdown: "The first answer, as far as it goes." }, { run: "r1", replyTo: 5 });
    void courier.deliver();
    await chat.pass(10);
    courier.growing("r2", { chatId }, 6, GROWTH).show("The second answer, as far as it");
    await chat.pass(2_500);
    const next = chat.courier();
    chat.put(next, { kind: "answer", markdown: "The second answer, as far as it goes." }, { run: "r2", replyTo: 6 });
    await chat.drain(next);
    expect(chat.said()).toEqual(["The first answer, as far as it goes.", "The second answer, as far as it goes."]);
    expect([...chat.buttons.values()].filter((keyboard) => JSON.stringify(keyboard)?.includes("Stop"))).toEqual([]);
  });

  it("keeps no more notes than answers are owed", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const { chatId } = chat.place;
    for (let n = 1; n <= 5; n += 1) {
      courier.growing(`r${n}`, { chatId }, n, GROWTH).show(`Answer ${n}, as far as it`);
      await chat.pass(3_000);
      chat.put(courier, { kind: "answer", markdown: `Answer ${n}, as far as it goes.` }, { run: `r${n}`, replyTo: n });
      await chat.drain(courier);
    }
    expect(chat.storage.sql.exec("SELECT run FROM growing").toArray()).toEqual([{ run: "r5" }]);
    expect(chat.said()).toHaveLength(5);
  });
});
