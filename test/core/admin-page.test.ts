import { afterEach, describe, expect, it, vi } from "vitest";
import { landingPage } from "../../src/admin/landing.tsx";
import { LONGEST_PAUSE_MS, MOST_LOOKS } from "../../src/admin/live.tsx";
import { readSettings } from "../../src/config.ts";
import { BOT_TOKEN, journalOf, KEY, type Stage, startAdmin, TOKEN, viewOf } from "./harness/admin.ts";

const HTML = { accept: "text/html" };
const SECRETS = [TOKEN, BOT_TOKEN, "the-webhook-secret", "sk-secret-one", "sk-secret-two"];

async function pageOf(stage: Stage, query = ""): Promise<string> {
  const response = await stage.ask(`/${query}`, { token: TOKEN, headers: HTML });
  expect(response.status).toBe(200);
  return response.text();
}

function busy(stage: Stage): void {
  const { now } = stage.clock;
  const run = {
    id: "run-two-of-the-session",
    startedAt: now - 9_000,
    idleSeconds: 3,
    deadlineAt: now + 60_000,
    attempt: 2,
    credential: "aaaaaaaaaaaa",
    steps: 1,
    tokens: 250,
    waiting: { why: "credential" as const, untilAt: now + 30_000 },
  };
  const journal = journalOf(
    [
      ["received", "running", "run-one"],
      [{ type: "failed", run: "run-one", reason: "overload", effects: ["leave", "say:failed"] }, "idle", null],
      ["received", "running", run.id],
      [{ type: "exhausted", run: run.id, untilAt: now + 30_000, effects: ["say:waiting"] }, "waiting", run.id],
    ],
    now,
  );
  const queue = [{ update: 77, messageId: 5, from: 42, acceptedAt: now - 2_000 }];
  const deliveries = { count: 2, oldestAt: now - 60_000, lost: null };
  stage.views.set(
    KEY,
    viewOf(KEY, { state: "waiting", run, journal, queue, queued: 1, deliveries, reminders: 1, usd: 0.0123 }),
  );
}

afterEach(() => vi.useRealTimers());

