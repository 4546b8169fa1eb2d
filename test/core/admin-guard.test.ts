import { describe, expect, it, vi } from "vitest";
import {
  Guesses,
  MOST_ADDRESSES,
  MOST_WRONG,
  MOST_WRONG_IN_ALL,
  MOST_WRONG_UNDER_ATTACK,
  WINDOW_MS,
} from "../../src/admin/guesses.ts";
import { isPass, issuePass, PASS_MS } from "../../src/admin/token.ts";
import { isSameSecret } from "../../src/secret.ts";
import { KEY, type Stage, startAdmin, TOKEN } from "./harness/admin.ts";

const HTML = { accept: "text/html,application/xhtml+xml" };
const OWN = { "sec-fetch-site": "same-origin" };

function login(stage: Stage, token: string, headers: Record<string, string> = OWN, origin = "http://localhost") {
  return stage.ask("/login", {
    origin,
    method: "POST",
    headers: { ...HTML, "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams({ token }).toString(),
  });
}

async function passOf(stage: Stage): Promise<string> {
  const cookie = (await login(stage, TOKEN)).headers.get("set-cookie") ?? "";
  return cookie.split(";")[0] ?? "";
}

describe("signing in with a browser", () => {
  it("shows the form to a stranger, as 401", async () => {
    const response = await startAdmin().ask("/", { headers: HTML });
    const html = await response.text();
    expect(response.status).toBe(401);
    expect(html).toContain('<label for="token">');
    expect(html).toContain('type="password"');
    expect(html).not.toContain(KEY);
  });

  it("says that nobody can, while no token is set", async () => {
    const stage = startAdmin({}, { ADMIN_TOKEN: undefined });
    expect(await (await stage.ask("/", { headers: HTML })).text()).toContain("ADMIN_TOKEN</code> is not set");
    expect((await login(stage, "")).status).toBe(401);
    expect((await login(stage, "undefined")).headers.get("set-cookie")).toBeNull();
  });

  it("gives a pass that is no token, ends, and is out of the reach of scripts and other sites", async () => {
    const stage = startAdmin();
    const response = await login(stage, TOKEN);
    expect([response.status, response.headers.get("location")]).toEqual([303, "/admin"]);
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^turnkeeper_admin=\d+\.[0-9a-f]{64}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    const pass = cookie.split(";")[0] ?? "";
    expect((await stage.ask("/sessions", { headers: { cookie: pass } })).status).toBe(200);
    stage.clock.now += PASS_MS;
    expect((await stage.ask("/sessions", { headers: { cookie: pass } })).status).toBe(401);
  });

  it("marks the cookie Secure where the page is", async () => {
    const cookie = (await login(startAdmin(), TOKEN, OWN, "https://bot.example")).headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^__Host-turnkeeper_admin=.*Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  });

  it("says that a token is wrong, and gives no pass", async () => {
    const response = await login(startAdmin(), "wrong");
    expect(response.status).toBe(401);
    expect(await response.text()).toContain("That is not the token.");
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  it("is not done by a form of another site", async () => {
    for (const headers of [
      {},
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site", origin: "http://localhost" },
    ]) {
      expect((await login(startAdmin(), TOKEN, headers)).status).toBe(403);
    }
    expect((await login(startAdmin(), TOKEN, { origin: "http://localhost" })).status).toBe(303);
  });

  it("ends by signing out", async () => {
    const stage = startAdmin();
    const cookie = await passOf(stage);
    const response = await stage.ask("/logout", {
      method: "POST",
      headers: { cookie, ...OWN, "x-turnkeeper": "page" },
    });
    expect(response.headers.get("set-cookie")).toContain("Max-Age=0");
  });
});

describe("a pass", () => {
  it("is worth nothing for another token, with another time, or made up", async () => {
    const pass = await issuePass(TOKEN, 1_000);
    expect(await isPass(pass, TOKEN, 1_000)).toBe(true);
    expect(await isPass(pass, `${TOKEN}x`, 1_000)).toBe(false);
    expect(await isPass(pass, TOKEN, 1_000 + PASS_MS)).toBe(false);
    const [endsAt = "", signature = ""] = pass.split(".");
    expect(await isPass(`${Number(endsAt) + 1}.${signature}`, TOKEN, 1_000)).toBe(false);
    for (const made of ["", ".", "9.9", `${endsAt}.${"0".repeat(64)}`, `${pass} `, `x${pass}`, "9".repeat(10_000)]) {
      expect(await isPass(made, TOKEN, 1_000)).toBe(false);
    }
    expect(pass).not.toContain(TOKEN);
  });

  it("changes nothing unless the request comes from our own page", async () => {
    const stage = startAdmin();
    const cookie = await passOf(stage);
    const stop = (headers: Record<string, string>) =>
      stage.ask(`/sessions/${KEY}/stop`, { method: "POST", headers: { cookie, ...headers } });
    for (const headers of [
      {},
      OWN,
      { "x-turnkeeper": "page" },
      { "sec-fetch-site": "cross-site", "x-turnkeeper": "page" },
      { "sec-fetch-site": "none", "x-turnkeeper": "page" },
      { origin: "https://evil.example", "x-turnkeeper": "page" },
    ]) {
      expect((await stop(headers)).status).toBe(403);
    }
    expect(stage.calls).toEqual([]);
    expect((await stop({ ...OWN, "x-turnkeeper": "page" })).status).toBe(200);
    expect((await stop({ origin: "http://localhost", "x-turnkeeper": "page" })).status).toBe(200);
    expect(stage.calls).toEqual([`stop ${KEY}`, `stop ${KEY}`]);
  });

  it("is not needed beside the token, whoever sends it", async () => {
    const headers = { "sec-fetch-site": "cross-site" };
    const response = await startAdmin().ask(`/sessions/${KEY}/stop`, { method: "POST", token: TOKEN, headers });
    expect(response.status).toBe(200);
  });
});

describe("whoever is turned away", () => {
  it("leaves a line that says why, and is told nothing but 401", async () => {
    const lines: unknown[] = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(JSON.parse(line)));
    const stage = startAdmin();
    const old = { cookie: "turnkeeper_admin=1.0" };
    const asked = [
      await stage.ask("/sessions"),
      await stage.ask("/sessions", { token: "wrong" }),
      await stage.ask("/sessions", { headers: old }),
      await login(stage, "wrong"),
      await startAdmin({}, { ADMIN_TOKEN: undefined }).ask("/sessions", { token: "wrong" }),
    ];
    vi.restoreAllMocks();
    expect(asked.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    const reasons = ["no_token", "wrong_token", "no_pass", "wrong_token", "unset"];
    expect(lines).toEqual(reasons.map((reason) => ({ event: "admin.refused", reason })));
  });

  it("is 401 however often, where no token is set", async () => {
    const stage = startAdmin({}, { ADMIN_TOKEN: undefined });
    for (let n = 0; n <= MOST_WRONG; n += 1) expect((await login(stage, `wrong ${n}`)).status).toBe(401);
  });
});

describe("guessing", () => {
  const from = (address: string) => ({ headers: { "cf-connecting-ip": address } });
  const SHORT = "short-admin-token-1";
  const guessable = (): Stage => startAdmin({}, { ADMIN_TOKEN: SHORT });

  it("of a long token is hopeless, so however many are wrong, each is 401 and the right one passes", async () => {
    const stage = startAdmin();
    for (let n = 0; n < 3 * MOST_WRONG; n += 1) {
      expect((await stage.ask("/sessions", { token: `wrong ${n}`, ...from("1.2.3.4") })).status).toBe(401);
    }
    expect((await stage.ask("/sessions", { token: TOKEN, ...from("1.2.3.4") })).status).toBe(200);
    expect((await login(stage, TOKEN)).status).toBe(303);
    expect(TOKEN.length).toBeGreaterThanOrEqual(20);
  });

  it("of a short one is shut after so many wrong tokens from one address, the right one included, until the window ends", async () => {
    const stage = guessable();
    for (let n = 0; n < MOST_WRONG; n += 1) {
      expect((await stage.ask("/sessions", { token: `wrong ${n}`, ...from("1.2.3.4") })).status).toBe(401);
    }
    const shut = await stage.ask("/sessions", { token: SHORT, ...from("1.2.3.4") });
    expect([shut.status, shut.headers.get("retry-after")]).toEqual([429, String(WINDOW_MS / 1000)]);
    expect(stage.calls).toEqual([]);
    expect((await stage.ask("/sessions", { token: SHORT, ...from("1.2.3.5") })).status).toBe(200);
    stage.clock.now += WINDOW_MS;
    expect((await stage.ask("/sessions", { token: SHORT, ...from("1.2.3.4") })).status).toBe(200);
  });

  it("by the form counts with the rest, and is answered with a page", async () => {
    const stage = guessable();
    for (let n = 0; n < MOST_WRONG; n += 1) await login(stage, `wrong ${n}`);
    const shut = await login(stage, SHORT);
    expect(shut.status).toBe(429);
    expect(await shut.text()).toContain("Too many wrong tokens");
    expect(shut.headers.get("set-cookie")).toBeNull();
  });

  it("does not shut out whoever has a pass", async () => {
    const stage = guessable();
    const cookie = (await login(stage, SHORT)).headers.get("set-cookie")?.split(";")[0] ?? "";
    for (let n = 0; n <= MOST_WRONG; n += 1) await stage.ask("/sessions", { token: `wrong ${n}` });
    expect((await stage.ask("/sessions", { headers: { cookie } })).status).toBe(200);
  });

  it("is forgiven by the right token, and a request without one is no guess", async () => {
    const stage = guessable();
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < MOST_WRONG - 1; n += 1) await stage.ask("/sessions", { token: `wrong ${round} ${n}` });
      for (let n = 0; n < MOST_WRONG; n += 1) await stage.ask("/sessions");
      expect((await stage.ask("/sessions", { token: SHORT })).status).toBe(200);
    }
  });

  it("counts a wrong token once, however often it is sent: nobody learns from it, and nobody is shut out by it", async () => {
    const stage = guessable();
    for (let n = 0; n < 5 * MOST_WRONG; n += 1) {
      expect((await stage.ask("/sessions", { token: "the old one" })).status).toBe(401);
    }
    expect((await stage.ask("/sessions", { token: SHORT })).status).toBe(200);
  });

  it("takes one network of IPv6 for one address", () => {
    const guesses = new Guesses();
    for (let n = 0; n < MOST_WRONG; n += 1) guesses.wrong(`2001:db8:1:2:${n}::${n}`, `${n}`, 0);
    expect(guesses.shutUntil("2001:DB8:1:2:ffff:0:0:1", 1)).toBe(WINDOW_MS);
    expect(guesses.shutUntil("2001:db8:1:3::1", 1)).toBeUndefined();
    guesses.wrong("::1", "x", 0);
    expect(guesses.addresses).toBe(2);
  });

  it("remembers so many addresses and no more, and is stricter with each under a flood from all", () => {
    const guesses = new Guesses();
    for (let n = 0; n < 3 * MOST_ADDRESSES; n += 1) guesses.wrong(`10.0.${n >> 8}.${n & 255}`, "x", 0);
    expect(guesses.addresses).toBe(MOST_ADDRESSES);
    expect(3 * MOST_ADDRESSES).toBeGreaterThan(MOST_WRONG_IN_ALL);
    for (let n = 0; n < MOST_WRONG_UNDER_ATTACK; n += 1) guesses.wrong("1.1.1.1", `${n}`, 1);
    expect(guesses.shutUntil("1.1.1.1", 2)).toBe(1 + WINDOW_MS);
    expect(guesses.shutUntil("9.9.9.9", 2)).toBeUndefined();
  });

  it("learns nothing from how tokens are compared: length and content are hashed away", async () => {
    expect(await isSameSecret("", "")).toBe(true);
    expect(await isSameSecret("a", "b")).toBe(false);
    expect(await isSameSecret("a".repeat(1_000_000), "a")).toBe(false);
    expect(await isSameSecret("tökén 🔑", "tökén 🔑")).toBe(true);
  });
});

describe("every answer", () => {
  it.each([
    ["the form", "/", {}],
    ["the page", "/", { authorization: `Bearer ${TOKEN}` }],
    ["JSON", "/sessions", { authorization: `Bearer ${TOKEN}` }],
    ["a refusal", "/sessions", {}],
    ["what is not there", "/nothing", { authorization: `Bearer ${TOKEN}` }],
  ])("is stored, framed and sniffed by nobody: %s", async (_, path, headers) => {
    const response = await startAdmin().ask(path, { headers: { ...HTML, ...headers } });
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; script-src 'nonce-[\w-]+'; style-src 'nonce-[\w-]+';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "referrer-policy": "same-origin",
      "cache-control": "no-store",
      "cross-origin-opener-policy": "same-origin",
    });
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("has another nonce", async () => {
    const stage = startAdmin();
    const nonces = await Promise.all(
      [1, 2].map(async () => (await stage.ask("/", { headers: HTML })).headers.get("content-security-policy")),
    );
    expect(nonces[0]).not.toBe(nonces[1]);
  });
});
