import { describe, expect, it } from "vitest";
import { readSettings } from "../../src/config.ts";
import type { StoredPart, StoredUser } from "../../src/session/conversation.ts";
import { HeldFiles } from "../../src/session/held-files.ts";
import { intake } from "../../src/session/intake.ts";
import type { SessionPorts } from "../../src/session/ports.ts";
import type { Attachment } from "../../src/telegram/message.ts";

/** Files that a turn's model sees, as far as an object's memory holds them together. */

const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2]);
const ports = {
  settings: readSettings({ TELEGRAM_BOT_TOKEN: "1:a", TELEGRAM_API_ROOT: "https://api.test" }),
  call: async () => ({ ok: true, result: { file_path: "a.png" } }),
  fetch: async () => new Response(PNG),
} as unknown as SessionPorts;

function picture(number: number): Attachment {
  return { kind: "document", fileId: `f${number}`, uniqueId: `u${number}`, name: `${number}.png` };
}

function taken(held: HeldFiles, attachments: readonly Attachment[]) {
  const inbound = {
    kind: "message" as const,
    update: 1,
    place: { chatId: 1, chatType: "private" as const },
    from: { id: 1, name: "Ada" },
    sentAt: 0,
    message: { messageId: 1, text: "look", attachments, notes: [] },
  };
  const { signal } = new AbortController();
  return intake(
    inbound as unknown as Parameters<typeof intake>[0],
    ports,
    async () => undefined,
    { images: true, pdf: true },
    false,
    signal,
    held,
  );
}

function partsOf(stored: StoredUser): readonly StoredPart[] {
  return "update" in stored || typeof stored.content === "string" ? [] : stored.content;
}

describe("files that come together", () => {
  it("are all shown while they fit, the same one twice for once", async () => {
    const { stored, unusable } = await taken(new HeldFiles(2 * PNG.length), [1, 1, 2].map(picture));
    expect(unusable).toEqual([]);
    expect(partsOf(stored).map(({ type }) => type)).toEqual(["text", "file", "file", "file"]);
  });

  it("are shown as far as they fit, and both are told of the others", async () => {
    const { stored, unusable } = await taken(new HeldFiles(2 * PNG.length), [1, 2, 3].map(picture));
    expect(unusable).toEqual([{ key: "files_too_much", name: "3.png", kind: "image/png" }]);
    const [words, ...files] = partsOf(stored);
    expect(words).toMatchObject({ text: expect.stringContaining("3.png is too much together with the other files") });
    expect(files).toHaveLength(2);
  });
});

describe("what is held", () => {
  it("is remembered, and so is what does not fit, which is not fetched again", () => {
    const held = new HeldFiles(PNG.length);
    expect(held.hold("u1", PNG)).toBe(true);
    expect(held.hold("u2", PNG)).toBe(false);
    expect(held.hold("u1", PNG)).toBe(true);
    expect([held.has("u1"), held.has("u2"), held.has("u3")]).toEqual([true, true, false]);
    expect(held.get("u1")).toBe(PNG);
    expect(held.get("u2")).toBeUndefined();
  });
});
