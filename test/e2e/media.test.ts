import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelRequest } from "../../playground/model/request.ts";
import type { Attached } from "../../playground/telegram/people.ts";
import { startWorld, type World } from "./harness/world.ts";
import { heard, newcomer, plain, type Scene, says } from "./scene.ts";

const PIXEL = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="),
  (char) => char.charCodeAt(0),
);
const PDF = new TextEncoder().encode("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF");
const ZIP = Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 1, 2, 3]);
const BIG = new Uint8Array(21 * 1024 * 1024);
const photo = (caption?: string): Attached => ({ kind: "photo", bytes: PIXEL, ...(caption ? { caption } : {}) });

let world: World;

/** The last thing the person said, as the model was given it. */
function given(request: ModelRequest): string {
  return request.lastUserText;
}

/** What somebody new sends with `act`, as it reaches the model; the answer is waited for. */
async function reaches(act: (one: Scene) => unknown): Promise<{ one: Scene; request: ModelRequest }> {
  const one = newcomer(world);
  const before = world.model.requests.length;
  world.model.next({ text: `seen by ${one.user.id}` }, () => true);
  act(one);
  await one.hears(`seen by ${one.user.id}`);
  const request = world.model.requests[before];
  if (!request) throw new Error("no request came");
  return { one, request };
}

