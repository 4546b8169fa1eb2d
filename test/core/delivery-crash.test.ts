import { describe, expect, it } from "vitest";
import { Chat } from "./harness/chat.ts";

const answer = (markdown: string) => ({ kind: "answer", markdown }) as const;
const notice = (text: string) => ({ kind: "notice", text }) as const;

describe("a crash", () => {
  it("between Telegram's acceptance and our record leads to a marked repetition", async () => {
    const chat = new Chat();
    chat.latencyMs = 100;
    const first = chat.courier();
    chat.put(first, answer("Hello"), { run: "r1" });
    void first.deliver();
    await chat.pass(50);
    chat.messages.set(999, "Hello");
    const second = chat.courier();
    await chat.drain(second);
    expect(chat.said()).toEqual(["Hello", "_MARK_\n\nHello"]);
  });

  it("marks only the row that was on its way, not those behind it", async () => {
    const chat = new Chat();
    chat.latencyMs = 100;
    const first = chat.courier();
    chat.put(first, answer("one"), { run: "r1" });
    chat.put(first, answer("two"), { run: "r2" });
    void first.deliver();
    await chat.pass(50);
    await chat.drain(chat.courier());
    expect(chat.said()).toEqual(["_MARK_\n\none", "two"]);
  });

  it("before the first call of a row that was not promised leaves no mark", async () => {
    const chat = new Chat();
    chat.put(chat.courier(), notice("a"), { attempting: false });
    await chat.drain(chat.courier());
    expect(chat.said()).toEqual(["a"]);
  });

  it("keeps the doubt through a flood and a second crash", async () => {
    const chat = new Chat();
    chat.latencyMs = 100;
    const first = chat.courier();
    chat.put(first, notice("a"));
    void first.deliver();
    await chat.pass(50);
    chat.refuse("*", { kind: "flood", retryAfterMs: 5_000 });
    const second = chat.courier();
    void second.deliver();
    await chat.pass(200);
    await chat.drain(chat.courier());
    expect(chat.said()).toEqual(["MARK\n\na"]);
  });

  it("in the middle of a long answer repeats one part at the most", async () => {
    const long = Array.from({ length: 40 }, (_, index) => `P${index} ${"word ".repeat(80)}`.trim()).join("\n\n");
    const whole = new Chat();
    const parts = whole.courier("entities");
    whole.put(parts, answer(long), { run: "r1" });
    await whole.drain(parts);
    const count = whole.said().length;
    for (let at = 50; at < count * 1_100; at += 370) {
      const chat = new Chat();
      chat.latencyMs = 100;
      const first = chat.courier("entities");
      chat.put(first, answer(long), { run: "r1" });
      void first.deliver();
      await chat.pass(at);
      const stood = chat.said().length;
      await chat.drain(chat.courier("entities"));
      expect(chat.said()).toHaveLength(count);
      const marks = chat.said().filter((text) => text.startsWith("MARK"));
      expect(marks.length).toBeLessThan(2);
      expect(chat.said().slice(0, stood)).toEqual(whole.said().slice(0, stood));
    }
  });

  it("in the middle of the first streamed send leads to a marked answer, for the successor and for the answer already owed", async () => {
    const options = { mode: "edit", private: true, stopLabel: "Stop" } as const;
    for (const isAnswered of [false, true]) {
      const chat = new Chat();
      chat.latencyMs = 100;
      const first = chat.courier();
      first.growing("r1", { chatId: 7 }, 5, options).show("The beginning of an answer");
      await chat.pass(350);
      if (isAnswered) chat.put(first, answer("The whole answer"), { run: "r1" });
      chat.messages.set(999, "The beginning of an answer");
      const second = chat.courier();
      if (!isAnswered) {
        second.growing("r2", { chatId: 7 }, 5, options, "r1").show("The beginning of another answer");
        await chat.pass(2_000);
        chat.put(second, answer("The whole answer"), { run: "r2" });
      }
      await chat.drain(second);
      expect(chat.said()).toEqual(["The beginning of an answer", "_MARK_\n\nThe whole answer"]);
    }
  });

  it("of a streaming process leaves messages that the answer edits instead of doubling them", async () => {
    const chat = new Chat();
    const first = chat.courier();
    const options = { mode: "edit", private: true, stopLabel: "Stop" } as const;
    first.growing("r1", { chatId: 7 }, 5, options).show("The beginning of an answer");
    await chat.pass(1_000);
    expect(chat.said()).toEqual(["The beginning of an answer"]);
    const second = chat.courier();
    const growing = second.growing("r1", { chatId: 7 }, 5, options);
    growing.show("The beginning of another answer");
    await chat.pass(2_000);
    expect(chat.said()).toEqual(["The beginning of another answer"]);
    const third = chat.courier();
    chat.put(third, answer("The whole of it."), { run: "r1", replyTo: 5 });
    await chat.drain(third);
    expect(chat.said()).toEqual(["The whole of it."]);
    expect([...chat.buttons.values()]).toEqual([undefined]);
  });

  it("of a streaming process leaves a Stop button that a freeze takes away", async () => {
    const chat = new Chat();
    const options = { mode: "edit", private: true, stopLabel: "Stop" } as const;
    chat.courier().growing("r1", { chatId: 7 }, 5, options).show("The beginning of an answer");
    await chat.pass(1_000);
    const second = chat.courier();
    expect(chat.put(second, { kind: "freeze" }, { run: "r1" })).toBeGreaterThan(0);
    await chat.drain(second);
    expect(chat.methods()).toEqual(["sendRichMessage", "editMessageReplyMarkup"]);
    expect(chat.said()).toEqual(["The beginning of an answer"]);
    expect(chat.put(second, { kind: "freeze" }, { run: "never shown" })).toBe(0);
  });

  it("while a streamed message is being edited leaves no mark on the part that follows it", async () => {
    const chat = new Chat();
    chat.latencyMs = 100;
    const first = chat.courier("entities");
    const options = { mode: "edit", private: true, stopLabel: "Stop" } as const;
    first.growing("r1", { chatId: 7 }, 5, options).show("The beginning of an answer");
    await chat.pass(5_000);
    chat.put(first, answer("word ".repeat(1_500)), { run: "r1" });
    void first.deliver();
    await chat.pass(50);
    expect(chat.methods()).toEqual(["sendMessage", "editMessageText"]);
    await chat.drain(chat.courier("entities"));
    expect(chat.said()).toHaveLength(2);
    expect(chat.said().filter((text) => text.includes("MARK"))).toEqual([]);
  });
});

