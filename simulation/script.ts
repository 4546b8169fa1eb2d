import type { LanguageModelV4StreamPart as Part, LanguageModelV4Prompt as Prompt } from "@ai-sdk/provider";
import type { Chance } from "./chance.ts";
import type { Weather } from "./weather.ts";

/** What the model does in one call: words, tools (also ones that do not exist, with arguments that are no JSON), or trouble. */
export interface Script {
  readonly parts: readonly Part[];
  readonly end: "finished" | "torn" | "mute";
}

export interface Numbers {
  answer(): number;
  id(): string;
}

export function script(chance: Chance, weather: Weather, prompt: Prompt, wordsOnly: boolean, numbers: Numbers): Script {
  if (chance.hit(weather.modelEmpty)) return { parts: [finish("stop")], end: "finished" };
  const asked = lastAsked(prompt);
  const isLoop = asked.text.includes("LOOP");
  const isTool = isLoop ? weather.modelTools > 0 : chance.hit(weather.modelTools * (asked.afterTool ? 0.5 : 1));
  if (!wordsOnly && isTool) return tools(chance, numbers);
  const whole = words(chance, asked.text, numbers);
  if (!chance.hit(weather.modelTorn)) return { parts: [...whole, finish("stop")], end: "finished" };
  const shown = whole.slice(0, chance.below(whole.length));
  switch (chance.below(3)) {
    case 0:
      return { parts: shown, end: "torn" };
    case 1:
      return { parts: shown, end: "mute" };
    default:
      return { parts: [...shown, { type: "error", error: overloaded() }], end: "torn" };
  }
}

/** The marks of what it answers come first and last, so that a cut answer can be told from a whole one. */
function words(chance: Chance, asked: string, numbers: Numbers): Part[] {
  const number = numbers.answer();
  const marks = [...asked.matchAll(/zq\d+z/g)].map(([mark]) => mark).slice(-12);
  const filling = chance.hit(0.01) ? "word ".repeat(chance.between(900, 2_500)) : "some **words** of it ";
  const pieces = chance.between(1, 6);
  const text = [
    `ans${number}a to ${marks.join(" ") || "nothing"}. `,
    ...Array.from({ length: pieces }, (_, index) => `piece ${index}: ${filling}\n\n`),
    `end${number}e`,
  ];
  return [
    { type: "stream-start", warnings: [] },
    { type: "text-start", id: "t" },
    ...text.map((delta): Part => ({ type: "text-delta", id: "t", delta })),
    { type: "text-end", id: "t" },
  ];
}

function tools(chance: Chance, numbers: Numbers): Script {
  const parts: Part[] = [{ type: "stream-start", warnings: [] }];
  if (chance.hit(0.3)) {
    parts.push({ type: "reasoning-start", id: "r" }, { type: "reasoning-delta", id: "r", delta: "thinking" });
    parts.push({ type: "reasoning-end", id: "r" });
  }
  for (let count = chance.pick([1, 1, 1, 2, 3]); count > 0; count -= 1) {
    const id = numbers.id();
    const [toolName, input] = call(chance, id);
    parts.push(
      { type: "tool-input-start", id, toolName },
      { type: "tool-input-delta", id, delta: input },
      { type: "tool-input-end", id },
      { type: "tool-call", toolCallId: id, toolName, input },
    );
  }
  return { parts: [...parts, finish("tool-calls")], end: "finished" };
}

function call(chance: Chance, id: string): [name: string, input: string] {
  switch (chance.below(15)) {
    case 0:
      return ["session_reset", "{}"];
    case 1:
      return ["remember", JSON.stringify({ text: `A fact of ${id}` })];
    case 2:
      return ["recall", JSON.stringify({ query: "fact" })];
    case 3:
      return ["remind", JSON.stringify({ text: `rem-${id}-r`, in_seconds: chance.pick([5, 40, 300, 900]) })];
    case 4:
      return ["reminders", "{}"];
    case 5:
    case 6:
      return ["ask", JSON.stringify({ question: `ask-${id}`, options: ["yes", "no", "later"] })];
    case 7:
      return ["send_file", JSON.stringify({ name: `${id}.txt`, content: "a file" })];
    case 8:
      return ["no_such_tool", "{}"];
    case 9:
      return ["remind", "{ this is no JSON"];
    case 11:
      return ["forget", JSON.stringify({ id: chance.between(1, 5) })];
    case 12:
      return ["cancel_reminder", JSON.stringify({ id: chance.between(1, 5) })];
    case 13:
      return ["load_skill", JSON.stringify({ name: chance.pick(["summarize", "translate", "no such skill"]) })];
    case 10:
      return ["fetch_page", JSON.stringify({ url: "https://example.com/page" })];
    default:
      return ["now", "{}"];
  }
}

/** The words since the last answer in words: what the turn was asked with, and whether tools have been called for it. */
function lastAsked(prompt: Prompt): { readonly text: string; readonly afterTool: boolean } {
  const text: string[] = [];
  let afterTool = false;
  for (let at = prompt.length - 1; at >= 0; at -= 1) {
    const message = prompt[at];
    if (!message || message.role === "system") continue;
    if (message.role === "user") text.unshift(JSON.stringify(message.content));
    else if (text.length > 0) break;
    else afterTool = true;
  }
  return { text: text.join("\n"), afterTool };
}

function finish(unified: "stop" | "tool-calls"): Part {
  return {
    type: "finish",
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: 100, noCache: 100, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 20, text: 20, reasoning: 0 },
    },
  };
}

function overloaded(): object {
  return { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
}
