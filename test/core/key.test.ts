import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type KeyPlace, parseSessionKey, sessionKey } from "../../src/core/key.ts";

const ada = { id: 7 };
const group: KeyPlace = { chatId: -100, chatType: "supergroup" };

describe("the key of a session", () => {
  it.each<[string, KeyPlace, "shared" | "per_user", string]>([
    ["a private chat", { chatId: 7, chatType: "private" }, "shared", "telegram:7"],
    ["a private chat, per user", { chatId: 7, chatType: "private" }, "per_user", "telegram:7"],
    ["a topic of a private chat", { chatId: 7, chatType: "private", threadId: 5 }, "per_user", "telegram:7:topic:5"],
    ["a shared group", group, "shared", "telegram:-100"],
    ["a group, per user", group, "per_user", "telegram:-100:user:7"],
    ["a basic group, per user", { chatId: -5, chatType: "group" }, "per_user", "telegram:-5:user:7"],
    ["a topic is always shared", { ...group, threadId: 12 }, "per_user", "telegram:-100:topic:12"],
    ["a channel", { chatId: -9, chatType: "channel" }, "per_user", "telegram:-9"],
  ])("%s", (_what, place, groupSessions, key) => {
    expect(sessionKey(place, ada, groupSessions)).toBe(key);
  });

  it("is the group's where nobody wrote", () => {
    expect(sessionKey(group, undefined, "per_user")).toBe("telegram:-100");
  });

  it("holds an anonymous administrator, whose id is the group's", () => {
    expect(parseSessionKey(sessionKey(group, { id: -100 }, "per_user"))).toEqual({ chatId: -100, userId: -100 });
  });

  it("is read back as it was written", () => {
    const id = fc.maxSafeInteger().filter((value) => value !== 0 && Math.abs(value) < 2 ** 52);
    const place = fc.record(
      {
        chatId: id,
        chatType: fc.constantFrom<KeyPlace["chatType"]>("private", "group", "supergroup", "channel"),
        threadId: id.map(Math.abs),
      },
      { requiredKeys: ["chatId", "chatType"] },
    );
    fc.assert(
      fc.property(place, id, fc.constantFrom("shared" as const, "per_user" as const), (where, user, mode) => {
        const key = sessionKey(where, { id: user }, mode);
        const parts = parseSessionKey(key);
        expect(parts?.chatId).toBe(where.chatId);
        expect(parts?.threadId).toBe(where.threadId);
        expect(parts?.userId).toBe(key.includes(":user:") ? user : undefined);
      }),
      { seed: 1 },
    );
  });

  it.each([
    "",
    "telegram",
    "telegram:",
    "telegram:0",
    "telegram:-0",
    "telegram:07",
    "telegram:7 ",
    " telegram:7",
    "telegram:7\n",
    "Telegram:7",
    "telegram:7:",
    "telegram:7:topic",
    "telegram:7:topic:-1",
    "telegram:7:topic:0",
    "telegram:7:user:0",
    "telegram:7:topic:1:user:2",
    "telegram:1e5",
    "telegram:9999999999999999",
    "telegram:12345678901234567",
    "signal:7",
  ])("%j is none", (key) => {
    expect(parseSessionKey(key)).toBeUndefined();
  });
});
