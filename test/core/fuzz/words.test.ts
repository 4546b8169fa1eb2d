import fc from "fast-check";
import { describe, expect } from "vitest";
import { renderParts, splitGrowing } from "../../../src/telegram/render.ts";
import { START } from "../../../src/telegram/render-window.ts";
import { faults } from "../corpus/rendering.ts";
import { Stage } from "../harness/session.ts";
import { fuzz } from "./fuzz.ts";
import { mangledText, oddText } from "./mangled.ts";

/** In everything that people and the model write. */
const SECRET = "zq8SECRETzq8";

type Act = (stage: Stage, words: string) => Promise<unknown>;

/** Each puts words of people or of the model into another place of a session. */
const ACTS: readonly Act[] = [
  (stage, words) => stage.write(words),
  (stage, words) => stage.write(`/new ${words}`),
  (stage, words) => stage.write(`/persona ${words}`),
  (stage, words) => stage.write(`/queue ${words}`),
  (stage, words) => stage.write(`/model ${words}`),
  (stage, words) => stage.write(`/${words.replace(/\W/g, "").toLowerCase().slice(0, 20)}`),
  (stage, words) => stage.write("look", { notes: [words], forwardedFrom: words }),
  (stage, words) => stage.write("reply", { reply: { messageId: 1, from: words, text: words, quote: words } }),
  (stage, words) =>
    stage.write("file", { attachments: [{ kind: "document", fileId: "f", uniqueId: "u", name: words, mime: words }] }),
  async (stage, words) => {
    stage.next({ text: words });
    await stage.write("say it");
  },
  async (stage, words) => {
    stage.next({ tools: [{ name: "remind", args: { text: words, in_seconds: 5 } }] });
    await stage.write("remind me");
  },
  async (stage, words) => {
    stage.next({ tools: [{ name: words, args: { [words]: words } }] });
    await stage.write("use a tool");
  },
  async (stage, words) => {
    stage.next({ tools: [{ name: "ask", args: { question: words, options: [words, "no"] } }] });
    await stage.write("ask me");
    await stage.write(words);
  },
  async (stage, words) => {
    stage.next({ refuse: { status: 400, body: { error: { message: words, code: words, type: words } } } });
    await stage.write("be refused");
  },
  async (stage, words) => {
    stage.next({ refuse: { status: 429, body: { error: { message: words } }, headers: { "retry-after": "2" } } });
    await stage.write("be limited");
  },
  async (stage, words) => {
    stage.hold({ text: words });
    await stage.write("hold");
    await stage.write("/stop");
  },
  async (stage) => stage.crash(),
  (stage) => stage.write("/stop"),
  (stage) => stage.write("/retry"),
  (stage) => stage.write("/compact"),
];

const story = fc.array(
  fc.tuple(
    fc.constantFrom(...ACTS),
    oddText.map((text) => `${text} ${SECRET}`),
  ),
  { minLength: 1, maxLength: 5 },
);

describe("what people and the model write", () => {
  fuzz("is in no row of the journal, no view of an operator and no line of the log", 20, story, async (acts) => {
    const stage = new Stage();
    for (const [act, words] of acts) {
      await act(stage, words);
      await stage.pass(3_000);
    }
    for (const known of [stage.shell.history(), stage.shell.view(256), stage.logged]) {
      expect(JSON.stringify(known).toLowerCase()).not.toContain(SECRET.toLowerCase());
    }
  });
});

const DOCUMENTS = [
  "# Title\n\nA paragraph with **bold**, *italic*, `code` and a [link](https://example.com/a_(b)?c#d).\n\n- one\n  - two\n    1. three\n",
  "```ts\nconst answer = `40 + 2`;\n```\n\n> quoted\n> ```\n> code in a quote\n> ```\n",
  "| a | b |\n|---|:-:|\n| 1 | **2** |\n| x \\| y | `|` |\n\n$$\ne = mc^2\n$$\n\n~~gone~~ ||hidden|| <b>html</b> &amp; https://bare.example/x_y\n",
  '***\n\n1. a\n\n   ```\n   deep\n   ```\n\n2. b[^1]\n\n[^1]: note\n\n![picture](https://example.com/p.png "title")\n',
];

/** Several messages of any form but the longest. */
const MOST_CHARS = 12_000;

describe("an answer that is streamed", () => {
  const long = fc
    .tuple(mangledText(DOCUMENTS), mangledText(DOCUMENTS))
    .map(([one, other]) => `${one}\n\n${other}\n\n`.repeat(20).slice(0, MOST_CHARS));
  const markdown = fc.oneof({ weight: 3, arbitrary: mangledText(DOCUMENTS) }, { weight: 1, arbitrary: long });
  const prefixes = fc.integer({ min: 3, max: 20 });

  fuzz(
    "is rendered at every prefix, and what was closed before stays as it was",
    30,
    fc.tuple(markdown, prefixes),
    ([text, count]) => {
      const chars = Math.max(1, Math.ceil(text.length / count));
      for (const form of ["rich", "entities", "plain"] as const) {
        let cursor = START;
        const closed: unknown[] = [];
        for (let end = chars; end < text.length + chars; end += chars) {
          const growing = splitGrowing(text.slice(0, end), form, cursor);
          closed.push(...growing.closed);
          expect(growing.cursor.offset).toBeGreaterThanOrEqual(cursor.offset);
          cursor = growing.cursor;
        }
        const parts = renderParts(text, form);
        expect(parts.slice(0, closed.length)).toEqual(closed);
        expect(faults(parts)).toEqual([]);
      }
    },
  );
});
