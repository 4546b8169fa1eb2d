import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RawEntity } from "../../src/telegram/inbound-schema.ts";
import { findCommandIn, findMentions, toMarkdown } from "../../src/telegram/inbound-text.ts";

function entity(type: string, offset: number, length: number, more: Partial<RawEntity> = {}): RawEntity {
  return { type, offset, length, ...more };
}

describe("entities become Markdown", () => {
  it.each<[string, RawEntity[], string]>([
    ["a bold word", [entity("bold", 2, 4)], "a **bold** word"],
    ["so it is", [entity("italic", 3, 2)], "so *it* is"],
    ["gone", [entity("strikethrough", 0, 4)], "~~gone~~"],
    ["run ls now", [entity("code", 4, 2)], "run `ls` now"],
    ["a `b` c", [entity("code", 0, 7)], "``a `b` c``"],
    ["see x=1 end", [entity("pre", 4, 3, { language: "python" })], "see \n```python\nx=1\n```\n end"],
    ["here it is", [entity("text_link", 0, 4, { url: "https://a.b/c" })], "[here](https://a.b/c) it is"],
    ["here", [entity("text_link", 0, 4, { url: "https://a.b/(c)" })], "[here](<https://a.b/(c)>)"],
    ["https://a.b", [entity("text_link", 0, 11, { url: "https://a.b" })], "https://a.b"],
    ["odd", [entity("text_link", 0, 3, { url: "javascript:alert(1)" })], "odd (javascript:alert(1))"],
    ["Ada, hi", [entity("text_mention", 0, 3, { user: { id: 7 } as RawEntity["user"] })], "[Ada](tg://user?id=7), hi"],
    ["said\nso", [entity("blockquote", 0, 7)], "> said\n> so"],
    ["both", [entity("bold", 0, 4), entity("italic", 0, 4)], "***both***"],
    [
      "bold link",
      [entity("bold", 0, 9), entity("text_link", 5, 4, { url: "https://a.b" })],
      "**bold [link](https://a.b)**",
    ],
    ["👍🏽 bold", [entity("bold", 5, 4)], "👍🏽 **bold**"],
    [" padded ", [entity("bold", 0, 8)], " **padded** "],
  ])("%j with %j", (text, entities, markdown) => {
    expect(toMarkdown(text, entities)).toBe(markdown);
  });

  it.each<[string, string, RawEntity[]]>([
    ["spans paragraphs", "one\n\ntwo", [entity("bold", 0, 8)]],
    ["contains its own mark", "a**b", [entity("bold", 0, 4)]],
    ["splits a surrogate pair", "👍 x", [entity("bold", 1, 2)]],
    ["ends beyond the text", "short", [entity("bold", 0, 99)]],
    ["is of a kind to come", "words", [entity("glitter", 0, 5)]],
    ["is a mention in bold", "@keeper_bot", [entity("bold", 0, 11), entity("mention", 0, 11)]],
  ])("leaves the words alone where a formatting %s", (_why, text, entities) => {
    expect(toMarkdown(text, entities)).toBe(text);
  });

  it("never loses a character of the words, whatever the entities", () => {
    const entities = fc.array(
      fc.record({
        type: fc.constantFrom("bold", "italic", "code", "pre", "text_link", "blockquote", "spoiler", "mention"),
        offset: fc.nat(40),
        length: fc.integer({ min: 1, max: 40 }),
        url: fc.constantFrom("https://a.b", "nonsense"),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "b", " ", "\n", "é", "👍", "c") }), entities, (text, list) => {
        const letters = [...toMarkdown(text, list).replaceAll("https://a.b", "").replaceAll("nonsense", "")];
        const kept = letters.filter((letter) => "abcé👍".includes(letter)).join("");
        expect(kept).toBe([...text].filter((letter) => "abcé👍".includes(letter)).join(""));
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});

describe("a command", () => {
  it.each<[string, object]>([
    ["/new", { name: "new", words: "" }],
    ["/NEW  two words ", { name: "new", words: "two words" }],
    ["/cc@Keeper_Bot go\non", { name: "cc", bot: "keeper_bot", words: "go\non" }],
    ["/deep-research owls", { name: "deep-research", words: "owls" }],
    ["/new —yes", { name: "new", words: "—yes" }],
    ["/2", { name: "2", words: "" }],
  ])("%j is one", (text, command) => {
    expect(findCommandIn(text, [])).toEqual(command);
  });

  it.each(["/a/b", "/etc/passwd is odd", "/", "//new", "say /new", "new", "/привет", "/new.", "/new@", ""])(
    "%j is none",
    (text) => {
      expect(findCommandIn(text, [])).toBeUndefined();
    },
  );

  it("is one where Telegram says so, and a path all the same not", () => {
    expect(findCommandIn("/new!", [entity("bot_command", 0, 4)])).toEqual({ name: "new", words: "!" });
    expect(findCommandIn("/a/b", [entity("bot_command", 0, 2)])).toBeUndefined();
  });

  it("is none where it is shown as code", () => {
    expect(findCommandIn("/new", [entity("code", 0, 4)])).toBeUndefined();
  });

  it("keeps the formatting of its words", () => {
    const entities = [entity("bot_command", 0, 3), entity("bold", 4, 4)];
    expect(findCommandIn("/cc bold word", entities)?.words).toBe("**bold** word");
  });
});

describe("mentions", () => {
  it("are those that Telegram marked", () => {
    const entities = [
      entity("mention", 3, 11),
      entity("text_mention", 15, 3, { user: { id: 7 } as RawEntity["user"] }),
    ];
    expect(findMentions("hi @Keeper_Bot Ada @nobody", entities)).toEqual([{ username: "keeper_bot" }, { userId: 7 }]);
  });

  it("are read by eye in a text without any entity, but not inside of an address", () => {
    expect(findMentions("hi @Keeper_Bot, ask a@keeper_bot", [])).toEqual([{ username: "keeper_bot" }]);
  });
});
