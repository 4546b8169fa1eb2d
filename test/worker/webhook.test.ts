import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Environment } from "../../src/environment.ts";
import worker from "../../src/index.ts";

/** What only the whole way in can tell: that what the gate says of a sender is what becomes of the update. */

const SECRET = "worker-secret";
const GROUP = { id: -1001, type: "supergroup", title: "Engines" };
// The test runner types only some of the bindings.
const platform = env as unknown as Environment;
const settings = {
  TELEGRAM_BOT_TOKEN: "123456:worker-bot-token",
  TELEGRAM_WEBHOOK_SECRET: SECRET,
  TELEGRAM_API_ROOT: "https://telegram.test",
  ALLOWED_USERS: "7",
};
let update = 1;
let lines: Record<string, unknown>[] = [];

/** Sends the message, and gives what the log says of its update. */
async function send(message: Record<string, unknown>, more: Record<string, string> = {}) {
  lines = [];
  update += 1;
  const body = { update_id: update, message: { message_id: update, date: 1_700_000_000, text: "/status", ...message } };
  const request = new Request("https://bot.test/telegram/webhook", {
    method: "POST",
    headers: { "x-telegram-bot-api-secret-token": SECRET },
    body: JSON.stringify(body),
  });
  const response = await worker.fetch(request, { ...platform, ...settings, ...more }, createExecutionContext());
  expect(response.status).toBe(200);
  // A session's lines go out a moment after what they tell of.
  return vi.waitFor(() => {
    const about = lines.filter((line) => line.update === update);
    expect(about).not.toEqual([]);
    return about;
  });
}

beforeEach(() => {
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(JSON.parse(line)));
  vi.spyOn(globalThis, "fetch").mockImplementation(async () =>
    Response.json({
      ok: true,
      result: { id: 123456, is_bot: true, first_name: "Keeper", username: "keeper_bot", message_id: 1 },
    }),
  );
});
afterEach(() => vi.restoreAllMocks());

describe("an update of somebody who writes as a chat", () => {
  it.each([
    ["an anonymous administrator", { id: 1087968824, is_bot: true, first_name: "Group" }, GROUP],
    [
      "a channel",
      { id: 136817688, is_bot: true, first_name: "Channel" },
      { id: -1002, type: "channel", title: "News" },
    ],
  ])("is refused where not everybody may: %s", async (_, from, sender) => {
    const message = { chat: GROUP, from, sender_chat: sender };
    expect(await send(message)).toMatchObject([{ event: "update.refused", reason: "not_allowed" }]);
    expect(await send(message, { ALLOWED_USERS: "*" })).toMatchObject([{ event: "update.accepted", command: true }]);
  });

  it("is what one of a person who is named in the settings is not", async () => {
    const message = { chat: GROUP, from: { id: 7, is_bot: false, first_name: "Ada" } };
    expect(await send(message)).toMatchObject([{ event: "update.accepted", command: true }]);
    expect(await send({ ...message, from: { id: 8, is_bot: false, first_name: "Eve" } })).toMatchObject([
      { event: "update.refused", reason: "not_allowed" },
    ]);
  });
});
