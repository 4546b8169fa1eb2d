import type { LanguageModelV4Prompt } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { ANTHROPIC_IDS, ANY_IDS, type IdForm, MISTRAL_IDS, soundCalls } from "../../src/models/sound-calls.ts";

/** A step of a turn: calls with these ids, and a result for each. */
function steps(...calls: readonly (readonly [id: string, name?: string, input?: unknown])[]): LanguageModelV4Prompt {
  return calls.flatMap(
    ([toolCallId, toolName = "now", input = {}]): LanguageModelV4Prompt => [
      { role: "assistant", content: [{ type: "tool-call", toolCallId, toolName, input }] },
      {
        role: "tool",
        content: [{ type: "tool-result", toolCallId, toolName, output: { type: "text", value: toolCallId } }],
      },
    ],
  );
}

function callsOf(prompt: LanguageModelV4Prompt) {
  return prompt.flatMap((message) => (message.role === "assistant" ? message.content : [])) as readonly {
    readonly toolCallId: string;
    readonly toolName: string;
    readonly input: unknown;
  }[];
}

function resultsOf(prompt: LanguageModelV4Prompt): string[] {
  return prompt.flatMap((message) =>
    message.role === "tool" ? message.content.flatMap((part) => ("toolCallId" in part ? [part.toolCallId] : [])) : [],
  );
}

describe("tool calls of another model", () => {
  it.each<[string, IdForm]>([
    ["Anthropic", ANTHROPIC_IDS],
    ["Mistral", MISTRAL_IDS],
  ])("have ids that %s takes, each once, and their results with them", (_, form) => {
    const foreign = ["functions.now:0", "call_0", "call_0", "call_0", "", "ä".repeat(80), "functions now:0"];
    const sound = soundCalls(steps(...foreign.map((id) => [id] as const)), form);
    const ids = callsOf(sound).map((call) => call.toolCallId);
    for (const id of ids) expect(id).toMatch(form.pattern);
    expect(new Set(ids).size).toBe(foreign.length);
    expect(resultsOf(sound)).toEqual(ids);
    expect(soundCalls(steps(...foreign.map((id) => [id] as const)), form), "the same every time").toEqual(sound);
  });

  it("keep the ids that are taken as they are", () => {
    const ids = (form: IdForm, ...given: string[]) =>
      callsOf(soundCalls(steps(...given.map((id) => [id] as const)), form)).map((call) => call.toolCallId);
    expect(ids(ANTHROPIC_IDS, "toolu_01A", "call-2")).toEqual(["toolu_01A", "call-2"]);
    expect(ids(MISTRAL_IDS, "aB3dE6gH9")).toEqual(["aB3dE6gH9"]);
    expect(ids(ANY_IDS, "functions.now:0", "call_0", "call_0")).toEqual(["functions.now:0", "call_0", "call_0"]);
    expect(ids(ANY_IDS, "x".repeat(41))[0]?.length).toBeLessThanOrEqual(40);
  });

  it("have names and arguments that every provider takes", () => {
    const broken = steps(["a", "functions.now", '{"timezone": '], ["b", "", [1]], ["c", "x".repeat(70), null]);
    const sound = callsOf(soundCalls(broken, ANY_IDS));
    expect(sound.map((call) => call.toolName)).toEqual(["functions_now", "unknown", "x".repeat(64)]);
    expect(sound.map((call) => call.input)).toEqual([{}, {}, {}]);
  });
});
