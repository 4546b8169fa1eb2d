import type { UserContent } from "ai";
import { describe, expect, it } from "vitest";
import { type Asking, Failover, type FailoverPorts, type Lease, type LeaseAnswer } from "../../src/agent/failover.ts";
import { RefusedFiles } from "../../src/agent/forms.ts";
import type { ModelName } from "../../src/core/model-name.ts";
import type { KeptLease } from "../../src/core/session.ts";
import { openAiCompatibleModel } from "../../src/models/openai-compatible.ts";
import { inPieces } from "./harness/pieces.ts";

/** Which credential a turn's next call is made with, when the pool changes its mind meanwhile. */

const MODEL: ModelName = { provider: "local", model: "m" };
const NOW = 1_000_000;

type Answer = "ok" | "silent" | "limited" | "overloaded" | "bad";

class Scene {
  readonly called: string[] = [];
  readonly bodies: string[] = [];
  readonly events: string[] = [];
  readonly lost = new Set<string>();
  readonly refusedFiles = new RefusedFiles();
  readonly paused: (() => void)[] = [];
  kept: KeptLease | undefined;
  shortage: { readonly earliestAt?: number; readonly isOnTrial?: true } = {};
  models = [MODEL];
  now = NOW;
  #leases = 0;
  readonly #answers: Record<string, Answer[]>;
  readonly #pool: string[];
  readonly #isProbe: boolean;
  /** Reports that the pool has answered. */
  settled = 0;
  onAsk: () => void = () => {};
  /** Called when a call has been made, before it is answered. */
  onCall: (credential: string) => void = () => {};

  constructor(answers: Record<string, Answer[]>, pool: string[], isProbe = false) {
    this.#answers = answers;
    this.#pool = pool;
    this.#isProbe = isProbe;
  }

