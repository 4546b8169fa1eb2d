import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseUpdate } from "../../src/telegram/inbound.ts";

const chat = { id: 77, type: "private", first_name: "Ada" };
const from = { id: 77, is_bot: false, first_name: "Ada" };
const message = { message_id: 5, date: 1_790_000_000, chat, from, text: "hello" };
const without = (key: keyof typeof message) =>
  Object.fromEntries(Object.entries(message).filter(([name]) => name !== key));

function deep(levels: number): unknown {
  let value: unknown = "bottom";
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { text: value, blocks: value };
  return value;
}

describe("what is no update is answered as such", () => {
  it.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["an empty array", []],
    ["an array of updates", [{ update_id: 1 }]],
    ["an empty object", {}],
    ["a string", "update"],
    ["a JSON string of an update", JSON.stringify({ update_id: 1, message })],
    ["a number", 42],
    ["true", true],
    ["a message without an envelope", message],
    ["update_id as a string", { update_id: "1", message }],
    ["update_id with a fraction", { update_id: 1.5, message }],
    ["update_id null", { update_id: null, message }],
    ["a negative update_id", { update_id: -1, message }],
    ["update_id 1e300", { update_id: 1e300, message }],
    ["update_id beyond what is exact", { update_id: Number.MAX_SAFE_INTEGER + 2, message }],
    ["update_id in the prototype only", JSON.parse('{"__proto__":{"update_id":1}}')],
    ["a constructor", { constructor: { prototype: { update_id: 1 } } }],
  ])("%s is invalid", (_what, body) => {
    expect(parseUpdate(body)).toEqual({ kind: "invalid", expected: "an object with an integer update_id" });
  });
});

describe("an update that cannot be used is ignored, with a reason", () => {
  const replaced = (fields: Record<string, unknown>) => ({ ...message, ...fields });
  it.each<[string, Record<string, unknown>, string]>([
    ["nothing but its number", {}, "unknown_kind"],
    ["a kind still to come", { hologram: {} }, "unknown_kind"],
    ["a kind called toString", { toString: {} }, "unknown_kind"],
    ["message null", { message: null }, "unusable_message"],
    ["message a string", { message: "hello" }, "unusable_message"],
    ["message an array", { message: [message] }, "unusable_message"],
    ["message {}", { message: {} }, "unusable_message"],
    ["no chat", { message: without("chat") }, "unusable_message"],
    ["chat null", { message: replaced({ chat: null }) }, "unusable_message"],
    ["chat without an id", { message: replaced({ chat: { type: "private" } }) }, "unusable_message"],
    ["chat id 0", { message: replaced({ chat: { ...chat, id: 0 } }) }, "unusable_message"],
    ["chat id 1e99", { message: replaced({ chat: { ...chat, id: 1e99 } }) }, "unusable_message"],
    ["chat id a string", { message: replaced({ chat: { ...chat, id: "77" } }) }, "unusable_message"],
    ["chat of an unknown type", { message: replaced({ chat: { ...chat, type: "cave" } }) }, "unusable_message"],
    ["no message_id", { message: without("message_id") }, "unusable_message"],
    ["message_id -3", { message: replaced({ message_id: -3 }) }, "unusable_message"],
    ["message_id 0", { message: replaced({ message_id: 0 }) }, "unusable_message"],
    ["text a number", { message: replaced({ text: 42 }) }, "unusable_message"],
    ["text an object", { message: replaced({ text: { $ne: "" } }) }, "unusable_message"],
    ["no sender", { message: without("from") }, "no_sender"],
    ["a sender without an id", { message: replaced({ from: { first_name: "Ada" } }) }, "unusable_message"],
    ["a sender with a negative id", { message: replaced({ from: { ...from, id: -7 } }) }, "unusable_message"],
    ["no content", { message: without("text") }, "empty_message"],
    ["an empty text", { message: replaced({ text: "" }) }, "empty_message"],
    ["a photo of no size", { message: { ...without("text"), photo: [] } }, "empty_message"],
    ["a photo of rubbish", { message: { ...without("text"), photo: [1, null, {}] } }, "empty_message"],
    [
      "a place off the earth",
      { message: { ...without("text"), location: { latitude: 1e9, longitude: 0 } } },
      "empty_message",
    ],
    ["a topic created", { message: { ...without("text"), forum_topic_created: {} } }, "service_forum_topic_created"],
    ["a topic closed", { message: { ...without("text"), forum_topic_closed: {} } }, "service_forum_topic_closed"],
    ["a topic edited", { message: { ...without("text"), forum_topic_edited: {} } }, "service_forum_topic_edited"],
    ["new members", { message: { ...without("text"), new_chat_members: [from] } }, "service_new_chat_members"],
    ["a pinned message", { message: { ...without("text"), pinned_message: message } }, "service_pinned_message"],
    ["a post forwarded by Telegram", { message: replaced({ is_automatic_forward: true }) }, "automatic_forward"],
    ["a business message", { message: replaced({ business_connection_id: "b" }) }, "business_message"],
    ["a message in a channel", { message: replaced({ chat: { id: -1, type: "channel" } }) }, "channel_post"],
    ["an ephemeral message", { message: replaced({ message_id: 0, ephemeral_message_id: 4 }) }, "ephemeral_message"],
    ["an edit without a chat", { edited_message: without("chat") }, "unusable_edited_message"],
    ["a channel post", { channel_post: { ...message, from: undefined } }, "channel_post"],
    ["a reaction", { message_reaction: { chat, user: from, message_id: 5, new_reaction: [] } }, "message_reaction"],
    ["an inline query", { inline_query: {} }, "inline_query"],
    ["a press of rubbish", { callback_query: { id: 5 } }, "unusable_callback_query"],
    ["a press on nothing", { callback_query: { id: "5", from, data: "x" } }, "press_without_message"],
    ["a press without data", { callback_query: { id: "5", from, message } }, "press_without_data"],
    [
      "a press with endless data",
      { callback_query: { id: "5", from, message, data: "x".repeat(999) } },
      "press_without_data",
    ],
    ["a membership of nobody", { my_chat_member: { chat, from } }, "unusable_my_chat_member"],
    [
      "an unknown status",
      { my_chat_member: { chat, from, new_chat_member: { status: "ghost" } } },
      "unusable_my_chat_member",
    ],
    ["a stopped draft 0", { stopped_message_generation: { chat, draft_id: 0 } }, "unusable_stopped_message_generation"],
    [
      "a stopped draft in a group",
      { stopped_message_generation: { chat: { id: -5, type: "group" }, draft_id: 4 } },
      "unusable_stopped_message_generation",
    ],
  ])("%s", (_what, fields, reason) => {
    expect(parseUpdate({ update_id: 9, ...fields })).toMatchObject({ kind: "ignored", update: 9, reason });
  });
});

