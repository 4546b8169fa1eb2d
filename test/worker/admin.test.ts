import { createExecutionContext, listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { shardOf } from "../../src/directory/shards.ts";
import type { Environment } from "../../src/environment.ts";
import worker from "../../src/index.ts";

/** What only workerd can tell: that the routes reach the real objects, and that a look brings nothing into being. */

const TOKEN = "worker-admin-token";
const settings = {
  TELEGRAM_BOT_TOKEN: "123456:worker-bot-token",
  TELEGRAM_WEBHOOK_SECRET: "worker-secret",
  TELEGRAM_API_ROOT: "https://telegram.test",
  ADMIN_TOKEN: TOKEN,
  OPENAI_API_KEYS: "sk-worker-one sk-worker-two",
};
// The test runner types only some of the bindings.
const platform = env as unknown as Environment;
const outside: Environment = { ...platform, ...settings };

function ask(path: string, init: RequestInit = {}, token: string | undefined = TOKEN): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  const request = new Request(`https://bot.test${path}`, { ...init, headers, redirect: "manual" });
  return Promise.resolve(worker.fetch(request, outside, createExecutionContext()));
}

/** The first of an album: it waits for the others, and no run begins yet. */
function sendPhoto(chatId: number, messageId: number): Promise<Response> {
  const from = { id: chatId, is_bot: false, first_name: "Ada" };
  const photo = [{ file_id: "f", file_unique_id: "u", width: 1, height: 1 }];
  const chat = { id: chatId, type: "private" };
  const message = { message_id: messageId, date: 1, from, chat, media_group_id: "a", photo };
  const update = new Request("https://bot.test/telegram/webhook", {
    method: "POST",
    headers: { "x-telegram-bot-api-secret-token": settings.TELEGRAM_WEBHOOK_SECRET },
    body: JSON.stringify({ update_id: chatId * 10 + messageId, message }),
  });
  return Promise.resolve(worker.fetch(update, { ...outside, ALLOWED_USERS: "*" }, createExecutionContext()));
}

afterEach(() => vi.restoreAllMocks());

