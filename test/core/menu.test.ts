import { describe, expect, it } from "vitest";
import { commandMenus, type MenuOptions, registerWebhook } from "../../src/telegram/menu.ts";

const options: MenuOptions = {
  words: (language, key) => `${key} ${language ?? "en"}`,
  languages: ["de", "es", "ru", "uk", "pt", "zh"],
  owners: [2],
  skills: [
    { name: "deep-research", description: "Looks at many sources" },
    { name: "stop", description: "collides" },
    { name: "Ünfit", description: "no name for Telegram" },
  ],
};

function names(scope: string, language?: string): string[] {
  const menu = commandMenus(options).find(
    ({ payload }) => payload.scope.type === scope && payload.language_code === language,
  );
  return (menu?.payload.commands ?? []).map(({ command }) => command);
}

describe("the command menu", () => {
  it("is sent for every scope and language, in fewer calls than the free plan allows", () => {
    const menus = commandMenus({ ...options, owners: [2, 3, 4, 5, 6, 7] });
    expect(menus.length + 1).toBeLessThan(50);
    for (const scope of ["all_private_chats", "all_group_chats"]) {
      const languages = menus
        .filter(({ payload }) => payload.scope.type === scope)
        .map(({ payload }) => payload.language_code);
      expect(languages).toEqual([undefined, "de", "es", "ru", "uk", "pt", "zh"]);
    }
  });

  it("shows owner commands to owners alone, and their chat may not exist", () => {
    expect(names("all_private_chats")).not.toContain("pool");
    expect(names("chat")).toContain("pool");
    const owners = commandMenus(options).filter(({ payload }) => payload.scope.type === "chat");
    expect(owners.every(({ mayFail, payload }) => mayFail === true && payload.scope.chat_id === 2)).toBe(true);
  });

  it("keeps what is personal out of groups", () => {
    expect(names("all_private_chats")).toEqual(expect.arrayContaining(["pair", "forget", "timezone"]));
    expect(names("all_group_chats").filter((name) => ["pair", "forget", "timezone"].includes(name))).toEqual([]);
  });

  it("has skills under a name that Telegram takes, and leaves out those that have none", () => {
    expect(names("all_private_chats")).toContain("deep_research");
    expect(names("all_private_chats").filter((name) => name === "stop")).toHaveLength(1);
  });

  it("keeps Telegram's limits, whatever the words and skills", () => {
    const skills = Array.from({ length: 200 }, (_, index) => ({ name: `s${index}`, description: "👍 ".repeat(300) }));
    for (const { payload } of commandMenus({ ...options, skills, words: () => "x".repeat(400) })) {
      expect(payload.commands.length).toBeLessThanOrEqual(100);
      for (const { command, description } of payload.commands) {
        expect(command).toMatch(/^[a-z0-9_]{1,32}$/);
        expect(description.length).toBeGreaterThan(0);
        expect(description.length).toBeLessThanOrEqual(256);
        expect(description.isWellFormed()).toBe(true);
      }
    }
  });
});

describe("the registration", () => {
  it("sets the webhook first, with the secret and the kinds that are read, and drops nothing", () => {
    const [first, ...rest] = registerWebhook("https://bot.test/", "s3cret", options);
    expect(first).toEqual({
      method: "setWebhook",
      payload: {
        url: "https://bot.test/telegram/webhook",
        secret_token: "s3cret",
        allowed_updates: [
          "message",
          "edited_message",
          "callback_query",
          "my_chat_member",
          "stopped_message_generation",
        ],
        max_connections: 100,
        drop_pending_updates: false,
      },
    });
    expect(rest).toEqual(commandMenus(options));
  });
});
