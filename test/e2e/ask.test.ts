import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GRACE, GROUP_ID, LINUS } from "../../playground/telegram/cast.ts";
import type { StoredMessage, User } from "../../playground/telegram/chats.ts";
import { startWorld, type World } from "./harness/world.ts";
import { newcomer, plain, Scene, says } from "./scene.ts";

let world: World;

/** Somebody is asked "Tea or coffee?" by the model; `words` are theirs. */
async function asked(place: Scene, words: string, from?: User): Promise<StoredMessage> {
  const args = { question: `Tea or *coffee*, ${words}?`, options: ["Tea", "Coffee"] };
  world.model.next({ tools: [{ name: "ask", args }] }, says(words));
  await place.tell(from ? `@turnkeeper_bot ${words}` : words, from ? { from } : {});
  const question = await place.hears(`Tea or *coffee*, ${words}?`);
  expect(question.keyboard?.flat().map(({ text }) => text)).toEqual(["Tea", "Coffee"]);
  return question;
}

async function pressed(place: Scene, messageId: number, button: string, from?: User): Promise<string> {
  const { query } = world.telegram.people.pressData(place.chatId, messageId, button, from);
  await world.telegram.waitFor("the press to be answered", () => query.answered !== undefined && query);
  return query.answered?.text ?? "";
}

function dataOf(message: StoredMessage, button: string): string {
  return message.keyboard?.flat().find(({ text }) => text === button)?.callback_data ?? "";
}

describe("a question of the model", () => {
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.close());

  it("is answered by a button; the choice is the result, and the question shows it", async () => {
    const one = newcomer(world);
    const question = await asked(one, "by button");
    expect(question.replyTo).toBeDefined();
    const send = world.telegram.calls.find((call) => plain(question) === call.values.text);
    expect(send?.values.disable_notification).toBeUndefined();
    await one.tell("/status");
    await one.hears("Waiting for an answer to a question");
    world.model.next({ text: "one coffee" }, says("by button"));
    expect(await pressed(one, question.id, dataOf(question, "Coffee"))).toBe("Done.");
    await one.hears("one coffee");
    expect(one.asked("by button").at(-1)?.conversation.messages.at(-1)).toMatchObject({ role: "tool", text: "Coffee" });
    const shown = await one.hears("➡️ Coffee");
    expect(shown.id).toBe(question.id);
    expect(shown.keyboard ?? []).toEqual([]);
    expect((await one.finished()).outcome).toBe("answered");
  });

  it("says so when its button is pressed a second time, and changes nothing", async () => {
    const one = newcomer(world);
    const question = await asked(one, "press twice");
    const tea = dataOf(question, "Tea");
    const coffee = dataOf(question, "Coffee");
    const held = world.model.hold({ text: "tea it is" }, says("press twice"));
    const answers = await Promise.all([pressed(one, question.id, tea), pressed(one, question.id, coffee)]);
    expect(answers.toSorted()).toEqual(["Done.", "This button has expired."]);
    held.release();
    await one.hears("tea it is");
    expect(await pressed(one, question.id, tea)).toBe("This button has expired.");
    await one.settled();
    expect(one.logs("run.started")).toHaveLength(1);
    expect(one.asked("press twice")).toHaveLength(2);
  });

  it("is answered by the words of an option, and by a reply with any words", async () => {
    const one = newcomer(world);
    await asked(one, "typed option");
    world.model.next({ text: "typed tea" }, says("typed option"));
    await one.tell("tea");
    await one.hears("typed tea");
    expect(one.asked("typed option").at(-1)?.conversation.messages.at(-1)?.text).toBe("Tea");

    const question = await asked(one, "free reply");
    await one.log("delivery.sent", { where: ({ kind }) => kind === "notice", times: 2 });
    world.model.next({ text: "water then" }, says("free reply"));
    await one.tell("just water", { replyTo: question.id });
    await one.hears("water then");
    expect(one.asked("free reply").at(-1)?.conversation.messages.at(-1)?.text).toBe("just water");
    await one.hears("➡️ just water");
  });

  it("keeps other words waiting behind it, aloud, and answers them after", async () => {
    const one = newcomer(world);
    const question = await asked(one, "other words");
    await one.tell("by the way, a riddle");
    await one.hears("A question above waits for an answer");
    world.model.next({ text: "coffee first" }, says("other words"));
    world.model.next({ text: "the riddle second" }, says("a riddle"));
    await pressed(one, question.id, dataOf(question, "Coffee"));
    await one.hears("coffee first");
    await one.hears("the riddle second");
  });

  it("stands through SIGKILL: its button works after it, once", async () => {
    const one = newcomer(world);
    const question = await asked(one, "after a crash");
    await world.restart();
    world.model.next({ text: "tea after all" }, says("after a crash"));
    expect(await pressed(one, question.id, dataOf(question, "Tea"))).toBe("Done.");
    await one.hears("tea after all");
    expect(await pressed(one, question.id, dataOf(question, "Tea"))).toBe("This button has expired.");
    await one.settled();
    expect(one.asked("after a crash")).toHaveLength(2);
  });

  it("is closed by /stop and by /new, and its old button says so", async () => {
    const one = newcomer(world);
    for (const [command, answer] of [
      ["/stop", "Stopped"],
      ["/new", "A new conversation"],
    ] as const) {
      const question = await asked(one, `closed by ${command.slice(1)}`);
      await one.log("delivery.sent", { where: ({ kind }) => kind === "notice" });
      await one.tell(command);
      await one.hears(answer);
      expect(await pressed(one, question.id, dataOf(question, "Tea"))).toBe("This button has expired.");
      await world.telegram.waitFor("the question to be closed", () => plain(question).includes("no longer open"));
    }
  });

  it("of somebody in a group is theirs: another's press, option or reply does not answer it", async () => {
    const group = new Scene(world, { ...GRACE, id: GROUP_ID });
    const question = await asked(group, "for grace alone", GRACE);
    expect(await pressed(group, question.id, dataOf(question, "Tea"), LINUS)).toBe("This button is not for you.");
    world.model.next({ text: "linus is heard" }, says("coffee"));
    await group.tell("coffee", { from: LINUS, replyTo: question.id });
    await group.hears("A question above waits");
    expect(plain(question)).not.toContain("➡️");
    world.model.next({ text: "grace has tea" }, says("for grace alone"));
    expect(await pressed(group, question.id, dataOf(question, "Tea"), GRACE)).toBe("Done.");
    await group.hears("grace has tea");
    await group.hears("linus is heard");
  });
});

describe("a question that nobody answers", () => {
  beforeAll(async () => {
    world = await startWorld({ env: { ASK_TIMEOUT_SECONDS: "1" } });
  });
  afterAll(() => world?.close());

  it("ends at its time, aloud; the turn goes on without it, and its button has expired", async () => {
    const one = newcomer(world);
    world.model.next({ text: "I decide: tea" }, ({ messages }) => messages.at(-1)?.role === "tool");
    const question = await asked(one, "too late");
    await one.hears("Nobody answered the question in time");
    await one.hears("I decide: tea");
    expect(one.asked("too late").at(-1)?.conversation.messages.at(-1)?.text).toContain("did not answer in time");
    expect(await pressed(one, question.id, dataOf(question, "Tea"))).toBe("This button has expired.");
    await world.telegram.waitFor("the question to be closed", () => plain(question).includes("no longer open"));
    expect((await one.finished()).outcome).toBe("answered");
  });
});
