import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/core/commands.ts";
import { en } from "../../src/words/en.ts";
import { styled } from "../../src/words/styled.ts";
import { LANGUAGES, TABLES, type Table, untilWords, type WordKey, words } from "../../src/words/words.ts";

/** The bot's own words: seven tables that say the same, and not a word in them that nobody says. */

const keys = Object.keys(en) as WordKey[];
const others = LANGUAGES.filter((language) => language !== "en");

/** Telegram's limits, in UTF-16 code units where Telegram counts so. */
const MENU_DESCRIPTION_CHARS = 256;
const CALLBACK_ANSWER_CHARS = 200;
/** More does not fit on a phone's button. */
const BUTTON_CHARS = 40;
/** What a notice may take of a phone's screen. */
const NOTICE_CHARS = 240;

const BUTTON_LABELS: readonly WordKey[] = [
  "button_stop",
  "button_yes_delete",
  "button_cancel",
  "pool_lift_all",
  "pool_lift_one",
];

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();
}

/** Marks by kind; what stands in `code` is typed by people and therefore the same in every language. */
function marks(text: string): string[] {
  const shown = styled(text);
  return shown.entities
    .map(({ type, offset, length }) => (type === "code" ? `code ${shown.text.slice(offset, offset + length)}` : type))
    .sort();
}

function commandsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\p{L}\d/}])\/([a-z]+)(?![a-z]*\/)/gu)].map((match) => match[1] ?? "").sort();
}

function emoji(text: string): string[] {
  return text.match(/\p{Extended_Pictographic}|↻/gu) ?? [];
}

/** What a translation must not change, key by key. */
function facts(table: Table): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).map(([key, text]) => [
      key,
      {
        placeholders: placeholders(text),
        marks: marks(text),
        commands: commandsIn(text),
        emoji: emoji(text),
        lines: text.split("\n").length,
      },
    ]),
  );
}

describe.each(others)("the words in %s", (language) => {
  const table = TABLES[language] ?? en;

  test("have each key of the English table and no other", () => {
    expect(Object.keys(table)).toEqual(keys);
  });

  test("carry the values, marks, commands, emoji and lines of the English ones", () => {
    expect(facts(table)).toEqual(facts(en));
  });

  test("are a translation: hardly a sentence is left in English", () => {
    const sentences = keys.filter((key) => /[a-z]{3,} [a-z]{2,}/.test(en[key].replaceAll(/\{\w+\}/g, "")));
    expect(sentences.filter((key) => table[key] === en[key])).toEqual([]);
  });
});

describe.each(LANGUAGES)("every text in %s", (language) => {
  const table = TABLES[language] ?? en;

  test("is there, without space around it and without a stray mark or brace", () => {
    for (const key of keys) {
      const text = table[key];
      expect(text.trim(), key).toBe(text);
      expect(text, key).not.toBe("");
      expect(styled(text).text, key).not.toMatch(/[*`]/);
      expect(text.replaceAll(/\{\w+\}/g, ""), key).not.toMatch(/[{}]/);
    }
  });

  test("fits where it is shown", () => {
    for (const { help } of COMMANDS) expect(table[help].length, help).toBeLessThanOrEqual(MENU_DESCRIPTION_CHARS);
    for (const key of BUTTON_LABELS) expect(table[key].length, key).toBeLessThanOrEqual(BUTTON_CHARS);
    const answers = keys.filter((key) => key.startsWith("button_") || key === "cancelled" || key === "model_set");
    for (const key of answers) expect(table[key].length, key).toBeLessThanOrEqual(CALLBACK_ANSWER_CHARS);
    for (const key of keys) expect(table[key].length, key).toBeLessThanOrEqual(NOTICE_CHARS);
  });
});

describe("the language", () => {
  test.each([
    ["de", "de"],
    ["pt-BR", "pt"],
    ["pt_br", "pt"],
    ["zh-hans", "zh"],
    ["UK", "uk"],
    ["xx", "en"],
    ["constructor", "en"],
    ["", "en"],
    [undefined, "en"],
  ])("%s is answered in %s", (given, expected) => {
    expect(words(given, "stopped")).toBe(TABLES[expected]?.stopped);
    expect(words(given, "undo_done", { count: 3 })).toBe(TABLES[expected]?.undo_done.replace("{count}", "3"));
  });

  test("is the one of the times in a sentence, too: an unknown one does not mix two languages", () => {
    const at = Date.UTC(2026, 11, 2, 9);
    expect(untilWords("fa", at, at - 30 * 3_600_000)).toBe(untilWords("en", at, at - 30 * 3_600_000));
    expect(untilWords("de-AT", at, at - 30 * 3_600_000)).toContain("Dez");
  });

  test("a value that looks like a placeholder stays as it is", () => {
    expect(words("de", "pair_done", { name: "{id}", id: 5 })).toContain("{id}");
  });
});

describe("the English table", () => {
  /** Keys that are put together while running: `failed_${reason}` and the like. */
  const DYNAMIC = /^(?:failed|reason|reset|pool)_|^tool\./;

  test("has no text that nobody says", () => {
    const sources = sourcesBelow("src");
    const code = sources
      .filter((path) => !/^src\/words\/[a-z]{2}\.ts$/.test(path))
      .map((path) => readFileSync(path, "utf8"))
      .join("\n");
    const helps = new Set<string>(COMMANDS.map(({ help }) => help));
    const silent = keys.filter((key) => !code.includes(`"${key}"`) && !helps.has(key) && !DYNAMIC.test(key));
    expect(silent).toEqual([]);
    // The search must be able to fail: the texts themselves are not among what it reads.
    expect(code).not.toContain(en.nothing_to_stop);
  });

  test("has a text for every tool's status, and no tool that is not there", () => {
    const code = sourcesBelow("src/agent/tools")
      .map((path) => readFileSync(path, "utf8"))
      .join("\n");
    const tools = keys.filter((key) => key.startsWith("tool.")).map((key) => key.slice("tool.".length));
    const unknown = tools.filter((tool) => !code.includes(`name: "${tool}"`) && !code.includes(`"tool.${tool}"`));
    expect(unknown.filter((tool) => tool !== "unknown" && tool !== "mcp")).toEqual([]);
    for (const [, name] of code.matchAll(/\bname: "([a-z_]+)",\n\s+description:/g)) expect(tools).toContain(name);
  });
});

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path}`)
    .filter((path) => /\.tsx?$/.test(path));
}
