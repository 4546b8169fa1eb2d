import { describe, expect, it } from "vitest";
import { BOT_TOKEN, KEY, startAdmin, TOKEN, viewOf } from "./harness/admin.ts";

const ROUTES: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/"],
  ["GET", "/events"],
  ["POST", "/logout"],
  ["GET", "/sessions"],
  ["GET", `/sessions/${KEY}`],
  ["GET", `/sessions/${KEY}/transcript`],
  ["GET", `/sessions/${KEY}/journal`],
  ["POST", `/sessions/${KEY}/stop`],
  ["POST", `/sessions/${KEY}/reset`],
  ["POST", `/sessions/${KEY}/erase`],
  ["GET", "/pools"],
  ["POST", "/pools/openai/reset"],
  ["POST", "/pools/openai/aaaaaaaaaaaa/reset"],
  ["GET", "/activity"],
  ["POST", "/people/5/erase"],
  ["POST", "/webhook"],
  ["GET", "/there-is-no-such-route"],
  ["DELETE", "/sessions"],
];

async function errorOf(response: Response): Promise<string> {
  const body: unknown = await response.json();
  return typeof body === "object" && body !== null && "error" in body ? String(body.error) : "";
}

describe("without the token", () => {
  it.each(ROUTES)("%s %s is 401, asks nothing and shows nothing", async (method, path) => {
    const stage = startAdmin();
    for (const token of [undefined, "", "wrong", `${TOKEN}x`, TOKEN.slice(0, -1), `${TOKEN} x`]) {
      const response = await stage.ask(path, { method, ...(token === undefined ? {} : { token }) });
      expect(response.status).toBe(401);
      expect(await errorOf(response)).toBe("expected Authorization: Bearer ADMIN_TOKEN");
    }
    expect(stage.calls).toEqual([]);
  });

  it.each(ROUTES)("%s %s is 401 to everybody while no token is set, whatever is sent", async (method, path) => {
    const stage = startAdmin({}, { ADMIN_TOKEN: undefined });
    for (const token of [undefined, "", "undefined", TOKEN]) {
      expect((await stage.ask(path, { method, ...(token === undefined ? {} : { token }) })).status).toBe(401);
    }
    expect(stage.calls).toEqual([]);
  });

  it("takes no other way to send it", async () => {
    const stage = startAdmin();
    const basic = `Basic ${btoa(`admin:${TOKEN}`)}`;
    expect((await stage.ask("/sessions", { headers: { authorization: basic } })).status).toBe(401);
    expect((await stage.ask("/sessions", { headers: { authorization: TOKEN } })).status).toBe(401);
    expect((await stage.ask(`/sessions?token=${TOKEN}`)).status).toBe(401);
  });
});

