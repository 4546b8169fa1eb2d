import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Environment } from "../../src/environment.ts";
import worker from "../../src/index.ts";
import { words } from "../../src/words/words.ts";

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
function send(message: Record<string, unknown>, more: Record<string, string> = {}) {
  return post({ message: { message_id: update + 1, date: 1_700_000_000, text: "/status", ...message } }, more);
}

async function post(what: Record<string, unknown>, more: Record<string, string> = {}) {
  lines = [];
  update += 1;
  const body = { update_id: update, ...what };
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

let calls: { method: string; body: Record<string, unknown> }[] = [];
/** What Telegram answers instead, first come first. */
let refusals: { chat: number; status: number; body: object }[] = [];

beforeEach(() => {
  calls = [];
  refusals = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(JSON.parse(line)));
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const method = String(input).split("/").at(-1) ?? "";
    const body = typeof init?.body === "string" ? JSON.parse(init.body) : {};
    calls.push({ method, body });
    const at = refusals.findIndex(({ chat }) => chat === body.chat_id);
    const [refusal] = at < 0 ? [] : refusals.splice(at, 1);
    if (refusal) return Response.json(refusal.body, { status: refusal.status });
    return Response.json({
      ok: true,
      result: { id: 123456, is_bot: true, first_name: "Keeper", username: "keeper_bot", message_id: 1 },
    });
  });
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

const ADA = { id: 7, is_bot: false, first_name: "Ada" };
const BOB = { id: 9, is_bot: false, first_name: "Bob" };
const EVERYBODY = { ALLOWED_USERS: "*" };
const accepted = [{ event: "update.accepted" }];
const notForUs = [{ event: "update.ignored", reason: "not_for_us" }];

describe("a message of several pieces", () => {
  const photo = [{ file_id: "p", file_unique_id: "p", width: 9, height: 9 }];

  it("is for us whole when its first piece names us: an album, and a text that a client has split", async () => {
    const item = { chat: GROUP, from: ADA, text: undefined, photo, media_group_id: "album-1" };
    expect(await send({ ...item, caption: "@keeper_bot what are these?" })).toMatchObject(accepted);
    expect(await send(item)).toMatchObject(accepted);
    expect(await send({ ...item, from: BOB }, EVERYBODY)).toMatchObject(notForUs);
    expect(await send({ ...item, media_group_id: "album-2" })).toMatchObject(notForUs);

    const text = { chat: GROUP, from: ADA };
    expect(await send({ ...text, text: `@keeper_bot ${"a ".repeat(2_040)}` })).toMatchObject(accepted);
    expect(await send({ ...text, from: BOB, text: "what is he writing?" }, EVERYBODY)).toMatchObject(notForUs);
    expect(await send({ ...text, text: "the rest of it" })).toMatchObject(accepted);

    const longAgo = { ...text, date: 1_000, text: `@keeper_bot ${"b ".repeat(2_040)}` };
    expect(await send(longAgo)).toMatchObject(accepted);
    expect(await send({ ...text, date: 1_030, text: "written later, come at once" })).toMatchObject(notForUs);
  });

  it("goes with its first piece into a session of its own", async () => {
    const chat = { id: 7, type: "private" };
    const item = { chat, from: ADA, text: undefined, photo, media_group_id: "album-3" };
    const [first] = await send({ ...item, caption: "/bg what are these?" });
    expect(first).toMatchObject({ session: `telegram:7:bg:${update}` });
    expect(await send(item)).toMatchObject([{ session: first?.session }]);
  });
});

describe("who writes too much", () => {
  const LIMITED = { ...EVERYBODY, USER_RATE_PER_MINUTE: "2" };
  const refused = [{ event: "update.refused", reason: "rate" }];
  const notices = () => calls.filter(({ body }) => String(body.text).includes("more than 2 messages")).length;

  it("is told so at the pace of a chat, and may stop what it began", async () => {
    const chat = { id: 31, type: "private" };
    const message = { chat, from: { ...BOB, id: 31 }, text: "/version" };
    expect(await send(message, LIMITED)).toMatchObject(accepted);
    expect(await send(message, LIMITED)).toMatchObject(accepted);
    for (let count = 0; count < 20; count += 1) expect(await send(message, LIMITED)).toMatchObject(refused);
    expect(await send({ ...message, text: "/stop" }, LIMITED)).toMatchObject(accepted);
    expect(notices()).toBe(3);
    expect(calls.find(({ body }) => String(body.text).includes("more than 2"))?.body).toMatchObject({
      link_preview_options: { is_disabled: true },
    });
  });

  it("has written one message with an album", async () => {
    const chat = { id: 32, type: "private" };
    const photo = [{ file_id: "p", file_unique_id: "p", width: 9, height: 9 }];
    const item = { chat, from: { ...BOB, id: 32 }, text: undefined, photo, media_group_id: "album-4" };
    for (let count = 0; count < 10; count += 1) expect(await send(item, LIMITED)).toMatchObject(accepted);
    expect(notices()).toBe(0);
  });
});

describe("a word of the entrance itself", () => {
  it("is said again where Telegram failed in passing: a code for /pair is given once", async () => {
    refusals.push(
      {
        chat: 41,
        status: 429,
        body: {
          ok: false,
          error_code: 429,
          description: "Too Many Requests: retry after 1",
          parameters: { retry_after: 1 },
        },
      },
      { chat: 41, status: 502, body: { ok: false, error_code: 502, description: "Bad Gateway" } },
    );
    await send({ chat: { id: 41, type: "private" }, from: { ...BOB, id: 41 }, text: "/pair" });
    const codes = () => calls.filter(({ body }) => /Your code is \w+/.test(String(body.text)));
    await vi.waitFor(() => expect(codes()).toHaveLength(3), { timeout: 8_000 });
    expect(new Set(codes().map(({ body }) => body.text)).size).toBe(1);
  }, 10_000);
});

describe("a press that belongs to nothing", () => {
  it.each([
    ["of a message we did not send", { data: "stop:x", inline_message_id: "i1" }],
    ["of a game", { game_short_name: "g", message: { message_id: 5, date: 1, chat: GROUP } }],
  ])("is answered all the same: %s", async (_, press) => {
    const from = { ...ADA, language_code: "de" };
    expect(await post({ callback_query: { id: "q7", from, chat_instance: "1", ...press } })).toMatchObject([
      { event: "update.ignored" },
    ]);
    const answers = () => calls.filter(({ method }) => method === "answerCallbackQuery").map(({ body }) => body);
    await vi.waitFor(() =>
      expect(answers()).toEqual([{ callback_query_id: "q7", text: words("de", "button_expired") }]),
    );
  });
});