describe("what happens while a call is on", () => {
  it("does not let a row that was given up take the place of a new one with its id", async () => {
    const chat = new Chat();
    chat.latencyMs = 100;
    const courier = chat.courier();
    const old = chat.put(courier, notice("old"));
    void courier.deliver();
    await chat.pass(50);
    courier.abandon("chat_gone");
    expect(chat.put(courier, notice("new"))).toBe(old);
    void courier.deliver();
    await chat.pass(5_000);
    expect(chat.said()).toEqual(["old", "new"]);
    expect(chat.delivered).toHaveLength(1);
  });

  it("arrives where the session is erased meanwhile, and what waited behind it is neither sent nor recorded", async () => {
    const chat = new Chat();
    chat.latencyMs = 100;
    const courier = chat.courier();
    for (const text of ["on its way", "behind it"]) chat.put(courier, notice(text));
    void courier.deliver();
    await chat.pass(50);
    courier.close();
    chat.storage.sql.exec("DROP TABLE outbox");
    await chat.pass(5_000);
    expect(chat.said()).toEqual(["on its way"]);
    expect(chat.logged).toEqual([]);
    expect(chat.delivered).toEqual([]);
  });

  it("does not send what waited for the chat's pace when it was given up", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    for (let index = 0; index < 4; index += 1) chat.put(courier, notice(`n${index}`));
    void courier.deliver();
    await chat.pass(500);
    courier.abandon("chat_gone");
    await chat.pass(60_000);
    expect(chat.said()).toEqual(["n0", "n1", "n2"]);
  });

  it("keeps a growing answer quiet, too, when a delivery meets a flood", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.refuse("sendMessage", { kind: "flood", retryAfterMs: 30_000 });
    chat.put(courier, notice("a"));
    await courier.deliver();
    const floodAt = chat.now;
    const options = { mode: "edit", private: true, stopLabel: "Stop" } as const;
    courier.growing("r1", { chatId: 7 }, 5, options).show("The beginning of an answer");
    await chat.pass(29_999);
    expect(chat.calls).toHaveLength(1);
    expect(chat.typed.filter((at) => at > floodAt)).toEqual([]);
    await chat.drain(courier);
    await chat.pass(5_000);
    expect(chat.said().toSorted()).toEqual(["The beginning of an answer", "a"]);
  });

  it("never edits a message of the old chat under the new chat's id", async () => {
    const chat = new Chat("group");
    const courier = chat.courier();
    const options = { mode: "edit", private: false, stopLabel: "Stop" } as const;
    courier.growing("r1", { chatId: -7 }, 5, options).show("The beginning of an answer");
    await chat.pass(5_000);
    chat.refuse("editMessageText", { kind: "migrated", toChatId: -100 });
    chat.put(courier, answer("The whole of it."), { run: "r1" });
    await chat.drain(courier);
    expect(chat.calls.slice(1).map(({ method, payload }) => [method, payload.chat_id])).toEqual([
      ["editMessageText", -7],
      ["sendRichMessage", -100],
    ]);
  });
});
