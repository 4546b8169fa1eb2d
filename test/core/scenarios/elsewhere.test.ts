import { describe, expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

const TOO_LONG = {
  refuse: { status: 400, body: { error: { message: "maximum context length", code: "context_length_exceeded" } } },
};

describe("an object that cannot be reached", () => {
  it.each(["/memory", "/forget 3", "/timezone Europe/Kyiv", "/pair ABCDEFGH", "/pool", "/pool reset"])(
    "is said aloud when %s needs it, and the chat goes on",
    async (command) => {
      const stage = new Stage();
      stage.isElsewhereAway = true;
      const inbound = await stage.write(command);
      await stage.hears("could not reach");
      expect(stage.logs("internal.error")).toMatchObject([{ where: "command", name: "Error" }]);
      // Telegram is told that it is accepted: the same again counts for nothing.
      await stage.shell.accept(inbound);
      expect(stage.logs("update.duplicate")).toHaveLength(1);
      stage.isElsewhereAway = false;
      await stage.write("hello");
      await stage.hears("echo of hello");
      expect(stage.count("could not reach")).toBe(1);
    },
  );

  it("is said where a button needs it, and the button stays", async () => {
    const stage = new Stage();
    await stage.write("/forget all");
    await stage.hears("Sure?");
    const [question = 0] = [...stage.chat].find(([, { text }]) => text.includes("Sure?")) ?? [];
    stage.isElsewhereAway = true;
    await stage.press("forget:7", question);
    await stage.hears("could not reach");
    expect(stage.calls.findLast(({ method }) => method === "answerCallbackQuery")?.payload.text).toContain("not reach");
    stage.isElsewhereAway = false;
    await stage.press("forget:7", question);
    await stage.until("it is done", () => stage.chat.get(question)?.text.includes("is deleted") ?? false);
    expect(stage.chat.get(question)?.keyboard).toBeUndefined();
  });
});

describe("/forget all", () => {
  it("has no buttons any more after Cancel", async () => {
    const stage = new Stage();
    await stage.write("/forget all");
    await stage.hears("Sure?");
    const [question = 0] = [...stage.chat].find(([, { text }]) => text.includes("Sure?")) ?? [];
    // Somebody else's Cancel takes nobody's question away.
    await stage.press("cancel:7", question, 8);
    expect(stage.count("Sure?")).toBe(1);
    await stage.press("cancel:7", question);
    await stage.hears("Cancelled");
    expect(stage.chat.get(question)).toMatchObject({ text: "Cancelled.", keyboard: undefined });
    expect(stage.count("Sure?")).toBe(0);
  });
});

describe("a conversation that a model cannot take", () => {
  it("is offered to a fallback that can take more, before the turn fails", async () => {
    const stage = new Stage({ FALLBACK_MODELS: "openai/tiny openai/gpt-5-mini" });
    stage.next(TOO_LONG, { text: "there is room here" });
    await stage.write("a long story");
    await stage.hears("there is room here");
    expect(stage.asked.map(({ body }) => Reflect.get(body, "model"))).toEqual(["m", "gpt-5-mini"]);
  });

  it("fails aloud where none can", async () => {
    const stage = new Stage({ FALLBACK_MODELS: "openai/tiny" });
    stage.next(TOO_LONG);
    await stage.write("a long story");
    await stage.until("it is over", () => stage.phase === "idle");
    expect(stage.logs("run.finished")).toMatchObject([{ outcome: "failed" }]);
    expect(stage.asked).toHaveLength(1);
  });
});

describe("who was let in", () => {
  it("is welcomed in the language they asked in, where the chat knows none yet", async () => {
    const stage = new Stage();
    stage.shell.tell({ key: "pair_welcome", params: {}, language: "de" });
    await stage.hears("Du bist freigeschaltet");
  });
});
