import { describe, expect, test } from "vitest";
import { type Part, renderParts } from "../../src/telegram/render.ts";
import { answers } from "./corpus/answers.ts";
import { FORMS, faults, rendering } from "./corpus/rendering.ts";

const textOf = (part: Part): string => (part.form === "rich" ? part.markdown : part.text);
/** What can be read and what can be opened. */
const contentOf = (part: Part): string =>
  part.form !== "entities"
    ? textOf(part)
    : part.entities.reduceRight(
        (text, one) =>
          one.type === "text_link"
            ? `${text.slice(0, one.offset + one.length)} ${one.url} ${text.slice(one.offset + one.length)}`
            : text,
        part.text,
      );

/** What a reader must find again: runs of letters and digits, without what markup is made of. */
function visibleWords(markdown: string): string[] {
  const text = markdown
    .replace(/[\ud800-\udbff]$/, "")
    .toWellFormed()
    .replace(/\r\n?/g, "\n")
    .replace(/(?!\n|\t)\p{Cc}/gu, "")
    .replace(/^[\s>\-*+\d.)]*(?:`{3,}|~{3,})[^`\n]*$/gm, " ")
    .replace(/<br\s*\/?>/g, " ")
    .replace(/&#?[A-Za-z\d]+;/g, " ")
    .replace(/\]\([^()]*\)\]/g, "]]")
    .replace(/(?<=^\[.*) "[^"]*"$/gm, "")
    .replace(/mailto:/g, "")
    .replace(/^([ \t>]*)(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)+/gm, "$1");
  return text.match(/[\p{L}\p{N}]{2,}/gu) ?? [];
}

/** The words of `expected` that do not come in order in `text`. */
function missing(expected: readonly string[], text: string): string[] {
  let at = 0;
  const lost: string[] = [];
  for (const word of expected) {
    const found = text.indexOf(word, at);
    if (found === -1) lost.push(word);
    else at = found + word.length;
  }
  return lost;
}

describe("answers of every shape", () => {
  test("there are at least two hundred of them", () => {
    expect(answers.length).toBeGreaterThanOrEqual(200);
  });

  test.each(FORMS)("Telegram refuses none of them as %s", { timeout: 60_000 }, (form) => {
    const refused = answers.flatMap((answer) =>
      faults(rendering(answer, form)).map((fault) => `${answer.name}: ${fault}`),
    );
    expect(refused).toEqual([]);
  });

  test.each(FORMS)("nothing of them is lost as %s", { timeout: 60_000 }, (form) => {
    const lost = answers.flatMap((answer) => {
      const out = squeezed(rendering(answer, form).map(contentOf).join("\n"));
      const words = visibleWords(answer.markdown);
      // A table of records names its columns again, and a reference carries its address to where it is used.
      const gone = /table|reference|report|images|seed [15]/.test(answer.name)
        ? words.filter((word) => !out.includes(word))
        : missing(words, out);
      return gone.length > 0 ? [`${answer.name}: ${gone.slice(0, 5).join(" ")}`] : [];
    });
    expect(lost).toEqual([]);
  });

  test.each(FORMS)("blank answers make no message, others at least one, as %s", { timeout: 60_000 }, (form) => {
    for (const answer of answers) {
      const blank = /^(?:\s|\u200b|\u200d|\ufeff)*$/.test(answer.markdown);
      expect(rendering(answer, form).length > 0, answer.name).toBe(!blank);
    }
  });

  test("no part is small without need", () => {
    const prose = answers.filter(({ name }) => /prose|without a break|poem|numbered list/.test(name));
    for (const answer of prose) {
      for (const part of rendering(answer, "plain").slice(0, -1)) {
        expect(textOf(part).length, answer.name).toBeGreaterThan(1_400);
      }
    }
  });
});

function squeezed(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, "");
}