describe("the maintainers' part of the Worker", () => {
  it("is 401 to everybody where no token is set", async () => {
    const request = new Request("https://bot.test/admin/sessions", { headers: { authorization: "Bearer undefined" } });
    const response = await worker.fetch(
      request,
      { ...platform, ...settings, ADMIN_TOKEN: undefined },
      createExecutionContext(),
    );
    expect(response.status).toBe(401);
  });

  it("is 401 without the token, on the page and below", async () => {
    for (const path of ["/admin", "/admin/", "/admin/sessions", "/admin/pools", "/admin/events"]) {
      expect((await ask(path, {}, "wrong")).status).toBe(401);
    }
  });

  it("lists the credentials of a pool by fingerprint, lifts them, and never shows a key", async () => {
    const text = await (await ask("/admin/pools")).text();
    expect(text).not.toContain("sk-worker");
    expect(JSON.parse(text)).toMatchObject({
      pools: [
        { provider: "openai", credentials: [{ id: expect.stringMatching(/^[0-9a-f]{12}$/), state: "ready" }, {}] },
      ],
    });
    expect((await ask("/admin/pools/anthropic/reset", { method: "POST" })).status).toBe(404);
    expect((await ask("/admin/pools/openai/000000000000/reset", { method: "POST" })).status).toBe(404);
  });

  it("brings no session into being by asking after one", async () => {
    for (const [method, path] of [
      ["GET", ""],
      ["GET", "/transcript"],
      ["POST", "/stop"],
      ["POST", "/reset"],
      ["POST", "/erase"],
    ] as const) {
      expect((await ask(`/admin/sessions/telegram:404${path}`, { method })).status).toBe(404);
    }
    const tables = await runInDurableObject(platform.SESSION.getByName("telegram:404"), (_, state) =>
      state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'journal'").toArray(),
    );
    expect(tables).toEqual([]);
    expect((await listDurableObjectIds(platform.PERSON)).length).toBe(0);
  });

  it("lists no session that the register knows and that is gone", async () => {
    await platform.DIRECTORY.getByName(shardOf("telegram:405")).touch({ key: "telegram:405", at: 5 });
    expect(await (await ask("/admin/sessions")).json()).toEqual({ sessions: [] });
  });

  it("deletes a person's memories and what is theirs alone", async () => {
    await platform.PERSON.getByName("406").remember({ text: "Likes tea." });
    await platform.DIRECTORY.getByName(shardOf("telegram:406")).touch({ key: "telegram:406", at: 5 });
    expect(await (await ask("/admin/people/406/erase", { method: "POST" })).json()).toEqual({
      ok: true,
      memories: 1,
      sessions: ["telegram:406"],
    });
  });

  it("erases a session that gathers a message, which the person is told, and leaves no fault behind", async () => {
    const lines: { event: string }[] = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(JSON.parse(line)));
    const said: string[] = [];
    vi.spyOn(globalThis, "fetch").mockImplementation(async (_input, init) => {
      said.push(JSON.parse(String(init?.body)).text);
      return Response.json({ ok: true, result: { message_id: 1 } });
    });
    await sendPhoto(407, 1);
    expect(await (await ask("/admin/sessions/telegram:407/erase", { method: "POST" })).json()).toEqual({ ok: true });
    expect(said).toEqual([expect.stringContaining("Stopped")]);
    expect((await ask("/admin/sessions/telegram:407")).status).toBe(404);
    const events = ["admin.did", "delivery.sent", "update.accepted", "update.dropped"];
    await vi.waitFor(() => expect(lines.map(({ event }) => event).toSorted()).toEqual(events));
  });

  it("keeps what is written while a session is erased for the one that begins next", async () => {
    const farewell = Promise.withResolvers<void>();
    const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async () => {
      await farewell.promise;
      return Response.json({ ok: true, result: { message_id: 1 } });
    });
    await sendPhoto(408, 1);
    const erased = ask("/admin/sessions/telegram:408/erase", { method: "POST" });
    await vi.waitFor(() => expect(fetched).toHaveBeenCalledOnce());
    const written = sendPhoto(408, 2);
    farewell.resolve();
    expect((await erased).status).toBe(200);
    expect((await written).status).toBe(200);
    const view: { readonly queued: number } = await (await ask("/admin/sessions/telegram:408")).json();
    expect(view.queued).toBe(1);
  });

  it("shows the page and its live parts", async () => {
    const html = await (await ask("/admin", { headers: { accept: "text/html" } })).text();
    expect(html).toContain("<h1>Turnkeeper</h1>");
    expect(html).not.toContain("sk-worker");
    const response = await ask("/admin/events");
    const reader = response.body?.getReader();
    const first = new TextDecoder().decode((await reader?.read())?.value);
    await reader?.cancel();
    expect(first).toContain("event: part");
  });

  it("sets the webhook with the secret, then the menu", async () => {
    const sent: { url: string; body: unknown }[] = [];
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      sent.push({ url: String(input), body: JSON.parse(String(init?.body)) });
      return Response.json({ ok: true, result: true });
    });
    const body = JSON.stringify({ url: "https://bot.test" });
    expect(await (await ask("/admin/webhook", { method: "POST", body })).json()).toEqual({
      ok: true,
      url: "https://bot.test/telegram/webhook",
    });
    expect(sent[0]).toMatchObject({
      url: "https://telegram.test/bot123456:worker-bot-token/setWebhook",
      body: { url: "https://bot.test/telegram/webhook", secret_token: "worker-secret", drop_pending_updates: false },
    });
    expect(sent[1]?.url).toContain("/setMyCommands");
  });

  it("says in one line that Telegram does not know the token, without the token", async () => {
    vi.spyOn(globalThis, "fetch").mockImplementation(async () =>
      Response.json({ ok: false, error_code: 401, description: "Unauthorized" }, { status: 401 }),
    );
    const response = await ask("/admin/webhook", { method: "POST", body: '{"url":"https://bot.test"}' });
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({ error: "setWebhook: Telegram does not know the bot token" });
  });
});

describe("the front page", () => {
  it("says what this is to anybody", async () => {
    const response = await ask("/", {}, undefined);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("A Telegram AI agent that never drops a turn.");
  });
});
