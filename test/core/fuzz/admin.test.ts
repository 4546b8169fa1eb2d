import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BOT_TOKEN, startAdmin, TOKEN } from "../harness/admin.ts";
import { fuzz } from "./fuzz.ts";
import { mangled, mangledText, oddText } from "./mangled.ts";

const PATHS = [
  "",
  "/",
  "/events",
  "/login",
  "/logout",
  "/sessions?limit=5&cursor=abc.telegram:1",
  "/sessions/telegram:1",
  "/sessions/telegram:1?journal=50",
  "/sessions/telegram:-100200:topic:3/transcript",
  "/sessions/telegram:1/journal",
  "/sessions/telegram:1/stop",
  "/sessions/telegram:1:bg:7/reset",
  "/sessions/telegram:1/erase",
  "/pools",
  "/pools/openai/reset",
  "/pools/openai/aaaaaaaaaaaa/reset",
  "/activity",
  "/people/1001/erase",
  "/webhook",
  "/?session=telegram:1",
];
const BODIES = [{ url: "https://bot.test" }, { url: "https://bot.test/telegram/webhook/" }, { token: TOKEN }];

const request = fc.record({
  path: fc.oneof(fc.constantFrom(...PATHS), mangledText(PATHS)),
  method: fc.constantFrom("GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"),
  body: fc.oneof(
    mangled(BODIES).map((body) => JSON.stringify(body) ?? ""),
    oddText,
    fc.constant(`token=${TOKEN}`),
  ),
  type: fc.constantFrom(
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "multipart/form-data; boundary=x",
  ),
  token: fc.oneof(
    { weight: 6, arbitrary: fc.constant(TOKEN) },
    { weight: 1, arbitrary: fc.stringMatching(/^[ -~]{0,40}$/) },
  ),
  cookie: fc.oneof(fc.constant(""), fc.stringMatching(/^[ -~]{0,60}$/)),
});

const written: string[] = [];
beforeEach(() => {
  written.length = 0;
  vi.spyOn(console, "log").mockImplementation((line: string) => void written.push(line));
});
afterEach(() => vi.restoreAllMocks());

describe("what is broken in a request to /admin", () => {
  const sameOrigin = { "sec-fetch-site": "same-origin" };

  it("is a wrong token where it is the form of signing in, and no fault of ours", async () => {
    const headers = { ...sameOrigin, "content-type": "multipart/form-data; boundary=x" };
    const response = await startAdmin().ask("/login", { method: "POST", body: "", headers });
    expect(response.status).toBe(401);
    expect(written.join()).not.toContain("internal.error");
  });

  it("is written out in the log only so far as a path of ours goes", async () => {
    await startAdmin().ask(`/sessions/${"x".repeat(5_000)}`, { method: "POST", token: TOKEN, headers: sameOrigin });
    expect(written.find((line) => line.includes("admin.did"))?.length).toBeLessThan(300);
  });
});

describe("a request to /admin, whatever it asks", () => {
  fuzz(
    "is answered with what there is or with a 4xx, without a secret",
    800,
    request,
    async ({ path, method, body, type, token, cookie }) => {
      const stage = startAdmin();
      const gone = new AbortController();
      const url = new URL("http://localhost/admin");
      // As a client would send it: what no URL can hold cannot come in.
      const target = encodeURI(path.toWellFormed()).replaceAll("%25", "%");
      if (!URL.canParse(`${url.href}${target}`)) return;
      const init = method === "GET" || method === "HEAD" ? {} : { body };
      const response = await stage.ask(target, {
        ...init,
        method,
        token,
        signal: gone.signal,
        headers: { "content-type": type, "sec-fetch-site": "same-origin", ...(cookie ? { cookie } : {}) },
      });
      expect(response.status, `${method} ${target}`).toBeLessThan(500);
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
      if (isStream) await response.body?.cancel();
      else {
        const text = await response.text();
        for (const secret of [BOT_TOKEN, "the-webhook-secret", "sk-secret-one"]) expect(text).not.toContain(secret);
        if (token !== TOKEN) expect(text).not.toContain("aaaaaaaaaaaa");
      }
      gone.abort();
    },
  );
});
