import type { ModelMessage } from "ai";
import { expect, test } from "vitest";
import { inFormOf, inWordsAlone, RefusedFiles } from "../../src/agent/forms.ts";

const bytes = new Uint8Array([1]);
const ASKED: ModelMessage[] = [
  { role: "user", content: "hello" },
  {
    role: "user",
    content: [
      { type: "text", text: "look" },
      { type: "file", data: bytes, mediaType: "image/png", filename: "cat.png" },
      { type: "file", data: bytes, mediaType: "application/pdf", filename: "deed.pdf" },
    ],
  },
];

function parts(provider: string, model: string): unknown[] {
  const content = inFormOf(ASKED, { provider, model }, new RefusedFiles())[1]?.content;
  return Array.isArray(content) ? content.map((part) => ("text" in part ? part.text : part.type)) : [];
}

test("a file stays what it is for a model that takes it, and is words to one that does not", () => {
  expect(inFormOf(ASKED, { provider: "anthropic", model: "claude-opus-5" }, new RefusedFiles())).toBe(ASKED);
  expect(parts("xai", "grok-4.6")).toEqual(["look", "file", "[deed.pdf: you cannot see it]"]);
  expect(parts("deepseek", "deepseek-v4-pro")).toEqual([
    "look",
    "[cat.png: you cannot see it]",
    "[deed.pdf: you cannot see it]",
  ]);
});

test("without a file left it is words alone, and what has none is left as it is", () => {
  const plain = inWordsAlone(ASKED);
  expect(JSON.stringify(plain)).toContain("[cat.png: you cannot see it]");
  expect(inWordsAlone(plain)).toBe(plain);
});
