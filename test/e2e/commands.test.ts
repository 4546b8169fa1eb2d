import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoredMessage } from "../../playground/telegram/chats.ts";
import { startWorld, type World } from "./harness/world.ts";
import { isGrowing, newcomer, plain, type Scene, says } from "./scene.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld({
    env: {
      MODEL: "openai/gpt-5-mini",
      FALLBACK_MODELS: "other/second",
      OTHER_BASE_URL: "{model}/v1",
      OTHER_API_KEYS: "sk-o",
    },
  });
});
afterAll(() => world?.close());

/** A whole exchange. */
async function exchange(one: Scene, words: string, answer: string): Promise<void> {
  const times = one.logs("run.finished").length + 1;
  world.model.next({ text: answer }, says(words));
  await one.tell(words);
  await one.hears(answer);
  await one.finished(times);
}

function roles(one: Scene, words: string): string[] {
  return (
    one
      .asked(words)
      .at(-1)
      ?.conversation.messages.map(({ text }) => text) ?? []
  );
}

async function fileOf(one: Scene, times = 1): Promise<{ name: string; text: string }> {
  return world.telegram.waitFor("a document", () => {
    const file = world.telegram.callsOf("sendDocument", one.chatId).flatMap(({ files }) => files)[times - 1];
    return file && { name: file.name, text: new TextDecoder().decode(file.bytes) };
  });
}

async function growing(one: Scene, words: string): Promise<StoredMessage> {
  return world.telegram.waitFor(`"${words}" to grow with its button`, () =>
    world.telegram.said(one.chatId).find((message) => plain(message).includes(words) && isGrowing(message)),
  );
}

describe("/persona and /timezone", () => {
  it("shape how the model is told to speak, in this chat, until they are taken back", async () => {
    const [one, two] = [newcomer(world), newcomer(world)];
    await one.tell("/persona");
    await one.hears("No persona is set here");
    await one.tell("/persona You are a *pirate*.");
    await one.hears("I speak so from the next answer on");
    await one.tell("/timezone Asia/Tokyo");
    await one.hears("Your time zone is now Asia/Tokyo");
    await one.tell("/timezone Mars/Base");
    await one.hears("no time zone I know");
    await exchange(one, "ahoy pirate", "arr");
    await exchange(two, "ahoy other", "hello");
    const system = (await one.request("ahoy pirate")).conversation.system;
    expect(system).toContain("You are a *pirate*.");
    expect(system).toContain("(Asia/Tokyo)");
    expect(system).toContain(one.user.first_name);
    expect((await two.request("ahoy other")).conversation.system).not.toContain("pirate");
    await one.tell("/persona off");
    await one.hears("The persona is gone");
    await exchange(one, "ahoy again", "hello again");
    expect((await one.request("ahoy again")).conversation.system).not.toContain("pirate");
  });
});

describe("/retry and /undo", () => {
  it("answer the last message again, without its first answer, and forget the last exchanges", async () => {
    const one = newcomer(world);
    await one.tell("/retry");
    await one.hears("nothing to answer again");
    await one.tell("/undo");
    await one.hears("nothing to undo");
    await exchange(one, "alpha", "answer one");
    await exchange(one, "beta", "answer two");
    world.model.next({ text: "answer two again" }, says("beta"));
    await one.tell("/retry");
    await one.hears("answer two again");
    await one.finished(3);
    expect(roles(one, "beta")).toEqual(["alpha", "answer one", "beta"]);
    await exchange(one, "gamma", "answer three");
    await one.tell("/undo 2");
    await one.hears("Forgotten: 2");
    await exchange(one, "delta", "answer four");
    expect(roles(one, "delta")).toEqual(["alpha", "answer one", "delta"]);
    await one.tell("/undo 50");
    await one.hears("Forgotten: 2", { times: 2 });
    await exchange(one, "epsilon", "answer five");
    expect(roles(one, "epsilon")).toEqual(["epsilon"]);
  });

  it("wait for the answer that is being worked on, and say so", async () => {
    const one = newcomer(world);
    const held = world.model.hold({ text: "so slow" }, says("slow question"));
    await one.tell("slow question");
    await one.request("slow question");
    await one.tell("/retry");
    await one.hears("/stop it first");
    await one.tell("/undo");
    await one.hears("/stop it first", { times: 2 });
    held.release();
    await one.hears("so slow");
  });

  it("answer again what failed", async () => {
    const one = newcomer(world);
    for (let tries = 0; tries < 6; tries += 1) world.model.next({ manner: { flow: "empty" } }, says("say nothing"));
    await one.tell("say nothing");
    await one.hears("answered with nothing, twice");
    world.model.calm();
    world.model.manner = { firstByteMs: 5, tokensPerSecond: 200, flow: "whole" };
    world.model.next({ text: "something after all" }, says("say nothing"));
    await one.tell("/retry");
    await one.hears("something after all");
    expect(roles(one, "say nothing")).toEqual(["say nothing"]);
  });
});

