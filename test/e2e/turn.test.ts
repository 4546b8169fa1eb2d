import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADA, BOAT_TOPIC, FORUM_ID, GARDEN_TOPIC, GRACE, GROUP_ID, LINUS } from "../../playground/telegram/cast.ts";
import { ADMIN_TOKEN, KEYS, startWorld, WEBHOOK_SECRET, type World } from "./harness/world.ts";
import { heard, newcomer, plain, Scene, says } from "./scene.ts";

/** In everything that people and the model say here, so that the log can be searched for it. */
const PERSON = "quokka";
const MODEL = "wombat";
const PIXEL = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="),
  (char) => char.charCodeAt(0),
);

describe("a turn", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { QUEUE_LIMIT: "3" } });
  });
  afterAll(() => world?.close());

  it("is acknowledged while the model has not said a word, and answered as a reply when it has", async () => {
    const one = newcomer(world);
    const held = world.model.hold({ text: `${MODEL} one` }, says(`${PERSON} one`));
    const sent = await one.tell(`${PERSON} one`);
    const request = await one.request(`${PERSON} one`);
    expect(request.endedAt).toBeUndefined();
    expect(one.said).toEqual([]);
    held.release();
    const answer = await one.hears(`${MODEL} one`);
    expect(answer.replyTo).toBe(sent.messageId);
    expect((await one.finished()).outcome).toBe("answered");
  });

  it("queues a second message behind the first and answers both in order, with one model call at a time", async () => {
    const one = newcomer(world);
    const held = world.model.hold({ text: `${MODEL} first answer` }, says(`${PERSON} first`));
    await one.tell(`${PERSON} first`);
    await one.request(`${PERSON} first`);
    const second = await one.tell(`${PERSON} second`);
    const notice = await one.hears("next in line");
    expect(notice.replyTo).toBe(second.messageId);
    const queued = await one.log("turn.queued");
    expect(queued).toMatchObject({ mode: "queue", depth: 1 });
    expect(queued.run).toBe((await one.log("run.started")).run);
    expect(queued.idle_ms).toBeTypeOf("number");
    world.model.next({ text: `${MODEL} second answer` }, says(`${PERSON} second`));
    expect(one.asked(PERSON).filter(({ lastUserText }) => lastUserText.includes("second"))).toEqual([]);
    held.release();
    const first = await one.hears(`${MODEL} first answer`);
    const last = await one.hears(`${MODEL} second answer`);
    expect(last.id).toBeGreaterThan(first.id);
    expect(last.replyTo).toBe(second.messageId);
    const request = await one.request(`${PERSON} second`);
    expect(request.conversation.messages.map(({ text }) => text)).toEqual([
      `${PERSON} first`,
      `${MODEL} first answer`,
      `${PERSON} second`,
    ]);
    await one.finished(2);
  });

  it("answers commands while a run is on, gives none of them to the model and leaves another bot's alone", async () => {
    const one = newcomer(world);
    const held = world.model.hold({ text: `${MODEL} at last` }, says(`${PERSON} wait`));
    await one.tell(`${PERSON} wait`);
    await one.request(`${PERSON} wait`);
    for (const [command, answer] of [
      ["/status", "Answering for"],
      ["/whoami", String(one.user.id)],
      ["/help", "/status"],
      ["/version", "Turnkeeper "],
      ["/sttaus", "Did you mean /status"],
      ["/frobnicate", "no command /frobnicate"],
      ["/pool", "Only an owner"],
    ] as const) {
      await one.tell(command);
      await one.hears(answer);
    }
    const before = one.said.length;
    await one.tell("/status@some_other_bot");
    await one.log("update.ignored", { where: ({ reason }) => reason === "other_bot_command" });
    expect(one.said).toHaveLength(before);
    held.release();
    await one.hears(`${MODEL} at last`);
    await one.finished();
    await one.settled();
    expect(one.logs("run.started")).toHaveLength(1);
    expect(one.asked(`${PERSON} wait`)).toHaveLength(1);
    expect(one.asked(`${PERSON} wait`)[0]?.conversation.messages).toHaveLength(1);
  });

  it("keeps three topics busy at once and answers each in its own place", async () => {
    const places = [
      { thread: GARDEN_TOPIC, words: "garden" },
      { thread: BOAT_TOPIC, words: "boat" },
      { thread: undefined, words: "general" },
    ] as const;
    const held = places.map(({ words }) =>
      world.model.hold({ text: `${MODEL} of the ${words}` }, says(`${PERSON} ${words}`)),
    );
    const sent = places.map(({ thread, words }) =>
      world.telegram.people.write(FORUM_ID, `@turnkeeper_bot ${PERSON} ${words}`, {
        from: GRACE,
        ...(thread === undefined ? {} : { threadId: thread }),
      }),
    );
    const requests = await Promise.all(places.map(({ words }) => world.model.waitForRequest(`${PERSON} ${words}`)));
    expect(requests.map(({ endedAt }) => endedAt)).toEqual([undefined, undefined, undefined]);
    for (const index of [2, 0, 1]) {
      held[index]?.release();
      const place = places[index];
      const answer = await world.telegram.waitFor(`the answer of ${place?.words}`, () =>
        world.telegram
          .said(FORUM_ID)
          .find((message) => plain(message).includes(`${MODEL} of the ${place?.words}`) && !message.keyboard?.length),
      );
      expect(answer.threadId).toBe(place?.thread);
      expect(answer.replyTo).toBe(sent[index]?.messageId);
    }
    for (const session of [
      `telegram:${FORUM_ID}:topic:${GARDEN_TOPIC}`,
      `telegram:${FORUM_ID}:topic:${BOAT_TOPIC}`,
      `telegram:${FORUM_ID}`,
    ]) {
      await world.worker.waitForLog((line) => line.event === "run.finished" && line.session === session);
    }
  });

  it("takes an album of three photos as one turn", async () => {
    const one = newcomer(world);
    const photo = (caption?: string) => ({ kind: "photo" as const, bytes: PIXEL, ...(caption ? { caption } : {}) });
    world.telegram.people.album(one.chatId, [photo(`${PERSON} album`), photo(), photo()]);
    const request = await world.model.waitForRequest(({ conversation }) =>
      heard(conversation.messages, `${PERSON} album`),
    );
    expect(request.conversation.messages.map(({ images }) => images).reduce((sum, count) => sum + count)).toBe(3);
    await one.finished();
    await one.log("delivery.sent", { where: ({ kind }) => kind === "answer" });
    await one.settled();
    expect(one.logs("run.started")).toHaveLength(1);
    expect(one.logs("delivery.sent").filter(({ kind }) => kind === "answer")).toHaveLength(1);
  });

  it("takes a text that Telegram split at 4096 as one turn", async () => {
    const one = newcomer(world);
    world.telegram.people.writeLong(one.chatId, `${PERSON} head ${"so on ".repeat(800)}${PERSON} tail`);
    const started = await one.log("run.started");
    const request = await world.model.waitForRequest(({ conversation }) =>
      heard(conversation.messages, `${PERSON} head`),
    );
    const text = request.conversation.messages.map((message) => message.text).join("");
    expect(text).toContain(`${PERSON} tail`);
    expect((await one.finished()).run).toBe(started.run);
    await one.settled();
    expect(one.logs("run.started")).toHaveLength(1);
    expect(one.logs("turn.queued")).toEqual([]);
  });

  it("counts an update once, however often and however close together Telegram sends it", async () => {
    const one = newcomer(world);
    world.model.next({ text: `${MODEL} once` }, says(`${PERSON} once`));
    const sent = await one.tell(`${PERSON} once`);
    await one.hears(`${MODEL} once`);
    world.telegram.updates.redeliver(sent.updateId);
    await world.telegram.delivered(sent);
    const again = await Promise.all(Array.from({ length: 6 }, () => post(world, sent.update.update)));
    expect(again).toEqual([200, 200, 200, 200, 200, 200]);

    const two = newcomer(world);
    world.telegram.updates.setWebhook(undefined);
    const fresh = two.write(`${PERSON} at once`);
    world.model.next({ text: `${MODEL} at once` }, says(`${PERSON} at once`));
    const together = await Promise.all(Array.from({ length: 6 }, () => post(world, fresh.update.update)));
    expect(together).toEqual([200, 200, 200, 200, 200, 200]);
    world.telegram.updates.setWebhook({ url: `${world.worker.url}/telegram/webhook`, secret: WEBHOOK_SECRET });
    await two.hears(`${MODEL} at once`);
    await Promise.all([one.settled(), two.settled()]);
    await Promise.all([one.log("update.duplicate", { times: 7 }), two.log("update.duplicate", { times: 5 })]);
    expect(one.logs("update.duplicate")).toHaveLength(7);
    expect([one.logs("run.started").length, two.logs("run.started").length]).toEqual([1, 1]);
    expect([one.count(MODEL), two.count(MODEL)]).toEqual([1, 1]);
  });

  it("refuses aloud what the queue has no room for, and answers what it had taken", async () => {
    const one = newcomer(world);
    const held = world.model.hold({ text: `${MODEL} zero` }, says(`${PERSON} zero`));
    await one.tell(`${PERSON} zero`);
    await one.request(`${PERSON} zero`);
    for (const words of ["eins", "zwei", "drei"]) {
      world.model.next({ text: `${MODEL} ${words}` }, says(`${PERSON} ${words}`));
      await one.tell(`${PERSON} ${words}`);
    }
    const refused = await one.tell(`${PERSON} vier`);
    const notice = await one.hears("Not taken: the queue is full (3)");
    expect(notice.replyTo).toBe(refused.messageId);
    expect(await one.log("update.refused")).toMatchObject({ reason: "queue_full" });
    held.release();
    for (const words of ["zero", "eins", "zwei", "drei"]) await one.hears(`${MODEL} ${words}`);
    await one.finished(4);
    expect(one.lines.filter((line) => line.startsWith(MODEL))).toEqual(
      ["zero", "eins", "zwei", "drei"].map((words) => `${MODEL} ${words}`),
    );
    expect(one.asked(`${PERSON} vier`)).toEqual([]);
  });

  it("puts a message into the running turn where the person chose /busy steer", async () => {
    const one = newcomer(world);
    await one.tell("/busy steer");
    await one.hears("steer");
    const held = world.model.hold({ tools: [{ name: "now", args: {} }] }, says(`${PERSON} course`));
    await one.tell(`${PERSON} course`);
    await one.request(`${PERSON} course`);
    await one.tell(`${PERSON} starboard`);
    await one.hears("joins the current answer");
    expect(await one.log("turn.queued")).toMatchObject({ mode: "steer" });
    world.model.next({ text: `${MODEL} aye` }, says(`${PERSON} starboard`));
    held.release();
    await one.hears(`${MODEL} aye`);
    expect((await one.finished()).outcome).toBe("answered");
    await one.settled();
    expect(one.logs("run.started")).toHaveLength(1);
    const last = one.asked(`${PERSON} starboard`);
    expect(last).toHaveLength(1);
    expect(last[0]?.conversation.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user"]);
  });

  it("asks the model with the newest words of a queued message, and leaves alone an edit of what is being answered", async () => {
    const one = newcomer(world);
    const held = world.model.hold({ text: `${MODEL} kept` }, says(`${PERSON} keep`));
    const first = await one.tell(`${PERSON} keep`);
    await one.request(`${PERSON} keep`);
    const second = await one.tell(`${PERSON} draft`);
    const edited = world.telegram.people.edit(one.chatId, second.messageId, `${PERSON} final`);
    await world.telegram.delivered(edited);
    world.model.next({ text: `${MODEL} newest` }, says(`${PERSON} final`));
    const late = world.telegram.people.edit(one.chatId, first.messageId, `${PERSON} too late`);
    await world.telegram.delivered(late);
    expect(await one.log("update.ignored")).toMatchObject({ reason: "edit_of_no_waiting_message" });
    held.release();
    await one.hears(`${MODEL} newest`);
    expect(one.asked(`${PERSON} draft`)).toEqual([]);
    expect(one.asked(`${PERSON} too late`)).toEqual([]);
    await one.finished(2);
  });

  it("answers in a group where it is meant (mention, reply, command) and ignores the chatter", async () => {
    const group = new Scene(world, { ...LINUS, id: GROUP_ID });
    await group.tell(`${PERSON} chatter of no concern`, { from: LINUS });
    expect(await group.log("update.ignored")).toMatchObject({ reason: "not_for_us" });
    world.model.next({ text: `${MODEL} mentioned` }, says(`${PERSON} mention`));
    await group.tell(`@turnkeeper_bot ${PERSON} mention`, { from: GRACE });
    const answer = await group.hears(`${MODEL} mentioned`);
    world.model.next({ text: `${MODEL} replied` }, says(`${PERSON} reply`));
    await group.tell(`${PERSON} reply`, { from: LINUS, replyTo: answer.id });
    await group.hears(`${MODEL} replied`);
    await group.tell("/status@turnkeeper_bot", { from: LINUS });
    await group.hears("Idle");
    const request = await group.request(`${PERSON} reply`);
    const users = request.conversation.messages.filter(({ role }) => role === "user").map(({ text }) => text);
    expect(users[0]).toMatch(/^\[Grace/);
    expect(users[1]).toMatch(/^\[Linus/);
    expect(group.asked("chatter of no concern")).toEqual([]);
    expect(group.said).toHaveLength(3);
  });

  it("logs every fact under its session, run and epoch, and not a word, key or token", async () => {
    const lines = world.worker.logs();
    for (const event of [
      "update.accepted",
      "update.duplicate",
      "update.ignored",
      "update.refused",
      "turn.queued",
      "run.started",
      "run.finished",
      "credential.leased",
      "delivery.sent",
    ]) {
      expect(lines.filter((line) => line.event === event).length, event).toBeGreaterThan(0);
    }
    for (const line of lines) {
      if (/^(run|turn)\./.test(line.event)) {
        expect(line.session, JSON.stringify(line)).toMatch(/^telegram:/);
        if (line.event !== "turn.queued") expect(line.run, JSON.stringify(line)).toBeTypeOf("string");
        expect(line.epoch, JSON.stringify(line)).toBeTypeOf("number");
      }
      if (/^(delivery|update\.(accepted|duplicate))/.test(line.event)) {
        expect(line.session, JSON.stringify(line)).toMatch(/^telegram:/);
      }
    }
    const finished = lines.filter(({ event, outcome }) => event === "run.finished" && outcome === "answered");
    for (const line of finished) {
      expect([typeof line.ms, typeof line.steps, typeof line.tokens]).toEqual(["number", "number", "number"]);
    }
    const output = world.worker.output.join("\n");
    const secrets = [...KEYS, world.telegram.token.split(":")[1] ?? "", ADMIN_TOKEN, WEBHOOK_SECRET];
    for (const secret of [PERSON, MODEL, ...secrets]) expect(output).not.toContain(secret);
    expect(lines.filter(({ event }) => event === "internal.error")).toEqual([]);
  });
});

describe("a turn, with other settings", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      env: { ALLOWED_USERS: undefined, BUSY_MODE: "interrupt", GROUP_SESSIONS: "per_user" },
    });
  });
  afterAll(() => world?.close());

  it("lets nobody in but the owners where ALLOWED_USERS says nothing, and tells a stranger so once", async () => {
    const stranger = new Scene(world, GRACE);
    await stranger.tell("let me in");
    await stranger.hears("This bot is private");
    await stranger.tell("please");
    await stranger.log("update.refused", { times: 2 });
    expect(await stranger.log("update.refused")).toMatchObject({ reason: "not_allowed" });
    const owner = new Scene(world, ADA);
    world.model.next({ text: "welcome home" }, says("it is me"));
    await owner.tell("it is me");
    await owner.hears("welcome home");
    expect(stranger.said).toHaveLength(1);
    expect(world.model.requests).toHaveLength(1);
    expect(stranger.logs("run.started")).toEqual([]);
  });

  it("drops the running answer for a new message where BUSY_MODE is interrupt", async () => {
    const owner = new Scene(world, ADA);
    const held = world.model.hold({ text: "the old answer" }, says("the old question"));
    await owner.tell("the old question");
    const old = await owner.request("the old question");
    world.model.next({ text: "the new answer" }, says("the new question"));
    await owner.tell("the new question");
    await owner.hears("the new answer");
    expect(old.abortedAt).toBeDefined();
    await owner.hears("A newer message came in between");
    held.release();
    await owner.finished(2);
    await owner.settled();
    // A line of the turn before may come late.
    const runs = owner.logs("run.started").map(({ run }) => run);
    const finished = owner.logs("run.finished").filter(({ run }) => runs.includes(run));
    expect(finished.map(({ outcome }) => outcome)).toEqual(["stopped", "answered"]);
    expect(owner.everShown("the old answer")).toBe(false);
  });

  it("keeps people of a group apart where GROUP_SESSIONS is per_user", async () => {
    const held = world.model.hold({ text: "to Ada" }, says("a word from Ada"));
    world.telegram.people.write(GROUP_ID, "@turnkeeper_bot a word from Ada", { from: ADA });
    await world.model.waitForRequest("a word from Ada");
    held.release();
    const finished = await world.worker.waitForLog(
      ({ event, session }) => event === "run.finished" && session === `telegram:${GROUP_ID}:user:${ADA.id}`,
    );
    expect(finished.outcome).toBe("answered");
  });
});

async function post(world: World, update: unknown): Promise<number> {
  const response = await fetch(`${world.worker.url}/telegram/webhook`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": WEBHOOK_SECRET },
    body: JSON.stringify(update),
  });
  await response.text();
  return response.status;
}
