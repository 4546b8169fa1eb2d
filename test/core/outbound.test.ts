import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { type CallResult, classify, createCaller, describeRefusal, Upload } from "../../src/telegram/outbound.ts";
import { Pace } from "../../src/telegram/pace.ts";

const TOKEN = "123456:very-secret";

function caller(respond: (url: string, init: RequestInit) => Promise<Response> | Response, timeoutMs = 1_000) {
  return createCaller({
    apiRoot: "https://telegram.test",
    token: TOKEN,
    timeoutMs,
    fetch: async (url, init) => respond(url, init),
  });
}

function refused(code: number, description: string, parameters?: object) {
  const body = { ok: false, error_code: code, description, ...(parameters ? { parameters } : {}) };
  return caller(() => Response.json(body, { status: code }));
}

describe("what a refusal of the Bot API means", () => {
  const table: [number, string, object | undefined, object][] = [
    [429, "Too Many Requests: retry after 1000", { retry_after: 1000 }, { kind: "flood", retryAfterMs: 1_000_000 }],
    [429, "Too Many Requests", undefined, { kind: "flood", retryAfterMs: 5_000 }],
    [400, "Bad Request: message is not modified: specified new message content", undefined, { kind: "not_modified" }],
    [400, "Bad Request: message to edit not found", undefined, { kind: "message_gone" }],
    [400, "Bad Request: message can't be edited", undefined, { kind: "not_editable" }],
    [400, "Bad Request: can't parse entities: Can't find end of bold", undefined, { kind: "markup" }],
    [400, "Bad Request: can't parse rich message: unclosed tag", undefined, { kind: "markup" }],
    [400, "Bad Request: ENTITY_BOUNDS_INVALID", undefined, { kind: "markup" }],
    [400, "Bad Request: message is too long", undefined, { kind: "too_long" }],
    [400, "Bad Request: rich message is too long", undefined, { kind: "too_long" }],
    [400, "Bad Request: MESSAGE_TOO_LONG", undefined, { kind: "too_long" }],
    [
      400,
      "Bad Request: query is too old and response timeout expired or query ID is invalid",
      undefined,
      { kind: "query_expired" },
    ],
    [400, "Bad Request: message thread not found", undefined, { kind: "thread_gone" }],
    [400, "Bad Request: TOPIC_DELETED", undefined, { kind: "thread_gone" }],
    [400, "Bad Request: TOPIC_CLOSED", undefined, { kind: "thread_gone" }],
    [400, "Bad Request: chat not found", undefined, { kind: "chat_gone" }],
    [400, "Bad Request: not enough rights to send text messages to the chat", undefined, { kind: "chat_gone" }],
    [
      400,
      "Bad Request: group chat was upgraded to a supergroup chat",
      { migrate_to_chat_id: -1009 },
      { kind: "migrated", toChatId: -1009 },
    ],
    [400, "Bad Request: message to be replied not found", undefined, { kind: "reply_gone" }],
    [403, "Forbidden: bot was blocked by the user", undefined, { kind: "chat_gone" }],
    [403, "Forbidden: user is deactivated", undefined, { kind: "chat_gone" }],
    [403, "Forbidden: bot was kicked from the supergroup chat", undefined, { kind: "chat_gone" }],
    [403, "Forbidden: bot can't initiate conversation with a user", undefined, { kind: "chat_gone" }],
    [401, "Unauthorized", undefined, { kind: "unauthorized" }],
    [404, "Not Found", undefined, { kind: "unsupported" }],
    [409, "Conflict: terminated by other getUpdates request", undefined, { kind: "refused", code: 409 }],
    [413, "Request Entity Too Large", undefined, { kind: "refused", code: 413 }],
    [400, "Bad Request: BUTTON_DATA_INVALID", undefined, { kind: "refused", code: 400 }],
    [500, "Internal Server Error", undefined, { kind: "unavailable", maybeAccepted: false }],
    [504, "Gateway Timeout", undefined, { kind: "unavailable", maybeAccepted: true }],
  ];
  it.each(table)("%i %s", async (code, description, parameters, refusal) => {
    expect(classify(code, description, parameters)).toEqual(refusal);
    expect(await refused(code, description, parameters)("sendMessage", { chat_id: 1, text: "x" })).toEqual({
      ok: false,
      refusal,
    });
  });
});

