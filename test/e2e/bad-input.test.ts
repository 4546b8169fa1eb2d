import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADA, GRACE } from "../../playground/telegram/cast.ts";
import { startWorld, WEBHOOK_SECRET, type World } from "./harness/world.ts";
import { newcomer, Scene, says } from "./scene.ts";

const STACK = /^\s+at .+[:(]\d+:\d+|Uncaught|\[ERROR\]|unhandled/im;

async function post(world: World, body: RequestInit["body"], headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${world.worker.url}/telegram/webhook`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": WEBHOOK_SECRET, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  expect(text).not.toMatch(STACK);
  return response.status;
}

describe("what comes in broken", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.close());

  it("in forty ways is answered with a 4xx or left alone with a line in the log, never with a 5xx", async () => {
    const chat = { id: 60_001, type: "private", first_name: "B" };
    const from = { id: 60_001, is_bot: false, first_name: "B" };
    const message = { message_id: 1, date: 1_700_000_000, chat, from, text: "hello" };
    const { text: _text, ...wordless } = message;
    const query = { id: "1", from, chat_instance: "1", data: "stop:x", message };
    // What is no update at all is a 4xx; whatever has a number is an update, and Telegram is not to send it again.
    const refused: readonly unknown[] = [
      null,
      [],
      42,
      "update",
      true,
      {},
      { update_id: null },
      { update_id: "12" },
      { update_id: 1.5 },
      { update_id: -1 },
      { update_id: {} },
      { message },
    ];
    const left: readonly Record<string, unknown>[] = [
      {},
      { message: null },
      { message: 7 },
      { message: "text" },
      { message: [] },
      { message: {} },
      { message: { ...message, chat: undefined } },
      { message: { ...message, chat: null } },
      { message: { ...message, chat: { id: "x", type: "private" } } },
      { message: { ...message, chat: { id: 0, type: "private" } } },
      { message: { ...message, chat: { id: 1e300, type: "private" } } },
      { message: { ...message, chat: { ...chat, type: "castle" } } },
      { message: { ...message, from: null } },
      { message: { ...message, from: { id: -5 } } },
      { message: { ...message, message_id: "one" } },
      { message: { ...message, text: 99 } },
      { message: { ...message, text: { deep: ["down"] } } },
      { message: { ...wordless, photo: "none" } },
      { message: { ...wordless, new_chat_title: "title" } },
      { message: { ...message, from: { ...from, is_bot: true } } },
      { message: { ...message, chat: { id: -60_002, type: "group", title: "G" } } },
      { edited_message: null },
      { edited_message: { ...message, edit_date: "later" } },
      { callback_query: null },
      { callback_query: {} },
      { callback_query: { ...query, data: undefined, game_short_name: "chess" } },
      { callback_query: { ...query, message: undefined, inline_message_id: "x" } },
      { callback_query: { ...query, from: undefined } },
      { my_chat_member: {} },
      { my_chat_member: { chat, from, new_chat_member: { status: "emperor" } } },
      { stopped_message_generation: {} },
      { stopped_message_generation: { chat: 5 } },
      { poll: { id: "1" } },
      { inline_query: { id: "1", from, query: "x", offset: "" } },
      { channel_post: message },
      { message_reaction: { chat } },
      { __proto__: { message }, constructor: 1 },
      { some_kind_of_the_future: { chat, from } },
    ];
    // Usable in spite of what is wrong with them.
    const taken: readonly Record<string, unknown>[] = [
      { message: { ...message, entities: "bold" } },
      { message: { ...message, entities: [{ type: "bold", offset: -4, length: 1e9 }, null, 5] } },
      { message: { ...message, reply_to_message: { message_id: "x" } } },
      { message: { ...message, text: "\ud800 half a pair \u0000" } },
      { message: { ...message, date: "yesterday" } },
      { message: { ...wordless, location: { latitude: 999, longitude: "x" } } },
    ];
    let update = 900_000;
    for (const body of refused) expect(await post(world, JSON.stringify(body)), JSON.stringify(body)).toBe(400);
    for (const body of [...left, ...taken]) {
      update += 1;
      const status = await post(world, JSON.stringify({ update_id: update, ...body }));
      expect(status, JSON.stringify(body)).toBe(200);
      const line = await world.worker.waitForLog((log) => log.update === update);
      expect(["update.accepted", "update.ignored", "update.refused"], JSON.stringify(line)).toContain(line.event);
    }
    expect(refused.length + left.length + taken.length).toBeGreaterThanOrEqual(40);
    const ignored = world.worker.logs("update.ignored");
    for (const line of ignored) expect(line.reason, JSON.stringify(line)).toMatch(/^[a-z_]+$/);
  });

  it("as bytes that are no JSON, or far too many, is refused and never stored", async () => {
    const large = JSON.stringify({ update_id: 950_000, message: { text: "x".repeat(3 * 1024 * 1024) } });
    for (const body of ["", "{", "not json", '{"update_id": 1', "\u0000\u0001", "[".repeat(200_000)]) {
      expect(await post(world, body), body.slice(0, 20)).toBe(400);
    }
    expect(await post(world, new Uint8Array([0xff, 0xfe, 0x00, 0xd8]))).toBe(400);
    expect(await post(world, undefined)).toBe(400);
    expect(await post(world, large)).toBe(413);
    const streamed = new ReadableStream({
      start: (controller) => {
        for (let at = 0; at < 48; at += 1) controller.enqueue(new TextEncoder().encode("y".repeat(65_536)));
        controller.close();
      },
    });
    const response = await fetch(`${world.worker.url}/telegram/webhook`, {
      method: "POST",
      headers: { "x-telegram-bot-api-secret-token": WEBHOOK_SECRET },
      body: streamed,
      duplex: "half",
    } as RequestInit);
    expect(response.status).toBe(413);
    await response.text();
  });

  it("with a wrong secret, or none, gets in nowhere", async () => {
    const one = newcomer(world);
    world.telegram.updates.setWebhook(undefined);
    const sent = one.write("let me in");
    const body = JSON.stringify(sent.update.update);
    for (const secret of [
      "wrong",
      "",
      `${WEBHOOK_SECRET}x`,
      WEBHOOK_SECRET.slice(0, -1),
      WEBHOOK_SECRET.toUpperCase(),
    ]) {
      expect(await post(world, body, { "x-telegram-bot-api-secret-token": secret })).toBe(401);
    }
    const none = await fetch(`${world.worker.url}/telegram/webhook`, { method: "POST", body });
    expect(none.status).toBe(401);
    await none.text();
    expect(one.logs("update.accepted")).toEqual([]);
    world.telegram.updates.setWebhook({ url: `${world.worker.url}/telegram/webhook`, secret: WEBHOOK_SECRET });
    await one.log("update.accepted");
  });

  it("to a place that is none is a 404 or 405, and an /admin without its token a 401", async () => {
    const status = async (path: string, init: RequestInit = {}): Promise<number> => {
      const response = await fetch(world.worker.url + path, { redirect: "manual", ...init });
      expect(await response.text()).not.toMatch(STACK);
      return response.status;
    };
    expect(await status("/telegram/webhook")).toBe(405);
    expect(await status("/telegram/webhook", { method: "DELETE" })).toBe(405);
    for (const path of [
      "/nowhere",
      "/telegram",
      "/telegram/webhook/more",
      "/.env",
      "/%E0%A4%A",
      "/..%2f..%2fetc/passwd",
    ]) {
      expect(await status(path), path).toBe(404);
    }
    expect(await status("/nowhere", { method: "POST", body: "{" })).toBe(404);
    for (const path of ["/admin/sessions", "/admin/pools", "/admin/sessions/x", "/admin/nothing"]) {
      expect(await status(path), path).toBe(401);
      const wrong = { headers: { authorization: "Bearer wrong" } };
      expect(await status(path, wrong), path).toBe(401);
    }
    expect(await status("/admin/pools/openai/reset", { method: "POST" })).toBe(401);
    for (const [path, method] of [
      ["/sessions/%E0%A4%A", "GET"],
      ["/sessions/no-such-session", "GET"],
      ["/sessions/no-such-session/reset", "POST"],
      ["/pools/nobody/reset", "POST"],
      ["/pools/openai/nothing/reset", "POST"],
      ["/sessions?cursor=%00garbage", "GET"],
    ] as const) {
      const response = await world.worker.admin(path, { method });
      expect(response.status, path).toBeLessThan(500);
      await response.text();
    }
    expect(await status("/health")).toBe(200);
    expect(await status("/")).toBe(200);
  });

  it("leaves no stack trace behind, and the next good message is answered", async () => {
    const one = newcomer(world);
    world.model.next({ text: "none the worse for it" }, says(`still well? ${one.chatId}`));
    await one.tell(`still well? ${one.chatId}`);
    await one.hears("none the worse for it");
    expect(world.worker.output.filter((line) => STACK.test(line))).toEqual([]);
    expect(world.worker.logs("internal.error")).toEqual([]);
  });
});

describe("settings that are missing or wrong", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      env: {
        OPENAI_API_KEYS: undefined,
        ADMIN_TOKEN: undefined,
        QUEUE_LIMIT: "plenty-sentinel",
        STREAM: "sideways-sentinel",
        RUN_TIMEOUT_SECONDS: "-5",
        MCP_SERVERS: "{broken-sentinel",
        MYSTERY_BASE_URL: "ftp-sentinel",
      },
    });
  });
  afterAll(() => world?.close());

  it("are named on /health and in the log, in one line each, by name and never by value", async () => {
    const names = [
      "QUEUE_LIMIT",
      "STREAM",
      "RUN_TIMEOUT_SECONDS",
      "MCP_SERVERS",
      "OPENAI_API_KEYS",
      "MYSTERY_BASE_URL",
    ];
    const response = await fetch(`${world.worker.url}/health`);
    expect(response.status).toBe(200);
    const health = await response.text();
    for (const name of names) expect(health).toContain(name);
    expect(health).not.toContain("sentinel");
    expect(JSON.parse(health)).toMatchObject({ missing: expect.arrayContaining(["OPENAI_API_KEYS"]) });
    for (const name of names) {
      const isIt = (line: { readonly event: string; readonly name?: unknown }) =>
        line.event === "config.invalid" && line.name === name;
      await world.worker.waitForLog(isIt);
      const lines = world.worker.logs(isIt);
      expect(lines, name).toHaveLength(1);
      expect(lines[0]?.expected).toMatch(/expected/);
    }
    expect(world.worker.output.join("\n")).not.toContain("sentinel");
    expect(world.worker.output.filter((line) => STACK.test(line))).toEqual([]);
  });

  it("shut /admin where its token is not set, to everybody", async () => {
    for (const headers of [{}, { authorization: "Bearer " }, { authorization: "Bearer undefined" }]) {
      const response = await fetch(`${world.worker.url}/admin/sessions`, { headers });
      expect(response.status).toBe(401);
      await response.text();
    }
  });

  it("are told to an owner in one line when no model can be asked, and to others only that it is so", async () => {
    const owner = new Scene(world, ADA);
    await owner.tell("hello?");
    const told = await owner.hears("This bot is not set up yet");
    expect(told.text).toContain("OPENAI_API_KEYS is not set");
    expect(told.text).not.toContain("\n");
    expect((await owner.finished()).outcome).toBe("failed");
    const other = new Scene(world, GRACE);
    await other.tell("hello?");
    const notice = await other.hears("This bot is not set up yet");
    expect(notice.text).not.toContain("OPENAI");
  });
});
