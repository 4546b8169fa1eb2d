import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ALLOWED_UPDATES, parseUpdate } from "../../src/telegram/inbound.ts";
import type { Inbound, Message } from "../../src/telegram/message.ts";
import { addressed } from "../../src/telegram/post.ts";

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./fixtures/updates/${name}.json`, import.meta.url), "utf8"));
}

function read(body: unknown): Inbound {
  const parsed = parseUpdate(body);
  if (parsed.kind !== "inbound") throw new Error(`expected an inbound, got ${JSON.stringify(parsed)}`);
  return parsed.inbound;
}

const ADA = { id: 77, is_bot: false, first_name: "Ada", last_name: "Lovelace" };
const PRIVATE = { id: 77, type: "private", first_name: "Ada" };
const SUPERGROUP = { id: -100, type: "supergroup", title: "Engines" };

function messageOf(fields: Record<string, unknown>): Message {
  const inbound = read({
    update_id: 1,
    message: { message_id: 5, date: 1_790_000_000, chat: PRIVATE, from: ADA, ...fields },
  });
  if (inbound.kind !== "message") throw new Error(`expected a message, got ${inbound.kind}`);
  return inbound.message;
}

describe("an update becomes an inbound", () => {
  it("reads a private text", () => {
    expect(read(fixture("private-text"))).toEqual({
      kind: "message",
      update: 1,
      place: { chatId: 77, chatType: "private" },
      from: { id: 77, name: "Ada Lovelace", username: "ada", language: "de" },
      message: { messageId: 5, writtenAt: 1_790_000_000_000, text: "hello", textChars: 5, attachments: [], notes: [] },
    });
  });

  it("reads an edit as an edit", () => {
    expect(read(fixture("edited"))).toMatchObject({ kind: "edit", update: 14, message: { text: "hello there" } });
  });

  it("reads a reply in a topic to one of our rich answers, with the words quoted from it", () => {
    const inbound = read(fixture("forum-topic-reply"));
    expect(inbound).toMatchObject({
      place: { chatId: -100123, chatType: "supergroup", threadId: 12, title: "Engines" },
      message: {
        reply: {
          messageId: 40,
          from: "Keeper",
          fromId: 999,
          text: "## Turns\n\nA **turn** is kept.\n\n1. first\n\n| a | b |",
          quote: "turn is kept",
        },
      },
    });
  });

  it("takes the message that opened a topic for no reply", () => {
    const inbound = read(fixture("forum-topic-text"));
    expect(inbound).toMatchObject({ place: { threadId: 12 }, message: { command: { name: "status", words: "" } } });
    expect(inbound.kind === "message" && inbound.message.reply).toBeUndefined();
  });

  it("takes a reply thread for no topic, and a reply to its first message for a reply", () => {
    const inbound = read(fixture("group-reply-thread"));
    expect(inbound.place).toEqual({ chatId: -100124, chatType: "supergroup", title: "No forum" });
    expect(inbound).toMatchObject({ message: { reply: { messageId: 40, text: "root" } } });
  });

  it("reads topics of private chats", () => {
    const body = {
      message_id: 5,
      date: 1,
      chat: PRIVATE,
      from: ADA,
      text: "x",
      message_thread_id: 9,
      is_topic_message: true,
    };
    expect(read({ update_id: 1, message: body }).place).toEqual({ chatId: 77, chatType: "private", threadId: 9 });
  });

  it("takes the largest size of a photo, the album, and a command in the caption", () => {
    const inbound = read(fixture("album-item"));
    expect(inbound).toMatchObject({
      message: {
        albumId: "13",
        command: { name: "cc", words: "what are these" },
        attachments: [{ kind: "photo", fileId: "l", uniqueId: "ul", bytes: 90_000 }],
      },
    });
  });

  it("names where a forwarded message comes from, and neither obeys nor is called by it", () => {
    const inbound = read(fixture("forward"));
    if (inbound.kind !== "message") throw new Error("not a message");
    expect(inbound.message.forwardedFrom).toBe("News (Bob)");
    expect(inbound.message.command).toBeUndefined();
    expect(inbound.message.mentions).toBeUndefined();
  });

  it("takes an anonymous administrator for the group, not for the bot that stands in", () => {
    const inbound = read(fixture("anonymous-admin"));
    expect(inbound).toMatchObject({
      from: { id: -100123, name: "Engines (chief)" },
      message: { command: { name: "stop", bot: "keeper_bot", words: "now" } },
    });
    expect(inbound.kind !== "migrated" && inbound.from.isBot).toBeUndefined();
  });

  it("reads a press, with the topic in which its button stands", () => {
    expect(read(fixture("press"))).toMatchObject({
      kind: "press",
      place: { chatId: -100123, threadId: 12 },
      from: { id: 77 },
      queryId: "4382",
      data: "stop:r1",
      messageId: 70,
    });
  });

  it("reads the stop of a draft as the stop of the person whose private chat it is", () => {
    expect(read(fixture("draft-stopped"))).toEqual({
      kind: "draft_stopped",
      update: 9,
      place: { chatId: 77, chatType: "private", threadId: 31 },
      from: { id: 77, name: "Ada Lovelace" },
      draftId: 4711,
    });
  });

  it.each([
    ["member", {}, true],
    ["administrator", {}, true],
    ["creator", {}, true],
    ["restricted", { is_member: true, can_send_messages: true }, true],
    ["restricted", { is_member: true, can_send_messages: false }, false],
    ["restricted", { is_member: false }, false],
    ["left", {}, false],
    ["kicked", {}, false],
  ])("reads the membership %s %j as %s", (status, rights, member) => {
    const body = { chat: SUPERGROUP, from: ADA, date: 1, new_chat_member: { status, ...rights } };
    expect(read({ update_id: 1, my_chat_member: body })).toMatchObject({ kind: "membership", member });
  });

  it("reads a block", () => {
    expect(read(fixture("blocked"))).toMatchObject({ kind: "membership", member: false, from: { id: 77 } });
  });

  it("reads both ends of a migration as the old chat that moves", () => {
    const moved = { kind: "migrated", place: { chatId: -55, chatType: "group" }, toChatId: -100_555 };
    expect(read(fixture("migrate-to"))).toMatchObject(moved);
    expect(read(fixture("migrate-from"))).toMatchObject(moved);
  });

  it("reads no migration from or to a chat without an id: there is no such session (fuzz seed 20261122, case 49068)", () => {
    const chat = { id: -100_555, type: "supergroup", title: "Engines" };
    const message = { message_id: 1, date: 1_790_000_000, chat, from: { id: 77, is_bot: false, first_name: "Ada" } };
    for (const name of ["migrate_from_chat_id", "migrate_to_chat_id"]) {
      expect(parseUpdate({ update_id: 12, message: { ...message, [name]: 0 } }, 0).kind).toBe("ignored");
    }
  });

  it("allows exactly the kinds that it reads", () => {
    expect(ALLOWED_UPDATES).toEqual([
      "message",
      "edited_message",
      "callback_query",
      "my_chat_member",
      "stopped_message_generation",
    ]);
    for (const kind of ALLOWED_UPDATES) {
      expect(parseUpdate({ update_id: 1, [kind]: {} })).toMatchObject({ kind: "ignored", reason: `unusable_${kind}` });
    }
  });

  it("omits the General topic when sending, and no other", () => {
    expect(addressed({ chatId: -100, threadId: 1 })).toEqual({ chat_id: -100 });
    expect(addressed({ chatId: -100, threadId: 2 })).toEqual({ chat_id: -100, message_thread_id: 2 });
    expect(addressed({ chatId: -100 })).toEqual({ chat_id: -100 });
    expect(addressed({ chatId: 77, threadId: 1 })).toEqual({ chat_id: 77, message_thread_id: 1 });
  });
});

describe("what a message carries", () => {
  const file = { file_id: "f", file_unique_id: "u", file_size: 2048, mime_type: "audio/ogg", duration: 3 };

  it("reads a document with its type in lower case", () => {
    const inbound = read(fixture("document"));
    expect(inbound).toMatchObject({
      message: {
        text: "",
        attachments: [{ kind: "document", name: "report.pdf", mime: "application/pdf", bytes: 1_258_291 }],
      },
    });
  });

  it.each(["voice", "audio", "video", "video_note"])("reads %s", (kind) => {
    expect(messageOf({ [kind]: file }).attachments).toEqual([
      { kind, fileId: "f", uniqueId: "u", bytes: 2048, mime: "audio/ogg", seconds: 3 },
    ]);
  });

  it("leaves the document out that comes with an animation", () => {
    expect(messageOf({ animation: file, document: file }).attachments.map(({ kind }) => kind)).toEqual(["animation"]);
  });

  it("takes a still sticker as an image, a moving one as its emoji", () => {
    expect(messageOf({ sticker: { file_id: "f", file_unique_id: "u", emoji: "😀" } })).toMatchObject({
      attachments: [{ kind: "sticker", emoji: "😀", mime: "image/webp" }],
      notes: [],
    });
    expect(messageOf({ sticker: { file_id: "f", emoji: "😀", is_video: true } })).toMatchObject({
      attachments: [],
      notes: ["Sticker: 😀 (animated)"],
    });
  });

  it.each([
    [{ location: { latitude: 52.5, longitude: 13.4, horizontal_accuracy: 20 } }, "Location: 52.5, 13.4, within 20 m"],
    [{ location: { latitude: 1, longitude: 2, live_period: 60 } }, "Live location: 1, 2"],
    [
      {
        venue: { location: { latitude: 1, longitude: 2 }, title: "Café", address: "Way 1" },
        location: { latitude: 1, longitude: 2 },
      },
      "Venue: Café, Way 1 (1, 2)",
    ],
    [{ contact: { phone_number: "+49", first_name: "Bob" } }, "Contact: Bob, +49"],
    [{ dice: { emoji: "🎲", value: 4 } }, "Dice: 🎲 shows 4"],
    [{ poll: { question: "Which?", options: [{ text: "a" }, { text: "b" }] } }, "Poll: Which? Options: a; b"],
    [
      { checklist: { title: "Do", tasks: [{ text: "a", completion_date: 1 }, { text: "b" }] } },
      "Checklist: Do: [x] a; [ ] b",
    ],
    [
      { story: { chat: { id: 1, type: "private", first_name: "Bob" }, id: 1 } },
      "A story of Bob, which bots cannot open",
    ],
    [{ game: { title: "Chess" } }, "A game: Chess"],
    [{ paid_media: {} }, "Paid media, which bots cannot open"],
  ])("puts %j into words", (fields, note) => {
    expect(messageOf(fields).notes).toEqual([note]);
  });

  it("names the file of a replied message, and cuts long words at 2,000 characters", () => {
    const replied = {
      message_id: 3,
      from: ADA,
      chat: PRIVATE,
      date: 1,
      caption: "a".repeat(5000),
      photo: [{ file_id: "p" }],
    };
    const { reply } = messageOf({ text: "x", reply_to_message: replied });
    expect(reply?.text).toHaveLength(2000);
    expect(reply?.text).toMatch(/^\[photo\] a+…$/);
  });

  it("keeps a quote from another chat", () => {
    const origin = { type: "hidden_user", sender_user_name: "Bob", date: 1 };
    expect(messageOf({ text: "x", external_reply: { origin }, quote: { text: "words", position: 0 } }).reply).toEqual({
      messageId: 0,
      from: "Bob",
      text: "",
      quote: "words",
    });
  });

  it("keeps a name on one line, so that nobody speaks for another", () => {
    const inbound = read({
      update_id: 1,
      message: { message_id: 5, date: 1, chat: PRIVATE, from: { id: 7, first_name: "Ada\nBob: yes" }, text: "x" },
    });
    expect(inbound).toMatchObject({ from: { name: "Ada Bob: yes" } });
  });

  it("counts the text as it was sent, before its formatting", () => {
    expect(messageOf({ text: "bold", entities: [{ type: "bold", offset: 0, length: 4 }] })).toMatchObject({
      text: "**bold**",
      textChars: 4,
    });
  });

  it("takes the time of arrival for a message without a date", () => {
    const parsed = parseUpdate({ update_id: 1, message: { message_id: 5, chat: PRIVATE, from: ADA, text: "x" } }, 1234);
    expect(parsed).toMatchObject({ kind: "inbound", inbound: { message: { writtenAt: 1234 } } });
  });
});
