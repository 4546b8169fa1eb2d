import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LINUS } from "../../playground/telegram/cast.ts";
import type { FaultRule } from "../../playground/telegram/faults.ts";
import type { CallRecord } from "../../playground/telegram/office.ts";
import { startWorld, type World } from "./harness/world.ts";
import { isGrowing, newcomer, plain, Scene, says } from "./scene.ts";

const MARK = "↻ recovered; may be a duplicate";
const SENDS = /^send(Rich)?Message$/;
const QUICK = { firstByteMs: 0, tokensPerSecond: 5000 };

/** An answer of `length` characters with code that is longer than a message. */
function longAnswer(length: number): { readonly text: string; readonly words: readonly string[] } {
  const words: string[] = [];
  const lines: string[] = ["# A long one", ""];
  let chars = 0;
  for (let index = 0; chars < length; index += 1) {
    const word = `paragraph-${index}-of-many`;
    words.push(word);
    const block =
      index % 12 === 5
        ? [
            "```ts",
            ...Array.from({ length: 30 }, (_, line) => `const ${word.replaceAll("-", "_")}_${line} = ${line};`),
            "```",
          ]
        : [`${word} ${"goes on and on ".repeat(8)}`];
    lines.push(...block, "");
    chars += block.join("\n").length;
  }
  words.push("the-very-end");
  return { text: [...lines, "the-very-end"].join("\n"), words };
}

