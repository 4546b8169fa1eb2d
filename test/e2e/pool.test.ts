import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { address, listen } from "../../playground/listen.ts";
import { ADA } from "../../playground/telegram/cast.ts";
import { startWorld, type World } from "./harness/world.ts";
import { newcomer, Scene, says } from "./scene.ts";

/** A provider that refuses each question in the way that is set for its words. */
class Refusing {
  readonly answers = new Map<string, { readonly status: number; readonly body: unknown; calls: number }>();
  readonly #server: Server = createServer(async (request, response) => {
    const asked = await text(request);
    const [, answer] = [...this.answers].find(([words]) => asked.includes(words)) ?? [];
    if (answer) answer.calls += 1;
    response.writeHead(answer?.status ?? 404, { "content-type": "application/json" });
    response.end(JSON.stringify(answer?.body ?? {}));
  });

  async start(): Promise<this> {
    await listen(this.#server, 0);
    return this;
  }

  get url(): string {
    return address(this.#server);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Providers of their own keep the tests apart: each has a pool of two keys, `sk-<name>-one` and `sk-<name>-two`. */
const PROVIDERS = ["alder", "birch", "cedar", "elm", "fir", "gorse"] as const;

describe("a pool of keys", () => {
  let world: World;
  let refusing: Refusing;
  let owner: Scene;
  beforeAll(async () => {
    refusing = await new Refusing().start();
    const pools = PROVIDERS.flatMap((name) => [
      [`${name.toUpperCase()}_BASE_URL`, "{model}/v1"],
      [`${name.toUpperCase()}_API_KEYS`, `sk-${name}-one, sk-${name}-two`],
    ]);
    world = await startWorld({
      env: {
        MODEL: "main/stand-in",
        MAIN_BASE_URL: "{model}/v1",
        MAIN_API_KEYS: "sk-main",
        FALLBACK_MODELS: "anthropic/claude-stand-in",
        ANTHROPIC_BASE_URL: "{model}/v1",
        ANTHROPIC_API_KEYS: "sk-ant-one sk-ant-two",
        ODD_BASE_URL: `${refusing.url}/v1`,
        ODD_API_KEYS: "sk-odd-one,sk-odd-two",
        POOL_WAIT_SECONDS: "20",
        ...Object.fromEntries(pools),
      },
    });
    owner = new Scene(world, ADA);
  });
  afterAll(async () => {
    await world?.close();
    refusing.close();
  });

  /** Somebody who has chosen this provider. */
  const userOf = async (provider: string): Promise<Scene> => {
    const one = newcomer(world);
    const model = `${provider}/stand-in`;
    await one.tell(`/model ${model}`);
    await one.hears(model);
    return one;
  };
  /** One question and its answer; says which keys were asked. */
  const exchange = async (one: Scene, words: string): Promise<string[]> => {
    const before = world.model.requests.length;
    world.model.next({ text: `answer to ${words}` }, says(words));
    const times = one.count(`answer to ${words}`) + 1;
    await one.tell(words);
    await one.hears(`answer to ${words}`, { times, timeoutMs: 30_000 });
    return world.model.requests.slice(before).map(({ key }) => key);
  };
  const lines = (event: string, provider: string) =>
    world.worker.logs((line) => line.event === event && line.provider === provider);

  it("answers the same turn by the other key when one is limited, and uses the first again when its time has come", async () => {
    world.model.door({ kind: "rate_limited", retryAfterSeconds: 5 }, "sk-alder-one");
    const one = await userOf("alder");
    const begun = Date.now();
    expect(await exchange(one, `first ${one.chatId}`)).toEqual(["sk-alder-one", "sk-alder-two"]);
    const other = await userOf("alder");
    expect(await exchange(other, `second ${other.chatId}`)).toEqual(["sk-alder-two"]);
    expect(await exchange(one, `third ${one.chatId}`)).toEqual(["sk-alder-two"]);
    await one.settled();
    // The model's choice, two answers and the version: of the limit the person sees nothing.
    expect(one.said).toHaveLength(4);
    expect(lines("credential.cooling", "alder")).toHaveLength(1);

    world.model.door({ kind: "open" }, "sk-alder-one");
    await world.worker.waitForLog(({ event, provider }) => event === "credential.ready" && provider === "alder");
    expect(Date.now() - begun).toBeGreaterThanOrEqual(5000);
    const third = await userOf("alder");
    expect(await exchange(third, `fourth ${third.chatId}`)).toEqual(["sk-alder-one"]);
  });

  it("turns off a key that is not accepted, tells the owners once, and uses it again when a person has lifted it", async () => {
    world.model.door({ kind: "dead" }, "sk-birch-one");
    const one = await userOf("birch");
    expect(await exchange(one, `first ${one.chatId}`)).toEqual(["sk-birch-one", "sk-birch-two"]);
    const other = await userOf("birch");
    expect(await exchange(other, `second ${other.chatId}`)).toEqual(["sk-birch-two"]);
    await owner.hears("The birch key");
    expect(lines("credential.disabled", "birch")).toHaveLength(1);

    world.model.door({ kind: "open" }, "sk-birch-one");
    await owner.tell("/pool");
    const shown = await owner.hears("off (keys not accepted)");
    const [button] = (shown.keyboard ?? []).flat().filter(({ callback_data: data }) => data?.startsWith("lift:birch:"));
    const pressed = world.telegram.people.pressData(owner.chatId, shown.id, button?.callback_data ?? "");
    await owner.hears("Lifted: 1.");
    await world.telegram.waitFor("the button's answer", () => pressed.query.answered);
    const third = await userOf("birch");
    expect(await exchange(third, `third ${third.chatId}`)).toEqual(["sk-birch-one"]);
    await owner.settled();
    expect(owner.count("The birch key")).toBe(1);
  });

  it("rests a key for long when the account is empty, in whatever words, until a maintainer lifts it by one call", async () => {
    for (const [provider, door] of [
      ["cedar", { kind: "out_of_credit", as: 402 }],
      ["elm", { kind: "out_of_credit", as: 429 }],
      ["anthropic", { kind: "out_of_credit", as: 429 }],
    ] as const) {
      const name = provider === "anthropic" ? "ant" : provider;
      world.model.door(door, `sk-${name}-one`);
      const one = await userOf(provider);
      const asked = await exchange(one, `first ${one.chatId}`);
      expect(asked).toEqual([`sk-${name}-one`, `sk-${name}-two`]);
      const cooling = await world.worker.waitForLog(
        (line) => line.event === "credential.cooling" && line.provider === provider,
      );
      expect(cooling.reason).toBe("billing");
      expect(Number(cooling.until)).toBeGreaterThan(Date.now() + 3_000_000);

      world.model.door({ kind: "open" }, `sk-${name}-one`);
      const id = String(cooling.credential);
      const lifted = await world.worker.admin(`/pools/${provider}/${id}/reset`, { method: "POST" });
      expect(lifted.status).toBe(200);
      const other = await userOf(provider);
      expect(await exchange(other, `second ${other.chatId}`)).toEqual([`sk-${name}-one`]);
    }
    const listed: unknown = await (await world.worker.admin("/pools")).json();
    expect(JSON.stringify(listed)).not.toContain("sk-");
    expect(listed).toMatchObject({
      pools: expect.arrayContaining([
        expect.objectContaining({
          provider: "cedar",
          credentials: [expect.objectContaining({ state: "ready" }), expect.objectContaining({ state: "ready" })],
        }),
      ]),
    });
  });

  it("touches no key for what is not the key's fault, and answers by the next model", async () => {
    const bodies: readonly (readonly [number, unknown])[] = [
      [403, { error: { message: "The server had an error processing your request", type: "server_error" } }],
      [400, { error: { message: "The engine is currently overloaded, please try again later", type: "overloaded" } }],
      [400, { error: { message: "maximum context length is 8192 tokens", code: "context_length_exceeded" } }],
      [403, { error: { message: "Your request was flagged by our content policy", code: "content_policy_violation" } }],
      [400, { error: { message: "Invalid value: 'x' for messages[0].role", type: "invalid_request_error" } }],
    ];
    await Promise.all(
      bodies.map(async ([status, body]) => {
        const one = await userOf("odd");
        const words = `odd ${one.chatId}`;
        const answer = { status, body, calls: 0 };
        refusing.answers.set(words, answer);
        world.model.next({ text: "from elsewhere" }, says(words));
        await one.tell(words);
        const finished = await one.finished(1, 30_000);
        // Another model takes over, or the person is told what is wrong; never silence.
        await one.hears(finished.outcome === "answered" ? "from elsewhere" : "⚠️");
        expect(answer.calls).toBeGreaterThan(0);
      }),
    );
    expect(lines("credential.cooling", "odd")).toEqual([]);
    expect(lines("credential.disabled", "odd")).toEqual([]);
  });

  it("waits aloud, once, for a key that comes back soon, and then answers", async () => {
    for (const key of ["sk-fir-one", "sk-fir-two"])
      world.model.door({ kind: "rate_limited", retryAfterSeconds: 6 }, key);
    const one = await userOf("fir");
    const words = `patience ${one.chatId}`;
    world.model.next({ text: "worth the wait" }, says(words));
    await one.tell(words);
    await one.hears("All model keys are resting. I go on in");
    const until = Number((await one.log("run.waiting")).until);
    for (const key of ["sk-fir-one", "sk-fir-two"]) world.model.door({ kind: "open" }, key);
    const early = one.asked(words).length;
    await one.tell("/status");
    await one.hears("Waiting for a model key");
    const answer = await one.hears("worth the wait", { timeoutMs: 30_000 });
    expect(answer.replyTo).toBeDefined();
    const calls = one.asked(words);
    expect(calls[early]?.at).toBeGreaterThanOrEqual(until);
    await one.settled();
    expect(one.count("All model keys are resting")).toBe(1);
    expect((await one.finished()).outcome).toBe("answered");
  });

  it("goes to the next model, and to another provider's dialect, and refuses with the time when nobody is left", async () => {
    for (const key of ["sk-gorse-one", "sk-gorse-two"])
      world.model.door({ kind: "rate_limited", retryAfterSeconds: 3600 }, key);
    const one = await userOf("gorse");
    expect(await exchange(one, `first ${one.chatId}`)).toEqual(["sk-gorse-one", "sk-gorse-two", "sk-main"]);
    world.model.door({ kind: "rate_limited", retryAfterSeconds: 1800 }, "sk-main");
    const keys = await exchange(one, `second ${one.chatId}`);
    expect(keys).toEqual(["sk-main", "sk-ant-one"]);
    expect(world.model.requests.at(-1)?.conversation.dialect).toBe("anthropic");
    await one.settled();
    expect(one.said).toHaveLength(4);

    for (const key of ["sk-ant-one", "sk-ant-two"])
      world.model.door({ kind: "rate_limited", retryAfterSeconds: 3600 }, key);
    await one.tell(`third ${one.chatId}`);
    const refusal = await one.hears("No model key can serve this now (rate limits)");
    expect(refusal.text).toMatch(/ready in (29|30) min \(at \d\d:\d\d/);
    expect((await one.finished(3)).outcome).toBe("exhausted");
    await owner.hears("No main key is ready");

    // The first choice again as soon as it is well.
    for (const key of ["sk-gorse-one", "sk-gorse-two"]) world.model.door({ kind: "open" }, key);
    const lifted = owner.count("Lifted: ");
    await owner.tell("/pool reset");
    await owner.hears("Lifted: ", { times: lifted + 1 });
    expect((await exchange(one, `fourth ${one.chatId}`)).every((key) => key.startsWith("sk-gorse"))).toBe(true);
    await owner.settled();
    expect(owner.count("No gorse key is ready")).toBe(1);
  });

  it("remembers over a kill -9 which key rests, and shows no key in what it writes", async () => {
    world.model.door({ kind: "rate_limited", retryAfterSeconds: 3600 }, "sk-elm-one");
    const one = await userOf("elm");
    expect(await exchange(one, `before ${one.chatId}`)).toEqual(["sk-elm-one", "sk-elm-two"]);
    world.model.door({ kind: "open" }, "sk-elm-one");
    await world.restart();
    const other = await userOf("elm");
    expect(await exchange(other, `after ${other.chatId}`)).toEqual(["sk-elm-two"]);
    expect(world.worker.output.join("\n")).not.toMatch(/sk-[a-z]+-(one|two)|sk-main/);
    expect(world.worker.logs("internal.error")).toEqual([]);
  });
});
