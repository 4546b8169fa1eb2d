import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallRecord } from "../../playground/telegram/office.ts";
import { answers as ANSWERS } from "../core/corpus/answers.ts";
import { startWorld, type World } from "./harness/world.ts";
import { newcomer, plain, type Scene, says } from "./scene.ts";

/** Every so many of the corpus: the rest is judged without a Worker in test/core/render*.test.ts. */
const EVERY = 5;

let world: World;

/** What Telegram would not take, whatever the bot made of it afterwards. */
function refusals(): string[] {
  return world.telegram.calls
    .filter(({ outcome, fault }) => outcome?.ok === false && fault === undefined)
    .map(
      ({ method, outcome, values }) =>
        `${method}: ${outcome?.ok === false && outcome.description}: ${JSON.stringify(values).slice(0, 300)}`,
    )
    .filter((line) => !line.includes("message is not modified"));
}

/** The last word that people are shown, whatever the form: none of an address, a tag, a fence's language or a reference. */
function lastWord(markdown: string): string {
  const shown = markdown
    .replace(/^\[[^\]]*\]:.*$/gm, "")
    .replace(/\]\([^)\n]*\)?/g, "] ")
    .replace(/&\w+;/g, " ")
    .replace(/<[^>\n]*>?/g, " ")
    .replace(/(https?:|www\.)\S*/g, " ")
    .replace(/^\s*(```|~~~).*$/gm, " ");
  return shown.match(/[\p{L}\p{N}]{3,}/gu)?.at(-1) ?? "";
}

/** Many people ask at once, each for one answer of the corpus; resolves when all stand. */
async function recite(sample: typeof ANSWERS): Promise<Scene[]> {
  const scenes = sample.map(() => newcomer(world));
  await Promise.all(
    sample.map(async ({ markdown }, index) => {
      const one = scenes[index];
      if (!one) throw new Error("nobody asked");
      const words = `recite number ${one.user.id}.`;
      world.model.next(
        { text: markdown, manner: { tokensPerSecond: Math.max(100, markdown.length / 20) } },
        says(words),
      );
      await one.tell(words);
      await one.log("delivery.sent", { where: ({ kind }) => kind === "answer", timeoutMs: 150_000 });
    }),
  );
  return scenes;
}

const sampled = (start: number): typeof ANSWERS =>
  ANSWERS.filter(({ markdown }, index) => index % EVERY === start && markdown.length < 30_000);

describe.each([
  ["rich messages", { RICH_MESSAGES: "on" }, 0],
  ["text with entities", { RICH_MESSAGES: "off" }, 1],
  ["drafts", { STREAM: "draft" }, 2],
] as const)("awkward answers, growing as %s", (_form, env, start) => {
  beforeAll(async () => {
    world = await startWorld({ env: { ...env } });
    world.telegram.pace.on = true;
  });
  afterAll(() => world?.close());

  it("are never refused by Telegram, and arrive to their last word", async () => {
    const answers = sampled(start);
    expect(answers.length).toBeGreaterThan(30);
    for (let at = 0; at < answers.length; at += 12) {
      const some = answers.slice(at, at + 12);
      const scenes = await recite(some);
      for (const [index, one] of scenes.entries()) {
        expect(one.lines.join("\n"), some[index]?.name).toContain(lastWord(some[index]?.markdown ?? ""));
      }
    }
    // Calls of a busy machine may arrive closer together than they were made: what that comes to is looked at below.
    expect(refusals().filter((line) => !line.includes("Too Many Requests"))).toEqual([]);
  }, 400_000);
});

describe("answers that Telegram takes in no form but the plainest", () => {
  beforeAll(async () => {
    world = await startWorld();
    const isStyled = (values: Readonly<Record<string, unknown>>): boolean =>
      values.rich_message !== undefined || values.entities !== undefined;
    world.telegram.fault({
      where: isStyled,
      fault: { kind: "error", code: 400, description: "Bad Request: can't parse entities: no" },
    });
  });
  afterAll(() => world?.close());

  it("arrive as plain text, whole", async () => {
    const answers = sampled(3).slice(0, 12);
    const scenes = await recite(answers);
    for (const [index, one] of scenes.entries()) {
      expect(one.lines.join("\n"), answers[index]?.name).toContain(lastWord(answers[index]?.markdown ?? ""));
    }
    expect(refusals()).toEqual([]);
  }, 200_000);
});

describe("twenty busy chats", () => {
  beforeAll(async () => {
    world = await startWorld();
    world.telegram.pace.on = true;
  });
  afterAll(() => world?.close());

  it("grow at once, and none is written to faster than Telegram allows", async () => {
    const scenes = Array.from({ length: 20 }, () => newcomer(world));
    await Promise.all(
      scenes.map(async (one) => {
        const words = `a long tale for ${one.user.id}.`;
        world.model.next(
          { text: `tale of ${one.user.id} ${"and so on ".repeat(120)}the end`, manner: { tokensPerSecond: 40 } },
          says(words),
        );
        await one.tell(words);
        await one.tell("/status");
        await one.hears("the end", { timeoutMs: 90_000 });
      }),
    );
    expect(refusals()).toEqual([]);
    for (const one of scenes) {
      const writes = world.telegram.calls.filter((call) => call.chatId === one.chatId && isPersistent(call));
      expect(plain(await one.hears("the end"))).toContain(`tale of ${one.user.id}`);
      expect(writes.length).toBeGreaterThan(3);
      for (const [index, { at }] of writes.entries()) {
        const within = writes.slice(index).filter((later) => later.at - at < 5_000).length;
        expect(within).toBeLessThanOrEqual(5);
      }
    }
  }, 200_000);
});

function isPersistent({ method }: CallRecord): boolean {
  return /^(send(Message|RichMessage|Document)|editMessage)/.test(method) && !method.includes("Draft");
}
