import { describe, expect, it } from "vitest";
import { GIVE_UP_AFTER_MS, WATCH_EVERY_MS } from "../../src/session/pauses.ts";
import { Chat, wordsIn } from "./harness/chat.ts";

const HOUR_MS = 3_600_000;
const answer = (markdown: string) => ({ kind: "answer", markdown }) as const;
const notice = (text: string) => ({ kind: "notice", text }) as const;

describe("a delivery", () => {
  it("is over when Telegram has given a message id, and costs two rows", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const before = chat.storage.rowsWritten;
    chat.put(courier, answer("Hello"), { run: "r1", replyTo: 5 });
    await courier.deliver();
    expect(chat.said()).toEqual(["Hello"]);
    expect(chat.calls[0]?.payload.reply_parameters).toEqual({ message_id: 5, allow_sending_without_reply: true });
    expect(chat.storage.rowsWritten - before).toBe(2);
    expect(courier.pending().count).toBe(0);
    expect(courier.nextAt()).toBeUndefined();
    expect(chat.delivered).toEqual([{ id: 1, kind: "answer", run: "r1", messages: [101] }]);
    expect(chat.logged).toEqual([
      {
        event: "delivery.sent",
        fields: { session: "telegram:7", epoch: 1, run: "r1", kind: "answer", ms: 0, messages: 1 },
      },
    ]);
  });

  it("comes in the order in which it was said, notices silently", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.put(courier, answer("first"), { run: "r1" });
    chat.put(courier, notice("second"));
    chat.put(courier, answer("third"), { run: "r2" });
    await courier.deliver();
    expect(chat.said()).toEqual(["first", "second", "third"]);
    expect(chat.calls.map(({ payload }) => payload.disable_notification)).toEqual([undefined, true, undefined]);
    expect(chat.calls[1]?.payload.link_preview_options).toEqual({ is_disabled: true });
  });

  it("keeps Telegram's pace after a small burst", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    for (let index = 0; index < 12; index += 1) chat.put(courier, notice(`n${index}`));
    void courier.deliver();
    await chat.pass(60_000);
    const at = chat.calls.map((call) => call.at - 1_000_000);
    expect(at.slice(0, 6)).toEqual([0, 0, 0, 1_100, 2_200, 5_300]);
    expect(at).toHaveLength(12);
    // The burst is borrowed: in no five seconds more than five.
    for (const start of at) expect(at.filter((one) => one >= start && one < start + 5_000).length).toBeLessThan(6);
  });

  it("never exceeds twenty calls a minute in a group", async () => {
    const chat = new Chat("supergroup");
    const courier = chat.courier();
    for (let index = 0; index < 50; index += 1) chat.put(courier, notice(`n${index}`));
    void courier.deliver();
    await chat.pass(300_000);
    const at = chat.calls.map((call) => call.at);
    expect(at).toHaveLength(50);
    for (const start of at) expect(at.filter((one) => one >= start && one < start + 60_000).length).toBeLessThan(21);
  });

  it("wakes the object every twenty seconds while it is under way, and at once when nobody promised to deliver", () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.put(courier, notice("a"), { attempting: false });
    expect(courier.nextAt()).toBe(chat.now);
    chat.put(courier, notice("b"));
    expect(courier.nextAt()).toBe(chat.now + WATCH_EVERY_MS);
  });

  it("edits the message it is meant to edit, and is sent anew where that is gone", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.put(courier, notice("Which?"));
    await courier.deliver();
    chat.put(courier, { kind: "notice", text: "Chosen.", editOf: 101 });
    chat.put(courier, { kind: "notice", text: "Chosen.", editOf: 101 });
    await chat.drain(courier);
    expect(chat.said()).toEqual(["Chosen."]);
    chat.messages.clear();
    chat.put(courier, { kind: "notice", text: "Again.", editOf: 101 });
    await chat.drain(courier);
    expect(chat.said()).toEqual(["Again."]);
    expect(chat.reasons("delivery.failed")).toEqual([]);
  });

  it("is sent anew where what was streamed may not be edited any more, and that goes", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = courier.growing("r1", { chatId: 7 }, 5, { mode: "edit", private: true, stopLabel: "Stop" });
    growing.show("a sentence that begins and");
    await chat.pass(2_000);
    expect(chat.said()).toEqual(["a sentence that begins and"]);
    chat.refuse("editMessageText", ...Array.from({ length: 4 }, () => ({ kind: "not_editable" }) as const));
    chat.put(courier, answer("a sentence that begins and ends"), { run: "r1", replyTo: 5 });
    await chat.drain(courier);
    expect(chat.said()).toEqual(["a sentence that begins and ends"]);
  });

  it("sends a file as a document with its bytes", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.put(courier, { kind: "file", name: "a.txt", text: "hällo", caption: "Look" });
    await courier.deliver();
    const { document, caption } = chat.calls[0]?.payload ?? {};
    expect(chat.methods()).toEqual(["sendDocument"]);
    expect(caption).toBe("Look");
    expect(document).toMatchObject({ name: "a.txt", bytes: new TextEncoder().encode("hällo") });
  });
});

