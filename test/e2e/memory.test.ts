import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GROUP_ID } from "../../playground/telegram/cast.ts";
import { startWorld, type World } from "./harness/world.ts";
import { newcomer, plain, Scene, says } from "./scene.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.close());

let turns = 0;

/** The model calls one tool in this place; what came of it. */
async function result(place: Scene, one: Scene, name: string, args: Record<string, unknown>): Promise<string> {
  turns += 1;
  const words = `memory errand ${turns}.`;
  world.model.next({ tools: [{ name, args }] }, says(words));
  world.model.next({ text: `${words} done` }, says(words));
  await place.tell(place === one ? words : `@turnkeeper_bot ${words}`, { from: one.user });
  await place.hears(`${words} done`);
  return (
    place
      .asked(words)
      .at(-1)
      ?.conversation.messages.findLast(({ role }) => role === "tool")?.text ?? ""
  );
}

/** The same person in the group. */
function inGroup(one: Scene): Scene {
  return new Scene(world, { ...one.user, id: GROUP_ID });
}

describe("the memory of a person", () => {
  it("goes with them from chat to chat and from one conversation to the next", async () => {
    const one = newcomer(world);
    const group = inGroup(one);
    expect(await result(one, one, "remember", { text: "They are allergic to peanuts." })).toMatch(
      /^Remembered, id \d+/,
    );
    await one.tell("/new");
    await one.hears("A new conversation");
    expect(await result(group, one, "recall", { query: "what about peanut allergies?" })).toContain(
      "allergic to peanuts",
    );
    expect(await result(one, one, "recall", { query: "" })).toContain("allergic to peanuts");
  });

  it("is nobody else's, in the same group or elsewhere", async () => {
    const [one, two] = [newcomer(world), newcomer(world)];
    const group = inGroup(one);
    await result(group, one, "remember", { text: "Their secret garden is in Kew." });
    expect(await result(group, two, "recall", { query: "secret garden" })).toBe("Nothing is remembered yet.");
    const [, id] = /id (\d+)/.exec(await result(group, one, "remember", { text: "They sail." })) ?? [];
    expect(await result(group, two, "forget", { id: Number(id) })).toContain("There is no memory");
    expect(await result(one, one, "recall", { query: "sail" })).toContain("They sail.");
  });

  it("keeps the same words once, finds them in any script and accent, and survives SIGKILL", async () => {
    const one = newcomer(world);
    const first = await result(one, one, "remember", { text: "Их кошку зовут Мурка, café à Kyjiv, 東京に住んでいる" });
    expect(await result(one, one, "remember", { text: "Их кошку зовут Мурка, café à Kyjiv, 東京に住んでいる" })).toBe(
      first,
    );
    await world.restart();
    for (const query of ["мурка", "cafe", "東京", 'OR "NEAR( *'] as const) {
      expect(await result(one, one, "recall", { query })).toContain("Мурка");
    }
    await one.tell("/memory");
    await one.hears("What I remember of you");
    expect(one.count("Мурка")).toBe(1);
  });

  it("is listed by /memory, and forgotten by the tool, by number and by /forget all with its button", async () => {
    const one = newcomer(world);
    await one.tell("/memory");
    await one.hears("I remember nothing about you yet");
    for (const text of ["They like *rye* bread.", "They fear `geese`.", "They row."]) {
      await result(one, one, "remember", { text });
    }
    await one.tell("/memory");
    const list = plain(await one.hears("What I remember of you"));
    expect(list).toContain("They like *rye* bread.");
    expect(list).toContain("They fear `geese`.");
    const [, id = ""] = /(\d+)\. They row\./.exec(list) ?? [];
    expect(await result(one, one, "forget", { id: Number(id) })).toBe(`Memory ${id} is gone.`);
    const [, second = ""] = /(\d+)\. They fear/.exec(list) ?? [];
    await one.tell(`/forget ${second}`);
    await one.hears("Forgotten.");
    await one.tell("/forget 4711");
    await one.hears("no memory with the number 4711");

    await one.tell("/forget all");
    const question = await one.hears("Sure?");
    world.telegram.people.press(one.chatId, question.id, "Cancel");
    expect((await one.hears("Cancelled.")).keyboard ?? []).toEqual([]);
    expect(one.count("Sure?")).toBe(0);
    expect(await result(one, one, "recall", { query: "rye" })).toContain("rye");
    await one.tell("/forget all");
    const again = await one.hears("Sure?");
    const { query } = world.telegram.people.press(one.chatId, again.id, "Yes, delete");
    await one.hears("All that I remembered of you is deleted.");
    await world.telegram.waitFor("the press to be answered", () => query.answered?.text === "Done." && query);
    expect(await result(one, one, "recall", { query: "rye" })).toBe("Nothing is remembered yet.");
  });

  it("is not deleted by somebody else's press on the button", async () => {
    const [one, two] = [newcomer(world), newcomer(world)];
    const group = inGroup(one);
    await result(group, one, "remember", { text: "They keep bees." });
    await group.tell("/forget all", { from: one.user });
    const question = await group.hears("Sure?");
    const { query } = world.telegram.people.press(GROUP_ID, question.id, "Yes, delete", two.user);
    await world.telegram.waitFor(
      "the press to be answered",
      () => query.answered?.text.includes("not for you") && query,
    );
    expect(await result(one, one, "recall", { query: "bees" })).toContain("They keep bees.");
  });
});
