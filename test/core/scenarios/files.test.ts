import { describe, expect, it } from "vitest";
import type { Attachment } from "../../../src/telegram/message.ts";
import { type Asked, Stage } from "../harness/session.ts";

const NOTES: Attachment = { kind: "document", fileId: "f", uniqueId: "u", name: "notes.txt" };

function lastWords(asked: Asked | undefined): string {
  return JSON.stringify(asked?.body.messages.findLast(({ role }) => role === "user")?.content);
}

describe("a skill", () => {
  it("is carried out on the message that is replied to, or forwarded with it", async () => {
    const stage = new Stage();
    const reply = { messageId: 3, from: "Bea", text: "The harbour closes at nine." };
    await stage.write("/summarize briefly", { reply });
    await stage.until("it is asked", ({ asked }) => asked.length > 0);
    const words = lastWords(stage.asked[0]);
    expect(words).toContain("The harbour closes at nine.");
    expect(words).toContain("Do as it says");
    expect(words).toContain("briefly");
  });

  it("as the caption of a file is carried out on the file", async () => {
    const stage = new Stage();
    await stage.write("/summarize briefly", { attachments: [NOTES] });
    await stage.until("it is asked", ({ asked }) => asked.length > 0);
    const words = lastWords(stage.asked[0]);
    expect(words).toContain("notes.txt");
    expect(words).toContain("Do as it says");
    expect(words).not.toContain("/summarize");
  });
});

describe("a file whose caption is an order without words", () => {
  it.each(["/new", "/cc", "/queue"])("%s is asked about, and not dropped", async (order) => {
    const stage = new Stage();
    await stage.write(order, { attachments: [NOTES] });
    await stage.until("it is asked", ({ asked }) => asked.length > 0);
    expect(lastWords(stage.asked[0])).toContain("notes.txt");
    expect(lastWords(stage.asked[0])).not.toContain(order);
  });
});
