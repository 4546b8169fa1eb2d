import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HangingPage } from "./hanging-page.ts";
import { startWorld, type World } from "./harness/world.ts";
import { isGrowing, newcomer, plain, type Scene, says } from "./scene.ts";

/** A crash is noticed by an alarm, at most a heartbeat (25 s) later; the rest is a slow machine. */
const NOTICED_MS = 50_000;
const MARK = "↻ recovered; may be a duplicate";
const DRY_KEY = "sk-dry-key";

describe("kill -9", () => {
  let world: World;
  let page: HangingPage;
  beforeAll(async () => {
    page = await new HangingPage().start();
    world = await startWorld({
      env: { FETCH_ALLOW_HOSTS: new URL(page.url).host, DRY_BASE_URL: "{model}/v1", DRY_API_KEYS: DRY_KEY },
    });
  });
  afterAll(async () => {
    await world?.close();
    page.close();
  });

  it("loses nothing that was acknowledged, wherever it strikes, with no further message needed", async () => {
    const { model, telegram } = world;
    const unheard = newcomer(world, "Unheard");
    model.hold({}, says(`unheard ${unheard.chatId}`));
    await unheard.tell(`unheard ${unheard.chatId}`);
    await unheard.request(`unheard ${unheard.chatId}`);
    await unheard.tell(`queued ${unheard.chatId}`);
    await unheard.hears("next in line");
    model.next({ text: "heard after all" }, says(`unheard ${unheard.chatId}`));
    model.next({ text: "and the queued one" }, says(`queued ${unheard.chatId}`));

    const growing = newcomer(world, "Growing");
    model.next(
      { text: "once upon a time ".repeat(100), manner: { tokensPerSecond: 10 } },
      says(`grow ${growing.chatId}`),
    );
    await growing.tell(`grow ${growing.chatId}`);
    await growing.sees("once upon a time");
    model.next({ text: "told to its end" }, says(`grow ${growing.chatId}`));

    const tooling = newcomer(world, "Tooling");
    const path = `/${tooling.chatId}`;
    model.next({ tools: [{ name: "fetch_page", args: { url: page.url + path } }] }, says(`read ${tooling.chatId}`));
    await tooling.tell(`read ${tooling.chatId}`);
    await page.waitFor(path, false);
    model.next({ text: "the page was read" }, says(`read ${tooling.chatId}`));

    const flooded = newcomer(world, "Flooded");
    telegram.fault({
      method: /^send(Rich)?Message$/,
      chatId: flooded.chatId,
      times: 1,
      fault: { kind: "flood", retryAfterSeconds: 6 },
    });
    model.next({ text: "through the flood" }, says(`flood ${flooded.chatId}`));
    await flooded.tell(`flood ${flooded.chatId}`);
    await flooded.log("delivery.retry");

    const doubtful = newcomer(world, "Doubtful");
    telegram.fault({
      method: /^send(Rich)?Message$/,
      chatId: doubtful.chatId,
      times: 1,
      fault: { kind: "hang", when: "after" },
    });
    model.next({ text: "said or not said" }, says(`doubt ${doubtful.chatId}`));
    await doubtful.tell(`doubt ${doubtful.chatId}`);
    await telegram.waitFor("the message that nobody hears of", () =>
      telegram.said(doubtful.chatId).find((message) => plain(message).includes("said or not said")),
    );
    await doubtful.finished();

    const asking = newcomer(world, "Asking");
    model.next(
      { tools: [{ name: "ask", args: { question: "Tea or coffee?", options: ["Tea", "Coffee"] } }] },
      says(`ask ${asking.chatId}`),
    );
    await asking.tell(`ask ${asking.chatId}`);
    const question = await asking.hears("Tea or coffee?");
    await asking.log("delivery.sent", { where: ({ kind }) => kind === "notice" });
    model.next({ text: "a cup of it, then" }, says(`ask ${asking.chatId}`));

    const drying = newcomer(world, "Drying");
    await drying.tell("/model dry/stand-in");
    await drying.hears("dry/stand-in");
    model.door({ kind: "rate_limited", retryAfterSeconds: 12 }, DRY_KEY);
    await drying.tell(`dry ${drying.chatId}`);
    await drying.hears("All model keys are resting");
    model.door({ kind: "open" }, DRY_KEY);
    model.next({ text: "rain at last" }, says(`dry ${drying.chatId}`));

    const gathering = newcomer(world, "Gathering");
    model.next({ text: "long and whole" }, says(`part ${gathering.chatId}`));
    const reminded = newcomer(world, "Reminded");
    const remind = { text: `water the plants ${reminded.chatId}`, in_seconds: 5 };
    model.next({ tools: [{ name: "remind", args: remind }] }, says(`remind ${reminded.chatId}`));
    model.next({ text: "I shall" }, says(`remind ${reminded.chatId}`));
    await reminded.tell(`remind ${reminded.chatId}`);
    await reminded.hears("I shall");
    // Until the Worker knows that, it would say it again after the kill, and mark it.
    await reminded.log("delivery.sent", { where: ({ kind }) => kind === "answer" });
    await gathering.tell(`${"x".repeat(4050)} part ${gathering.chatId}`);

    await world.worker.kill9();
    page.answer("A page about lighthouses.");
    await world.restart();

    // Asked elsewhere and answered here: the button of the question still works, once.
    const press = telegram.people.press(asking.chatId, question.id, "Tea");
    const twice = telegram.people.pressData(
      asking.chatId,
      question.id,
      question.keyboard?.[0]?.[1]?.callback_data ?? "",
    );
    await asking.hears("a cup of it, then", { timeoutMs: NOTICED_MS });
    await telegram.waitFor("both presses to be answered", () => press.query.answered && twice.query.answered);
    expect(press.query.answered?.text).toBe("Done.");
    expect(twice.query.answered?.text).toBe("This button has expired.");
    const chosen = asking.asked(`ask ${asking.chatId}`).at(-1)?.conversation.messages.at(-1);
    expect(chosen).toMatchObject({ role: "tool", text: expect.stringContaining("Tea") });

    const last: readonly (readonly [Scene, string])[] = [
      [unheard, "heard after all"],
      [unheard, "and the queued one"],
      [growing, "told to its end"],
      [tooling, "the page was read"],
      [flooded, "through the flood"],
      [doubtful, MARK],
      [drying, "rain at last"],
      [gathering, "long and whole"],
      [reminded, "water the plants"],
    ];
    await Promise.all(last.map(([scene, words]) => scene.hears(words, { timeoutMs: NOTICED_MS })));
    await Promise.all(last.map(([scene]) => scene.settled()));
    for (const [scene, words] of last) expect(scene.count(words), `${scene.user.first_name}: ${words}`).toBe(1);
    for (const [scene] of last) {
      const unmarked = scene === doubtful ? [] : scene.lines.filter((line) => line.includes(MARK));
      expect(unmarked, scene.user.first_name).toEqual([]);
      expect(telegram.said(scene.chatId).filter(isGrowing), scene.user.first_name).toEqual([]);
    }
    expect(doubtful.count("said or not said")).toBe(2);
    expect(growing.count("once upon a time")).toBe(0);
    const results = tooling.asked(`read ${tooling.chatId}`).at(-1)?.conversation.messages.at(-1);
    expect(results?.text).toContain("A page about lighthouses.");
    for (const scene of [unheard, growing, tooling]) {
      expect(scene.logs("run.finished")[0]).toMatchObject({ outcome: "recovered" });
      expect(scene.logs("run.started")[1]?.run).not.toBe(scene.logs("run.started")[0]?.run);
    }
  });

  it("at any instant of many turns leaves each answered, none twice unmarked; three times in one turn ends it aloud", async () => {
    const { model, telegram } = world;
    model.mind = echo;
    const thrice = newcomer(world, "Thrice");
    const words = `thrice ${thrice.chatId}`;
    const everybody: Scene[] = [];
    for (const [round, pauseMs] of [0, 40, 150].entries()) {
      model.hold({}, says(words));
      await thrice.tell(round === 0 ? words : "/status");
      await model.waitFor(`attempt ${round + 1}`, () => thrice.asked(words).length === round + 1);
      const people = Array.from({ length: 5 }, () => newcomer(world));
      everybody.push(...people);
      for (const one of people) one.write(`random ${one.chatId}`);
      // An instant of the machine's choosing: the first of them has been taken, and so much has passed.
      await telegram.waitFor("one to be taken", () =>
        telegram.updates.all.find(({ state, queue }) => state === "delivered" && queue === `m${people[0]?.chatId}`),
      );
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await world.restart();
    }
    // The heartbeat would notice it, too; any event of the session does so at once.
    await thrice.tell("/status");
    await thrice.hears("lost three times to a crash");
    expect(await thrice.finished(3)).toMatchObject({ outcome: "failed" });
    await thrice.tell(`then ${thrice.chatId}`);
    await thrice.hears(`echo of then ${thrice.chatId}`);
    expect(thrice.asked(words).filter(({ lastUserText }) => lastUserText === words)).toHaveLength(3);

    await Promise.all(everybody.map((one) => one.hears(`echo of random ${one.chatId}`, { timeoutMs: NOTICED_MS })));
    await Promise.all(everybody.map((one) => one.settled()));
    for (const one of everybody) {
      const answers = one.lines.filter((line) => line.includes(`echo of random ${one.chatId}`));
      expect(answers.filter((line) => !line.includes(MARK)).length, answers.join(" | ")).toBeLessThanOrEqual(1);
      expect(answers.length, answers.join(" | ")).toBeLessThanOrEqual(2);
      expect(telegram.said(one.chatId).filter(isGrowing)).toEqual([]);
    }
    expect(world.worker.logs("internal.error")).toEqual([]);
  }, 150_000);
});

function echo({ messages }: { readonly messages: readonly { readonly role: string; readonly text: string }[] }) {
  return { text: `echo of ${messages.findLast(({ role }) => role === "user")?.text ?? ""}` };
}