describe("the JSON", () => {
  it("lists sessions as the contract says, with a cursor to the next page", async () => {
    const stage = startAdmin();
    stage.views.set("telegram:2", viewOf("telegram:2"));
    const first = await (await stage.ask("/sessions?limit=1", { token: TOKEN })).json();
    expect(first).toMatchObject({
      sessions: [
        { key: KEY, state: "idle", epoch: 1, queued: 0, lastActiveAt: Date.UTC(2026, 10, 22, 11, 50), run: null },
      ],
      cursor: expect.any(String),
    });
    const cursor = encodeURIComponent(String(Reflect.get(Object(first), "cursor")));
    expect((await stage.ask(`/sessions?cursor=${cursor}`, { token: TOKEN })).status).toBe(200);
    expect(stage.calls).toEqual(["sessions 1 -", "sessions 50 telegram:2"]);
  });

  it("shows one session, run and journal newest first, and never words", async () => {
    const stage = startAdmin();
    const run = {
      id: "r1",
      startedAt: 5,
      idleSeconds: 2,
      deadlineAt: 9,
      attempt: 1,
      credential: "aaaaaaaaaaaa",
      steps: 0,
      tokens: 0,
    };
    const row = { at: 1, phase: "running", epoch: 1, run: "r1", queued: 0 };
    const journal = [
      { ...row, seq: 1, event: { type: "received" } },
      {
        ...row,
        seq: 2,
        event: { type: "answered", text: "secret words", entry: { x: "secret words" }, textChars: 12 },
      },
    ];
    stage.views.set(KEY, viewOf(KEY, { state: "running", run, journal }));
    const text = await (await stage.ask(`/sessions/${encodeURIComponent(KEY)}`, { token: TOKEN })).text();
    expect(JSON.parse(text)).toMatchObject({
      key: KEY,
      state: "running",
      run: { id: "r1", startedAt: 5, idleSeconds: 2, deadlineAt: 9, attempt: 1, credential: "aaaaaaaaaaaa" },
      queue: [],
      journal: [{ seq: 2, event: { type: "answered", textChars: 12 } }, { seq: 1 }],
    });
    expect(text).not.toContain("secret words");
  });

  it("stops and resets a session, and says when there is none", async () => {
    const stage = startAdmin();
    for (const what of ["stop", "reset"]) {
      expect((await stage.ask(`/sessions/${KEY}/${what}`, { method: "POST", token: TOKEN })).status).toBe(200);
      const none = await stage.ask(`/sessions/telegram:99/${what}`, { method: "POST", token: TOKEN });
      expect(none.status).toBe(404);
      expect(await errorOf(none)).toBe("There is no session of that key.");
    }
    expect(stage.calls).toEqual([`stop ${KEY}`, "stop telegram:99", `reset ${KEY}`, "reset telegram:99"]);
  });

  it("shows pools and lifts one credential or all of a provider", async () => {
    const stage = startAdmin();
    expect(await (await stage.ask("/pools", { token: TOKEN })).json()).toMatchObject({
      pools: [{ provider: "openai", credentials: [{ id: "aaaaaaaaaaaa", state: "cooling" }, { state: "ready" }] }],
    });
    const lift = async (path: string) => (await stage.ask(path, { method: "POST", token: TOKEN })).status;
    expect(await lift("/pools/openai/reset")).toBe(200);
    expect(await lift("/pools/openai/aaaaaaaaaaaa/reset")).toBe(200);
    expect(await lift("/pools/openai/cccccccccccc/reset")).toBe(404);
    expect(await lift("/pools/nobody/reset")).toBe(404);
    expect(await lift("/pools/..%2f/reset")).toBe(404);
  });

  it("exports the whole journal of a session, and none of a session that is not", async () => {
    const stage = startAdmin();
    const response = await stage.ask(`/sessions/${KEY}/journal`, { token: TOKEN });
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({ key: KEY, rows: [] });
    expect((await stage.ask("/sessions/telegram:77/journal", { token: TOKEN })).status).toBe(404);
  });

  it("shows the transcript to the admin who asks, deletes a session and a person", async () => {
    const stage = startAdmin();
    expect(await (await stage.ask(`/sessions/${KEY}/transcript`, { token: TOKEN })).json()).toEqual({
      transcript: [{ user: "<b>words</b>" }],
    });
    const erase = async (path: string) => (await stage.ask(path, { method: "POST", token: TOKEN })).json();
    expect(await erase("/people/5/erase")).toEqual({ ok: true, memories: 2, sessions: ["telegram:5"] });
    expect(await erase(`/sessions/${KEY}/erase`)).toEqual({ ok: true });
    expect((await stage.ask(`/sessions/${KEY}/transcript`, { token: TOKEN })).status).toBe(404);
    expect((await stage.ask("/people/-5/erase", { method: "POST", token: TOKEN })).status).toBe(404);
  });
});

