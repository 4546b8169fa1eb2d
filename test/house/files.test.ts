import { expect, test } from "vitest";
import { sourceFiles } from "./imports.ts";

const MOST_LINES = 400;

test("no source file is too long to be one idea", () => {
  const tooLong = sourceFiles()
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > MOST_LINES);
  expect(tooLong).toEqual([]);
});