describe("the page", () => {
  it("shows sessions, pools, what waits, errors and pictures", async () => {
    const stage = startAdmin();
    busy(stage);
    const html = await pageOf(stage);
    for (const shown of [
      '<span class="state waiting">waiting</span>',
      "$0.0123",
      "attempt 2",
      "2 to deliver",
      "1 reminder",
      '<span class="state failed">failed</span>',
      "overload",
      '<span class="state cooling">cooling</span>',
      `data-until="${Date.UTC(2026, 10, 22, 12, 5)}"`,
      'data-post="/admin/pools/openai/aaaaaaaaaaaa/reset"',
      'data-post="/admin/sessions/telegram%3A1/stop"',
      "<svg",
      "Turns an hour: 1 in all",
      "Waits an hour: 1 in all",
    ]) {
      expect(html).toContain(shown);
    }
  });

  it("tells a session's story: every event, what the state was and what it became", async () => {
    const stage = startAdmin();
    busy(stage);
    const html = await pageOf(stage, `?session=${encodeURIComponent(KEY)}`);
    const story = html.slice(html.indexOf('<ol class="story">'), html.indexOf("</ol>"));
    expect(story.match(/<strong>\w+<\/strong>/g)).toEqual(
      ["exhausted", "received", "failed", "received"].map((event) => `<strong>${event}</strong>`),
    );
    expect(story).toContain('<span class="state running">running</span> → <span class="state waiting">waiting</span>');
    expect(story).toContain("leave, say:failed");
    expect(html).toContain("Update 77 of user 42 waits since");
    expect(html).toContain('data-post="/admin/sessions/telegram%3A1/reset"');
    expect(stage.calls).not.toContain(`transcript ${KEY}`);
  });

  it("opens the session of a chat's id, and pages of older sessions", async () => {
    const stage = startAdmin();
    expect(await pageOf(stage, "?session=%201%20")).toContain(`<h2 id="story-title"><code>${KEY}</code>`);
    for (let n = 2; n <= 25; n += 1) stage.views.set(`telegram:${n}`, viewOf(`telegram:${n}`));
    const href = /href="(\/admin\?cursor=[^"]+)"/.exec(await pageOf(stage))?.[1] ?? "";
    await pageOf(stage, href.slice("/admin".length));
    expect(stage.calls.filter((call) => call.startsWith("sessions")).at(-1)).toBe("sessions 20 telegram:21");
  });

  it("says that there is no session of that key, and ignores what is none", async () => {
    expect(await pageOf(startAdmin(), "?session=telegram%3A404")).toContain("There is no session");
    expect(await pageOf(startAdmin(), "?session=%3Cscript%3E")).not.toContain("story-title");
  });

  it("is whole with nothing to show", async () => {
    const stage = startAdmin({ pools: () => Promise.resolve([]) });
    stage.views.clear();
    const html = await pageOf(stage);
    for (const shown of ["No session yet", "No provider has a key", "Everything that was said is delivered", "None."]) {
      expect(html).toContain(shown);
    }
  });

  it("holds no secret, and no markup that came with the data", async () => {
    const evil = '"><script>alert(1)</script>';
    const stage = startAdmin();
    const run = {
      id: evil,
      startedAt: Number.NaN,
      idleSeconds: Number.NaN,
      deadlineAt: Number.POSITIVE_INFINITY,
      attempt: 1,
      credential: evil,
      steps: 0,
      tokens: 0,
    };
    const event = { type: evil, by: evil, reason: evil, effects: [evil], text: "words of a person", untilAt: 9e99 };
    const journal = [{ seq: 1, at: 9e99, event, phase: evil, epoch: 1, run: evil, queued: 0 }];
    stage.views.set(KEY, viewOf(KEY, { state: "running", run, journal }));
    stage.views.set(
      "telegram:2",
      viewOf("telegram:2", {
        journal: [{ seq: 1, at: 1, event: null, phase: "idle", epoch: 1, run: null, queued: 0 }],
      }),
    );
    const html = await pageOf(stage, `?session=${KEY}`);
    expect(html).not.toContain("<script>alert");
    expect(html).not.toContain("words of a person");
    for (const secret of SECRETS) expect(html).not.toContain(secret);
  });

  it("runs only what carries its nonce: no inline handler, no inline style, nothing from elsewhere", async () => {
    const html = await pageOf(startAdmin());
    expect(html).toMatch(/^<!doctype html><html lang="en">/);
    expect(html).not.toMatch(/\son\w+=/);
    expect(html).not.toMatch(/\sstyle=/);
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toMatch(/<script nonce="nonce-\d+">/);
  });

  it("can be used without seeing it: language, headings, table headers, labels, live regions", async () => {
    const stage = startAdmin();
    busy(stage);
    const html = await pageOf(stage, `?session=${KEY}`);
    expect(html).toContain('aria-live="polite"');
    expect(html).toContain('role="status"');
    expect(html).toContain('<th scope="col"');
    expect(html).toContain('<th scope="row"');
    expect(html).toContain("<main");
    for (const svg of html.match(/<svg[^>]*>/g) ?? []) expect(svg).toContain("aria-label=");
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("the live parts", () => {
  it("come at once, all of them, as server-sent events", async () => {
    const stage = startAdmin();
    busy(stage);
    const response = await stage.ask(`/events?session=${KEY}`, { token: TOKEN });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const reader = response.body?.getReader();
    let text = "";
    const decoder = new TextDecoder();
    while (reader && (text.match(/^data: /gm)?.length ?? 0) < 7) {
      const { value, done } = await reader.read();
      if (done) break;
      text += decoder.decode(value);
    }
    await reader?.cancel();
    const parts = text.split("\n").flatMap((line) => (line.startsWith("data: ") ? [JSON.parse(line.slice(6))] : []));
    expect(parts.map(({ id }) => id)).toEqual([
      "summary",
      "story",
      "sessions",
      "pools",
      "waiting",
      "errors",
      "pictures",
    ]);
    expect(text).toContain("retry: 1000");
    for (const secret of SECRETS) expect(text).not.toContain(secret);
  });

  it("look no more often than every two seconds, ever more seldom where nothing happens, and end", async () => {
    vi.useFakeTimers();
    const looks: number[] = [];
    const stage = startAdmin({
      pools: async () => {
        looks.push(Date.now());
        return [];
      },
    });
    const response = await stage.ask("/events", { token: TOKEN });
    const all = response.text();
    await vi.advanceTimersByTimeAsync(20 * 60_000);
    const text = await all;
    vi.useRealTimers();
    expect(looks).toHaveLength(MOST_LOOKS);
    const pauses = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2_000);
    expect(pauses.at(-1)).toBe(LONGEST_PAUSE_MS);
    expect(text.match(/^event: part$/gm)).toHaveLength(7);
    expect(text).toContain(": nothing new");
  });

  it("are looked for no longer when the reader has gone", async () => {
    vi.useFakeTimers();
    let looks = 0;
    const stage = startAdmin({
      pools: async () => {
        looks += 1;
        return [];
      },
    });
    const reader = (await stage.ask("/events", { token: TOKEN })).body?.getReader();
    for (let part = 0; part < 7; part += 1) await reader?.read();
    await vi.advanceTimersByTimeAsync(1);
    expect(vi.getTimerCount()).toBe(1);
    await reader?.cancel();
    await vi.advanceTimersByTimeAsync(1);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looks).toBe(1);
  });
});

describe("GET /", () => {
  it("says what is left to do, by name and never by value", async () => {
    const settings = readSettings({ TELEGRAM_BOT_TOKEN: "not a token!", POOL_STRATEGY: "sk-secret-one" });
    const response = landingPage(settings, "1.2.3");
    const html = await response.text();
    expect(response.status).toBe(200);
    for (const shown of [
      "TELEGRAM_BOT_TOKEN",
      "TELEGRAM_WEBHOOK_SECRET is not set",
      "OPENAI_API_KEYS",
      "ADMIN_TOKEN",
      "1.2.3",
    ]) {
      expect(html).toContain(shown);
    }
    expect(html).toContain("Not set up yet.");
    expect(html).not.toContain("not a token!");
    expect(html).not.toContain("sk-secret-one");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("says that nobody may write to it, where neither owners nor users are named", async () => {
    const left = async (env: Record<string, string>) => {
      const html = await landingPage(startAdmin({}, env).ports.settings, "1.2.3").text();
      expect(html.includes("Write to the bot in Telegram.")).toBe(!html.includes("nobody may write to the bot"));
      return html.includes("nobody may write to the bot");
    };
    expect([await left({}), await left({ OWNERS: "1" }), await left({ ALLOWED_USERS: "*" })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("says that it is set up where it is, and keeps every secret", async () => {
    const html = await landingPage(startAdmin({}, { OWNERS: "1" }).ports.settings, "1.2.3").text();
    expect(html).toContain("Set up.");
    expect(html).not.toContain("Left to do");
    for (const secret of SECRETS) expect(html).not.toContain(secret);
  });
});
