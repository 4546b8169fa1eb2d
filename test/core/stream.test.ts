import { describe, expect, it } from "vitest";
import type { Courier } from "../../src/session/delivery.ts";
import { draftIdOf, type Growing, type GrowthMode, stopData } from "../../src/telegram/stream.ts";
import { Chat, wordsIn } from "./harness/chat.ts";

const RUN = "0123456789abcdef0123456789abcdef";
const answer = (markdown: string) => ({ kind: "answer", markdown }) as const;
const freeze = { kind: "freeze" } as const;
const stop = { inline_keyboard: [[{ text: "Stop", callback_data: "stop:0123456789abcdef01234567" }]] };

function begin(chat: Chat, courier: Courier, mode: GrowthMode = "edit"): Growing {
  const isPrivate = chat.place.chatType === "private";
  const place = { chatId: chat.place.chatId };
  return courier.growing(RUN, place, 5, { mode, private: isPrivate, stopLabel: "Stop" });
}

/** Tokens come evenly; each call of `show` carries the whole text so far. */
async function type(chat: Chat, growing: Growing, text: string, everyMs: number, chars = 5): Promise<void> {
  for (let end = chars; end < text.length + chars; end += chars) {
    growing.show(text.slice(0, end));
    await chat.pass(everyMs);
  }
}

const sentence = "The quick brown fox jumps over the lazy dog. ".repeat(10).trim();