describe("a message somebody wrote survives what is broken around it", () => {
  it.each<[string, Record<string, unknown>]>([
    ["entities of rubbish", { entities: "all of them" }],
    ["entities with absurd offsets", { entities: [{ type: "bold", offset: -1, length: 1e12 }, null, 7] }],
    ["a date of the year 300,000", { date: 1e13 }],
    ["a date that is a string", { date: "today" }],
    ["a reply to rubbish", { reply_to_message: { message_id: "x" } }],
    ["a reply of any depth", { reply_to_message: deep(2000) }],
    ["a rich message of any depth", { rich_message: { blocks: [deep(2000)] } }],
    ["a photo that is a string", { photo: "cat.jpg" }],
    ["a name that is a number", { from: { ...from, first_name: 7 } }],
    ["prototype-ish keys", JSON.parse('{"__proto__":{"text":"other"},"constructor":{"name":"x"}}')],
    ["an origin of an unknown kind", { via_bot: 5, sender_boost_count: "many" }],
  ])("%s", (_what, fields) => {
    const parsed = parseUpdate({ update_id: 9, message: { ...message, ...fields } });
    expect(parsed).toMatchObject({ kind: "inbound", inbound: { kind: "message", message: { text: "hello" } } });
    expect(({} as Record<string, unknown>).text).toBeUndefined();
  });

  it("replaces half a character and NUL, which no storage would keep", () => {
    const parsed = parseUpdate({ update_id: 9, message: { ...message, text: "a\uD83D\u0000b" } });
    expect(parsed).toMatchObject({ inbound: { message: { text: "a\uFFFD\uFFFDb", textChars: 4 } } });
  });

  it("reads a rich message that is all there is, bounded in depth and length", () => {
    const blocks = [
      { type: "paragraph", text: ["hi ", { type: "mention", text: "@k_bot", username: "k_bot" }] },
      deep(2000),
    ];
    const parsed = parseUpdate({ update_id: 9, message: { ...without("text"), rich_message: { blocks } } });
    expect(parsed).toMatchObject({
      inbound: { message: { text: expect.stringMatching(/^hi @k_bot/), mentions: [{ username: "k_bot" }] } },
    });
  });
});

describe("whatever comes", () => {
  const kinds = fc.constantFrom(
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "stopped_message_generation",
  );
  const fields = fc.constantFrom(
    ...["chat", "from", "text", "entities", "photo", "reply_to_message", "rich_message", "poll", "message_id", "quote"],
    ...[
      "sender_chat",
      "forward_origin",
      "checklist",
      "date",
      "message",
      "data",
      "new_chat_member",
      "draft_id",
      "sticker",
    ],
  );

  it("is never an exception, and a reason is a word of ours", () => {
    const body = fc.oneof(
      fc.anything(),
      fc.record({ update_id: fc.nat(), message: fc.anything() }),
      fc.tuple(kinds, fc.array(fc.tuple(fields, fc.anything()), { maxLength: 4 })).map(([kind, broken]) => ({
        update_id: 3,
        [kind]: { ...message, ...Object.fromEntries(broken) },
      })),
    );
    fc.assert(
      fc.property(body, (value) => {
        const parsed = parseUpdate(value);
        if (parsed.kind === "ignored") expect(parsed.reason).toMatch(/^[a-z_]{3,48}$/);
        else if (parsed.kind === "inbound") expect(() => structuredClone(parsed.inbound)).not.toThrow();
      }),
      { seed: 28686, numRuns: 3000 },
    );
  });
});