describe("a call", () => {
  it("gives what Telegram gave", async () => {
    let seen: unknown;
    const call = caller(async (url, init) => {
      seen = { url, body: JSON.parse(String(init.body)) };
      return Response.json({ ok: true, result: { message_id: 5 } });
    });
    expect(await call("sendRichMessage", { chat_id: 1, rich_message: { markdown: "x" } })).toEqual({
      ok: true,
      result: { message_id: 5 },
    });
    expect(seen).toEqual({
      url: `https://telegram.test/bot${TOKEN}/sendRichMessage`,
      body: { chat_id: 1, rich_message: { markdown: "x" } },
    });
    expect(await call("getMe", {})).toMatchObject({ ok: true });
  });

  it("is refused, and does not throw, where no token is set", async () => {
    const call = createCaller({ apiRoot: "https://telegram.test", token: "", timeoutMs: 1_000, fetch });
    expect(await call("sendMessage", { chat_id: 1, text: "x" })).toMatchObject({ ok: false });
  });

  it("uploads a file as multipart, under a name that cannot break its header", async () => {
    let request = new Request("https://telegram.test");
    const call = caller(async (url, init) => {
      request = new Request(url, init);
      return Response.json({ ok: true, result: { message_id: 5 } });
    });
    const document = new Upload('ä"\r\nx: y.txt', new TextEncoder().encode("content here"), "text/csv");
    const reply_markup = { inline_keyboard: [] };
    expect((await call("sendDocument", { chat_id: 1, document, caption: "c", reply_markup })).ok).toBe(true);
    const body = await request.clone().text();
    // As browsers write it: quoted, with its type. Not every parser of forms takes anything else.
    expect(body).toContain(
      'form-data; name="document"; filename="ä___x_ y.txt"\r\nContent-Type: text/csv\r\n\r\ncontent here',
    );
    expect(body).not.toContain("\r\nx: y");
    const form = await request.formData();
    expect(["chat_id", "caption", "reply_markup"].map((key) => form.get(key))).toEqual([
      "1",
      "c",
      JSON.stringify(reply_markup),
    ]);
  });

  it("sees the status of a proxy that answers with HTML, or with anything but an answer", async () => {
    const html = (status: number) => caller(() => new Response("<html>bad gateway</html>", { status }));
    const results = await Promise.all([502, 504, 403, 200].map((status) => html(status)("sendMessage", { text: "x" })));
    expect(results.map((result) => (result.ok ? result : result.refusal))).toEqual([
      { kind: "unavailable", maybeAccepted: false },
      { kind: "unavailable", maybeAccepted: true },
      { kind: "chat_gone" },
      { kind: "unavailable", maybeAccepted: true },
    ]);
  });

  it("knows a connection that never came about from one that broke", async () => {
    const server = createServer((socket) => socket.on("data", () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const call = createCaller({
      apiRoot: `http://127.0.0.1:${port}`,
      token: TOKEN,
      timeoutMs: 2_000,
      fetch: (url, init) => fetch(url, init),
    });
    expect(await call("sendMessage", { text: "x" })).toEqual(unavailable(true));
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    expect(await call("sendMessage", { text: "x" })).toEqual(unavailable(false));
  });

  it("ends by itself after the timeout, and at once when it is aborted", async () => {
    const mute = caller(
      (_, init) => new Promise((_, fail) => init.signal?.addEventListener("abort", () => fail(new Error("aborted")))),
      30,
    );
    expect(await mute("sendMessage", { text: "x" })).toEqual(unavailable(true));
    const abort = new AbortController();
    const aborted = caller(
      (_, init) => new Promise((_, fail) => init.signal?.addEventListener("abort", () => fail(new Error("aborted")))),
      60_000,
    )("sendMessage", { text: "x" }, abort.signal);
    abort.abort();
    expect(await aborted).toEqual(unavailable(true));
    expect(await mute("sendMessage", { text: "x" }, AbortSignal.abort())).toEqual(unavailable(false));
  });

  it("never gives away token, address or words", async () => {
    const failing = [
      refused(400, "Bad Request: my secret words"),
      caller(() => {
        throw new TypeError(`fetch failed for https://telegram.test/bot${TOKEN}/sendMessage`);
      }),
    ];
    for (const call of failing) {
      const result = await call("sendMessage", { chat_id: 1, text: "my secret words" });
      expect(result.ok).toBe(false);
      const shown = JSON.stringify(result) + (result.ok ? "" : describeRefusal(result.refusal));
      expect(shown).not.toMatch(/secret|telegram\.test/);
    }
  });
});

describe("the pace of a chat", () => {
  it("never lets an edit of a growing answer take the room that a group keeps for finals", () => {
    const pace = new Pace("group");
    for (let at = 0; at < 17; at += 1) pace.began(at * 2_000);
    expect(pace.readyAt("between")).toBe(60_300);
    expect(pace.readyAt("send")).toBeLessThan(40_000);
  });

  it("waits for the end of a flood with everything", () => {
    const pace = new Pace("private");
    pace.flood(5_000);
    pace.flood(3_000);
    expect(pace.readyAt("send")).toBe(5_000);
    expect(pace.readyAt("between")).toBe(5_000);
  });
});

function unavailable(maybeAccepted: boolean): CallResult {
  return { ok: false, refusal: { kind: "unavailable", maybeAccepted } };
}
