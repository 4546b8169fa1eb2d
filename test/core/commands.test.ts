import { describe, expect, it } from "vitest";
import { COMMANDS, editDistance, findCommand, splitFlags } from "../../src/core/commands.ts";

describe("the table of commands", () => {
  it("has every command of the contract", () => {
    const names = COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]);
    const promised =
      "start help new reset stop status retry undo model usage compact queue steer bg btw busy remind memory skills export whoami pool version persona pair forget timezone";
    expect(names).toEqual(expect.arrayContaining(promised.split(" ")));
  });

  it("has no name twice, and only names Telegram takes", () => {
    const names: string[] = COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9_]{1,32}$/);
  });

  it("gives /pool to owners alone", () => {
    expect(COMMANDS.filter(({ who }) => who === "owner").map(({ name }) => name)).toEqual(["pool"]);
  });
});

describe("a command is found", () => {
  it.each([
    ["new", "new"],
    ["reset", "new"],
    ["NEW", "new"],
    ["q", "queue"],
  ])("%s is %s", (written, name) => {
    expect(findCommand(written, [])).toMatchObject({ kind: "builtin", command: { name, help: `help_${name}` } });
  });

  it("as a skill, with hyphens or as Telegram's menu must write it", () => {
    expect(findCommand("deep-research", ["deep-research"])).toEqual({ kind: "skill", name: "deep-research" });
    expect(findCommand("deep_research", ["deep-research"])).toEqual({ kind: "skill", name: "deep-research" });
    expect(findCommand("CC", ["cc"])).toEqual({ kind: "skill", name: "cc" });
  });

  it("as a built-in one before a skill of the same name", () => {
    expect(findCommand("stop", ["stop"]).kind).toBe("builtin");
  });

  it.each([
    ["statsu", "status"],
    ["hlep", "help"],
    ["nwe", "new"],
    ["cx", "cc"],
    ["sotp", "stop"],
  ])("unknown /%s is near /%s", (written, nearest) => {
    expect(findCommand(written, ["cc"])).toEqual({ kind: "unknown", nearest });
  });

  it.each(["frobnicate", "sta", "__proto__", "constructor", ""])("unknown /%s is near nothing", (written) => {
    expect(findCommand(written, []).kind).toBe("unknown");
    expect(findCommand(written, [])).not.toHaveProperty("command");
  });

  it("never by a prefix", () => {
    expect(findCommand("versio", [])).toEqual({ kind: "unknown", nearest: "version" });
    expect(findCommand("comp", [])).toEqual({ kind: "unknown" });
  });
});

describe("slips of the finger", () => {
  it.each([
    ["", "", 0],
    ["a", "", 1],
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["abc", "abd", 1],
    ["kitten", "sitting", 3],
  ])("from %j to %j are %d", (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance);
    expect(editDistance(right, left)).toBe(distance);
  });
});

describe("flags", () => {
  it.each([
    ["--yes now", ["yes"], "now"],
    ["—yes", ["yes"], ""],
    ["–y go", ["y"], "go"],
    ["−y", ["y"], ""],
    ["two -Y words", ["y"], "two  words"],
    ["—Hola, dijo", [], "—Hola, dijo"],
    ["yes", [], "yes"],
    ["a--yes", [], "a--yes"],
  ])("of %j are %j", (words, flags, rest) => {
    expect(splitFlags(words, ["yes", "y"])).toEqual({ flags, rest });
  });
});
