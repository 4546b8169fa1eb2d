import { describe, expect, it } from "vitest";
import { admit, botId, type GateSettings, needsPairing, withoutOurMention } from "../../src/telegram/gate.ts";
import { parseUpdate } from "../../src/telegram/inbound.ts";
import type { Inbound } from "../../src/telegram/message.ts";

const bot = { id: 999, username: "Keeper_Bot" };
const settings: GateSettings = { allowedUsers: [1], owners: [2], allowedBots: [50] };
const ADA = { id: 1, first_name: "Ada" };
const OWNER = { id: 2, first_name: "Olga" };
const STRANGER = { id: 3, first_name: "Mallory" };
const KEEPER = { id: 999, is_bot: true, first_name: "Keeper" };

type User = typeof ADA & { is_bot?: boolean };

function inbound(update: Record<string, unknown>): Inbound {
  const parsed = parseUpdate({ update_id: 1, ...update });
  if (parsed.kind !== "inbound") throw new Error(JSON.stringify(parsed));
  return parsed.inbound;
}

function inPrivate(from: User, fields: Record<string, unknown> = { text: "hello" }): Inbound {
  return inbound({ message: { message_id: 5, date: 1, chat: { id: from.id, type: "private" }, from, ...fields } });
}

function inGroup(from: User, text: string, fields: Record<string, unknown> = {}): Inbound {
  const chat = { id: -100, type: "supergroup", title: "Engines" };
  return inbound({ message: { message_id: 5, date: 1, chat, from, text, ...fields } });
}

function press(from: User): Inbound {
  const message = { message_id: 5, chat: { id: -100, type: "supergroup", title: "Engines" } };
  return inbound({ callback_query: { id: "4", from, data: "stop", message } });
}

const replyToUs = { reply_to_message: { message_id: 4, from: KEEPER, text: "x" } };

