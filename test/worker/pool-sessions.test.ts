import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Environment } from "../../src/environment.ts";
import { fingerprint } from "../../src/pool/fingerprint.ts";
import type { Session } from "../../src/session/object.ts";
import type { Inbound } from "../../src/telegram/message.ts";

/** The pool's word to sessions that did not ask, between the real objects: only Telegram and the model are stood in for. */

// The test runner types only some of the bindings.
const platform = env as unknown as Environment;
const SETTINGS = {
  TELEGRAM_BOT_TOKEN: "123456:worker-bot-token",
  TELEGRAM_WEBHOOK_SECRET: "worker-secret",
  TELEGRAM_API_ROOT: "https://telegram.test",
  ALLOWED_USERS: "*",
  STREAM: "off",
  MODEL: "local/m",
  LOCAL_BASE_URL: "https://model.test/v1",
};
const HOUR_SECONDS = 3_600;

/** What each key answers, and which keys were called. */
let limited: Map<string, number>;
let called: string[];
let updates = 0;

beforeEach(() => {
  limited = new Map();
  called = [];
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    if (request.url.startsWith("https://telegram.test")) {
      return Response.json({ ok: true, result: { message_id: ++updates, date: 1, chat: { id: 1, type: "private" } } });
    }
    const key = request.headers.get("authorization")?.replace("Bearer ", "") ?? "";
    called.push(key);
    const seconds = limited.get(key);
    if (seconds === undefined) return new Response(ANSWER, { headers: { "content-type": "text/event-stream" } });
    const error = { message: "Rate limit reached", type: "requests", code: "rate_limit_exceeded" };
    return Response.json({ error }, { status: 429, headers: { "retry-after": String(seconds) } });
  });
});

afterEach(() => vi.unstubAllGlobals());

const CHUNKS = [
  { id: "1", choices: [{ index: 0, delta: { role: "assistant", content: "Hello." }, finish_reason: null }] },
  {
    id: "1",
    choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 1 },
  },
];
const ANSWER = `${CHUNKS.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")}data: [DONE]\n\n`;

/** A session whose object has the settings of this file: those of the test runner have no keys. */
async function session(chatId: number, keys: string) {
  const stub = platform.SESSION.getByName(`telegram:${chatId}`);
  await runInDurableObject(stub, (object: Session) => {
    Object.assign(object, { env: { ...platform, ...SETTINGS, LOCAL_API_KEYS: keys } });
  });
  const view = async () => {
    const seen = await runInDurableObject(stub, (object: Session) => object.view({ journal: 20 }));
    if (!seen.ok) throw new Error("no session");
    return seen.view;
  };
  return {
    view,
    write: async () => {
      const update = ++updates;
      const place = { chatId, chatType: "private" } as const;
      const message = { messageId: update, writtenAt: 1, text: "hi", textChars: 2, attachments: [], notes: [] };
      const inbound: Inbound = { update, kind: "message", place, from: { id: chatId, name: "Ada" }, message };
      await stub.accept({ inbound });
    },
    isOver: () => vi.waitFor(async () => expect((await view()).state).toBe("idle"), WITHIN),
    has: (type: string) =>
      vi.waitFor(
        async () =>
          expect((await view()).journal.map(({ event }) => event)).toContainEqual(expect.objectContaining({ type })),
        WITHIN,
      ),
  };
}

const WITHIN = { timeout: 8_000, interval: 20 };

describe("two sessions on one pool", () => {
  it("a key that fails for one is not called by the other, which kept its lease", { timeout: 30_000 }, async () => {
    const [one, two] = [await session(101, "sk-1 sk-2"), await session(102, "sk-1 sk-2")];
    for (const chat of [one, two]) {
      await chat.write();
      await chat.isOver();
    }
    expect(called).toEqual(["sk-1", "sk-1"]);

    limited.set("sk-1", HOUR_SECONDS);
    await one.write();
    await one.isOver();
    expect(called.slice(2)).toEqual(["sk-1", "sk-2"]);
    await two.has("leaseLost");

    await two.write();
    await two.isOver();
    expect(called.slice(4)).toEqual(["sk-2"]);
  });

  it("one that waits goes on at once when a person lifts", { timeout: 30_000 }, async () => {
    const chat = await session(103, "sk-3");
    limited.set("sk-3", 120);
    await chat.write();
    await vi.waitFor(async () => expect((await chat.view()).state).toBe("waiting"), WITHIN);
    limited.clear();
    const credential = await fingerprint("local", "sk-3");
    expect(await platform.POOL.getByName("local").lift({ credential })).toEqual({ ok: true, lifted: 1 });
    await chat.isOver();
    expect(called).toEqual(["sk-3", "sk-3"]);
  });
});