describe("what people send", () => {
  beforeAll(async () => {
    world = await startWorld({ env: { MODEL: "openai/gpt-5-mini", TRANSCRIPTION_MODEL: "openai/whisper-1" } });
  });
  afterAll(() => world?.close());

  it("reaches the model as an image with its caption when it is a photo", async () => {
    const { request } = await reaches((one) => world.telegram.people.attach(one.chatId, photo("what is this?")));
    expect(given(request)).toBe("what is this?");
    expect(request.conversation.messages.at(-1)?.images).toBe(1);
    expect(JSON.stringify(request.body)).toContain("data:image/png;base64,");
  });

  it("is still seen in the next turn, when a photo is asked about again", async () => {
    const { one } = await reaches((someone) => world.telegram.people.attach(someone.chatId, photo("a photo to keep")));
    await one.tell("and what colour is it?");
    const request = await one.request("and what colour is it?");
    expect(request.conversation.messages.reduce((sum, { images }) => sum + images, 0)).toBe(1);
    await one.finished(2);
  });

  it("reaches the model as an image when a picture is sent as a document or as a sticker", async () => {
    const document = await reaches((one) =>
      world.telegram.people.attach(one.chatId, {
        kind: "document",
        bytes: PIXEL,
        name: "shot.png",
        mime: "image/png",
        caption: "as a file",
      }),
    );
    expect(document.request.conversation.messages.at(-1)?.images).toBe(1);
    const { fileId, uniqueId } = world.telegram.files.add("sticker", PIXEL, "image/webp", "s.webp");
    const sticker = await reaches((one) =>
      one.write("", {
        extra: {
          sticker: {
            file_id: fileId,
            file_unique_id: uniqueId,
            type: "regular",
            width: 512,
            height: 512,
            is_animated: false,
            is_video: false,
            emoji: "🐙",
          },
        },
      }),
    );
    expect(sticker.request.conversation.messages.at(-1)?.images).toBe(1);
    expect(given(sticker.request)).toContain("🐙");
  });

  it("reaches the model as a file when it is a PDF, and as words when it is text, however it is called", async () => {
    const pdf = await reaches((one) =>
      world.telegram.people.attach(one.chatId, {
        kind: "document",
        bytes: PDF,
        name: "contract.pdf",
        mime: "application/pdf",
        caption: "sum this up",
      }),
    );
    expect(JSON.stringify(pdf.request.body)).toContain("data:application/pdf;base64,");
    expect(given(pdf.request)).toBe("sum this up");
    for (const [name, mime] of [
      ["notes.md", "text/markdown"],
      ["main.ts", "video/mp2t"],
      ["data", "application/octet-stream"],
    ] as const) {
      const text = await reaches((one) =>
        world.telegram.people.attach(one.chatId, {
          kind: "document",
          bytes: new TextEncoder().encode("The narwhal is **tame**.\n"),
          name,
          mime,
          caption: "read this",
        }),
      );
      expect(given(text.request)).toContain("read this");
      expect(given(text.request)).toContain(`"${name}"`);
      expect(given(text.request)).toContain("The narwhal is **tame**.");
    }
  });

  it("states what was cut of a text that is too long to put in whole", async () => {
    const { request } = await reaches((one) =>
      world.telegram.people.attach(one.chatId, {
        kind: "document",
        bytes: new TextEncoder().encode("line of a long log\n".repeat(10_000)),
        name: "all.log",
        mime: "text/plain",
      }),
    );
    expect(given(request)).toContain("the first 100 KB of 186 KB; the rest was cut");
    expect(given(request).length).toBeLessThan(110_000);
  });

  it("reaches the model as its words when it is spoken", async () => {
    for (const kind of ["voice", "audio"] as const) {
      const { request } = await reaches((one) =>
        world.telegram.people.attach(one.chatId, { kind, bytes: new Uint8Array([79, 103, 103, 83]), seconds: 3 }),
      );
      expect(given(request)).toContain("These words were spoken.");
    }
  });

  it("is heard with another key when the first one is refused, which then rests", async () => {
    const [first] = world.keys;
    world.model.door({ kind: "rate_limited", retryAfterSeconds: 60 }, first);
    const { one, request } = await reaches((someone) =>
      world.telegram.people.attach(someone.chatId, {
        kind: "voice",
        bytes: new Uint8Array([79, 103, 103, 83]),
        seconds: 3,
      }),
    );
    expect(given(request)).toContain("These words were spoken.");
    expect(await one.log("run.failure")).toMatchObject({ model: "whisper-1", class: "rate" });
    expect(await one.log("credential.cooling")).toMatchObject({ model: "whisper-1" });
  });

  it("reaches the model in a line of words when it is a place, a person, a poll, a die or a moving sticker", async () => {
    const kinds: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
      [{ location: { latitude: 52.5, longitude: 13.25 } }, /Location: 52\.5, 13\.25/],
      [
        { venue: { location: { latitude: 1, longitude: 2 }, title: "Café Kiez", address: "Hauptstr. 1" } },
        /Venue: Café Kiez, Hauptstr\. 1/,
      ],
      [{ contact: { phone_number: "+49123", first_name: "Grace" } }, /Contact: Grace, \+49123/],
      [
        {
          poll: {
            id: "1",
            question: "Tea?",
            options: [
              { text: "Yes", voter_count: 0 },
              { text: "No", voter_count: 0 },
            ],
            type: "regular",
            total_voter_count: 0,
            is_closed: false,
            is_anonymous: true,
            allows_multiple_answers: false,
          },
        },
        /Poll: Tea\? Options: Yes; No/,
      ],
      [{ dice: { emoji: "🎲", value: 5 } }, /Dice: 🎲 shows 5/],
      [
        {
          sticker: {
            file_id: "x",
            file_unique_id: "y",
            type: "regular",
            width: 512,
            height: 512,
            is_animated: true,
            is_video: false,
            emoji: "🥳",
          },
        },
        /Sticker: 🥳 \(animated\)/,
      ],
    ];
    for (const [extra, words] of kinds) {
      const { request } = await reaches((one) => one.write("", { extra }));
      expect(given(request)).toMatch(words);
    }
  });

  it("keeps who said what when it is forwarded, replied to or quoted", async () => {
    const forward = await reaches((one) =>
      one.write("", {
        extra: {
          text: "the harbour is closed",
          forward_origin: { type: "hidden_user", sender_user_name: "Captain Nemo", date: 1 },
        },
      }),
    );
    expect(given(forward.request)).toContain("forwarded from Captain Nemo");
    expect(given(forward.request)).toContain("the harbour is closed");

    const { one } = await reaches((someone) => someone.write("say something I can quote"));
    const answer = await one.hears(`seen by ${one.user.id}`);
    await one.tell("what did you mean?", { replyTo: answer.id, quote: "seen by" });
    const request = await one.request("what did you mean?");
    expect(given(request)).toMatch(/in reply to Turnkeeper: “seen by” \(quoted from: seen by \d+/);
    await one.finished(2);
  });

  it("is one turn when it is an album, with every photo and the caption, and can be asked again", async () => {
    const one = newcomer(world);
    const isAlbum = ({ messages }: ModelRequest["conversation"]) => heard(messages, "ten of them");
    world.model.next({ text: "ten seen" }, isAlbum);
    world.telegram.people.album(one.chatId, [photo("ten of them"), ...Array.from({ length: 9 }, () => photo())]);
    await one.hears("ten seen");
    const images = (request: ModelRequest | undefined): number =>
      request?.conversation.messages.reduce((sum, message) => sum + message.images, 0) ?? 0;
    expect(one.asked("ten of them").map(images)).toEqual([10]);
    await one.finished();
    world.model.next({ text: "ten again" }, isAlbum);
    await one.tell("/retry");
    await one.hears("ten again");
    expect(one.asked("ten of them").map(images)).toEqual([10, 10]);
  });

  it("is refused with the limit named when a file is larger than 20 MB, and what comes with it is answered", async () => {
    const one = newcomer(world);
    const before = world.model.requests.length;
    const sent = world.telegram.people.attach(one.chatId, { kind: "document", bytes: BIG, name: "film_of_*me*.iso" });
    const notice = await one.hears("film_of_*me*.iso is larger than 20 MB");
    expect(notice.replyTo).toBe(sent.messageId);
    expect(await one.log("update.refused")).toMatchObject({ reason: "unusable" });
    await one.settled();
    expect(world.model.requests.slice(before)).toEqual([]);

    world.model.next({ text: "only the words" }, says("what is in it?"));
    world.telegram.people.attach(one.chatId, {
      kind: "document",
      bytes: BIG,
      name: "big.iso",
      caption: "what is in it?",
    });
    await one.hears("only the words");
    await one.hears("big.iso is larger than 20 MB");
    expect(given(await one.request("what is in it?"))).toContain("20 MB");
  });

  it("gets one clear sentence when it cannot be used, and is answered without it", async () => {
    const one = newcomer(world);
    world.telegram.people.attach(one.chatId, { kind: "video", bytes: ZIP, name: "clip.mp4", mime: "video/mp4" });
    await one.hears("I cannot read clip.mp4 (video)");
    expect(await one.log("update.refused")).toMatchObject({ reason: "unusable" });

    world.model.next({ text: "without the archive" }, () => true);
    world.telegram.people.attach(one.chatId, {
      kind: "document",
      bytes: ZIP,
      name: "all.zip",
      mime: "application/zip",
      caption: "unpack this",
    });
    await one.hears("I cannot read all.zip (application/zip), so I answer without it.");
    await one.hears("without the archive");
    expect(one.count("I cannot read all.zip")).toBe(1);
  });

  it("gets one clear sentence when Telegram does not give the file out", async () => {
    const one = newcomer(world);
    world.model.next({ text: "no photo here" }, says("look at that"));
    const fault = world.telegram.fault({
      method: "getFile",
      fault: {
        kind: "error",
        code: 400,
        description: "Bad Request: wrong file_id or the file is temporarily unavailable",
      },
    });
    world.telegram.people.attach(one.chatId, photo("look at that"));
    await one.hears("could not be fetched from Telegram");
    await one.hears("no photo here");
    fault.lift();
  });
});

describe("what people send to a bot that neither sees nor hears", () => {
  beforeAll(async () => {
    world = await startWorld({
      env: { MODEL: "deepseek/deepseek-chat", DEEPSEEK_BASE_URL: "{model}/v1", DEEPSEEK_API_KEYS: "sk-deep" },
    });
  });
  afterAll(() => world?.close());

  it("is told plainly that a voice message is not heard, and no model is asked", async () => {
    const one = newcomer(world);
    world.telegram.people.attach(one.chatId, { kind: "voice", bytes: new Uint8Array([1, 2, 3]), seconds: 2 });
    const notice = await one.hears("no transcription is set up");
    expect(plain(notice)).toContain("Please write it");
    await one.settled();
    expect(one.logs("run.started")).toEqual([]);
  });

  it("is told that a photo is not seen, and its caption is answered", async () => {
    const one = newcomer(world);
    world.model.next({ text: "words only" }, says("describe it"));
    world.telegram.people.attach(one.chatId, photo("describe it"));
    await one.hears("I cannot read photo");
    await one.hears("words only");
    const request = await one.request("describe it");
    expect(request.conversation.messages.at(-1)?.images).toBe(0);
  });
});