describe("a refusal", () => {
  it("of a thousand seconds is waited for by the row's time, exactly, with no call before it", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.refuse("*", { kind: "flood", retryAfterMs: 1_000_000 });
    chat.put(courier, answer("one"), { run: "r1" });
    await courier.deliver();
    const due = chat.now + 1_000_000;
    expect(courier.nextAt()).toBe(due);
    chat.put(courier, notice("two"));
    await courier.deliver();
    await chat.pass(999_999);
    await courier.deliver();
    expect(chat.calls).toHaveLength(1);
    // The row keeps the time even for a process that remembers nothing.
    const next = chat.courier();
    expect(next.nextAt()).toBe(due);
    await chat.drain(next);
    expect(chat.calls[1]?.at).toBe(due);
    expect(chat.said()).toEqual(["one", "two"]);
  });

  it("by a server that is down is tried again with growing pauses, and the message comes once and unmarked", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.refuse("*", ...Array.from({ length: 5 }, () => ({ kind: "unavailable", maybeAccepted: false }) as const));
    chat.put(courier, answer("late"), { run: "r1" });
    await chat.drain(courier);
    expect(chat.calls.map(({ at }, index) => at - (chat.calls[index - 1]?.at ?? at))).toEqual([
      0, 1_000, 2_000, 5_000, 15_000, 30_000,
    ]);
    expect(chat.said()).toEqual(["late"]);
    expect(chat.reasons("delivery.retry")).toEqual(Array(5).fill("unavailable"));
  });

  it("by a server that was down for long is forgotten as soon as it brings an update, but a flood wait is not", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const down = { kind: "unavailable", maybeAccepted: false } as const;
    chat.failsOn = () => true;
    chat.put(courier, answer("late"), { run: "r1" });
    while (chat.reasons("delivery.retry").length < 9) {
      void courier.deliver();
      await chat.pass(Math.max(1, (courier.nextAt() ?? 0) - chat.now));
    }
    chat.failsOn = () => false;
    expect(courier.nextAt()).toBeGreaterThan(chat.now + 500_000);
    chat.refuse("*", down, { kind: "flood", retryAfterMs: 50_000 });
    courier.hasten();
    expect(courier.nextAt()).toBe(chat.now);
    await courier.deliver();
    expect(courier.nextAt()).toBe(chat.now + 1_000);
    await chat.pass(1_000);
    await courier.deliver();
    courier.hasten();
    expect(courier.nextAt()).toBe(chat.now + 50_000);
    await chat.drain(courier);
    expect(chat.said()).toEqual(["late"]);
  });

  it("that lasts for a day ends in the log", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.failsOn = () => true;
    const start = chat.now;
    chat.put(courier, answer("never"), { run: "r1" });
    await chat.drain(courier);
    expect(chat.reasons("delivery.failed")).toEqual(["expired"]);
    expect(chat.now - start).toBeGreaterThanOrEqual(GIVE_UP_AFTER_MS);
    expect(chat.now - start).toBeLessThan(GIVE_UP_AFTER_MS + HOUR_MS);
  });

  it("by a server that fails on this message alone holds up what is behind it for a minute, and the message comes simpler", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const start = chat.now;
    chat.failsOn = (payload) => "rich_message" in payload && wordsIn(payload).includes("first");
    chat.put(courier, answer("**first**"), { run: "r1" });
    chat.put(courier, answer("**second**"), { run: "r2" });
    await chat.drain(courier);
    expect(chat.said()).toEqual(["first", "**second**"]);
    expect(chat.now - start).toBeLessThan(60_000);
    expect(chat.reasons("delivery.failed")).toEqual([]);
  });

  it("by a server that fails on these words in every form ends in a sentence that says so, be it an answer, an edit, a notice or a file", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.messages.set(50, "Which?");
    chat.failsOn = (payload) => wordsIn(payload).includes("these");
    chat.put(courier, answer("these _words_"), { run: "r1" });
    chat.put(courier, notice("these words"));
    chat.put(courier, { kind: "notice", text: "these words", editOf: 50 });
    chat.put(courier, { kind: "file", name: "a.txt", text: "a", caption: "these words" });
    chat.put(courier, answer("others"), { run: "r2" });
    await chat.drain(courier);
    expect(chat.said()).toEqual(["Which?", "SORRY", "SORRY", "MARK\n\nSORRY", "SORRY", "others"]);
  });

  it("of what only tidies up keeps no words waiting, by a server that fails on that message alone", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = courier.growing("r1", { chatId: 7 }, 5, { mode: "edit", private: true, stopLabel: "Stop" });
    growing.show("a sentence that begins and");
    await chat.pass(2_000);
    const start = chat.now;
    chat.failsOn = ({ message_id }) => message_id === 101;
    chat.put(courier, { kind: "freeze" }, { run: "r1" });
    chat.put(courier, notice("Stopped."));
    chat.put(courier, answer("next"), { run: "r2" });
    while (!chat.said().includes("next")) {
      void courier.deliver();
      await chat.pass(Math.max(1, (courier.nextAt() ?? 0) - chat.now));
    }
    expect(chat.now - start).toBeLessThan(120_000);
    chat.failsOn = () => false;
    await chat.drain(courier);
    expect(chat.said()).toEqual(["a sentence that begins and", "Stopped.", "next"]);
    expect([...chat.buttons.values()]).toEqual([undefined, undefined, undefined]);
  });

  it("by a server that was down for long takes nothing from the words, whatever was tried meanwhile", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = courier.growing("r1", { chatId: 7 }, 5, { mode: "edit", private: true, stopLabel: "Stop" });
    growing.show("a **sentence** that begins");
    await chat.pass(2_000);
    chat.failsOn = () => true;
    chat.put(courier, answer("a **sentence** that begins and ends"), { run: "r1" });
    chat.put(courier, answer("**another**"), { run: "r2" });
    while (chat.reasons("delivery.retry").length < 12) {
      void courier.deliver();
      await chat.pass(Math.max(1, (courier.nextAt() ?? 0) - chat.now));
    }
    chat.failsOn = () => false;
    await chat.drain(courier);
    expect(chat.said()).toEqual(["a **sentence** that begins and ends", "**another**"]);
    expect([...chat.buttons.values()]).toEqual([undefined, undefined]);
  });

  it("whose call may have been carried out leads to a marked repetition", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.loseAnswer("sendRichMessage");
    chat.put(courier, answer("Hello"), { run: "r1" });
    await chat.drain(courier);
    expect(chat.said()).toEqual(["Hello", "_MARK_\n\nHello"]);
  });

  it("of an edit whose answer was lost is repeated without a mark", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.messages.set(50, "old");
    chat.loseAnswer("editMessageText");
    chat.put(courier, { kind: "notice", text: "new", editOf: 50 });
    await chat.drain(courier);
    expect(chat.said()).toEqual(["new"]);
    expect(chat.methods()).toEqual(["editMessageText", "editMessageText"]);
  });

  it("of the markup goes down the ladder: rich, entities, plain, and last an apology", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const markup = { kind: "markup" } as const;
    chat.refuse("*", markup, markup, markup);
    chat.put(courier, answer("**bold**"), { run: "r1" });
    await chat.drain(courier);
    expect(chat.methods()).toEqual(["sendRichMessage", "sendMessage", "sendMessage", "sendMessage"]);
    expect(chat.calls.map(({ payload }) => [payload.text, payload.entities !== undefined])).toEqual([
      [undefined, false],
      ["bold", true],
      ["bold", false],
      ["SORRY", false],
    ]);
  });

  it("by an older server without rich messages is met once, not at every answer", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.refuse("sendRichMessage", { kind: "unsupported" });
    chat.put(courier, answer("one"), { run: "r1" });
    chat.put(courier, answer("two"), { run: "r2" });
    await chat.drain(courier);
    expect(chat.methods()).toEqual(["sendRichMessage", "sendMessage", "sendMessage"]);
  });

  it("as too long makes pieces of which nothing is lost", async () => {
    const chat = new Chat();
    const courier = chat.courier("entities");
    const words = Array.from({ length: 700 }, (_, index) => `w${index}`).join(" ");
    chat.refuse("sendMessage", { kind: "too_long" });
    chat.put(courier, answer(words), { run: "r1" });
    await chat.drain(courier);
    expect(chat.said().length).toBeGreaterThan(1);
    expect(chat.said().join("").split(/\s+/)).toEqual(words.split(" "));
  });

  it("because the message to reply to is gone sends it without", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.refuse("*", { kind: "reply_gone" });
    chat.put(courier, answer("x"), { run: "r1", replyTo: 9 });
    await chat.drain(courier);
    expect(chat.calls.map(({ payload }) => payload.reply_parameters !== undefined)).toEqual([true, false]);
  });

  it("by a person who blocked the bot fails every row, quietly, and tells the session", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.refuse("*", { kind: "chat_gone" });
    chat.put(courier, answer("a"), { run: "r1" });
    chat.put(courier, notice("b"));
    await chat.drain(courier);
    expect(chat.calls).toHaveLength(1);
    expect(chat.told).toEqual(["chat gone"]);
    expect(chat.reasons("delivery.failed")).toEqual(["chat_gone", "chat_gone"]);
    expect(chat.failed).toEqual([{ at: chat.now, kind: "answer", reason: "chat_gone", run: "r1" }]);
    expect(courier.pending().count).toBe(0);
  });

  it("by a group that has moved takes everything to the new id", async () => {
    const chat = new Chat("group");
    const courier = chat.courier();
    chat.refuse("*", { kind: "migrated", toChatId: -100 });
    chat.put(courier, answer("a"), { run: "r1", replyTo: 3 });
    chat.put(courier, notice("b"));
    await chat.drain(courier);
    expect(chat.calls.map(({ payload }) => payload.chat_id)).toEqual([-7, -100, -100]);
    expect(chat.calls[1]?.payload.reply_parameters).toBeUndefined();
    expect(chat.told).toEqual(["migrated to -100"]);
    expect(chat.said()).toEqual(["a", "b"]);
  });

  it("is marked when it comes again because storage could not note that it had come", async () => {
    const chat = new Chat();
    const courier = chat.courier("entities");
    chat.put(courier, answer("all of it"), { run: "r1" });
    chat.breaks = /^DELETE FROM outbox/;
    await chat.drain(courier);
    expect(chat.said().map((text) => text.includes("MARK"))).toEqual([false, true]);
    expect(courier.pending().count).toBe(0);
  });

  it("by a topic that is gone is believed the second time, and nothing leaks into another topic", async () => {
    const chat = new Chat("supergroup", 42);
    const courier = chat.courier();
    chat.refuse("*", { kind: "thread_gone" }, { kind: "thread_gone" });
    chat.put(courier, answer("a"), { run: "r1" });
    chat.put(courier, notice("b"));
    await chat.drain(courier);
    expect(chat.calls.map(({ payload }) => payload.message_thread_id)).toEqual([42, 42]);
    expect(chat.told).toEqual(["thread gone"]);
    expect(chat.said()).toEqual([]);
    expect(courier.pending().count).toBe(0);
  });

  it("that nothing can get around fails that row and goes on with the next", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.refuse("*", { kind: "refused", code: 400 });
    chat.put(courier, notice("bad"));
    chat.put(courier, notice("good"));
    await chat.drain(courier);
    expect(chat.said()).toEqual(["good"]);
    expect(chat.reasons("delivery.failed")).toEqual(["refused_400"]);
  });
});

