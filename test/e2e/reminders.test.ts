import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BOAT_TOPIC, FORUM_ID, GARDEN_TOPIC, GRACE } from "../../playground/telegram/cast.ts";
import { startWorld, type World } from "./harness/world.ts";
import { newcomer, plain, Scene, says } from "./scene.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.close());

let turns = 0;

async function result(one: Scene, name: string, args: Record<string, unknown>): Promise<string> {
  turns += 1;
  const words = `reminder errand ${turns}.`;
  world.model.next({ tools: [{ name, args }] }, says(words));
  world.model.next({ text: `${words} done` }, says(words));
  await one.tell(words);
  await one.hears(`${words} done`);
  return (
    one
      .asked(words)
      .at(-1)
      ?.conversation.messages.findLast(({ role }) => role === "tool")?.text ?? ""
  );
}

describe("a reminder", () => {
  it("comes at its time, once, aloud, and is gone from the list", async () => {
    const one = newcomer(world);
    expect(await result(one, "remind", { text: "stretch *now*", in_seconds: 2 })).toMatch(/^Set\. \d+: /);
    const came = await one.hears("⏰ stretch *now*");
    expect(world.telegram.calls.find((call) => call.values.text === plain(came))?.values.disable_notification).not.toBe(
      true,
    );
    await one.tell("/remind");
    await one.hears("No reminders are set here");
    expect(one.count("⏰ stretch")).toBe(1);
  });

  it("comes once although the Worker was killed in between, and although its time passed while it was dead", async () => {
    const [one, two] = [newcomer(world), newcomer(world)];
    await result(one, "remind", { text: "after the crash", in_seconds: 12 });
    await result(two, "remind", { text: "while it was dead", in_seconds: 1 });
    await world.worker.kill9();
    expect(two.count("while it was dead")).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await world.restart();
    await two.hears("⏰ while it was dead", { timeoutMs: 30_000 });
    await one.hears("⏰ after the crash", { timeoutMs: 30_000 });
    await Promise.all([one, two].map((scene) => scene.log("delivery.sent", { times: 2 })));
    await world.restart();
    await Promise.all([one.settled(), two.settled()]);
    expect([one.count("⏰ after the crash"), two.count("⏰ while it was dead")]).toEqual([1, 1]);
  }, 120_000);

  it("stays through /new, is listed by /remind and by the tool, and is cancelled by the tool", async () => {
    const one = newcomer(world);
    await one.tell("/timezone Europe/Berlin");
    await one.hears("Your time zone is now");
    const set = await result(one, "remind", { text: "the long one", at: "2027-03-01T09:00" });
    expect(set).toContain("2027-03-01 09:00");
    expect(set).toContain("Europe/Berlin");
    expect(await result(one, "remind", { text: "every week", cron: "0 9 * * 1" })).toContain("repeats (0 9 * * 1)");
    await one.tell("/new");
    await one.hears("A new conversation");
    await one.tell("/remind");
    const list = plain(await one.hears("Reminders"));
    expect(list).toContain("the long one");
    expect(list).toContain("repeats (0 9 * * 1): every week");
    const [, id = ""] = /(\d+): .*the long one/.exec(list) ?? [];
    expect(await result(one, "cancel_reminder", { id: Number(id) })).toBe(`Reminder ${id} is cancelled.`);
    expect(await result(one, "reminders", {})).not.toContain("the long one");
  });

  it("that cannot be is refused with what was expected", async () => {
    const one = newcomer(world);
    expect(await result(one, "remind", { text: "x", at: "2020-01-01T00:00" })).toContain("that time has passed");
    expect(await result(one, "remind", { text: "x", at: "sometime" })).toContain("at is not a time");
    expect(await result(one, "remind", { text: "x", cron: "61 * * * *" })).toContain("no schedule that ever comes");
    expect(await result(one, "remind", { text: "x", in_seconds: 0 })).toContain("in_seconds must be 1 or more");
    expect(await result(one, "remind", { text: "", in_seconds: 5 })).toContain("text is empty");
    expect(await result(one, "remind", { text: "x", in_seconds: 9, timezone: "Mars/Base" })).toContain("IANA");
  });

  it("is set by /remind words through the model, without a word more", async () => {
    const one = newcomer(world);
    world.model.next({ tools: [{ name: "remind", args: { text: "tea", in_seconds: 1 } }] }, ({ messages }) =>
      messages.some(({ role, text }) => role === "user" && text.includes("in a second tea")),
    );
    await one.tell("/remind in a second tea");
    await one.hears("⏰ tea");
    const [request] = one.asked("in a second tea");
    expect(request?.lastUserText).not.toContain("/remind");
    expect(request?.lastUserText).toContain("`remind`");
    await one.finished();
  });

  it("is read by the person's own clock in every chat of theirs, in a group by the clock of whoever asks", async () => {
    const [one, two] = [newcomer(world), newcomer(world)];
    await one.tell("/timezone Asia/Tokyo");
    await one.hears("Your time zone is now");
    await two.tell("/timezone America/Lima");
    await two.hears("Your time zone is now");
    const group = new Scene(world, { ...GRACE, id: FORUM_ID });
    for (const [person, zone] of [
      [one, "Asia/Tokyo"],
      [two, "America/Lima"],
    ] as const) {
      const words = `a clock for ${person.user.id}.`;
      world.model.next({ tools: [{ name: "now", args: {} }] }, says(words));
      world.model.next({ text: `${words} done` }, says(words));
      await group.tell(`@turnkeeper_bot ${words}`, { from: person.user, threadId: BOAT_TOPIC });
      await group.hears(`${words} done`);
      const told = group
        .asked(words)
        .at(-1)
        ?.conversation.messages.findLast(({ role }) => role === "tool")?.text;
      expect(told).toContain(zone);
    }
  });

  it("of an aside is the chat's: listed and cancelled there, and still there when the aside is not", async () => {
    const one = newcomer(world);
    for (const [command, text] of [
      ["bg", "from the background"],
      ["btw", "from beside"],
    ] as const) {
      world.model.next({ tools: [{ name: "remind", args: { text, in_seconds: 900 } }] }, says(`set it ${text}`));
      world.model.next({ text: `${command} has set it` }, says(`set it ${text}`));
      await one.tell(`/${command} set it ${text}`);
      await one.hears(`${command} has set it`);
    }
    await one.tell("/remind");
    const list = plain(await one.hears("Reminders"));
    expect(list).toContain("from beside");
    const [, id = ""] = /(\d+): .*from the background/.exec(list) ?? [];
    expect(await result(one, "cancel_reminder", { id: Number(id) })).toBe(`Reminder ${id} is cancelled.`);
    expect(await result(one, "reminders", {})).toMatch(/^\d+: [^\n]*from beside$/);
  });

  it("comes in the topic where it was asked for", async () => {
    world.model.next(
      { tools: [{ name: "remind", args: { text: "water them", in_seconds: 1 } }] },
      says("garden reminder"),
    );
    const group = new Scene(world, { ...GRACE, id: FORUM_ID });
    await group.tell("@turnkeeper_bot garden reminder", { from: GRACE, threadId: GARDEN_TOPIC });
    expect((await group.hears("⏰ water them")).threadId).toBe(GARDEN_TOPIC);
  });

  it("comes while a run is on, and does not touch it", async () => {
    const one = newcomer(world);
    await result(one, "remind", { text: "meanwhile", in_seconds: 1 });
    const held = world.model.hold({ text: "the long answer" }, says("a long question"));
    await one.tell("a long question");
    await one.request("a long question");
    await one.hears("⏰ meanwhile");
    held.release();
    await one.hears("the long answer");
    expect((await one.finished(2)).outcome).toBe("answered");
  });

  it("that repeats comes again and again, until it is cancelled", async () => {
    const one = newcomer(world);
    await result(one, "remind", { text: "every minute", cron: "* * * * *" });
    await one.hears("⏰ every minute", { timeoutMs: 70_000 });
    await world.restart();
    await one.hears("⏰ every minute", { times: 2, timeoutMs: 80_000 });
    expect(await result(one, "reminders", {})).toContain("every minute");
    const [, id = ""] = /(\d+): /.exec(await result(one, "reminders", {})) ?? [];
    await result(one, "cancel_reminder", { id: Number(id) });
    expect(await result(one, "reminders", {})).toBe("There are no reminders.");
  }, 200_000);
});