describe("a growing answer", () => {
  it("that completes at once is sent once, whole, by the outbox", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier);
    await type(chat, growing, sentence, 1, 50);
    chat.put(courier, answer(sentence), { run: RUN, replyTo: 5 });
    await chat.drain(courier);
    await chat.pass(60_000);
    expect(chat.methods()).toEqual(["sendRichMessage"]);
    expect(chat.said()).toEqual([sentence]);
  });

  it("shows typing every four seconds until its first text, and not after", async () => {
    const chat = new Chat();
    const growing = begin(chat, chat.courier());
    await chat.pass(9_000);
    expect(chat.typed.map((at) => at - 1_000_000)).toEqual([200, 4_200, 8_200]);
    growing.show(sentence);
    await chat.pass(20_000);
    expect(chat.typed).toHaveLength(3);
  });

  it("shows no typing where the answer is there before anybody would have looked", async () => {
    const chat = new Chat();
    const growing = begin(chat, chat.courier());
    await chat.pass(150);
    growing.close();
    await chat.pass(20_000);
    expect(chat.typed).toEqual([]);
  });

  it("whose storage fails in the middle grows no more, and holds up nothing that is said after it", async () => {
    for (const breaks of [/^INSERT INTO growing/, /growing.*sending = excluded/s]) {
      const chat = new Chat();
      const courier = chat.courier();
      const growing = begin(chat, courier);
      chat.breaks = breaks;
      growing.show(sentence.slice(0, 100));
      await chat.pass(5_000);
      expect(chat.breaks).toBeUndefined();
      chat.put(courier, answer(sentence), { run: RUN, replyTo: 5 });
      await chat.drain(courier);
      expect(chat.said().at(-1)).toContain(sentence);
      expect(courier.pending().count).toBe(0);
    }
  });

  it("begins below the answers before it, however long they take to be delivered", async () => {
    const chat = new Chat();
    chat.latencyMs = 100;
    const courier = chat.courier();
    const before = ["one", "two", "three", "four", "five", "six", "seven"];
    for (const words of before) chat.put(courier, answer(words), { run: words });
    const growing = begin(chat, courier);
    void courier.deliver();
    growing.show(sentence);
    await chat.pass(20_000);
    expect(chat.said()).toEqual([...before, sentence]);
    expect([...chat.buttons.values()].at(-1)).toEqual(stop);
  });

  it("only types where streaming is off", async () => {
    const chat = new Chat();
    const growing = begin(chat, chat.courier(), "off");
    growing.show(sentence);
    growing.tool("searching");
    await chat.pass(10_000);
    expect(chat.calls).toEqual([]);
    expect(chat.typed).toHaveLength(3);
    growing.close();
    await chat.pass(10_000);
    expect(chat.typed).toHaveLength(3);
  });

  it("is edited 1.1 s after the end of the edit before in a private chat, 3.1 s in a group", async () => {
    for (const [chatType, gapMs] of [
      ["private", 1_100],
      ["supergroup", 3_100],
    ] as const) {
      const chat = new Chat(chatType);
      chat.latencyMs = 200;
      const growing = begin(chat, chat.courier());
      await type(chat, growing, sentence, 100);
      const edits = chat.calls.filter(({ method }) => method === "editMessageText").map(({ at }) => at);
      expect(edits.length).toBeGreaterThan(1);
      const gaps = edits.slice(1).map((at, index) => at - (edits[index] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(gapMs + 200);
    }
  });

  it("carries a Stop button until the answer stands, and is then exactly the answer", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier);
    await type(chat, growing, sentence, 100);
    expect([...chat.buttons.values()]).toEqual([stop]);
    chat.put(courier, answer(sentence), { run: RUN, replyTo: 5 });
    await chat.drain(courier);
    expect(chat.said()).toEqual([sentence]);
    expect([...chat.buttons.values()]).toEqual([undefined]);
    expect(new TextEncoder().encode(stopData("ü".repeat(40))).length).toBeLessThanOrEqual(64);
  });

  it("costs four rows when it was streamed in one message: one to note the send before it, so that a crash in it leaves a mark", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const before = chat.storage.rowsWritten;
    const growing = begin(chat, courier);
    await type(chat, growing, sentence, 100);
    chat.put(courier, answer(sentence), { run: RUN });
    await chat.drain(courier);
    expect(chat.storage.rowsWritten - before).toBe(4);
  });

  it("makes no call while its text stands still", async () => {
    const chat = new Chat();
    const growing = begin(chat, chat.courier());
    growing.show(sentence);
    await chat.pass(5_000);
    growing.show(`${sentence} `);
    growing.show(sentence);
    await chat.pass(60_000);
    expect(chat.calls).toHaveLength(1);
  });

  it("says what a tool does under the text, and no longer when the text goes on", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier);
    growing.show("Let me look that up.");
    await chat.pass(2_000);
    growing.tool("🔎 searching [x]");
    await chat.pass(2_000);
    expect(chat.said()).toEqual(["Let me look that up.\n\n_🔎 searching \\[x\\]_"]);
    growing.show("Let me look that up. Found it.");
    await chat.pass(2_000);
    expect(chat.said()).toEqual(["Let me look that up. Found it."]);
  });

  it("keeps quiet for the whole of a flood wait, and the final words come as soon as it is over", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier);
    await type(chat, growing, sentence.slice(0, 100), 100);
    chat.refuse("editMessageText", { kind: "flood", retryAfterMs: 30_000 });
    const floods = () => chat.calls.length;
    await type(chat, growing, sentence, 100);
    const during = floods();
    const floodAt = chat.calls.at(-1)?.at ?? 0;
    expect(chat.calls.filter(({ at }) => at > floodAt)).toEqual([]);
    chat.put(courier, answer(sentence), { run: RUN });
    await chat.drain(courier);
    expect(floods()).toBe(during + 1);
    expect(chat.calls.at(-1)?.at).toBe(floodAt + 30_000);
    expect(chat.said()).toEqual([sentence]);
  });

  it("continues in a new message, and no part of the final answer is doubled", async () => {
    const chat = new Chat();
    const courier = chat.courier("entities");
    const growing = begin(chat, courier);
    const long = Array.from({ length: 25 }, (_, index) => `P${index} ${"word ".repeat(80)}`.trim()).join("\n\n");
    await type(chat, growing, long, 200, 100);
    expect(chat.said().length).toBeGreaterThan(1);
    const buttons = [...chat.buttons.values()];
    expect(buttons.filter((one) => one !== undefined)).toHaveLength(1);
    expect(buttons.at(-1)).toEqual(stop);
    const before = chat.calls.length;
    chat.put(courier, answer(long), { run: RUN });
    await chat.drain(courier);
    const closing = chat.calls.slice(before);
    expect(closing.length).toBeLessThan(3);
    expect(chat.said().join("\n\n").replace(/\s+/g, " ")).toBe(long.replace(/\s+/g, " "));
    expect([...chat.buttons.values()].filter((one) => one !== undefined)).toEqual([]);
  });

  it("takes away a streamed message that the final answer does not need", async () => {
    const chat = new Chat();
    const courier = chat.courier("entities");
    const growing = begin(chat, courier);
    await type(chat, growing, "word ".repeat(1_200), 800, 400);
    expect(chat.said()).toHaveLength(2);
    chat.put(courier, answer("Short after all."), { run: RUN });
    await chat.drain(courier);
    expect(chat.said()).toEqual(["Short after all."]);
  });

  it("is sent anew when the person deleted the streamed message", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier);
    await type(chat, growing, sentence.slice(0, 100), 100);
    chat.messages.clear();
    await type(chat, growing, sentence, 100);
    chat.put(courier, answer(sentence), { run: RUN });
    await chat.drain(courier);
    expect(chat.said()).toEqual([sentence]);
  });

  it("that Telegram will not edit in any form is not overwritten with an apology but sent anew, marked", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier);
    await type(chat, growing, sentence.slice(0, 100), 100);
    const streamed = chat.said();
    const refused = { kind: "refused", code: 400 } as const;
    chat.refuse("editMessageText", refused, refused);
    chat.put(courier, answer(sentence), { run: RUN });
    await chat.drain(courier);
    expect(chat.said()).toEqual([...streamed, `MARK\n\n${sentence}`]);
  });

  it("stops showing and does not double anything when an answer to its first message is lost", async () => {
    const chat = new Chat();
    const growing = begin(chat, chat.courier());
    chat.loseAnswer("sendRichMessage");
    await type(chat, growing, sentence, 200);
    expect(chat.methods()).toEqual(["sendRichMessage"]);
  });

  it("goes on as text with entities where the server knows no rich messages", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    chat.refuse("sendRichMessage", { kind: "unsupported" });
    const growing = begin(chat, courier);
    await type(chat, growing, sentence, 200);
    chat.put(courier, answer(sentence), { run: RUN });
    await chat.drain(courier);
    expect(chat.methods().slice(0, 2)).toEqual(["sendRichMessage", "sendMessage"]);
    expect(
      chat
        .methods()
        .slice(2)
        .every((method) => method === "editMessageText"),
    ).toBe(true);
    expect(chat.said()).toEqual([sentence]);
  });
});