describe("text with entities", () => {
  const only = (markdown: string): Part | undefined => renderParts(markdown, "entities")[0];

  test("code inside bold is code, and the words around it are bold", () => {
    expect(only("**Use `npm i` now**")).toEqual({
      form: "entities",
      text: "Use npm i now",
      entities: [
        { type: "bold", offset: 0, length: 3 },
        { type: "code", offset: 4, length: 5 },
        { type: "bold", offset: 10, length: 3 },
      ],
    });
  });

  test("an address nobody can open stands behind its label", () => {
    expect(only("[x](javascript:alert) [y](https://y.example/z)")).toEqual({
      form: "entities",
      text: "x (javascript:alert) y",
      entities: [{ type: "text_link", offset: 21, length: 1, url: "https://y.example/z" }],
    });
  });

  test("lists have bullets, numbers, boxes and indentation", () => {
    expect(only("- a\n  - b\n    1. c\n- [x] d\n- [ ] e")).toMatchObject({ text: "• a\n   ◦ b\n      1. c\n☑ d\n☐ e" });
  });

  test("a narrow table is aligned type, a wide one a list of records", () => {
    expect(only("| a | bb |\n|---|---:|\n| ccc | d |")).toEqual({
      form: "entities",
      text: "a   │ bb\n────┼───\nccc │  d",
      entities: [{ type: "pre", offset: 0, length: 26 }],
    });
    const wide = "x".repeat(30);
    expect(only(`| a | b |\n|---|---|\n| ${wide} | ${wide} |`)).toMatchObject({ text: `a: ${wide}\n• b: ${wide}` });
  });

  test("prices are no formulas and a spoiler is no condition", () => {
    expect(only("$5 to **$10**, $x$, ||no|| a || b")).toEqual({
      form: "entities",
      text: "$5 to $10, x, no a || b",
      entities: [
        { type: "bold", offset: 6, length: 3 },
        { type: "code", offset: 11, length: 1 },
        { type: "spoiler", offset: 14, length: 2 },
      ],
    });
  });

  test("code cut in two is closed and opened again with its language", () => {
    const parts = renderParts(`\`\`\`py\n${"x = 1\n".repeat(1_000)}\`\`\``, "entities");
    expect(parts.length).toBe(2);
    for (const part of parts) {
      expect(part).toMatchObject({
        entities: [{ type: "pre", offset: 0, language: "py", length: textOf(part).length }],
      });
    }
  });

  test("a numbered list goes on counting in the next message", () => {
    const parts = renderParts(Array.from({ length: 600 }, (_, n) => `1. point ${n + 1}.`).join("\n"), "entities");
    const lines = parts.flatMap((part) => textOf(part).split("\n"));
    expect(lines[599]).toBe("600. point 600.");
  });
});

describe("rich Markdown", () => {
  const only = (markdown: string): string => renderParts(markdown, "rich").map(textOf).join("");

  test("what the model wrote passes as it is", () => {
    const markdown =
      "# A\n\n- **b** `c` [d](https://d.example)\n\n| e | f |\n|---|---|\n| $g$ | h |\n\n||i|| ==j==\n\n> k";
    expect(only(markdown)).toBe(markdown);
  });

  test("HTML is shown, images are links, prices keep their dollars", () => {
    expect(only("<b>x</b> ![cat](https://c.example/1.png) $5 or $6")).toBe(
      "\\<b\\>x\\</b\\> [cat](https://c.example/1.png) \\$5 or \\$6",
    );
  });

  test("formulas in LaTeX's brackets are formulas, numbers in brackets are not", () => {
    expect(only("\\(x^2\\), \\[1\\], \\(a\\)")).toBe("$x^2$, \\[1\\], \\(a\\)");
  });

  test("a mark that the end of an answer leaves open is a mark", () => {
    expect(only("It comes daily (0 9 * * *).")).toBe("It comes daily (0 9 \\* \\* \\*).");
    expect(only("Call f(*args, **kwargs)")).toBe("Call f(\\*args, \\*\\*kwargs)");
  });

  test("a fence that ends with its list is closed", () => {
    expect(only("```js\ncode\n```  \nnext")).toBe("```js\ncode\n```  \nnext");
    expect(only("- item\n  ```js\n  code\nnext")).toBe("- item\n  ```js\n  code\n  ```\nnext");
    // An empty one goes, and takes no line end with it: the quote is none of the item's.
    expect(only("- item\n  ```\n> said")).toBe("- item\n  \n> said");
    expect(only("- item\n  ``` b c\n> said")).toBe("- item\n  b c\n> said");
  });

  test("a table of more than twenty columns and a list of more than seven levels are shown as code", () => {
    for (const name of ["a table of sixty columns", "twelve levels"]) {
      expect(only(answers.find((answer) => answer.name === name)?.markdown ?? "")).toMatch(/^```\n/);
    }
  });
});