  failover(): Failover {
    const ports: FailoverPorts = {
      models: this.models,
      retryWithinMs: 30_000,
      signal: new AbortController().signal,
      now: () => this.now,
      chance: () => 0.5,
      pause: async () => {
        for (const act of this.paused.splice(0)) act();
      },
      kept: () => this.kept,
      lease: async (_, exclude): Promise<LeaseAnswer> => {
        this.onAsk();
        const credential = this.#pool.find((one) => !exclude.includes(one) && !this.lost.has(one));
        this.events.push(`ask ${credential ?? "nobody"}`);
        if (credential === undefined) return { ok: false, allDisabled: false, empty: false, ...this.shortage };
        return { ok: true, lease: `l${++this.#leases}`, credential, version: 1, isProbe: this.#isProbe };
      },
      isLost: (_, credential) => this.lost.has(credential),
      contextTokens: () => 0,
      refusedFiles: this.refusedFiles,
      report: async (_: ModelName, { credential }: Lease, outcome) => {
        this.events.push(`report ${credential} ${outcome.ok ? "ok" : outcome.verdict.class}`);
        await new Promise((resolve) => setImmediate(resolve));
        this.settled += 1;
      },
      open: async (_, credential) =>
        openAiCompatibleModel({
          ...MODEL,
          baseURL: "https://model.test",
          apiKey: credential,
          fetch: async (_url, init) => {
            this.bodies.push(String(init?.body));
            return this.#respond(credential);
          },
        }),
      log: () => {},
    };
    return new Failover(ports);
  }

  ask(failover: Failover, content: UserContent = "hi", waitUntilAt = 0) {
    const asking: Asking = {
      system: "",
      messages: [{ role: "user", content }],
      tools: [],
      wordsOnly: false,
      onText: (text) => this.events.push(`text ${text}`),
      onProgress: () => {},
    };
    return failover.ask(asking, waitUntilAt);
  }

  #respond(credential: string): Response {
    this.called.push(credential);
    this.onCall(credential);
    const answer = this.#answers[credential]?.shift() ?? "ok";
    const error = (status: number, message: string) => Response.json({ error: { message } }, { status });
    if (answer === "limited") return error(429, "Rate limit reached");
    if (answer === "overloaded") return error(503, "overloaded");
    if (answer === "bad") return error(400, "this model takes no image_url");
    const words = ["Hel", "lo"].map((content) => ({ id: "1", choices: [{ index: 0, delta: { content } }] }));
    const end = { id: "1", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
    const chunks = answer === "silent" ? [end] : [...words, end];
    const body = inPieces(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`));
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }
}

const keptOf = (credential: string, more: Partial<KeptLease> = {}): KeptLease => ({
  lease: "kept",
  ...MODEL,
  credential,
  version: 1,
  ...more,
});

describe("a kept lease", () => {
  it("serves the next turn without a word to the pool, until the time at which a better choice may be ready", async () => {
    const scene = new Scene({}, ["A", "B"]);
    scene.kept = keptOf("B", { untilAt: NOW + 1 });
    expect(await scene.ask(scene.failover())).toMatchObject({ kind: "reply", lease: { credential: "B" } });
    scene.now = NOW + 1;
    expect(await scene.ask(scene.failover())).toMatchObject({ kind: "reply", lease: { credential: "A" } });
    expect(scene.called).toEqual(["B", "A"]);
  });

  it("serves a turn that has begun with it to its end, past that time", async () => {
    const scene = new Scene({}, ["A", "B"]);
    scene.kept = keptOf("B", { untilAt: NOW + 1 });
    const failover = scene.failover();
    await scene.ask(failover);
    scene.now = NOW + 10;
    await scene.ask(failover);
    expect(scene.called).toEqual(["B", "B"]);
  });

  it("that is lost between two calls of a turn is not called with again", async () => {
    const scene = new Scene({}, ["A", "B"]);
    scene.kept = keptOf("A");
    const failover = scene.failover();
    await scene.ask(failover);
    scene.lost.add("A");
    expect(await scene.ask(failover)).toMatchObject({ kind: "reply", lease: { credential: "B" } });
    expect(scene.called).toEqual(["A", "B"]);
  });

  it("that is lost, and well again when the pool is asked, is as good as any", async () => {
    const scene = new Scene({}, ["A"]);
    scene.kept = keptOf("A");
    scene.lost.add("A");
    scene.onAsk = () => scene.lost.clear();
    expect(await scene.ask(scene.failover())).toMatchObject({ kind: "reply", lease: { lease: "l1" } });
  });

  it("that is lost during a call serves it to the end, and is not kept after it", async () => {
    const scene = new Scene({}, ["A", "B"]);
    scene.kept = keptOf("A");
    scene.onCall = () => scene.lost.add("A");
    const asked = await scene.ask(scene.failover());
    expect(asked).toMatchObject({ kind: "reply", lease: null, reply: { text: "Hello" } });
    expect(scene.called).toEqual(["A"]);
  });

  it("that is lost while the turn pauses for a faulty server gives way to another", async () => {
    const scene = new Scene({ A: ["overloaded"] }, ["A", "B"]);
    scene.kept = keptOf("A");
    scene.paused.push(() => scene.lost.add("A"));
    expect(await scene.ask(scene.failover())).toMatchObject({ kind: "reply", lease: { credential: "B" } });
    expect(scene.called).toEqual(["A", "B"]);
    expect(scene.events.filter((event) => event.startsWith("report"))).toEqual([]);
  });
});

describe("a probe", () => {
  it("is reported well at its first words, once, and before they are shown", async () => {
    const scene = new Scene({}, ["A"], true);
    await scene.ask(scene.failover());
    expect(scene.events).toEqual(["ask A", "report A ok", "text Hel", "text Hello"]);
    // What the turn reports next comes after it.
    expect(scene.settled).toBe(1);
  });

  it("that answers without a word is reported well, too", async () => {
    const scene = new Scene({ A: ["silent"] }, ["A"], true);
    await scene.ask(scene.failover());
    expect(scene.events).toEqual(["ask A", "report A ok"]);
  });

  it("that is refused is reported so, and another is asked", async () => {
    const scene = new Scene({ A: ["limited"] }, ["A", "B"], true);
    await scene.ask(scene.failover());
    expect(scene.events.slice(0, 4)).toEqual(["ask A", "report A rate", "ask B", "report B ok"]);
  });

  it("of which nothing came is not reported well", async () => {
    const scene = new Scene({ A: ["overloaded", "overloaded", "overloaded", "overloaded"] }, ["A"], true);
    expect(await scene.ask(scene.failover())).toMatchObject({ kind: "failed", failure: "overload" });
    expect(scene.events).toEqual(["ask A"]);
  });
});

describe("a turn for which no key is ready", () => {
  const scene = new Scene({}, []);
  const untilAt = async (waitMs: number) => {
    const asked = await scene.ask(scene.failover(), "hi", NOW + waitMs);
    return asked.kind === "exhausted" ? asked.untilAt : undefined;
  };

  it("waits for one that rests no longer than it would wait", async () => {
    scene.shortage = { earliestAt: NOW + 20_000 };
    expect([await untilAt(20_000), await untilAt(5_000)]).toEqual([NOW + 20_000, NOW + 20_000]);
  });

  it("waits as long as it may for one that is being tried, which may be ready at any moment", async () => {
    scene.shortage = { earliestAt: NOW + 20_000, isOnTrial: true };
    expect([await untilAt(60_000), await untilAt(5_000)]).toEqual([NOW + 20_000, NOW + 5_000]);
    // It has waited so long already, or does not wait at all.
    expect(await untilAt(0)).toBe(NOW + 20_000);
  });
});

it("asks a model that cannot look at pictures in words, whoever the picture was sent to", async () => {
  const scene = new Scene({}, ["A"]);
  const data = new Uint8Array([1]);
  await scene.ask(scene.failover(), [{ type: "file", data, mediaType: "image/png", filename: "cat.png" }]);
  expect(scene.bodies).toEqual([expect.stringContaining("[cat.png: you cannot see it]")]);
});

const LOOKS: ModelName = { provider: "openai", model: "gpt-5-mini" };
const PICTURE: UserContent = [
  { type: "text", text: "look" },
  { type: "file", data: new Uint8Array([1]), mediaType: "image/png", filename: "cat.png" },
];

it("a model that refuses a picture, though nothing is known against it, is asked once more in words", async () => {
  const scene = new Scene({ A: ["bad"] }, ["A"]);
  scene.models = [LOOKS];
  expect(await scene.ask(scene.failover(), PICTURE)).toMatchObject({ kind: "reply" });
  expect(scene.bodies).toEqual([
    expect.stringContaining("image_url"),
    expect.stringContaining("[cat.png: you cannot see it]"),
  ]);
  expect(scene.bodies[1]).not.toContain("image_url");
});

it("a picture that a model has refused is not shown to it in a later turn, and another one is", async () => {
  const scene = new Scene({ A: ["bad"] }, ["A"]);
  scene.models = [LOOKS];
  await scene.ask(scene.failover(), PICTURE);
  const other = { type: "file", data: new Uint8Array([1, 2]), mediaType: "image/png", filename: "dog.png" } as const;
  await scene.ask(scene.failover(), [...PICTURE, other]);
  expect(scene.called).toEqual(["A", "A", "A"]);
  expect(scene.bodies[2]).toContain("[cat.png: you cannot see it]");
  expect(scene.bodies[2]).toContain("image_url");
  scene.models = [{ ...LOOKS, model: "gpt-5" }];
  await scene.ask(scene.failover(), PICTURE);
  expect(scene.bodies[3]).toContain("image_url");
});

it("a model that refuses more than the picture is not asked a third time", async () => {
  const scene = new Scene({ A: ["bad", "bad"] }, ["A"]);
  scene.models = [LOOKS];
  expect(await scene.ask(scene.failover(), PICTURE)).toMatchObject({ kind: "failed", failure: "bad" });
  expect(scene.called).toEqual(["A", "A"]);
  // So it may not have been the picture.
  await scene.ask(scene.failover(), PICTURE);
  expect(scene.bodies[2]).toContain("image_url");
});

it("a refusal of words alone is final", async () => {
  const scene = new Scene({ A: ["bad"] }, ["A"]);
  expect(await scene.ask(scene.failover())).toMatchObject({ kind: "failed", failure: "bad" });
  expect(scene.called).toEqual(["A"]);
});
