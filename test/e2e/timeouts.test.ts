import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manner } from "../../playground/model/reply.ts";
import { startWorld, type World } from "./harness/world.ts";
import { heard, isGrowing, newcomer, plain, type Scene, says } from "./scene.ts";

const IDLE_SECONDS = 3;
const WHOLE_SECONDS = 7;
/** The heartbeat of a run is far longer than these limits: it is their own alarm that ends it, give or take a slow machine. */
const SLACK_MS = 5000;
const LIMIT = { timeoutMs: WHOLE_SECONDS * 1000 + 15_000 };

describe("a model that does not do its part", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      env: {
        RUN_IDLE_TIMEOUT_SECONDS: String(IDLE_SECONDS),
        RUN_TIMEOUT_SECONDS: String(WHOLE_SECONDS),
        MAX_STEPS: "4",
      },
    });
  });
  afterAll(() => world?.close());

  /** Asks something that goes wrong in this manner, and something behind it; the second must be answered. */
  const ask = async (manner: Partial<Manner>, text = "word after word ".repeat(200)): Promise<Scene> => {
    const one = newcomer(world);
    world.model.next({ text, manner }, says(`first ${one.chatId}`));
    world.model.next({ text: `reply to the second of ${one.chatId}` }, says(`second ${one.chatId}`));
    await one.tell(`first ${one.chatId}`);
    await one.request(`first ${one.chatId}`);
    await one.tell(`second ${one.chatId}`);
    return one;
  };
  const second = (one: Scene) => one.hears(`reply to the second of ${one.chatId}`, LIMIT);

  it("is given up when it sends nothing, or stops sending, or never stops; what had come is kept and the queue goes on", async () => {
    const [mute, silent, stalled, endless] = await Promise.all([
      ask({ flow: "mute" }),
      ask({ flow: "silent" }),
      // The second word comes far too late.
      ask({ tokensPerSecond: 0.02 }),
      ask({ flow: "endless", tokensPerSecond: 25 }),
    ]);
    for (const one of [mute, silent, stalled]) {
      await one.hears(`Nothing came from the model or a tool for ${IDLE_SECONDS} s`, LIMIT);
      const [request] = one.asked(`first ${one.chatId}`);
      await world.model.waitFor("the call to be cut", () => request?.abortedAt !== undefined);
      const lasted = Number(request?.abortedAt) - Number(request?.at);
      expect(lasted).toBeGreaterThanOrEqual(IDLE_SECONDS * 1000 - 500);
      expect(lasted).toBeLessThan(IDLE_SECONDS * 1000 + SLACK_MS);
      const { outcome, run } = await one.finished();
      expect(outcome).toBe("timed_out");
      await one.log("alarm.fired", { where: (line) => line.run === run });
    }
    await endless.hears(`reached its limit of ${WHOLE_SECONDS} s`, LIMIT);
    expect((await endless.finished()).outcome).toBe("timed_out");
    await Promise.all([mute, silent, stalled, endless].map(second));
    await Promise.all([mute, silent, stalled, endless].map((one) => one.settled()));
    expect(endless.count("and so on and so on"), endless.lines.join(" | ")).toBe(1);
    expect(stalled.count("word"), stalled.lines.join(" | ")).toBe(1);
    for (const one of [mute, silent, stalled, endless]) {
      expect(world.telegram.said(one.chatId).filter(isGrowing)).toEqual([]);
      expect((await one.finished(2)).outcome).toBe("answered");
    }
    const after = endless.asked(`second ${endless.chatId}`).at(-1)?.conversation.messages ?? [];
    expect(heard(after, "and so on and so on")).toBe(true);
    expect(heard(after, "[the turn was ended here]")).toBe(true);
  });

  it("is asked once more when its answer breaks off, and the answer is not doubled", async () => {
    const flows = ["torn", "reset", "error_midstream"] as const;
    await Promise.all(
      flows.map(async (flow) => {
        const one = newcomer(world);
        const words = `broken ${one.chatId}`;
        world.model.next({ text: `half an answer of ${flow}, and more of it`, manner: { flow } }, says(words));
        world.model.next({ text: `a whole answer of ${flow}` }, says(words));
        await one.tell(words);
        await one.hears(`a whole answer of ${flow}`, LIMIT);
        expect((await one.finished()).outcome).toBe("answered");
        await one.settled();
        const about = one.lines.filter((line) => line.includes(flow));
        expect(about).toHaveLength(1);
        expect(one.asked(words)).toHaveLength(2);
      }),
    );
  });

  it("is said to have failed when it breaks off again, and what had come is kept once", async () => {
    const one = newcomer(world);
    const words = `broken ${one.chatId}`;
    for (let times = 0; times < 4; times += 1) {
      world.model.next({ text: "these words came and the rest never did", manner: { flow: "torn" } }, says(words));
    }
    await one.tell(words);
    await one.hears("The connection to openai broke", LIMIT);
    expect((await one.finished()).outcome).toBe("failed");
    await one.settled();
    expect(one.count("these words came")).toBe(1);
    world.model.next({ text: "well again" }, says(`then ${one.chatId}`));
    await one.tell(`then ${one.chatId}`);
    await one.hears("well again");
    const asked = one.asked(`then ${one.chatId}`).at(-1)?.conversation.messages ?? [];
    expect(heard(asked, "these words came")).toBe(true);
  });

  it("is asked again for an empty answer, and the person is told when that is empty, too", async () => {
    const one = newcomer(world);
    world.model.next({ manner: { flow: "empty" } }, says(`once ${one.chatId}`));
    world.model.next({ text: "not empty any more" }, says(`once ${one.chatId}`));
    await one.tell(`once ${one.chatId}`);
    await one.hears("not empty any more");
    for (let times = 0; times < 2; times += 1)
      world.model.next({ manner: { flow: "empty" } }, says(`twice ${one.chatId}`));
    await one.tell(`twice ${one.chatId}`);
    await one.hears("answered with nothing, twice");
    expect((await one.finished(2)).outcome).toBe("failed");
  });

  it("hears of a tool that does not exist and of arguments that are no JSON, and goes on", async () => {
    const one = newcomer(world);
    const words = `tools ${one.chatId}`;
    world.model.next({ tools: [{ name: "launch_rocket", args: { to: "the moon" } }] }, says(words));
    world.model.next({ tools: [{ name: "now", args: '{"timezone": "Europe/Ber' }] }, says(words));
    world.model.next({ text: "then without tools" }, says(words));
    await one.tell(words);
    await one.hears("then without tools");
    const messages = one.asked(words).at(-1)?.conversation.messages ?? [];
    const results = messages.filter(({ role }) => role === "tool").map(({ text }) => text);
    expect(results).toHaveLength(2);
    expect(results[0]).toMatch(/launch_rocket|no tool|unknown/i);
    expect(results[1]).toMatch(/JSON|argument/i);
    expect((await one.finished()).outcome).toBe("answered");
  });

  it("is stopped after MAX_STEPS when it does nothing but call tools, and the person is told", async () => {
    const one = newcomer(world);
    const words = `loop ${one.chatId}`;
    for (let times = 0; times < 8; times += 1) world.model.next({ tools: [{ name: "now", args: {} }] }, says(words));
    await one.tell(words);
    await one.hears("used all 4 steps");
    expect(await one.finished()).toMatchObject({ outcome: "failed" });
    expect(one.asked(words)).toHaveLength(4);
    world.model.next({ text: "out of the loop" }, says(`out ${one.chatId}`));
    await one.tell(`out ${one.chatId}`);
    const answer = await one.hears("out of the loop");
    expect(plain(answer)).toBe("out of the loop");
  });
});
