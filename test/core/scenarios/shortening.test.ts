import { describe, expect, it } from "vitest";
import { type Asked, type Reply, Stage } from "../harness/session.ts";

/** Conversations that are shortened: by order, near the limit, and where a provider refuses them as too long. */

const TOO_LONG: Reply = {
  refuse: { status: 400, body: { error: { message: "maximum context length", code: "context_length_exceeded" } } },
};
const SUMMARISE = "Summarise the conversation above";

async function turns(stage: Stage, count: number): Promise<void> {
  for (let turn = 1; turn <= count; turn += 1) await stage.exchange(`line ${turn}.`);
}

function heard(asked: Asked | undefined): string {
  return JSON.stringify(asked?.body.messages.slice(1).map(({ content }) => content));
}

describe("/compact", () => {
  it("of three turns keeps the last two as they were, and says how many are a summary now", async () => {
    const stage = new Stage();
    await turns(stage, 3);
    stage.nextTo(SUMMARISE, { text: "SUMMARY" });
    await stage.exchange("/compact the numbers");
    await stage.hears("Earlier turns in the summary: 1.");
    await stage.exchange("and now?");
    const seen = heard(stage.asked.at(-1));
    expect(seen).toContain("SUMMARY\\n(1 earlier turns were dropped");
    expect(seen).not.toContain("line 1.");
    expect(seen).toContain("line 2.");
    expect(seen).toContain("line 3.");
  });

  it("says that it failed where no model sums it up, and loses nothing", async () => {
    const stage = new Stage();
    await turns(stage, 4);
    stage.nextTo(SUMMARISE, { refuse: { status: 400, body: { error: { message: "no such field" } } } });
    await stage.exchange("/compact");
    await stage.hears("refused the request (");
    stage.nextTo(SUMMARISE, { text: " " }, { text: "" });
    await stage.exchange("/compact");
    await stage.hears("answered with nothing, twice");
    expect(stage.count("short enough")).toBe(0);
    await stage.exchange("and now?");
    expect(heard(stage.asked.at(-1))).toContain("line 1.");
  });

  it("of what was said before a long turn of tools does not stop at that turn's steps", async () => {
    const stage = new Stage();
    await turns(stage, 3);
    stage.next(...Array.from({ length: 6 }, () => ({ tools: [{ name: "now", args: {} }] })));
    await stage.exchange("many steps");
    stage.nextTo(SUMMARISE, { text: "SUMMARY" });
    await stage.exchange("/compact");
    await stage.hears("Earlier turns in the summary: 2.");
    await stage.exchange("and now?");
    expect(heard(stage.asked.at(-1))).toContain("many steps");
  });

  it("is paid for, and its summary asks of no provider to know tools it was not told of", async () => {
    const stage = new Stage();
    stage.next({ tools: [{ name: "now", args: {} }] });
    await turns(stage, 4);
    await stage.exchange("/compact");
    const asked = stage.asked.findLast(({ text }) => text.includes(SUMMARISE));
    expect(asked?.body.messages.map(({ role }) => role)).not.toContain("tool");
    expect(heard(asked)).toContain("[called now with {}]");
    await stage.write("/usage");
    await stage.hears(`This conversation: 4 turns, ${6 * 14} tokens`);
  });
});

describe("/compact that waits for a key", () => {
  it("and is steered meanwhile does what it was told, and answers what steered it, with tools and all", async () => {
    const stage = new Stage();
    await turns(stage, 4);
    const body = { error: { message: "Rate limit reached", code: "rate_limit_exceeded" } };
    const limited: Reply = { refuse: { status: 429, body, headers: { "retry-after": "20" } } };
    stage.nextTo(SUMMARISE, limited, limited, { text: "SUMMARY" });
    await stage.write("/compact");
    await stage.until("it waits", ({ phase }) => phase === "waiting");
    await stage.write("/steer and then?");
    stage.nextTo("and then?", { tools: [{ name: "now", args: {} }] });
    await stage.pass(25_000);
    await stage.hears("echo of and then?");
    expect(stage.lines().at(-1)).toMatch(/^Shortened: .*: 2\.\n+echo of and then\?$/);
    const roles = stage.asked
      .at(-1)
      ?.body.messages.slice(-3)
      .map(({ role }) => role);
    expect(roles).toEqual(["user", "assistant", "tool"]);
    expect(heard(stage.asked.at(-1))).not.toContain("/compact");
    expect(heard(stage.asked.at(-1))).not.toContain("no result");
  });
});

describe("a conversation that comes near its limit", () => {
  it("is shortened before the next answer, and the chat is told of it once", async () => {
    const stage = new Stage({ CONTEXT_TOKENS: "2000" });
    stage.nextTo(SUMMARISE, { text: "SUMMARY" });
    for (let turn = 1; turn <= 6; turn += 1) await stage.exchange(`line ${turn}. ${"and more of it ".repeat(60)}`);
    await stage.hears("Earlier turns in the summary: ");
    const shortened = stage.asked.filter(({ text }) => text.includes(SUMMARISE)).length;
    expect(stage.count("Earlier turns in the summary: ")).toBe(shortened);
    expect(shortened).toBeGreaterThan(0);
  });
});

describe("a conversation that a provider refuses as too long", () => {
  it("is shortened although its summary is refused, too, until that is short enough", async () => {
    const stage = new Stage();
    await turns(stage, 8);
    stage.nextTo("the last straw", TOO_LONG);
    stage.nextTo(SUMMARISE, TOO_LONG, { text: "SUMMARY" });
    await stage.exchange("the last straw");
    await stage.hears("echo of the last straw");
    await stage.hears("Earlier turns in the summary: 4.");
    const [first, second] = stage.asked.filter(({ text }) => text.includes(SUMMARISE));
    expect(heard(second).length).toBeLessThan(heard(first).length);
    expect(heard(stage.asked.at(-1))).toContain("SUMMARY");
    expect(stage.logs("run.finished").at(-1)).toMatchObject({ outcome: "answered" });
  });

  it("goes on without what no model will sum up, and says so to the model", async () => {
    const stage = new Stage();
    await turns(stage, 3);
    stage.nextTo("the last straw", TOO_LONG);
    for (let tries = 0; tries < 5; tries += 1) stage.nextTo(SUMMARISE, TOO_LONG);
    await stage.exchange("the last straw");
    await stage.hears("echo of the last straw");
    expect(heard(stage.asked.at(-1))).toContain("earlier turns were dropped without a summary");
  });

  it("is shortened once more where half of it is still too long", async () => {
    const stage = new Stage();
    await turns(stage, 6);
    stage.nextTo("the last straw", TOO_LONG, TOO_LONG);
    await stage.exchange("the last straw");
    await stage.hears("echo of the last straw");
    const seen = heard(stage.asked.at(-1));
    for (let turn = 1; turn <= 6; turn += 1) expect(seen).not.toContain(`"line ${turn}."`);
  });

  it("in the middle of a turn keeps the steps of that turn", async () => {
    const stage = new Stage();
    await turns(stage, 4);
    stage.nextTo("look it up", ...Array.from({ length: 5 }, () => ({ tools: [{ name: "now", args: {} }] })), TOO_LONG);
    await stage.exchange("look it up");
    await stage.hears("echo of look it up");
    const roles = stage.asked.at(-1)?.body.messages.map(({ role }) => role);
    expect(roles?.filter((role) => role === "tool")).toHaveLength(5);
    expect(heard(stage.asked.at(-1))).not.toContain('"line 1."');
  });
});