describe("who may", () => {
  it("is nobody by default", () => {
    const nobody: GateSettings = { allowedUsers: [], owners: [], allowedBots: [] };
    expect(admit(inPrivate(ADA), nobody, bot, false)).toMatchObject({ ok: false, reason: "not_allowed" });
  });

  it("is who is allowed, who is an owner, who is paired, and everybody under *", () => {
    expect(admit(inPrivate(ADA), settings, bot, false)).toEqual({ ok: true, owner: false, bot: false });
    expect(admit(inPrivate(OWNER), settings, bot, false)).toEqual({ ok: true, owner: true, bot: false });
    expect(admit(inPrivate(STRANGER), settings, bot, true)).toEqual({ ok: true, owner: false, bot: false });
    expect(admit(inPrivate(STRANGER), { ...settings, allowedUsers: "*" }, bot, false).ok).toBe(true);
  });

  it("tells a stranger in private, and is silent in a group", () => {
    const refused = { ok: false, event: "update.refused", reason: "not_allowed" };
    expect(admit(inPrivate(STRANGER), settings, bot, false)).toEqual({ ...refused, tell: "refused_stranger" });
    expect(admit(inGroup(STRANGER, "@keeper_bot hi"), settings, bot, false)).toEqual(refused);
  });

  it("lets a stranger's /pair through to pairing, in private only", () => {
    expect(admit(inPrivate(STRANGER, { text: "/pair" }), settings, bot, false)).toMatchObject({
      ok: false,
      pairing: true,
    });
    expect(admit(inGroup(STRANGER, "/pair"), settings, bot, false)).not.toHaveProperty("pairing");
  });

  it("refuses a stranger by every way in", () => {
    const chat = { id: 3, type: "private", first_name: "Mallory" };
    const ways = [
      inPrivate(STRANGER),
      inGroup(STRANGER, "/stop"),
      inbound({ edited_message: { message_id: 5, date: 1, chat, from: STRANGER, text: "x" } }),
      press(STRANGER),
      inbound({ stopped_message_generation: { chat, draft_id: 4 } }),
      inbound({ my_chat_member: { chat, from: STRANGER, new_chat_member: { status: "kicked" } } }),
      inbound({ my_chat_member: { chat, from: STRANGER, new_chat_member: { status: "member" } } }),
    ];
    for (const way of ways) {
      expect(admit(way, settings, bot, false)).toMatchObject({
        ok: false,
        event: "update.refused",
        reason: "not_allowed",
      });
    }
  });

  it("learns that it was thrown out of a group, whoever did it; a stranger cannot bring it in", () => {
    const chat = { id: -100, type: "group", title: "Engines" };
    const change = (status: string) =>
      inbound({ my_chat_member: { chat, from: STRANGER, new_chat_member: { status } } });
    expect(admit(change("kicked"), settings, bot, false)).toEqual({ ok: true, owner: false, bot: false });
    expect(admit(change("member"), settings, bot, false)).toMatchObject({ ok: false, reason: "not_allowed" });
  });

  it("follows a migration, which nobody asks for", () => {
    const chat = { id: -55, type: "group" };
    const moved = inbound({ message: { message_id: 5, date: 1, chat, from: STRANGER, migrate_to_chat_id: -100 } });
    expect(admit(moved, settings, bot, false).ok).toBe(true);
    expect(needsPairing(moved, settings)).toBe(false);
  });

  it("takes other bots by name only, and never itself", () => {
    const other = { id: 60, first_name: "Bot", is_bot: true };
    const known = { id: 50, first_name: "Bot", is_bot: true };
    const everybody: GateSettings = { ...settings, allowedUsers: "*" };
    expect(admit(inGroup(other, "@keeper_bot hi"), everybody, bot, true)).toMatchObject({ reason: "bot_not_allowed" });
    expect(admit(inGroup(known, "@keeper_bot hi"), settings, bot, false)).toEqual({
      ok: true,
      owner: false,
      bot: true,
    });
    expect(admit(inGroup(known, "hi"), settings, bot, false)).toMatchObject({ reason: "not_for_us" });
    expect(admit(inGroup(KEEPER, "@keeper_bot hi"), { ...everybody, allowedBots: [999] }, bot, true)).toMatchObject({
      ok: false,
      event: "update.ignored",
      reason: "own_message",
    });
  });

  it("takes an anonymous administrator only where everybody may", () => {
    const chat = { id: -100, type: "supergroup", title: "Engines" };
    const anonymous = inGroup({ id: 1087968824, first_name: "Group", is_bot: true }, "/stop", { sender_chat: chat });
    expect(admit(anonymous, settings, bot, false)).toMatchObject({ ok: false, reason: "not_allowed" });
    expect(admit(anonymous, { ...settings, allowedUsers: "*" }, bot, false)).toMatchObject({ ok: true, bot: false });
  });

  it("asks the Directory only where pairing decides", () => {
    expect(needsPairing(inPrivate(STRANGER), settings)).toBe(true);
    expect(needsPairing(inPrivate(ADA), settings)).toBe(false);
    expect(needsPairing(inPrivate(OWNER), settings)).toBe(false);
    expect(needsPairing(inPrivate(STRANGER), { ...settings, allowedUsers: "*" }), "everybody may").toBe(false);
  });
});

