import { Session } from "node:inspector/promises";
import { describe, expect, test } from "vitest";
import { renderParts } from "../../src/telegram/render.ts";
import { PARAGRAPH_MARKS_MAX } from "../../src/telegram/render-bounds.ts";
import { parseMarkdown } from "../../src/telegram/render-tree.ts";

/**
 * What rendering costs, counted and not timed: how often the pieces of code of our renderer and of the library were run.
 * The count of one text is the same on every machine.
 */
const OURS = /\/(?:src\/telegram\/render|node_modules\/(?:micromark|mdast))/;

async function stepsOf(work: () => unknown): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  work();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  await session.post("Profiler.stopPreciseCoverage");
  session.disconnect();
  return result
    .filter(({ url }) => OURS.test(url))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
    .reduce((sum, count) => sum + count, 0);
}

const CHARS = 9_000;
/** Within one rich message: there the words after a bracket became dear. */
const LONG_CHARS = 30_000;
const TIMES_PROSE_MAX = 5;
const PROSE = "Some words of a text, and **more** of them (with `code` and a [link](https://example.com)).\n\n";
const prose = PROSE.repeat(CHARS / PROSE.length);

const again = (piece: string, chars = CHARS): string => piece.repeat(chars / piece.length);
/** What a model in a loop writes, or somebody who means harm. */
const HOSTILE: Readonly<Record<string, string>> = {
  "emphasis that nobody closes": again("*a "),
  "three stars that nobody closes": again("***a "),
  "emphasis opened, and then closed": again("*a ", CHARS / 2) + again("a* ", CHARS / 2),
  "brackets that nobody opens": again("a]"),
  "links that nobody ends": again("[a]("),
  "a footnote that nobody ends, and words": `[^${again("a ", LONG_CHARS)}`,
  "an open bracket, and words": `[${again("a ", LONG_CHARS)}`,
  "references to characters": again("&amp;"),
  "ticks of every length": Array.from({ length: 130 }, (_, n) => `${"`".repeat(n + 1)}a`).join(""),
  "lines that go on with a quote": `> a\n${again("b\n")}`,
};

describe("rendering thousands of characters", () => {
  test.each(Object.entries(HOSTILE))(
    "costs no more for each than prose does, a few times over: %s",
    { timeout: 60_000 },
    async (_case, text) => {
      renderParts(PROSE, "rich");
      const usual = await stepsOf(() => renderParts(prose, "rich"));
      expect(usual).toBeGreaterThan(CHARS);
      const steps = await stepsOf(() => renderParts(text, "rich"));
      expect(steps / text.length).toBeLessThan((TIMES_PROSE_MAX * usual) / prose.length);
    },
  );
});

describe("a paragraph of many marks", () => {
  const marked = (count: number): number =>
    JSON.stringify(parseMarkdown("*a* ".repeat(count))).split('"type":"emphasis"').length - 1;

  test("has its looks up to the bound, and beyond it letters", () => {
    expect(marked(PARAGRAPH_MARKS_MAX / 2)).toBe(PARAGRAPH_MARKS_MAX / 2);
    expect(marked(PARAGRAPH_MARKS_MAX)).toBe(PARAGRAPH_MARKS_MAX / 2);
  });

  test("takes nothing from the next paragraph, and loses no letter", () => {
    const [part] = renderParts(`${"[a] ".repeat(400)}\n\n**bold**`, "entities");
    expect(part).toMatchObject({ entities: [{ type: "bold", length: 4 }] });
    expect(part?.form === "entities" && part.text.split("[a]").length - 1).toBe(400);
  });

  test("is one message all the same", () => {
    expect(renderParts("*a ".repeat(3_000), "rich")).toHaveLength(1);
  });

  test("leaves runs of ticks and dollars as they were", () => {
    const [part] = renderParts("``a` `` and `` ` `` and $$x$$ and ```` ``` ````", "entities");
    expect(part).toMatchObject({ text: "a`  and ` and x and ```" });
  });
});
