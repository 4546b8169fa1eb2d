import { expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

/** What a person sees of a question that the model puts, and what they may answer it with. */

const which = { name: "ask", args: { question: "Which?", options: ["A", "B"] } };

it.each(["edit", "draft", "off"])(
  "what the model says before its question is read before it (STREAM=%s)",
  async (mode) => {
    const stage = new Stage({ STREAM: mode });
    stage.next({ text: "There are two of them.", tools: [which] });
    await stage.write("go on");
    await stage.hears("Which?");
    await stage.pass(60_000);
    expect(stage.lines()).toEqual(["There are two of them.", "❓ Which?"]);
    stage.next({ text: "Done." });
    await stage.write("A");
    await stage.hears("Done.");
    await stage.pass(5_000);
    expect(stage.lines()).toEqual(["There are two of them.", "❓ Which?\n➡️ A", "Done."]);
  },
);

it("a process that dies over a question loses nothing of what was said before it", async () => {
  const stage = new Stage();
  stage.next({ text: "There are two of them.", tools: [which] });
  await stage.write("go on");
  await stage.hears("Which?");
  stage.crash();
  stage.next({ text: "Done." });
  await stage.write("A");
  await stage.hears("Done.");
  await stage.pass(5_000);
  expect(stage.lines()).toEqual(["There are two of them.", "❓ Which?\n➡️ A", "Done."]);
});

it("an answer that overtakes what was to be said before its question comes after it, and repeats none of it", async () => {
  const stage = new Stage({ STREAM: "edit" });
  stage.refuse(/^send/, { kind: "flood", retryAfterMs: 20_000 });
  stage.next({ text: "There are two of them.", tools: [which] });
  await stage.write("go on");
  await stage.pass(1_000);
  stage.next({ text: "Done. ".repeat(20) });
  await stage.write("A");
  await stage.pass(60_000);
  expect(stage.logs("run.finished")).toMatchObject([{ outcome: "answered" }]);
  expect(stage.count("There are two of them.")).toBe(1);
  expect(stage.count("Done.")).toBe(1);
});

it("words that are no answer do not pass for one: who steers with them is told that the question stands", async () => {
  const stage = new Stage({ BUSY_MODE: "steer" });
  stage.next({ tools: [which] });
  await stage.write("go on");
  await stage.hears("Which?");
  await stage.write("the green one");
  await stage.hears("A question above waits for an answer. Press a button or reply to it");
});

it("a reply that brings a file is more than an answer: the file comes before the model after it", async () => {
  const stage = new Stage();
  stage.next({ tools: [which] });
  await stage.write("go on");
  await stage.hears("Which?");
  const messageId = [...stage.chat.keys()].at(-1) ?? 0;
  const notes = { kind: "document", fileId: "f", uniqueId: "u", mime: "text/plain", name: "notes.txt" } as const;
  stage.web = async () => new Response("what the file says");
  const reply = { messageId, from: "the bot", fromId: 1, text: "Which?" };
  await stage.write("as in this", { reply, attachments: [notes] });
  await stage.hears("A question above waits for an answer.");
  await stage.write("B");
  await stage.until("both are answered", () => stage.logs("run.finished").length === 2);
  expect(JSON.stringify(stage.asked.at(-1)?.body.messages.at(-1))).toContain("what the file says");
});

it("nothing after a question that nobody answered repeats what was said before it", async () => {
  const stage = new Stage({ ASK_TIMEOUT_SECONDS: "60" });
  stage.next({ text: "There are two of them.", tools: [which, which] }, { text: "I took both." });
  await stage.write("go on");
  await stage.pass(200_000);
  expect(stage.lines().filter((line) => !line.startsWith("❓") && !line.startsWith("⌛"))).toEqual([
    "There are two of them.",
    "I took both.",
  ]);
});

it("a long reply is the answer whole, and the question shows the beginning of it", async () => {
  const stage = new Stage();
  stage.next({ tools: [which] }, { text: "Thank you." });
  await stage.write("go on");
  await stage.hears("Which?");
  const messageId = [...stage.chat.keys()].at(-1) ?? 0;
  const words = "neither of them ".repeat(255).trim();
  await stage.write(words, { reply: { messageId, from: "the bot", fromId: 1, text: "Which?" } });
  await stage.hears("Thank you.");
  await stage.pass(5_000);
  expect(stage.asked.at(-1)?.body.messages.at(-1)).toMatchObject({ role: "tool", content: words });
  expect(stage.lines()).toEqual([expect.stringMatching(/^❓ Which\?\n➡️ neither .{150,200}…$/), "Thank you."]);
});

it("what tools were doing before a question is no place for the answer after it", async () => {
  const stage = new Stage({ STREAM: "edit" });
  const page = Promise.withResolvers<Response>();
  stage.web = () => page.promise;
  stage.next(
    { tools: [{ name: "fetch_page", args: { url: "https://example.com" } }] },
    { tools: [which] },
    { text: "Done." },
  );
  await stage.write("go on");
  await stage.hears("reading example.com");
  page.resolve(new Response("a page", { headers: { "content-type": "text/plain" } }));
  await stage.hears("Which?");
  await stage.pass(5_000);
  expect(stage.lines()).toEqual(["❓ Which?"]);
  await stage.write("A");
  await stage.hears("Done.");
  expect(stage.lines()).toEqual(["❓ Which?\n➡️ A", "Done."]);
});