describe("a long answer", () => {
  const paragraphs = Array.from({ length: 60 }, (_, index) => `Paragraph ${index} ${"word ".repeat(80)}`.trim());
  const long = paragraphs.join("\n\n");

  it("comes in parts, the first of which replies", async () => {
    const chat = new Chat();
    const courier = chat.courier("entities");
    chat.put(courier, answer(long), { run: "r1", replyTo: 9 });
    await chat.drain(courier);
    expect(chat.said().length).toBeGreaterThan(2);
    expect(chat.calls.filter(({ payload }) => payload.reply_parameters !== undefined)).toHaveLength(1);
    expect(chat.said().join("\n\n").replace(/\s+/g, " ")).toBe(long.replace(/\s+/g, " "));
  });

  it("goes on at the part that was refused, in another process too", async () => {
    const chat = new Chat();
    const first = chat.courier("entities");
    chat.put(first, answer(long), { run: "r1" });
    void first.deliver();
    await chat.pass(0);
    const stood = chat.said();
    chat.refuse("*", { kind: "flood", retryAfterMs: 30_000 });
    await chat.pass(5_000);
    const refusedAt = chat.calls.at(-1)?.at ?? 0;
    await chat.drain(chat.courier("entities"));
    const refusedCall = chat.calls.findIndex(({ at }) => at === refusedAt);
    expect(wordsIn(chat.calls[refusedCall + 1]?.payload ?? {})).toBe(wordsIn(chat.calls[refusedCall]?.payload ?? {}));
    expect(chat.calls[refusedCall + 1]?.at).toBe(refusedAt + 30_000);
    expect(chat.said().slice(0, stood.length)).toEqual(stood);
    expect(chat.said().join("\n\n").replace(/\s+/g, " ")).toBe(long.replace(/\s+/g, " "));
  });
});