describe("a cut", () => {
  it("lets no edit follow, and a freeze takes the button and leaves the words", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier);
    await type(chat, growing, sentence.slice(0, 150), 100);
    const stood = chat.said();
    chat.put(courier, freeze, { run: RUN });
    growing.show(`${sentence} and more`);
    growing.tool("still at it");
    await chat.drain(courier);
    await chat.pass(60_000);
    expect(chat.said()).toEqual(stood);
    expect(chat.methods().at(-1)).toBe("editMessageReplyMarkup");
    expect([...chat.buttons.values()]).toEqual([undefined]);
  });

  it("takes a tool's line away with the button", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier);
    growing.show("Let me look that up.");
    growing.tool("searching");
    await chat.pass(5_000);
    chat.put(courier, freeze, { run: RUN });
    await chat.drain(courier);
    expect(chat.said()).toEqual(["Let me look that up."]);
    expect([...chat.buttons.values()]).toEqual([undefined]);
  });

  it("takes away a message that says nothing but what a tool does", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier);
    growing.tool("reading example.com");
    await chat.pass(3_000);
    expect(chat.said()).toEqual(["_reading example.com_"]);
    chat.put(courier, freeze, { run: RUN });
    await chat.drain(courier);
    expect(chat.methods()).toEqual(["sendRichMessage", "deleteMessage"]);
  });

  it("during the first message in flight waits for it, and leaves one message without a button", async () => {
    const chat = new Chat();
    chat.latencyMs = 2_000;
    const courier = chat.courier();
    const growing = begin(chat, courier);
    growing.show(sentence);
    await chat.pass(500);
    expect(chat.said()).toEqual([]);
    chat.put(courier, freeze, { run: RUN });
    chat.put(courier, { kind: "notice", text: "Stopped." });
    await chat.drain(courier);
    expect(chat.said()).toEqual([sentence, "Stopped."]);
    expect([...chat.buttons.values()]).toEqual([undefined, undefined]);
  });

  it("before anything was shown needs no call and no row", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier);
    growing.show(sentence);
    const before = chat.storage.rowsWritten;
    expect(chat.put(courier, freeze, { run: RUN })).toBe(0);
    await chat.pass(10_000);
    expect(chat.storage.rowsWritten).toBe(before);
    expect(chat.calls).toEqual([]);
  });

  it("by the next run's beginning silences a stream that nobody closed", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const stale = begin(chat, courier);
    courier.growing("next", { chatId: 7 }, 6, { mode: "edit", private: true, stopLabel: "Stop" });
    stale.show(sentence);
    await chat.pass(10_000);
    expect(chat.calls).toEqual([]);
  });
});

