import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADA, GROUP_ID, LINUS } from "../../playground/telegram/cast.ts";
import type { User } from "../../playground/telegram/chats.ts";
import { startWorld, type World } from "./harness/world.ts";
import { isGrowing, newcomer, plain, Scene, says } from "./scene.ts";

const FRIEND: User = { id: 7000000022, is_bot: true, first_name: "Friend", username: "friend_bot" };
const FOE: User = { id: 7000000023, is_bot: true, first_name: "Foe", username: "foe_bot" };

let world: World;

/** A code that somebody is shown who asks to be let in. */
async function askedCode(one: Scene): Promise<string> {
  await one.tell("/pair");
  const words = plain(await one.hears("Your code is"));
  return /Your code is (\w{8})\./.exec(words)?.[1] ?? "";
}

async function pressed(chatId: number, messageId: number, data: string, from: User): Promise<string> {
  const { query } = world.telegram.people.pressData(chatId, messageId, data, from);
  await world.telegram.waitFor("the press to be answered", () => query.answered !== undefined && query);
  return query.answered?.text ?? "";
}

describe("a bot that knows only its owner", () => {
  let owner: Scene;
  beforeAll(async () => {
    world = await startWorld({ env: { ALLOWED_USERS: undefined, ALLOWED_BOTS: String(FRIEND.id) } });
    owner = new Scene(world, ADA);
  });
  afterAll(() => world?.close());

  it("shows a stranger a code, lets them in when the owner hands it in, and welcomes them", async () => {
    const one = newcomer(world);
    await one.tell("hello?");
    await one.hears("/pair asks its owner to let you in");
    const code = await askedCode(one);
    expect(code).toMatch(/^[A-Z2-9]{8}$/);
    await one.tell("/pair");
    await one.hears("You have asked already");
    await one.tell(`/pair ${code}`);
    await one.log("update.refused", { times: 4 });
    await owner.tell(`/pair ${code.slice(0, 4).toLowerCase()}-${code.slice(4)}`);
    await owner.hears(`(${one.user.id}) may use the bot now`);
    await one.hears("You are let in");
    world.model.next({ text: "welcome" }, says("am I in?"));
    await one.tell("am I in?");
    await one.hears("welcome");
    await one.tell("/pair");
    await one.hears("You are already let in");
    await owner.tell(`/pair ${code}`);
    await owner.hears("That code is not valid");
    await world.restart();
    world.model.next({ text: "still welcome" }, says("am I still in?"));
    await one.tell("am I still in?");
    await one.hears("still welcome");
    expect(world.worker.output.join("\n")).not.toContain(code);
  });

  it("takes nothing from a stranger: no message, command, edit or press of a button", async () => {
    const group = new Scene(world, { ...ADA, id: GROUP_ID });
    world.model.next(
      { text: "growing for Ada ".repeat(2_000), manner: { tokensPerSecond: 60 } },
      says("for Ada alone"),
    );
    await group.tell("@turnkeeper_bot for Ada alone", { from: ADA });
    const message = await world.telegram.waitFor("the answer to grow", () =>
      world.telegram.said(GROUP_ID).find((candidate) => isGrowing(candidate)),
    );
    const stop = message.keyboard?.[0]?.[0]?.callback_data ?? "";
    const refusals = () => world.worker.logs(({ event }) => event === "update.refused").length;
    const before = refusals();
    await pressed(GROUP_ID, message.id, stop, LINUS);
    for (const words of ["/stop", "/new", "/stop@turnkeeper_bot", "@turnkeeper_bot stop it", "/pool reset"]) {
      await group.tell(words, { from: LINUS });
    }
    const mine = await group.tell("@turnkeeper_bot hello", { from: LINUS });
    await world.telegram.delivered(world.telegram.people.edit(GROUP_ID, mine.messageId, "@turnkeeper_bot /stop"));
    await world.worker.waitForLog(() => refusals() >= before + 8);
    const { query } = world.telegram.people.press(GROUP_ID, message.id, "⏹ Stop", ADA);
    await world.telegram.waitFor("the press to be answered", () => query.answered?.text === "Stopping…" && query);
    const finished = await group.finished();
    expect(finished.outcome).toBe("stopped");
    expect(world.telegram.said(GROUP_ID).filter(({ text }) => text.includes("private"))).toEqual([]);
    const requests = world.model.requests.filter(({ lastUserText }) => lastUserText.includes("Linus"));
    expect(requests).toEqual([]);
  });

  it("leaves other bots alone, but for one it is allowed, and that only until they go round in a loop", async () => {
    const group = new Scene(world, { ...ADA, id: GROUP_ID });
    await group.tell("@turnkeeper_bot hello from a foe", { from: FOE });
    await group.log("update.refused", { where: ({ reason }) => reason === "bot_not_allowed" });
    for (let count = 1; count <= 20; count += 1) {
      await group.tell("/version@turnkeeper_bot", { from: FRIEND });
      await group.log("update.accepted", { times: count, where: ({ command }) => command === true });
    }
    await group.tell("/version@turnkeeper_bot", { from: FRIEND });
    await group.log("update.ignored", { where: ({ reason }) => reason === "bot_loop" });
    expect(world.model.requests.filter(({ lastUserText }) => lastUserText.includes("foe"))).toEqual([]);
  });

  it("shuts guessing out after five wrong codes, the right one included", async () => {
    const one = newcomer(world);
    const code = await askedCode(one);
    // The used code of the first test was the first of the five.
    const wrong = owner.count("That code is not valid");
    for (let tries = 1; tries <= 3; tries += 1) {
      await owner.tell(`/pair WRONGXX${tries + 1}`);
      await owner.hears("That code is not valid", { times: wrong + tries });
    }
    await owner.tell("/pair nonsense at all");
    await owner.hears("Too many wrong codes");
    await owner.tell(`/pair ${code}`);
    await owner.hears("Too many wrong codes", { times: 2 });
    await one.tell("now?");
    await one.log("update.refused", { times: 2 });
    expect(one.count("You are let in")).toBe(0);
  });
});

describe("a bot with a rate for each person", () => {
  beforeAll(async () => {
    world = await startWorld({ env: { USER_RATE_PER_MINUTE: "3" } });
  });
  afterAll(() => world?.close());

  it("refuses aloud what is too fast, answers the rest, and holds nobody else back", async () => {
    const one = newcomer(world);
    const held = world.model.hold({ text: "the first" }, says("one 1"));
    for (const words of ["one 1", "one 2", "one 3"]) await one.tell(words);
    const refused = await one.tell("one 4");
    await one.hears("more than 3 messages in a minute");
    expect(await one.log("update.refused")).toMatchObject({ reason: "rate", update: refused.updateId });
    held.release();
    await one.finished(3);
    expect(one.asked("one 4")).toEqual([]);
    const other = newcomer(world);
    world.model.next({ text: "other answered" }, says("from another"));
    await other.tell("from another");
    await other.hears("other answered");
  });
});