describe("the webhook", () => {
  const set = (stage: ReturnType<typeof startAdmin>, body: string) =>
    stage.ask("/webhook", { method: "POST", token: TOKEN, body });

  it.each([
    ["https://bot.example.workers.dev", "https://bot.example.workers.dev"],
    ["https://bot.example.workers.dev/", "https://bot.example.workers.dev"],
    ["https://bot.example/telegram/webhook", "https://bot.example"],
    ["http://127.0.0.1:8787", "http://127.0.0.1:8787"],
    ["https://example.org/bots/one/", "https://example.org/bots/one"],
  ])("%s is set", async (url, expected) => {
    const stage = startAdmin();
    expect(await (await set(stage, JSON.stringify({ url }))).json()).toEqual({
      ok: true,
      url: `${expected}/telegram/webhook`,
    });
    expect(stage.calls).toEqual([`webhook ${expected}`]);
  });

  it.each([
    "",
    "{",
    "null",
    "[]",
    '{"url":1}',
    '{"url":""}',
    '{"url":"bot.example"}',
    '{"url":"javascript:alert(1)"}',
    '{"url":"https://me:secret@bot.example"}',
    '{"url":"https://bot.example?x=1"}',
    `{"url":"https://${"x".repeat(3_000)}"}`,
  ])("%s is refused in one line", async (body) => {
    const stage = startAdmin();
    const response = await set(stage, body);
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatch(/^Expected \{"url"/);
    expect(stage.calls).toEqual([]);
  });

  it("says what Telegram had against it, without the token that it may quote", async () => {
    const stage = startAdmin({
      registerWebhook: () => Promise.resolve({ ok: false, problem: `POST /bot${BOT_TOKEN}/setWebhook failed` }),
    });
    const response = await set(stage, '{"url":"https://bot.example"}');
    expect(response.status).toBe(422);
    expect(await errorOf(response)).toBe("POST /bot…/setWebhook failed");
  });
});

describe("what comes in", () => {
  it.each([
    "/sessions/nobody",
    "/sessions/telegram%3A1%2F..",
    "/sessions/%E0%A4%A",
    "/sessions/telegram:1%00",
    `/sessions/telegram:${"9".repeat(500)}`,
    "/sessions/__proto__",
    "/sessions/telegram:1:user:",
  ])("a key such as %s is asked of nobody", async (path) => {
    const stage = startAdmin();
    expect((await stage.ask(path, { token: TOKEN })).status).toBe(404);
    expect(stage.calls).toEqual([]);
  });

  it.each([KEY, "telegram:-1001:topic:7", "telegram:-1001:user:-5", "telegram:1:bg:3"])(
    "the key %s is",
    async (key) => {
      const stage = startAdmin();
      await stage.ask(`/sessions/${encodeURIComponent(key)}`, { token: TOKEN });
      await stage.ask(`/sessions/${key}`, { token: TOKEN });
      expect(stage.calls).toEqual([`session ${key}`, `session ${key}`]);
    },
  );

  it.each(["cursor=x", "cursor=", "cursor=1.nobody", "limit=0", "limit=-1", "limit=1e9", "limit=101", "limit=x"])(
    "?%s is refused in one line",
    async (query) => {
      const response = await startAdmin().ask(`/sessions?${query}`, { token: TOKEN });
      expect(response.status).toBe(400);
      expect(await errorOf(response)).toMatch(/^(cursor|limit): expected/);
    },
  );

  it("names the method that a route has", async () => {
    const stage = startAdmin();
    for (const [method, path, allowed] of [
      ["POST", "/sessions", "GET"],
      ["GET", `/sessions/${KEY}/stop`, "POST"],
      ["PUT", "/pools/openai/reset", "POST"],
      ["DELETE", "/", "GET"],
    ] as const) {
      const response = await stage.ask(path, { method, token: TOKEN });
      expect([response.status, response.headers.get("allow")]).toEqual([405, allowed]);
    }
    expect((await stage.ask("/nothing", { token: TOKEN })).status).toBe(404);
    expect(stage.calls).toEqual([]);
  });

  it("is not read where it is too large", async () => {
    const stage = startAdmin();
    const response = await stage.ask("/webhook", { method: "POST", token: TOKEN, body: "x".repeat(100_000) });
    expect(response.status).toBe(413);
  });

  it("never ends in a stack trace: what cannot be reached is said in one line", async () => {
    const stage = startAdmin({ session: () => Promise.reject(new Error(`overloaded ${BOT_TOKEN}`)) });
    const response = await stage.ask(`/sessions/${KEY}`, { token: TOKEN });
    expect(response.status).toBe(503);
    expect(await errorOf(response)).toBe("It could not be reached just now. Try again; the log has the line.");
  });
});
