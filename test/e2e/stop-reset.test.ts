import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelRequest } from "../../playground/model/request.ts";
import { HangingPage } from "./hanging-page.ts";
import { startWorld, type World } from "./harness/world.ts";
import { acknowledgedAt, heard, isGrowing, newcomer, plain, type Scene, says } from "./scene.ts";

/** A run brought to a certain point; `late` is what comes of it after it was cut. */
interface Caught {
  readonly old: string;
  readonly request?: ModelRequest;
  late?(): void;
  /** When the work was seen to be given up. */
  cutAt?(): Promise<number>;
  /** Before the next message can be answered. */
  heal?(): Promise<void>;
}

const SLOW = { manner: { tokensPerSecond: 12 } };
const DRY_KEY = "sk-dry-key";

describe("/stop and /new", () => {
  let world: World;
  let page: HangingPage;
  beforeAll(async () => {
    page = await new HangingPage().start();
    world = await startWorld({
      env: {
        FETCH_ALLOW_HOSTS: new URL(page.url).host,
        DRY_BASE_URL: "{model}/v1",
        DRY_API_KEYS: DRY_KEY,
        POOL_WAIT_SECONDS: "120",
      },
    });
    world.model.door({ kind: "rate_limited", retryAfterSeconds: 90 }, DRY_KEY);
  });
  afterAll(async () => {
    await world?.close();
    page.close();
  });

  const moments: Readonly<Record<string, (one: Scene, old: string) => Promise<Caught>>> = {
    "before the first byte": async (one, old) => {
      const held = world.model.hold({ text: `${old} came` }, says(old));
      await one.tell(old);
      return { old: `${old} came`, request: await one.request(old), late: () => held.release() };
    },
    "between two tokens": async (one, old) => {
      world.model.next({ text: `${old} begins ${"and goes on ".repeat(200)}`, ...SLOW }, says(old));
      await one.tell(old);
      await one.sees("and goes on");
      return { old: `${old} begins`, request: await one.request(old) };
    },
    "inside a tool": async (one, old) => {
      const path = `/${one.chatId}`;
      world.model.next({ tools: [{ name: "fetch_page", args: { url: page.url + path } }] }, says(old));
      await one.tell(old);
      await page.waitFor(path, false);
      return { old: `${old} came`, cutAt: async () => (await page.waitFor(path, true)).leftAt ?? 0 };
    },
    "while it waits for a credential": async (one, old) => {
      await one.tell("/model dry/stand-in");
      await one.hears("dry/stand-in");
      await one.tell(old);
      await one.hears("All model keys are resting");
      expect((await one.log("run.waiting")).run).toBe((await one.log("run.started")).run);
      return {
        old: `${old} came`,
        heal: async () => {
          await one.tell("/model default");
          await one.hears("Back to the first choice");
        },
      };
    },
    "while a question stands": async (one, old) => {
      const options = ["Left", "Right"];
      world.model.next({ tools: [{ name: "ask", args: { question: `${old}, which way?`, options } }] }, says(old));
      await one.tell(old);
      const question = await one.hears(`${old}, which way?`);
      const data = question.keyboard?.[0]?.[0]?.callback_data ?? "";
      return {
        old: `${old} came`,
        late: () => {
          world.telegram.people.pressData(one.chatId, question.id, data);
        },
      };
    },
    "right as it ends": async (one, old) => {
      world.model.next({ text: `${old} is short`, manner: { firstByteMs: 0, tokensPerSecond: 2000 } }, says(old));
      one.write(old);
      await world.model.waitFor("the answer to be over", () =>
        world.model.requests.find((request) => request.lastUserText.includes(old) && request.endedAt),
      );
      return { old: `${old} is short` };
    },
  };

  for (const command of ["/stop", "/new"] as const) {
    for (const [moment, reach] of Object.entries(moments)) {
      it(`${command} ${moment} cuts the run, keeps its answer away and leaves room for the next message`, async () => {
        const one = newcomer(world);
        const old = `question ${one.chatId}`;
        const { request, late, cutAt, heal, old: oldWords } = await reach(one, old);
        const isEnding = moment === "right as it ends";
        const ended = command === "/stop" ? "Stopped." : "A new conversation starts here.";

        const sent = await one.tell(command);
        if (isEnding) await one.finished();
        else await one.hears(ended);
        const atCut = growth(one, oldWords);
        if (request) await world.model.waitFor("the call to be cut", () => request.endedAt !== undefined);
        if (request) expect(request.abortedAt).toBeLessThan(acknowledgedAt(sent) + 1000);
        if (cutAt) expect(await cutAt()).toBeLessThan(acknowledgedAt(sent) + 1000);
        const outcome = (await one.finished()).outcome;
        if (!isEnding) expect(outcome).toBe(command === "/stop" ? "stopped" : "reset");

        late?.();
        await heal?.();
        const next = `afterwards ${one.chatId}`;
        world.model.next({ text: `answer to ${next}` }, says(next));
        await one.tell(next);
        await one.hears(`answer to ${next}`);
        await one.finished(2);
        await one.settled();
        if (!isEnding) expect(growth(one, oldWords)).toEqual(atCut);
        expect(one.count(oldWords)).toBeLessThanOrEqual(1);
        if (moment !== "between two tokens" && !isEnding) expect(one.everShown(oldWords)).toBe(false);
        expect(world.telegram.said(one.chatId).filter(isGrowing)).toEqual([]);
        const [asked] = world.model.requests.filter(({ lastUserText }) => lastUserText.includes(next));
        expect(heard(asked?.conversation.messages ?? [], old)).toBe(command === "/stop");
        expect(one.logs("run.started").at(-1)?.epoch).toBe(command === "/stop" ? 1 : 2);
        expect(one.logs("run.finished").at(-1)?.outcome).toBe("answered");
      });
    }
  }

  it("drops what waits aloud, and counts it", async () => {
    for (const [command, words] of [
      ["/stop", "Stopped. Waiting messages dropped: 2."],
      ["/new", "A new conversation starts here. Waiting messages dropped: 2."],
    ] as const) {
      const one = newcomer(world);
      world.model.hold({ text: "never" }, says(`hold ${one.chatId}`));
      await one.tell(`hold ${one.chatId}`);
      await one.request(`hold ${one.chatId}`);
      await one.tell(`waits ${one.chatId}`);
      await one.tell(`waits, too ${one.chatId}`);
      await one.tell(command);
      await one.hears(words);
      await one.settled();
      expect(one.asked(`waits ${one.chatId}`)).toEqual([]);
      expect(one.logs("run.started")).toHaveLength(1);
    }
  });

  it("says that nothing is running when /stop meets an idle session, and /new works there, too", async () => {
    const one = newcomer(world);
    await one.tell("/stop");
    await one.hears("Nothing is running here.");
    await one.tell("/new");
    await one.hears("A new conversation starts here.");
    await one.tell("/reset");
    await one.hears("A new conversation starts here.", { times: 2 });
  });

  it("asks with the words after /new in the new conversation", async () => {
    const one = newcomer(world);
    world.model.next({ text: "first page" }, says(`before ${one.chatId}`));
    await one.tell(`before ${one.chatId}`);
    await one.hears("first page");
    world.model.next({ text: "second page" }, says(`after ${one.chatId}`));
    await one.tell(`/new after ${one.chatId}`);
    await one.hears("second page");
    const request = await one.request(`after ${one.chatId}`);
    expect(request.conversation.messages.map(({ text }) => text)).toEqual([`after ${one.chatId}`]);
  });

  it("stops by the button under the growing answer, and tells the truth when an old button is pressed", async () => {
    const one = newcomer(world);
    const words = `long ${one.chatId}`;
    world.model.next({ text: "one step after another ".repeat(200), ...SLOW }, says(words));
    await one.tell(words);
    const growing = await world.telegram.waitFor("the Stop button", () =>
      world.telegram.said(one.chatId).find(isGrowing),
    );
    const data = growing.keyboard?.[0]?.[0]?.callback_data ?? "";
    const request = await one.request(words);
    const { query, update } = world.telegram.people.press(one.chatId, growing.id, "⏹ Stop");
    await world.telegram.delivered({ update });
    await one.hears("Stopped.");
    await world.model.waitFor("the call to be cut", () => request.abortedAt !== undefined);
    expect(request.abortedAt).toBeLessThan(acknowledgedAt({ update }) + 1000);
    await world.telegram.waitFor("the button's answer", () => query.answered);
    expect(query.answered?.text).toBe("Stopping…");

    const held = world.model.hold({ text: "unmoved" }, says(`later ${one.chatId}`));
    await one.tell(`later ${one.chatId}`);
    await one.request(`later ${one.chatId}`);
    const late = world.telegram.people.pressData(one.chatId, growing.id, data);
    await world.telegram.waitFor("the old button's answer", () => late.query.answered);
    expect(late.query.answered?.text).toBe("This button has expired.");
    held.release();
    await one.hears("unmoved");
    expect((await one.finished(2)).outcome).toBe("answered");
  });

  it("stops a message that is still being gathered, aloud", async () => {
    const one = newcomer(world);
    one.write(`${"x".repeat(4090)} ${one.chatId % 10}`);
    await one.tell("/stop");
    await one.hears("Waiting messages dropped: 1.");
    await one.settled();
    expect(one.logs("run.started")).toEqual([]);
  });
});

/** What stands in the chat of these words, message by message. */
function growth(one: Scene, words: string): string[] {
  return one.world.telegram
    .said(one.chatId)
    .map(plain)
    .filter((line) => line.includes(words));
}
