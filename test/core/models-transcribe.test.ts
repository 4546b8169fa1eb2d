import { describe, expect, test } from "vitest";
import { classify } from "../../src/core/failure.ts";
import { type TranscriptionRequest, transcribe } from "../../src/models/transcribe.ts";

const AT = Date.parse("2026-11-22T10:00:00Z");
const AUDIO = new Uint8Array(20_000).map((_, index) => index % 256);

function request(over: Partial<TranscriptionRequest>): TranscriptionRequest {
  return {
    model: { provider: "openai", model: "gpt-4o-mini-transcribe" },
    settings: undefined,
    key: "sk-test",
    audio: AUDIO,
    fileName: "voice.ogg",
    mime: "audio/ogg",
    timeoutMs: 5_000,
    now: () => AT,
    fetch: () => Promise.reject(new Error("not expected")),
    ...over,
  };
}

describe("a voice message", () => {
  test("is sent as a form with model and file, and its text comes back", async () => {
    const seen: { url: string; auth: string | null; model: unknown; file: unknown }[] = [];
    const answer = await transcribe(
      request({
        settings: { name: "openai", keys: [], baseUrl: "http://stub/v1" },
        fetch: async (input, init) => {
          const form = init?.body instanceof FormData ? init.body : new FormData();
          seen.push({
            url: String(input),
            auth: new Headers(init?.headers).get("authorization"),
            model: form.get("model"),
            file: form.get("file"),
          });
          return Response.json({ text: " Hello there. " });
        },
      }),
    );
    expect(answer).toEqual({ ok: true, text: "Hello there." });
    expect(seen[0]).toMatchObject({
      url: "http://stub/v1/audio/transcriptions",
      auth: "Bearer sk-test",
      model: "gpt-4o-mini-transcribe",
    });
    const file = seen[0]?.file;
    expect(file instanceof File && [file.name, file.type, file.size]).toEqual(["voice.ogg", "audio/ogg", 20_000]);
  });

  test("is heard by a server of one's own that wants no key", async () => {
    const sent: Headers[] = [];
    const own = {
      model: { provider: "mine", model: "whisper" },
      settings: { name: "mine", keys: [{ key: "" }], baseUrl: "http://stub/v1" },
      key: "",
      fetch: async (_input: unknown, init?: RequestInit) => {
        sent.push(new Headers(init?.headers));
        return Response.json({ text: "Hello." });
      },
    };
    expect(await transcribe(request(own))).toEqual({ ok: true, text: "Hello." });
    expect(sent.map((headers) => headers.get("authorization"))).toEqual([null]);
  });

  test("is heard by Whisper on Workers AI, in base64 for the turbo model and in numbers for the first", async () => {
    const heard: unknown[] = [];
    const ai = {
      run: async (_: string, inputs: { audio: unknown }) => {
        heard.push(inputs.audio);
        return { text: "ten o'clock" };
      },
    };
    const ask = (model: string) => transcribe(request({ model: { provider: "workersai", model }, key: "", ai }));
    expect(await ask("@cf/openai/whisper-large-v3-turbo")).toEqual({ ok: true, text: "ten o'clock" });
    expect(await ask("@cf/openai/whisper")).toEqual({ ok: true, text: "ten o'clock" });
    expect(heard[0]).toBe(Buffer.from(AUDIO).toString("base64"));
    expect(heard[1]).toEqual([...AUDIO]);
  });
});

describe("what goes wrong is returned", () => {
  test("a refusal, as it can be classified", async () => {
    const answer = await transcribe(
      request({
        fetch: async () => Response.json({ error: { code: "insufficient_quota", message: "x" } }, { status: 429 }),
      }),
    );
    expect(answer).toMatchObject({ ok: false, kind: "failed" });
    if (!answer.ok && answer.kind === "failed") expect(classify(answer.raw).class).toBe("billing");
  });

  test("an unreachable host and an answer without a text", async () => {
    const unreachable = await transcribe(request({ fetch: () => Promise.reject(new TypeError("fetch failed")) }));
    if (!unreachable.ok && unreachable.kind === "failed") expect(classify(unreachable.raw).class).toBe("network");
    expect(unreachable).toMatchObject({ kind: "failed" });
    expect(await transcribe(request({ fetch: async () => new Response("<html>") }))).toMatchObject({
      ok: false,
      kind: "failed",
    });
  });

  const hanging: typeof fetch = (_, init) =>
    new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));

  test("a time that is up is the network's; a cut is a cut", async () => {
    const slow = await transcribe(request({ timeoutMs: 5, fetch: hanging }));
    expect(slow).toMatchObject({ ok: false, kind: "failed" });
    if (!slow.ok && slow.kind === "failed") expect(classify(slow.raw).class).toBe("network");
    const cut = new AbortController();
    const asking = transcribe(request({ signal: cut.signal, fetch: hanging }));
    cut.abort();
    expect(await asking).toEqual({ ok: false, kind: "cut" });
    expect(await transcribe(request({ signal: cut.signal }))).toEqual({ ok: false, kind: "cut" });
  });

  test.each([
    [{ model: { provider: "my-llm", model: "m" } }, "no_base_url"],
    [{ model: { provider: "anthropic", model: "m" } }, "no_transcription"],
    [{ model: { provider: "workersai", model: "@cf/openai/whisper" } }, "no_binding"],
    [{ key: "" }, "no_key"],
  ])("a setting that is missing: %j", async (over, reason) => {
    expect(await transcribe(request(over))).toEqual({ ok: false, kind: "unavailable", reason });
  });
});