describe("/export and /usage", () => {
  it("send the conversation as Markdown or JSON, and the tokens and cost by model", async () => {
    const one = newcomer(world);
    await one.tell("/export");
    await one.hears("nothing to export");
    await exchange(one, "how **many** oceans?", "There are five.");
    await one.tell("/export");
    const markdown = await fileOf(one);
    expect(markdown.name).toMatch(/\.md$/);
    expect(markdown.text).toContain("how **many** oceans?");
    expect(markdown.text).toContain("There are five.");
    await one.tell("/export json");
    const json = await fileOf(one, 2);
    expect(json.name).toMatch(/\.json$/);
    expect(JSON.stringify(JSON.parse(json.text))).toContain("There are five.");

    await one.tell("/usage");
    const usage = plain(await one.hears("This conversation"));
    expect(usage).toMatch(/This conversation: 1 turns, [1-9]\d* tokens, 0\.0\d+ US\$/);
    expect(usage).toMatch(/openai\/gpt-5-mini: [1-9]\d* tokens/);
    expect(usage).toMatch(/Prices as of 2026-/);
  });
});

describe("/model", () => {
  it("chooses by a button, by name, for one turn only and back again, and refuses what has no key", async () => {
    const one = newcomer(world);
    await one.tell("/model");
    const menu = await one.hears("The model here is");
    world.telegram.people.press(one.chatId, menu.id, "other/second");
    await one.hears("From now on: other/second");
    await exchange(one, "which one?", "the second");
    expect((await one.request("which one?")).conversation.model).toBe("second");
    await one.tell("/model nobody/there");
    await one.hears("nobody/there cannot be used");
    await one.tell("/model default");
    await one.hears("Back to the first choice");
    await one.tell("/model other/third once");
    await one.hears("For the next turn: other/third");
    await exchange(one, "once only", "the third");
    await exchange(one, "and then", "the first");
    expect((await one.request("once only")).conversation.model).toBe("third");
    expect((await one.request("and then")).conversation.model).toBe("gpt-5-mini");
  });
});

describe("/queue, /steer and /busy", () => {
  it("put one message after the answer or into it, whatever the mode, and choose the mode of this chat", async () => {
    const one = newcomer(world);
    await one.tell("/queue");
    await one.hears("/queue <words>");
    await one.tell("/busy sideways");
    await one.hears("Choose with /busy queue");
    await one.tell("/busy interrupt");
    await one.hears("running answer: interrupt");
    const held = world.model.hold({ tools: [{ name: "now", args: {} }] }, says("set sail"));
    await one.tell("set sail");
    await one.request("set sail");
    await one.tell("/queue then dock");
    await one.hears("next in line");
    await one.tell("/steer to starboard");
    await one.hears("joins the current answer");
    world.model.next({ text: "sailing to starboard" }, says("to starboard"));
    world.model.next({ text: "docked" }, says("then dock"));
    held.release();
    await one.hears("sailing to starboard");
    await one.hears("docked");
    await one.finished(2);
    expect(one.asked("to starboard")[0]?.lastUserText).toBe("to starboard");
    expect(roles(one, "then dock").at(-1)).toBe("then dock");

    const second = world.model.hold({ text: "never said" }, says("begin this"));
    await one.tell("begin this");
    await one.request("begin this");
    await exchange(one, "no, this instead", "this instead it is");
    second.release();
    await one.settled();
    expect(one.everShown("never said")).toBe(false);
  });

  it("start an answer where none is being worked on", async () => {
    const one = newcomer(world);
    world.model.next({ text: "queued into nothing" }, says("lonely queue"));
    await one.tell("/queue lonely queue");
    await one.hears("queued into nothing");
    world.model.next({ text: "steered into nothing" }, says("lonely steer"));
    await one.tell("/steer lonely steer");
    await one.hears("steered into nothing");
  });
});

describe("/btw", () => {
  it("is answered during a run, sees the conversation, and touches neither", async () => {
    const one = newcomer(world);
    await exchange(one, "my boat is called Petrel", "a fine name");
    const held = world.model.hold({ text: "the main answer" }, says("main question"));
    await one.tell("main question");
    const run = await one.request("main question");
    world.model.next({ text: "it is Petrel" }, says("what is my boat called?"));
    const aside = await one.tell("/btw what is my boat called?");
    const answer = await one.hears("it is Petrel");
    expect(answer.replyTo).toBe(aside.messageId);
    expect(roles(one, "what is my boat called?")).toEqual([
      "my boat is called Petrel",
      "a fine name",
      "what is my boat called?",
    ]);
    expect(run.endedAt).toBeUndefined();
    expect(one.logs("turn.queued")).toEqual([]);
    held.release();
    await one.hears("the main answer");
    await exchange(one, "go on", "going on");
    expect(roles(one, "go on")).toEqual([
      "my boat is called Petrel",
      "a fine name",
      "main question",
      "the main answer",
      "go on",
    ]);
    await one.tell("/btw");
    await one.hears("/btw <question>");
  });
});

