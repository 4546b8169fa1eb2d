import { describe, expect, it } from "vitest";
import { readSettings } from "../../src/config.ts";
import type { Transcription } from "../../src/models/transcribe.ts";
import type { Door } from "../../src/session/door.ts";
import { hear } from "../../src/session/hearing.ts";
import type { LeaseReport, SessionPorts } from "../../src/session/ports.ts";

/** Who hears a voice message: whichever key of the pool can. */

const RECORDING = { bytes: new Uint8Array([79]), name: "voice.ogg", mime: "audio/ogg" };
const KEYS = ["A", "B", "C", "D", "E", "F"] as const;
const refused = (status: number): Transcription => ({
  ok: false,
  kind: "failed",
  raw: { provider: "openai", status, at: 0 },
});

function scene(answerTo: (key: string) => Transcription, isProbe = false) {
  const asked: string[] = [];
  const reports: LeaseReport[] = [];
  const failures: unknown[] = [];
  const ports = {
    key: "telegram:1",
    now: () => 1_000,
    settings: readSettings({ TRANSCRIPTION_MODEL: "openai/whisper-1", OPENAI_API_KEYS: "sk-a" }),
    keyOf: async (_provider: string, credential: string) => (credential === "B" ? undefined : `key-${credential}`),
    transcribe: async (_recording: unknown, key: string) => {
      asked.push(key);
      return answerTo(key);
    },
    pool: () => ({
      lease: async ({ exclude }: { readonly exclude: readonly string[] }) => {
        const credential = KEYS.find((candidate) => !exclude.includes(candidate));
        return credential === undefined
          ? { ok: false, allDisabled: false, empty: false }
          : { ok: true, lease: `l-${credential}`, credential, version: 1, isProbe };
      },
      report: async (report: LeaseReport) => void reports.push(report),
    }),
  } as unknown as SessionPorts;
  const door = {
    session: { epoch: 1 },
    log: (event: string, fields: object) => failures.push({ event, ...fields }),
    pass: () => {},
  } as unknown as Door;
  const { signal } = new AbortController();
  return { asked, reports, failures, hear: () => hear(RECORDING, "r1", door, ports, signal) };
}

const HEARD: Transcription = { ok: true, text: "hello" };

describe("a recording", () => {
  it("is heard with the first key, of which nothing more is said to the pool", async () => {
    const one = scene(() => HEARD);
    expect(await one.hear()).toBe("hello");
    expect(one.asked).toEqual(["key-A"]);
    expect(one.reports).toEqual([]);
  });

  it("is heard with the next key where one is refused for its own sake, and one that left the settings is passed over", async () => {
    const one = scene((key) => (key === "key-C" ? HEARD : refused(429)));
    expect(await one.hear()).toBe("hello");
    expect(one.asked).toEqual(["key-A", "key-C"]);
    expect(one.reports).toMatchObject([{ credential: "A", model: "whisper-1", outcome: { ok: false } }]);
    expect(one.failures).toMatchObject([{ event: "run.failure", run: "r1", credential: "A", class: "rate" }]);
  });

  it("is given up when the server fails, which is no key's fault, and no key rests for it", async () => {
    const one = scene(() => refused(500));
    expect(await one.hear()).toBeUndefined();
    expect(one.asked).toEqual(["key-A"]);
    expect(one.reports).toEqual([]);
    expect(one.failures).toMatchObject([{ class: "overload" }]);
  });

  it("is not sent with every key there is", async () => {
    const one = scene(() => refused(401));
    expect(await one.hear()).toBeUndefined();
    expect(one.asked).toEqual(["key-A", "key-C", "key-D", "key-E"]);
  });

  it("that a key on trial hears proves the key", async () => {
    const one = scene(() => HEARD, true);
    await one.hear();
    expect(one.reports).toMatchObject([{ credential: "A", outcome: { ok: true } }]);
  });
});
