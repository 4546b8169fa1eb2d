import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Door } from "../../playground/model/reply.ts";
import { ADA } from "../../playground/telegram/cast.ts";
import { KEYS, startWorld, type World } from "./harness/world.ts";
import { acknowledgedAt, heard, newcomer, Scene, says } from "./scene.ts";

/**
 * The bug this project exists to make impossible (Hermes Agent #28686): a reset meets a dry credential pool while a run is
 * in flight, and the session is dead to every later message.
 */
describe("a reset that meets a dry pool", () => {
  let world: World;
  beforeAll(async () => {
    // Two providers, so that one person's only key and another's two can fail; both are dry when a test says so.
    world = await startWorld({
      env: {
        MODEL: "solo/stand-in",
        SOLO_BASE_URL: "{model}/v1",
        SOLO_API_KEYS: "sk-solo-key",
        POOL_WAIT_SECONDS: "2",
      },
    });
  });
  afterAll(() => world?.close());

  const closed: Readonly<Record<string, () => void>> = {
    "402 on the only key": () => world.model.door({ kind: "out_of_credit", as: 402 }),
    "429 for an hour": () => world.model.door({ kind: "rate_limited", retryAfterSeconds: 3600 }),
    "429 that means an empty account": () => world.model.door({ kind: "out_of_credit", as: 429 }),
    "one key of two rate-limited, the other out of credit": () => {
      const doors: readonly (readonly [string, Door])[] = [
        [KEYS[0], { kind: "rate_limited", retryAfterSeconds: 3600 }],
        [KEYS[1], { kind: "out_of_credit", as: 402 }],
        ["sk-solo-key", { kind: "out_of_credit", as: 402 }],
      ];
      for (const [key, door] of doors) world.model.door(door, key);
    },
  };

  const heal = async (): Promise<void> => {
    world.model.door({ kind: "open" });
    const owner = new Scene(world, ADA);
    const before = owner.count("Lifted: ");
    await owner.tell("/pool reset");
    await owner.hears("Lifted: ", { times: before + 1 });
  };

  for (const [name, close] of Object.entries(closed)) {
    it(`tells the person and lives on in a new conversation (${name})`, async () => {
      const one = newcomer(world);
      if (name.includes("two")) {
        await one.tell("/model openai/stand-in");
        await one.hears("openai/stand-in");
      }
      const opening = `start over ${one.chatId}`;
      const held = world.model.hold({ tools: [{ name: "session_reset", args: {} }] }, says(opening));
      await one.tell(opening);
      await one.request(opening);
      await one.tell(`behind it ${one.chatId}`);
      await one.hears("next in line");
      close();
      held.release();

      // The run ends aloud, the reset takes effect, and the queued message is not swallowed either.
      const first = await one.finished();
      expect(first).toMatchObject({ outcome: "exhausted", epoch: 1 });
      expect(await one.log("session.reset")).toMatchObject({ by: "tool" });
      await one.hears("No model key can serve this now", { times: 2 });
      expect(one.count("The conversation ends with this.")).toBe(1);
      expect(await one.finished(2)).toMatchObject({ outcome: "exhausted", epoch: 2 });

      // Dry as it is, the next message is told why it is not answered.
      await one.tell(`still there? ${one.chatId}`);
      await one.hears("No model key can serve this now", { times: 3 });

      await heal();
      const next = `good morning ${one.chatId}`;
      world.model.next({ text: `good morning to you, ${one.chatId}` }, says(next));
      await one.tell(next);
      await one.hears(`good morning to you, ${one.chatId}`);
      expect(await one.finished(4)).toMatchObject({ outcome: "answered", epoch: 2 });
      const answered = world.model.requests.findLast(({ lastUserText }) => lastUserText.includes(next));
      expect(heard(answered?.conversation.messages ?? [], opening)).toBe(false);
      expect(heard(answered?.conversation.messages ?? [], "still there?")).toBe(true);
      await one.tell("/status");
      await one.hears("Idle");
    });
  }

  it("does what a skill with a reset asks for in the middle of a run", async () => {
    const one = newcomer(world);
    const held = world.model.hold({ text: "never to be seen" }, says(`old matter ${one.chatId}`));
    await one.tell(`old matter ${one.chatId}`);
    const old = await one.request(`old matter ${one.chatId}`);
    world.model.next({ text: "a clean page" }, says(`new matter ${one.chatId}`));
    const sent = await one.tell(`/cc new matter ${one.chatId}`);
    await one.hears("a clean page");
    held.release();
    expect(old.abortedAt).toBeLessThan(acknowledgedAt(sent) + 1000);
    expect(await one.log("session.reset")).toMatchObject({ by: "skill" });
    await one.finished(2);
    await one.settled();
    expect(one.logs("run.finished").map(({ outcome }) => outcome)).toEqual(["reset", "answered"]);
    expect(one.everShown("never to be seen")).toBe(false);
    const request = await one.request(`new matter ${one.chatId}`);
    expect(request.conversation.messages.map(({ text }) => text)).toEqual([`new matter ${one.chatId}`]);
  });

  it("does so with a dry pool, too, and says why there is no answer", async () => {
    const one = newcomer(world);
    world.model.hold({}, says(`old matter ${one.chatId}`));
    await one.tell(`old matter ${one.chatId}`);
    await one.request(`old matter ${one.chatId}`);
    world.model.door({ kind: "out_of_credit", as: 402 });
    await one.tell(`/cc new matter ${one.chatId}`);
    await one.hears("No model key can serve this now");
    expect(await one.finished(2)).toMatchObject({ outcome: "exhausted", epoch: 2 });
    await heal();
    world.model.next({ text: "here I am" }, says(`hello ${one.chatId}`));
    await one.tell(`hello ${one.chatId}`);
    await one.hears("here I am");
  });

  it("is reset and stopped by a maintainer over HTTP, and by nobody else", async () => {
    const one = newcomer(world);
    const path = `/sessions/${encodeURIComponent(one.session)}`;
    world.model.hold({}, says(`first ${one.chatId}`));
    await one.tell(`first ${one.chatId}`);
    const first = await one.request(`first ${one.chatId}`);
    const seen: unknown = await (await world.worker.admin(path)).json();
    expect(seen).toMatchObject({ state: "running", run: { id: (await one.log("run.started")).run, attempt: 1 } });
    const stranger = await fetch(`${world.worker.url}/admin${path}/stop`, { method: "POST" });
    expect(stranger.status).toBe(401);
    expect(first.endedAt).toBeUndefined();

    expect((await world.worker.admin(`${path}/stop`, { method: "POST" })).status).toBe(200);
    await one.hears("Stopped.");
    await world.model.waitFor("the call to be cut", () => first.abortedAt !== undefined);
    expect(await one.finished()).toMatchObject({ outcome: "stopped", epoch: 1 });

    world.model.hold({}, says(`second ${one.chatId}`));
    await one.tell(`second ${one.chatId}`);
    const second = await one.request(`second ${one.chatId}`);
    expect((await world.worker.admin(`${path}/reset`, { method: "POST" })).status).toBe(200);
    await one.hears("A new conversation starts here.");
    await world.model.waitFor("the call to be cut", () => second.abortedAt !== undefined);
    expect(await one.log("session.reset")).toMatchObject({ by: "admin" });
    world.model.next({ text: "third time lucky" }, says(`third ${one.chatId}`));
    await one.tell(`third ${one.chatId}`);
    await one.hears("third time lucky");
    expect(await one.finished(3)).toMatchObject({ outcome: "answered", epoch: 2 });
    const unknown = await world.worker.admin("/sessions/telegram%3A999/stop", { method: "POST" });
    expect(unknown.status).toBe(404);
  });
});
