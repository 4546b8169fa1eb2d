import { describe, expect, it } from "vitest";
import { openAiStream } from "../../../playground/model/wire-openai.ts";
import { callModel } from "../../../src/agent/call.ts";
import { languageModel } from "../../../src/models/registry.ts";
import { inPieces } from "../harness/pieces.ts";
import { Stage } from "../harness/session.ts";

/** Scenarios of the field's test suites, told again through the whole session (docs/scenarios.md says which). */

const CRASHED = "lost three times to a crash";
const EMPTY = { credit: { status: 402, body: { error: { message: "Insufficient balance" } } } };

describe("a turn", () => {
  it("that a provider refuses is said as a reply, and leaves room for the next message", async () => {
    const stage = new Stage();
    stage.next({ refuse: { status: 400, body: { error: { message: "bad", code: "invalid_request_error" } } } });
    const refused = await stage.write("first");
    await stage.hears("⚠️");
    expect([...stage.chat.values()].find(({ text }) => text.includes("⚠️"))?.replyTo).toBe(refused.message.messageId);
    expect(stage.phase).toBe("idle");
    await stage.write("second");
    await stage.hears("echo of second");
  });

  it("whose own code throws is said to have failed inside the bot, and leaves room for the next message", async () => {
    const stage = new Stage({ OPENAI_BASE_URL: "https://model.test/v1" });
    stage.next({ tools: [{ name: "now", args: {} }] });
    stage.failsToReadKeys = true;
    await stage.write("first");
    await stage.hears("Something went wrong inside the bot");
    stage.failsToReadKeys = false;
    expect(stage.phase).toBe("idle");
    await stage.write("second");
    await stage.hears("echo of second");
  });

  it("that two crashes hit is answered, and its success counts anew: the next one may crash as often", async () => {
    const stage = new Stage();
    for (const words of ["first", "second"]) {
      const held = [stage.hold(), stage.hold()];
      await stage.write(words);
      for (const attempt of held.keys()) {
        await stage.until("it is asked", () => stage.asked.filter(({ text }) => text.includes(words)).length > attempt);
        stage.crash();
        await stage.pass(30_000);
      }
      await stage.hears(`echo of ${words}`);
    }
    expect(stage.count(CRASHED)).toBe(0);
    expect(stage.count("echo of")).toBe(2);
  });

  it("whose process dies goes on by the alarm alone, with nobody writing", async () => {
    const stage = new Stage();
    stage.hold();
    await stage.write("hello");
    await stage.until("it is asked", () => stage.asked.length === 1);
    stage.crash();
    expect(stage.alarmAt).toBeDefined();
    expect((stage.alarmAt ?? 0) - stage.now).toBeLessThanOrEqual(25_000);
    await stage.pass(25_000);
    await stage.hears("echo of hello");
    expect(stage.count("echo of hello")).toBe(1);
  });

  it("whose process died is ended by a stop for good, and does not come back", async () => {
    const stage = new Stage();
    stage.hold();
    await stage.write("hello");
    await stage.until("it is asked", () => stage.asked.length === 1);
    stage.crash();
    stage.hold();
    await stage.write("/stop");
    await stage.hears("Stopped");
    stage.crash();
    await stage.pass(120_000);
    expect(stage.phase).toBe("idle");
    expect(stage.count("echo of hello")).toBe(0);
    expect(stage.alarmAt === undefined || stage.alarmAt > stage.now + 3_600_000).toBe(true);
  });

  it("is asked with a prompt whose beginning stays as it was, turn after turn", async () => {
    const stage = new Stage();
    for (const words of ["one", "two", "three"]) {
      await stage.write(words);
      await stage.hears(`echo of ${words}`);
      await stage.pass(5 * 60_000);
    }
    const prompts = stage.asked.map(({ body }) => body.messages);
    for (const [index, prompt] of prompts.entries()) {
      const before = prompts[index - 1] ?? [];
      expect(prompt.slice(0, before.length)).toEqual(before);
    }
  });
});