describe("a draft", () => {
  it("grows in Telegram's own way and ends as one real message", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier, "draft");
    await type(chat, growing, sentence, 100);
    expect(new Set(chat.methods())).toEqual(new Set(["sendRichMessageDraft"]));
    expect(chat.calls[0]?.payload).toMatchObject({ chat_id: 7, draft_id: draftIdOf(RUN), can_stop: true });
    const before = chat.storage.rowsWritten;
    chat.put(courier, answer(sentence), { run: RUN, replyTo: 5 });
    await chat.drain(courier);
    expect(chat.methods().at(-1)).toBe("sendRichMessage");
    expect(chat.said()).toEqual([sentence]);
    expect(chat.storage.rowsWritten - before).toBeLessThanOrEqual(3);
  });

  it("is refreshed before Telegram lets it vanish", async () => {
    const chat = new Chat();
    const growing = begin(chat, chat.courier(), "draft");
    growing.show(sentence);
    await chat.pass(60_000);
    const at = chat.calls.map((call) => call.at);
    expect(at.length).toBeGreaterThan(3);
    for (const [index, time] of at.slice(1).entries()) expect(time - (at[index] ?? 0)).toBeLessThanOrEqual(20_000);
  });

  it("falls back to a message that is edited, where it is refused or the chat is a group", async () => {
    const chat = new Chat();
    chat.refuse("sendRichMessageDraft", { kind: "refused", code: 400 });
    await type(chat, begin(chat, chat.courier(), "draft"), sentence, 100);
    expect(chat.methods().slice(0, 3)).toEqual(["sendRichMessageDraft", "sendRichMessage", "editMessageText"]);
    const group = new Chat("supergroup");
    await type(group, begin(group, group.courier(), "draft"), sentence, 100);
    expect(group.methods()[0]).toBe("sendRichMessage");
  });

  it("that is stopped leaves its words as a message", async () => {
    const chat = new Chat();
    const courier = chat.courier();
    const growing = begin(chat, courier, "draft");
    growing.show("So far, so good.");
    await chat.pass(3_000);
    chat.put(courier, freeze, { run: RUN });
    await chat.drain(courier);
    expect(chat.said()).toEqual(["So far, so good."]);
    expect(wordsIn(chat.calls.at(-1)?.payload ?? {})).toBe("So far, so good.");
  });

  it("has an id that is never zero", () => {
    for (let index = 0; index < 1_000; index += 1) expect(draftIdOf(`run ${index}`)).toBeGreaterThan(0);
  });
});