describe("/btw and /bg", () => {
  it("speak as the chat does: its persona, its model, its time zone", async () => {
    const one = newcomer(world);
    await one.tell("/persona You are a *pirate*.");
    await one.tell("/timezone Asia/Tokyo");
    await one.tell("/model other/second");
    await one.hears("From now on: other/second");
    for (const order of ["/btw how deep is it?", "/bg fathom it"]) {
      const words = order.slice(order.indexOf(" ") + 1);
      world.model.next({ text: `aye, ${words}` }, says(words));
      await one.tell(order);
      await one.hears(`aye, ${words}`);
      const { system, model } = (await one.request(words)).conversation;
      expect(system).toContain("You are a *pirate*.");
      expect(system).toContain("(Asia/Tokyo)");
      expect(model).toBe("second");
    }
  });
});

describe("/bg", () => {
  it("works in a session of its own and reports back, while the chat goes on", async () => {
    const one = newcomer(world);
    const held = world.model.hold({ text: "the research is done" }, says("long research"));
    const sent = await one.tell("/bg long research");
    await one.hears("Working on it in the background");
    await one.request("long research");
    await exchange(one, "meanwhile hello", "hello meanwhile");
    await one.tell("/stop");
    await one.hears("Nothing is running here");
    held.release();
    const report = await one.hears("the research is done");
    expect(report.replyTo).toBe(sent.messageId);
    await exchange(one, "and after", "after it");
    expect(roles(one, "and after")).toEqual(["meanwhile hello", "hello meanwhile", "and after"]);
  });

  it("is refused aloud to who starts more than ten of it in a minute, and the chat goes on", async () => {
    const one = newcomer(world);
    for (let n = 0; n < 11; n += 1) await one.tell(`/bg errand ${n}`);
    await one.hears("more than 10 messages in a minute");
    await exchange(one, "still here", "yes, still");
  });

  it("stops by the button under its own growing answer, and by nothing else", async () => {
    const one = newcomer(world);
    world.model.next(
      { text: "growing in the back ".repeat(400), manner: { tokensPerSecond: 40 } },
      says("endless research"),
    );
    await one.tell("/bg endless research");
    const message = await growing(one, "growing in the back");
    await one.tell("/new");
    await one.hears("A new conversation");
    const request = await one.request("endless research");
    expect(request.endedAt).toBeUndefined();
    const { query } = world.telegram.people.press(one.chatId, message.id, "⏹ Stop");
    await world.telegram.waitFor("the press to be answered", () => query.answered?.text === "Stopping…" && query);
    await world.model.waitFor("the request to be aborted", () => request.abortedAt !== undefined);
    await one.hears("Stopped");
    await world.telegram.waitFor("the button to go", () => !isGrowing(message));
  });

  it("asks its questions in the chat, and its buttons find it", async () => {
    const one = newcomer(world);
    world.model.next(
      { tools: [{ name: "ask", args: { question: "Deep or wide?", options: ["Deep", "Wide"] } }] },
      says("ask in the back"),
    );
    world.model.next({ text: "wide research" }, says("ask in the back"));
    await one.tell("/bg ask in the back");
    const question = await one.hears("Deep or wide?");
    world.telegram.people.press(one.chatId, question.id, "Wide");
    await one.hears("wide research");
    expect(one.asked("ask in the back").at(-1)?.conversation.messages.at(-1)?.text).toBe("Wide");
  });

  it("is answered by a reply to what it asks, in any words", async () => {
    const one = newcomer(world);
    world.model.next(
      { tools: [{ name: "ask", args: { question: "Deep or wide?", options: ["Deep", "Wide"] } }] },
      says("ask me there"),
    );
    world.model.next({ text: "research in between" }, says("ask me there"));
    await one.tell("/bg ask me there");
    const question = await one.hears("Deep or wide?");
    await one.tell("somewhere in between", { replyTo: question.id });
    await one.hears("research in between");
    expect(one.asked("ask me there").at(-1)?.conversation.messages.at(-1)?.text).toBe("somewhere in between");
    await exchange(one, "and here?", "here as ever");
    expect(roles(one, "and here?")).toEqual(["and here?"]);
  });
});
