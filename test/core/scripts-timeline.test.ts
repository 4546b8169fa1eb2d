import { describe, expect, it } from "vitest";
import { TailReader } from "../../scripts/tail-lines.ts";
import { lineOf } from "../../scripts/timeline.ts";

const NOW = Date.UTC(2026, 10, 22, 12, 0, 9, 5);
const AT = Date.UTC(2026, 10, 22, 12, 0, 0, 130);

/** As `wrangler tail --format json` (4.155) prints an invocation: over many lines, one value after the other. */
function tailed(logs: readonly object[], change: object = {}): string[] {
  const value = {
    wallTime: 3,
    cpuTime: 1,
    truncated: false,
    executionModel: "durableObject",
    outcome: "ok",
    scriptName: "turnkeeper",
    diagnosticsChannelEvents: [],
    exceptions: [],
    logs: logs.map((line) => ({ message: [JSON.stringify(line)], level: "log", timestamp: AT })),
    eventTimestamp: AT,
    event: { rpcMethod: "accept" },
    entrypoint: "Session",
    ...change,
  };
  return JSON.stringify(value, null, 2).split("\n");
}

function timeline(lines: readonly string[], session?: string): string[] {
  const reader = new TailReader();
  const items = [...lines.flatMap((line) => reader.push(line)), ...reader.end()];
  const options = { now: NOW, paint: (_style: string, text: string) => text, ...(session ? { session } : {}) };
  return items.flatMap((item) => lineOf(item, options) ?? []);
}

const QUEUED = {
  event: "turn.queued",
  session: "telegram:1001",
  run: "0f0e1d2c-aaaa-bbbb-cccc-ddddeeeeffff",
  epoch: 3,
  mode: "queue",
  depth: 2,
  idle_ms: 95_000,
};

describe("the timeline", () => {
  it("shows wrangler tail's values in columns: time, session, event, run, fields", () => {
    const accepted = { event: "update.accepted", session: "telegram:1001", update: 500_001, kind: "message" };
    expect(timeline(tailed([accepted, QUEUED]))).toEqual([
      "12:00:00.130  telegram:1001             update.accepted                kind=message update=500001",
      "12:00:00.130  telegram:1001             turn.queued          0f0e1d2c  mode=queue depth=2 epoch=3 idle=95s  ⚠ the run was idle for 95 s",
    ]);
  });

  it("reads the output of wrangler dev and values on one line alike", () => {
    const dev = ["⎔ Starting local server...", JSON.stringify(QUEUED), `[wrangler:info] ${JSON.stringify(QUEUED)}`];
    expect(timeline(dev).map((line) => line.slice(0, 46).trimEnd())).toEqual([
      "⎔ Starting local server...",
      "12:00:09.005  telegram:1001             turn.q",
      "12:00:09.005  telegram:1001             turn.q",
    ]);
    expect(timeline([tailed([QUEUED]).join("")])).toHaveLength(1);
  });

  it.each([
    [{ event: "run.stale", run: "r" }, "⚠ stale: this run is no longer the session's"],
    [{ event: "delivery.retry", wait_ms: 30_000 }, "⚠ waits 30 s"],
    [{ event: "delivery.sent", ms: 12_000 }, "⚠ slow: 12 s until Telegram had it"],
    [{ event: "run.finished", outcome: "answered", ms: 90_000 }, "⚠ slow: 90 s"],
    [{ event: "run.finished", outcome: "timed_out", ms: 180_000 }, "✗ timed_out"],
    [{ event: "run.finished", outcome: "recovered", ms: 10 }, "⚠ the process had died"],
    [{ event: "delivery.failed", kind: "answer" }, "✗ failed"],
    [{ event: "config.invalid", name: "MODEL" }, "✗ invalid"],
  ])("marks %o", (fields, mark) => {
    expect(timeline(tailed([fields]))[0]?.endsWith(`  ${mark}`)).toBe(true);
  });

  it.each([
    [{ event: "delivery.sent", ms: 400 }],
    [{ event: "run.finished", outcome: "answered", ms: 4000 }],
    [{ event: "turn.queued", idle_ms: 900 }],
  ])("marks nothing in %o", (fields) => {
    expect(timeline(tailed([fields]))[0]).not.toMatch(/[⚠✗]/);
  });

  it("shows one chat with its asides, and no other's, not even one whose id begins alike", () => {
    const sessions = ["telegram:1001", "telegram:1001:bg:7", "telegram:10011", "telegram:1001:topic:2", "telegram:2"];
    const logs = sessions.map((session) => ({ event: "run.started", session }));
    expect(timeline(tailed(logs), "telegram:1001").map((line) => line.split(/ +/)[1])).toEqual([
      "telegram:1001",
      "telegram:1001:bg:7",
    ]);
  });

  it("shows what was thrown and what ended badly", () => {
    const exceptions = [{ name: "Error", message: "no\u001b[31m storage", timestamp: AT }];
    expect(timeline(tailed([], { outcome: "exceededCpu", exceptions }))).toEqual([
      "12:00:00.130  ✗ threw Error: no storage",
      "12:00:00.130  ✗ the invocation ended: exceededCpu",
    ]);
    expect(timeline(tailed([], { outcome: "canceled" }))).toEqual([]);
  });

  it("passes broken lines on, harmless, and goes on after them", () => {
    const broken = [
      "{",
      '  "outcome": "ok",',
      ...tailed([QUEUED]),
      '{"event":',
      '{"event":"<x>"}',
      "\u001b]0;title\u0007bell",
      "{",
      "never ended",
    ];
    const lines = timeline(broken);
    expect(lines).toEqual([
      "{",
      '  "outcome": "ok",',
      expect.stringContaining("turn.queued"),
      '{"event":',
      '{"event":"<x>"}',
      "bell",
      "{",
      "never ended",
    ]);
  });

  it("takes no field for more than it is", () => {
    const odd = {
      event: "run.finished",
      session: 5,
      run: ["x"],
      ms: "long",
      until: Number.MAX_VALUE,
      note: "a\nb\u001b[2J",
    };
    expect(timeline(tailed([odd]))).toEqual([
      `12:00:00.130                            run.finished                   took=long until=${Number.MAX_VALUE} note=ab`,
    ]);
  });
});