describe("messages that meet a running turn", () => {
  it("come after it in their order, one turn each, however fast they were written", async () => {
    const stage = new Stage();
    const held = stage.hold();
    await stage.write("hold");
    const five = ["a1", "b2", "c3", "d4", "e5"];
    for (const words of five) await stage.write(words);
    expect(stage.asked).toHaveLength(1);
    held.release();
    await stage.hears("echo of e5");
    const answers = stage.lines().filter((line) => line.startsWith("echo of"));
    expect(answers).toEqual(["echo of hold", ...five.map((words) => `echo of ${words}`)]);
  });

  it("keep what they reply to and who wrote them while they wait", async () => {
    const stage = new Stage();
    const held = stage.hold();
    await stage.write("hold");
    await stage.write("what of this?", { reply: { messageId: 5, from: "Grace", text: "the garden" } });
    held.release();
    await stage.hears("the garden");
    expect(stage.asked[1]?.text).toContain("the garden");
    expect(stage.asked[1]?.text).toContain("what of this?");
  });

  it("are dropped by a stop, aloud, and none of them is asked later", async () => {
    const stage = new Stage();
    stage.hold();
    await stage.write("hold");
    await stage.write("waits");
    await stage.write("/stop");
    await stage.hears("Waiting messages dropped: 1");
    await stage.pass(60_000);
    expect(stage.asked).toHaveLength(1);
    expect(stage.phase).toBe("idle");
  });
});

describe("messages that meet a running turn, being files", () => {
  it("are turns of their own when they are files, and no album", async () => {
    const stage = new Stage();
    const held = stage.hold();
    await stage.write("hold");
    for (const kind of ["voice", "video", "document"] as const) {
      await stage.write(`see ${kind}`, { attachments: [{ kind, fileId: kind, uniqueId: kind, name: `a.${kind}` }] });
    }
    held.release();
    await stage.hears("see document");
    await stage.until("all are asked", () => stage.asked.length === 4 && stage.phase === "idle");
    const words = stage.asked.slice(1).map(({ text }) => /see (\w+)/.exec(text)?.[1]);
    expect(words).toEqual(["voice", "video", "document"]);
  });
});

describe("a model", () => {
  it("that only thinks makes progress with every piece of its thought", async () => {
    const thought = "one two three four five six seven";
    const frames = [...openAiStream("c1", "m", { reasoning: thought, text: "Yes." }, { input: 1, output: 1 }, 1)];
    // Each by itself, as it is thought: what comes together is one sign of life.
    const body = inPieces(frames.map(({ data }) => data));
    const model = await languageModel({
      model: { provider: "openai", model: "m" },
      settings: { name: "openai", keys: [], baseUrl: "https://model.test/v1" },
      key: "sk-A",
      fetch: async () => new Response(body, { headers: { "content-type": "text/event-stream" } }),
    });
    let pieces = 0;
    const { signal } = new AbortController();
    const onProgress = () => {
      pieces += 1;
    };
    const rest = { system: "s", tools: [], wordsOnly: false, signal, onText: () => {}, onProgress };
    const reply = await callModel({ ...rest, model, messages: [{ role: "user", content: "think" }] });
    expect(reply).toMatchObject({ ok: true, text: "Yes." });
    expect(pieces).toBeGreaterThanOrEqual(thought.split(" ").length);
  });
});

describe("a command that a client has split", () => {
  it("takes the rest of its words along", async () => {
    const stage = new Stage();
    await stage.write(`/new ${"long ".repeat(810)}`);
    await stage.write("and its end");
    await stage.pass(3_000);
    await stage.hears("and its end");
    expect(stage.asked).toHaveLength(1);
    expect(stage.asked[0]?.text ?? "").toContain("and its end");
  });
});

describe("keys", () => {
  it("that are all empty at the start of a turn end it with the time, and the next message is answered when one is well", async () => {
    const stage = new Stage({ POOL_WAIT_SECONDS: "0" });
    stage.next({ refuse: EMPTY.credit }, { refuse: EMPTY.credit });
    await stage.write("first");
    await stage.hears("No model key can serve this now");
    expect(stage.phase).toBe("idle");
    const asked = stage.asked.length;
    await stage.write("second");
    await stage.until("it is refused again", () => stage.count("No model key can serve this now") === 2);
    expect(stage.asked).toHaveLength(asked);
    await stage.pass(5 * 3_600_000);
    await stage.write("third");
    await stage.hears("echo of third");
  });

  it("are each tried once in a turn, and the turn ends", async () => {
    const stage = new Stage({ POOL_WAIT_SECONDS: "0", OPENAI_API_KEYS: "sk-A,sk-B,sk-C,sk-D" });
    stage.next(
      ...Array.from({ length: 9 }, () => ({ refuse: { status: 401, body: { error: { code: "invalid_api_key" } } } })),
    );
    await stage.write("hello");
    await stage.until("the turn to end", () => stage.phase === "idle" && stage.lines().length > 0);
    expect(stage.asked.map(({ key }) => key)).toEqual(["sk-A", "sk-B", "sk-C", "sk-D"]);
  });
});