describe("what is for us in a group", () => {
  it.each<[string, Record<string, unknown>]>([
    ["@keeper_bot hello", {}],
    ["hello @KEEPER_BOT!", { entities: [{ type: "mention", offset: 6, length: 11 }] }],
    ["Keeper hello", { entities: [{ type: "text_mention", offset: 0, length: 6, user: KEEPER }] }],
    ["and this?", replyToUs],
    ["/status", {}],
    ["/reset", {}],
    ["/cc go on", {}],
    ["/frobnicate@keeper_bot", {}],
    ["@keeper_bot ask @weather_bot", {}],
    ["/frobnicate", replyToUs],
    ["and @ada?", replyToUs],
  ])("%j %j is", (text, fields) => {
    expect(admit(inGroup(ADA, text, fields), settings, bot, false, ["cc"])).toMatchObject({ ok: true });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["hello everybody", {}, "not_for_us"],
    ["hello @keeper_bots", {}, "not_for_us"],
    ["mail a@keeper_bot", {}, "not_for_us"],
    ["and this?", { reply_to_message: { message_id: 4, from: OWNER, text: "x" } }, "not_for_us"],
    ["/frobnicate", {}, "not_for_us"],
    ["/a/b", {}, "not_for_us"],
    ["/new@other_bot", {}, "other_bot_command"],
    ["/new@other_bot", replyToUs, "other_bot_command"],
    ["@weather_bot and you?", replyToUs, "other_bot_mention"],
    ["@weather_bot hi", {}, "other_bot_mention"],
  ])("%j %j is not", (text, fields, reason) => {
    expect(admit(inGroup(ADA, text, fields), settings, bot, false, ["cc"])).toEqual({
      ok: false,
      event: "update.ignored",
      reason,
    });
  });

  it("is a further piece of what was, unless it calls another bot", () => {
    expect(admit(inGroup(ADA, "the rest of it"), settings, bot, false, [], true)).toMatchObject({ ok: true });
    expect(admit(inGroup(ADA, "@weather_bot hi"), settings, bot, false, [], true)).toMatchObject({
      reason: "other_bot_mention",
    });
  });

  it("is every press on our buttons", () => {
    expect(admit(press(ADA), settings, bot, false)).toMatchObject({ ok: true });
  });

  it("is no message that only opens a topic with us", () => {
    const opened = {
      message_thread_id: 12,
      is_topic_message: true,
      reply_to_message: { message_id: 12, from: KEEPER, forum_topic_created: { name: "x" } },
    };
    expect(admit(inGroup(ADA, "hello all", opened), settings, bot, false)).toMatchObject({ reason: "not_for_us" });
  });

  it("goes without our name until it is known: replies and bare commands", () => {
    const unnamed = { id: 999 };
    expect(admit(inGroup(ADA, "/stop"), settings, unnamed, false)).toMatchObject({ ok: true });
    expect(admit(inGroup(ADA, "x", replyToUs), settings, unnamed, false)).toMatchObject({ ok: true });
    expect(admit(inGroup(ADA, "/stop@keeper_bot"), settings, unnamed, false)).toMatchObject({
      reason: "other_bot_command",
    });
    expect(admit(inPrivate(ADA, { text: "/stop@keeper_bot" }), settings, unnamed, false)).toMatchObject({ ok: true });
  });

  it("is everything in private but another bot's command", () => {
    expect(admit(inPrivate(ADA), settings, bot, false).ok).toBe(true);
    expect(admit(inPrivate(ADA, { text: "@weather_bot hi" }), settings, bot, false).ok).toBe(true);
    expect(admit(inPrivate(ADA, { text: "/new@other_bot" }), settings, bot, false)).toMatchObject({
      reason: "other_bot_command",
    });
  });
});

describe("the mention that called us", () => {
  const strip = (text: string, fields: Record<string, unknown> = {}) => {
    const message = inGroup(ADA, text, fields);
    if (message.kind !== "message") throw new Error(message.kind);
    return withoutOurMention(message.message, bot);
  };

  it.each([
    ["@keeper_bot hello", "hello"],
    ["@Keeper_Bot, hello", "hello"],
    ["hello @keeper_bot", "hello"],
    ["hello @keeper_bot.", "hello."],
    ["so @keeper_bot what now", "so what now"],
    ["@keeper_bot\nline\n  indented", "line\n  indented"],
    ["@keeper_bot ask @keeper_bot2", "ask @keeper_bot2"],
    ["@keeper_bot", "@keeper_bot"],
    ["write to a@keeper_bot.org @keeper_bot", "write to a@keeper_bot.org"],
  ])("is taken out of %j", (text, rest) => {
    expect(strip(text).text).toBe(rest);
  });

  it("is taken out by id", () => {
    const entities = [{ type: "text_mention", offset: 0, length: 6, user: KEEPER }];
    expect(strip("Keeper hello", { entities }).text).toBe("hello");
  });

  it("gives way to the command behind it", () => {
    expect(strip("@keeper_bot /stop now").command).toEqual({ name: "stop", words: "now" });
    expect(strip("@keeper_bot /stop@other_bot").command).toBeUndefined();
    expect(strip("/cc @keeper_bot go on").command).toEqual({ name: "cc", words: "go on" });
  });

  it("leaves a message alone that did not name us", () => {
    expect(strip("hello @ada").text).toBe("hello @ada");
  });
});

describe("the bot's id", () => {
  it.each([
    ["123456:ABC-def", 123456],
    ["", undefined],
    ["abc:def", undefined],
    ["0:x", undefined],
    ["123456", undefined],
  ])("of the token %j", (token, id) => {
    expect(botId(token)).toBe(id);
  });
});
