import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "./harness/world.ts";
import { newcomer, plain, type Scene, says } from "./scene.ts";

let world: World;

async function exchange(one: Scene, words: string, answer: string): Promise<void> {
  const times = one.logs("run.finished").length + 1;
  world.model.next({ text: answer }, says(words));
  await one.tell(words);
  await one.hears(answer.slice(0, 40));
  await one.finished(times);
}

/** The next request for a summary gets this. */
function summarised(text: string): void {
  world.model.next({ text }, says("Summarise the conversation above"));
}

function texts(one: Scene, words: string): string[] {
  return (
    one
      .asked(words)
      .at(-1)
      ?.conversation.messages.map(({ text }) => text) ?? []
  );
}

describe("a conversation that grows", () => {
  beforeAll(async () => {
    world = await startWorld({ env: { CONTEXT_TOKENS: "2000" } });
  });
  afterAll(() => world?.close());

  it("beyond its window is shortened by itself and goes on, with what mattered and the last turns", async () => {
    const one = newcomer(world);
    for (let turn = 1; turn <= 8; turn += 1) {
      await exchange(one, `fact ${turn}: ${"lorem ipsum ".repeat(35)}`, `noted ${turn}: ${"dolor sit ".repeat(35)}`);
    }
    const summaries = () => one.asked("Summarise the conversation above");
    const before = summaries().length;
    summarised("SUMMARY: facts one to five.");
    for (let turn = 9; turn <= 20 && summaries().length === before; turn += 1) {
      await exchange(one, `fact ${turn}: ${"lorem ipsum ".repeat(35)}`, `noted ${turn}: ${"dolor sit ".repeat(35)}`);
    }
    expect(summaries().length).toBeGreaterThan(0);
    world.model.next({ text: "on it goes" }, says("and so?"));
    await one.tell("and so?");
    await one.hears("on it goes");
    const seen = texts(one, "and so?");
    expect(seen[0]).toMatch(/^\[Summary of the conversation so far\]/);
    expect(seen.length).toBeLessThan(2 * 20);
    expect(JSON.stringify(seen).length).toBeLessThan(9_000);
    await world.restart();
    world.model.next({ text: "still there" }, says("after the crash?"));
    await one.tell("after the crash?");
    await one.hears("still there");
    expect(texts(one, "after the crash?")[0]).toMatch(/^\[Summary of the conversation so far\]/);
  });
});

describe("a conversation", () => {
  beforeAll(async () => {
    world = await startWorld({ env: { USER_DAILY_BUDGET_USD: "0.02", MODEL: "openai/gpt-5-mini" } });
  });
  afterAll(() => world?.close());

  it("is shortened by /compact with a focus, keeps its last turns, and says so where there is nothing to do", async () => {
    const one = newcomer(world);
    await one.tell("/compact");
    await one.hears("short enough as it is");
    for (let turn = 1; turn <= 10; turn += 1) await exchange(one, `line ${turn}`, `reply ${turn}`);
    summarised("SUMMARY: they count lines.");
    await one.tell("/compact the numbers");
    await one.hears("what is older is now a summary");
    expect(one.asked("Summarise the conversation above").at(-1)?.lastUserText).toContain("Keep above all: the numbers");
    await exchange(one, "where are we?", "at ten");
    const seen = texts(one, "where are we?");
    expect(seen[0]).toContain("SUMMARY: they count lines.");
    expect(seen).toContain("reply 10");
    expect(seen).not.toContain("line 1");
    expect(seen.join("\n")).not.toContain("/compact");
  });

  it("that a provider calls too long is shortened and the question asked again", async () => {
    const one = newcomer(world);
    for (let turn = 1; turn <= 9; turn += 1) await exchange(one, `verse ${turn}`, `echo ${turn}`);
    world.model.next({ door: { kind: "context_too_long" } }, says("the last straw"));
    summarised("SUMMARY: nine verses.");
    world.model.next({ text: "it fits now" }, says("the last straw"));
    await one.tell("the last straw");
    await one.hears("it fits now");
    expect(texts(one, "the last straw")[0]).toContain("SUMMARY: nine verses.");
    expect((await one.finished(10)).outcome).toBe("answered");
  });

  it("that cannot be made short enough ends in a visible answer, and the next one works", async () => {
    const one = newcomer(world);
    world.model.next({ door: { kind: "context_too_long" } }, says("too much at once"));
    await one.tell("too much at once");
    await one.hears("too long for the model");
    await one.tell("/new");
    await exchange(one, "small again", "fits again");
  });

  it("that has used up the person's budget for the day is refused aloud, for them alone, /new or not", async () => {
    const [one, two] = [newcomer(world), newcomer(world)];
    // gpt-5-mini costs 2 US$ per million tokens of output: about 12,000 tokens are more than the budget.
    world.model.next({ text: "dear ".repeat(12_000), manner: { tokensPerSecond: 1_000_000 } }, says("something dear"));
    await one.tell("something dear");
    await one.finished(1, 60_000);
    await one.log("delivery.sent", { timeoutMs: 60_000 });
    const before = world.model.requests.length;
    await one.tell("and more");
    await one.hears("Your budget for today is used up (0.02 US$)", { timeoutMs: 60_000 });
    await one.tell("/new and more again");
    await one.hears("Your budget for today", { times: 2, timeoutMs: 60_000 });
    expect(world.model.requests.slice(before)).toEqual([]);
    await one.tell("/help");
    await one.hears("/status");
    await exchange(two, "mine is whole", "so it is");
  }, 180_000);
});

describe("a conversation that was left alone", () => {
  beforeAll(async () => {
    world = await startWorld({ env: { SESSION_IDLE_RESET_MINUTES: "0.05" } });
  });
  afterAll(() => world?.close());

  it("ends when the next message comes, which is said once; memory, reminders and persona stay", async () => {
    const one = newcomer(world);
    const call = async (name: string, args: Record<string, unknown>): Promise<string> => {
      const words = `${name} errand`;
      world.model.next({ tools: [{ name, args }] }, says(words));
      world.model.next({ text: `${name} done` }, says(words));
      await one.tell(words);
      await one.hears(`${name} done`);
      return (
        one
          .asked(words)
          .at(-1)
          ?.conversation.messages.findLast(({ role }) => role === "tool")?.text ?? ""
      );
    };
    await call("remember", { text: "They keep bees." });
    await call("remind", { text: "feed them", in_seconds: 3600 });
    await one.finished(2);
    expect(one.count("was a while ago")).toBe(0);
    // Idleness is time that passes, and nothing else.
    await new Promise((resolve) => setTimeout(resolve, 3_200));
    world.model.next({ text: "a fresh start" }, says("hello after a while"));
    await one.tell("hello after a while");
    await one.hears("The last conversation was a while ago");
    await one.hears("a fresh start");
    expect(texts(one, "hello after a while")).toEqual(["hello after a while"]);
    expect(await one.log("session.reset")).toMatchObject({ by: "idle" });
    await exchange(one, "right after", "and on");
    expect(texts(one, "right after")).toEqual(["hello after a while", "a fresh start", "right after"]);
    expect(await call("recall", { query: "bees" })).toContain("They keep bees.");
    await one.tell("/remind");
    await one.hears("feed them");
    await world.restart();
    await one.settled();
    await exchange(one, "after the crash", "no ghosts");
    expect(texts(one, "after the crash").join("\n")).not.toContain("errand");
    expect(plain(await one.hears("no ghosts"))).not.toContain("remember");
  });
});