describe("an answer on its way", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.close());

  /** Asks, with Telegram in a bad way, and says what was called for that chat from then on. */
  const ask = async (one: Scene, text: string, rule?: Omit<FaultRule, "chatId">): Promise<() => CallRecord[]> => {
    if (rule) world.telegram.fault({ ...rule, chatId: one.chatId });
    const from = world.telegram.calls.length;
    const words = `question ${one.chatId}`;
    world.model.next({ text, manner: QUICK }, says(words));
    await one.tell(words);
    return () =>
      world.telegram.calls
        .slice(from)
        .filter(({ chatId, method }) => chatId === one.chatId && method !== "sendChatAction");
  };

  it("waits as long as Telegram asks for, and says it once", async () => {
    const one = newcomer(world);
    const calls = await ask(one, "after the flood", {
      method: SENDS,
      times: 1,
      fault: { kind: "flood", retryAfterSeconds: 3 },
    });
    await one.hears("after the flood");
    const [refused, accepted] = calls();
    const waited = Number(accepted?.at) - Number(refused?.endedAt);
    expect(waited).toBeGreaterThanOrEqual(2900);
    expect(waited).toBeLessThan(5000);
    expect(await one.log("delivery.retry")).toMatchObject({ reason: "flood_3s" });
    await one.settled();
    expect(one.count("after the flood")).toBe(1);
  });

  it("tries again when Telegram is out of order, or cannot be reached, without a mark where nothing was accepted", async () => {
    const outages: readonly (readonly [string, Omit<FaultRule, "chatId">])[] = [
      [
        "error 500",
        { method: SENDS, times: 2, fault: { kind: "error", code: 500, description: "Internal Server Error" } },
      ],
      ["error 502", { method: SENDS, times: 1, fault: { kind: "error", code: 502, description: "Bad Gateway" } }],
    ];
    await Promise.all(
      outages.map(async ([name, rule]) => {
        const one = newcomer(world);
        await ask(one, `in spite of ${name}`, rule);
        await one.hears(`in spite of ${name}`);
        await one.settled();
        expect(one.lines.filter((line) => line.includes(`in spite of ${name}`))).toEqual([`in spite of ${name}`]);
      }),
    );
  });

  it("comes again with a mark when nobody knows whether it had arrived", async () => {
    await Promise.all(
      (["before", "after"] as const).map(async (when) => {
        const one = newcomer(world);
        await ask(one, `broken off ${when}`, { method: SENDS, times: 1, fault: { kind: "reset", when } });
        const again = await one.hears(MARK);
        expect(plain(again)).toContain(`broken off ${when}`);
        await one.settled();
        expect(one.count(`broken off ${when}`)).toBe(when === "after" ? 2 : 1);
        expect(one.count(MARK)).toBe(1);
      }),
    );
  });

  it("comes with a mark, too, when it is the growing message of which nobody knows whether it had arrived", async () => {
    const one = newcomer(world);
    world.telegram.fault({ method: SENDS, chatId: one.chatId, times: 1, fault: { kind: "reset", when: "after" } });
    const words = `doubt ${one.chatId}`;
    world.model.next({ text: `${"word by word ".repeat(30)}and done`, manner: { tokensPerSecond: 60 } }, says(words));
    await one.tell(words);
    const answer = await one.hears("and done");
    expect(plain(answer)).toContain(MARK);
    await one.settled();
    expect(one.count("and done")).toBe(1);
  });

  it("goes as text with entities when rich messages are refused, and as plain words when those are, too", async () => {
    const refusal = (words: string) => ({ kind: "error" as const, code: 400, description: `Bad Request: ${words}` });
    const one = newcomer(world);
    const calls = await ask(one, "some **bold** words", {
      method: "sendRichMessage",
      times: 1,
      fault: refusal("can't parse rich message"),
    });
    const first = await one.hears("some bold words");
    expect(first.rich).toBeUndefined();
    expect(first.entities).toEqual([expect.objectContaining({ type: "bold", offset: 5, length: 4 })]);
    expect(calls().map(({ method }) => method)).toEqual(["sendRichMessage", "sendMessage"]);

    const two = newcomer(world);
    world.telegram.fault({
      method: "sendMessage",
      chatId: two.chatId,
      where: ({ entities }) => entities !== undefined,
      fault: refusal("can't parse entities"),
    });
    await ask(two, "other **bold** words", { method: "sendRichMessage", fault: refusal("can't parse rich message") });
    const second = await two.hears("bold");
    expect(second.entities.filter(({ type }) => type === "bold")).toEqual([]);
    expect(second.text).toContain("other");
  });

  it("is sent anew when the message that grew has vanished", async () => {
    const one = newcomer(world);
    const words = `vanish ${one.chatId}`;
    world.model.next({ text: "grown so far ".repeat(40), manner: { tokensPerSecond: 40 } }, says(words));
    await one.tell(words);
    const growing = await one.sees("grown so far");
    growing.deleted = true;
    const answer = await world.telegram.waitFor("the answer in a new message", () =>
      one.said.find(({ id, text, rich }) => id !== growing.id && (rich?.plain ?? text).startsWith("grown so far")),
    );
    expect(plain(answer).match(/grown so far/g)).toHaveLength(40);
    await one.finished();
    await one.settled();
    expect(one.count("grown so far")).toBe(1);
  });

  it("ends quietly where the person has blocked the bot, and is there again when they come back", async () => {
    const one = newcomer(world);
    const held = world.model.hold({ text: "to nobody" }, says(`blocked ${one.chatId}`));
    await one.tell(`blocked ${one.chatId}`);
    const request = await one.request(`blocked ${one.chatId}`);
    await world.telegram.delivered({ update: world.telegram.people.ban(one.chatId) });
    await world.model.waitFor("the call to be cut", () => request.endedAt !== undefined);
    held.release();
    await one.finished();
    const before = world.telegram.callsOf("sendMessage", one.chatId).length;
    await world.telegram.delivered({ update: world.telegram.people.readmit(one.chatId) });
    world.model.next({ text: "good to have you back" }, says(`back ${one.chatId}`));
    await one.tell(`back ${one.chatId}`);
    await one.hears("good to have you back");
    expect(one.everShown("to nobody")).toBe(false);
    expect(before).toBeLessThanOrEqual(1);

    const two = newcomer(world);
    world.telegram.chat(two.chatId).forbidden = "bot was blocked by the user";
    await ask(two, "not to be delivered");
    expect(await two.log("delivery.failed")).toMatchObject({ reason: "chat_gone" });
    expect(two.said).toEqual([]);
  });

  it("follows a group that became a supergroup", async () => {
    const [from, to] = [-7001, -1007001];
    world.telegram.chats.add({ id: from, type: "group", title: "Moving", people: [LINUS] });
    const held = world.model.hold({ text: "where did you go" }, says("moving house"));
    world.telegram.people.write(from, "@turnkeeper_bot moving house", { from: LINUS });
    await world.model.waitForRequest("moving house");
    world.telegram.people.migrate(from, to);
    held.release();
    const answer = await world.telegram.waitFor("the answer in the new group", () =>
      world.telegram.said(to).find((message) => plain(message).includes("where did you go")),
    );
    expect(answer.chatId).toBe(to);
    expect(world.telegram.said(from)).toEqual([]);
    const group = new Scene(world, { ...LINUS, id: to });
    world.model.next({ text: "here you are" }, says("still here?"));
    await group.tell("@turnkeeper_bot still here?", { from: LINUS });
    await group.hears("here you are");
  });

  it("of 20,000 characters comes whole, each word once and in order, in parts within the limits", async () => {
    const one = newcomer(world);
    const { text, words } = longAnswer(20_000);
    const calls = await ask(one, text);
    const last = words.at(-1) ?? "";
    await one.hears(last);
    await one.finished();
    await one.settled();
    const shown = one.said.filter((message) => !plain(message).includes("Turnkeeper ")).map(plain);
    const all = shown.join("\n");
    let at = 0;
    for (const word of words) {
      const wanted = all.includes(word) ? word : word.replaceAll("-", "_");
      const found = all.indexOf(wanted, at);
      expect(found, word).toBeGreaterThanOrEqual(at);
      at = found;
    }
    expect(calls().filter(({ outcome }) => outcome?.ok === false)).toEqual([]);
    expect(world.telegram.said(one.chatId).filter(isGrowing)).toEqual([]);
  });
});

