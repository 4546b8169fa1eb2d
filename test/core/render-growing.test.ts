import { describe, expect, test } from "vitest";
import { readRich } from "../../playground/telegram/rich.ts";
import { type Cursor, type Form, type Part, renderGrowing, splitGrowing } from "../../src/telegram/render.ts";
import { type Answer, answers } from "./corpus/answers.ts";
import { FORMS, faults, rendering } from "./corpus/rendering.ts";

describe("answers that grow", () => {
  /** Plays an answer step by step, reading on from where the last step stood, and hands every state to `see`. */
  function play({ markdown }: Answer, form: Form, steps: number, see: (shown: Part[], at: number) => void): Part[] {
    let cursor: Cursor | undefined;
    const closed: Part[] = [];
    for (let step = 1; step <= steps; step += 1) {
      const at = Math.ceil((markdown.length * step) / steps);
      const growing = splitGrowing(markdown.slice(0, at), form, cursor);
      cursor = growing.cursor;
      closed.push(...growing.closed);
      see(growing.open === undefined ? growing.closed : [...growing.closed, growing.open], at);
    }
    return closed;
  }

  /** Sampled, long answers more so: each step renders all of it. `npm run fuzz` cuts at any length. */
  const stepsFor = ({ name, markdown }: Answer): number =>
    markdown.length > 3_000 ? 3 : /cut short/.test(name) ? 2 : 8;

  test.each(FORMS)("a closed part never changes and no state is refused as %s", { timeout: 120_000 }, (form) => {
    for (const answer of answers) {
      const closed = play(answer, form, stepsFor(answer), (shown, at) => {
        expect(faults(shown), `${answer.name} at ${at}`).toEqual([]);
      });
      expect(rendering(answer, form).slice(0, closed.length), answer.name).toEqual(closed);
    }
  });

  test.each(FORMS)(
    "an answer begun anew at any length has the same closed parts as %s",
    { timeout: 60_000 },
    (form) => {
      for (const answer of answers.filter(({ markdown }) => markdown.length > 3_000 && markdown.length < 50_000)) {
        const { closed } = splitGrowing(answer.markdown.slice(0, Math.floor(answer.markdown.length * 0.81)), form);
        expect(rendering(answer, form).slice(0, closed.length), answer.name).toEqual(closed);
      }
    },
  );

  test("an unfinished bold word is bold, and its stars are not seen", () => {
    expect(renderGrowing("This is **very impor", "entities")).toEqual({
      form: "entities",
      text: "This is very impor",
      entities: [{ type: "bold", offset: 8, length: 10 }],
    });
  });

  test("an unfinished fence is closed in the rich form", () => {
    expect(renderGrowing("```js\nlet a", "rich")).toEqual({ form: "rich", markdown: "```js\nlet a\n```" });
  });

  test("an unfinished table is a table", () => {
    expect(renderGrowing("| a | b |\n|--", "rich")).toEqual({ form: "rich", markdown: "| a | b |\n|--|---|" });
  });
});

test("a list that is nested deeper than Telegram takes is taken at every moment of its growth", () => {
  const items = Array.from({ length: 12 }, (_, depth) => `${"  ".repeat(depth)}- level ${depth} **bold${depth}**`);
  const whole = items.join("\n");
  for (let end = 1; end <= whole.length; end += 1) {
    const part = renderGrowing(whole.slice(0, end), "rich");
    if (part?.form === "rich") expect(() => readRich({ markdown: part.markdown }), whole.slice(0, end)).not.toThrow();
  }
});