describe("an answer as text, and not streamed", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { RICH_MESSAGES: "off", STREAM: "off" } });
  });
  afterAll(() => world?.close());

  it("comes once and whole, in entities, its fences whole in each part", async () => {
    const one = newcomer(world);
    const { text, words } = longAnswer(20_000);
    const asked = `plainly ${one.chatId}`;
    world.model.next({ text, manner: { tokensPerSecond: 2000 } }, says(asked));
    await one.tell(asked);
    await one.hears(words.at(-1) ?? "", { timeoutMs: 45_000 });
    await one.settled();
    const parts = one.said.filter((message) => !plain(message).includes("Turnkeeper "));
    expect(parts.length).toBeGreaterThan(4);
    for (const part of parts) {
      expect(part.rich).toBeUndefined();
      expect(part.text.length).toBeLessThanOrEqual(4096);
      expect(part.text).not.toContain("```");
    }
    const fences = parts.flatMap(({ entities }) => entities.filter(({ type }) => type === "pre"));
    expect(fences.length).toBeGreaterThanOrEqual(words.filter((_, index) => index % 12 === 5).length);
    expect(world.telegram.callsOf("editMessageText", one.chatId)).toEqual([]);
    expect(world.telegram.callsOf("sendRichMessage", one.chatId)).toEqual([]);
    expect(parts.every(({ history }) => history.length === 0)).toBe(true);
  });
});

describe("an answer that grows as a draft", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { STREAM: "draft" } });
  });
  afterAll(() => world?.close());

  it("becomes a message when it is whole", async () => {
    const one = newcomer(world);
    const asked = `draft ${one.chatId}`;
    world.model.next({ text: `${"drawn up ".repeat(60)}and done`, manner: { tokensPerSecond: 40 } }, says(asked));
    await one.tell(asked);
    await world.telegram.waitFor("a draft", () => world.telegram.chat(one.chatId).drafts.size > 0);
    expect(one.said).toEqual([]);
    const answer = await one.hears("and done");
    expect(plain(answer).match(/drawn up/g)).toHaveLength(60);
    expect(world.telegram.chat(one.chatId).drafts.size).toBe(0);
    expect(world.telegram.callsOf("editMessageText", one.chatId)).toEqual([]);
  });

  it("is stopped by Telegram's own button, and keeps what had come", async () => {
    const one = newcomer(world);
    const asked = `halt ${one.chatId}`;
    world.model.next({ text: "as far as this ".repeat(400), manner: { tokensPerSecond: 40 } }, says(asked));
    await one.tell(asked);
    const request = await one.request(asked);
    await world.telegram.waitFor("a draft with a button", () =>
      [...world.telegram.chat(one.chatId).drafts.values()].find(({ canStop }) => canStop),
    );
    const update = world.telegram.people.stopDraft(one.chatId);
    expect(await world.telegram.delivered({ update })).toBe(true);
    await one.hears("Stopped.");
    await world.model.waitFor("the call to be cut", () => request.abortedAt !== undefined);
    expect(await one.finished()).toMatchObject({ outcome: "stopped" });
    await one.hears("as far as this");
    await one.settled();
    expect(one.count("as far as this")).toBe(1);
  });
});
