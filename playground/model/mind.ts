import { type Conversation, freshResults, lastUserText, type Said } from "./conversation.ts";
import { LONG_ANSWER, MARKDOWN_SHOW, TABLE } from "./recitals.ts";
import type { Reply } from "./reply.ts";

/**
 * The mind of the demo: no model at all, but enough of one that every part of the bot can be seen at work. It knows a few
 * phrases, calls the tools it is offered, and says back what it heard otherwise.
 */
export function demoMind(conversation: Conversation): Reply {
  const results = freshResults(conversation);
  if (results.length > 0) return { text: results.map(tellResult).join("\n\n") };
  const text = lastUserText(conversation);
  for (const { phrase, tool, answer } of PHRASES) {
    const match = phrase.exec(text);
    if (match && (tool === undefined || conversation.tools.includes(tool))) return answer(match, conversation);
  }
  return { text: echo(text, conversation) };
}

interface Phrase {
  readonly phrase: RegExp;
  readonly tool?: string;
  readonly answer: (match: RegExpExecArray, conversation: Conversation) => Reply;
}

const PHRASES: readonly Phrase[] = [
  {
    phrase:
      /remind me in (\d+|an?|one|two|five|ten) ?(seconds?|secs?|s|minutes?|mins?|m|hours?|h)\b(?: to| about| of)? ?(.*)/is,
    tool: "remind",
    answer: ([, amount = "", unit = "", what = ""]) => ({
      text: "I will set that up.",
      tools: [
        { name: "remind", args: { text: what.trim() || "what you asked for", in_seconds: seconds(amount, unit) } },
      ],
    }),
  },
  {
    phrase: /(what|my|list).{0,20}reminders/is,
    tool: "reminders",
    answer: () => ({ tools: [{ name: "reminders", args: {} }] }),
  },
  {
    phrase: /what(?:'s| is)? (?:the )?(?:time|date|day)(?: is it)?(?: in ([\w/]+))?/i,
    tool: "now",
    answer: ([, zone]) => ({ tools: [{ name: "now", args: zone?.includes("/") ? { timezone: zone } : {} }] }),
  },
  {
    phrase: /\b(reset|clear|forget) (the|this|our) (conversation|session|context|chat)|\bstart over\b/i,
    tool: "session_reset",
    answer: () => ({ text: "Very well, a clean page.", tools: [{ name: "session_reset", args: {} }] }),
  },
  {
    phrase: /\bask me (.*)/is,
    tool: "ask",
    answer: ([, what = ""]) => ({ tools: [{ name: "ask", args: question(what) }] }),
  },
  {
    phrase: /\b(?:fetch|read|open|summari[sz]e) (https?:\/\/\S+)/i,
    tool: "fetch_page",
    answer: ([, url = ""]) => ({ tools: [{ name: "fetch_page", args: { url: url.replace(/[.,)\]>]+$/, "") } }] }),
  },
  {
    phrase: /\bsearch (?:the web )?for (.*)/i,
    tool: "web_search",
    answer: ([, query = ""]) => ({ tools: [{ name: "web_search", args: { query } }] }),
  },
  {
    phrase: /what do you (?:remember|know)(?: about (.*?))?\??$/im,
    tool: "recall",
    answer: ([, query]) => ({ tools: [{ name: "recall", args: { query: query ?? "" } }] }),
  },
  {
    phrase: /\bremember (?:that )?(.*)/is,
    tool: "remember",
    answer: ([, text = ""]) => ({ tools: [{ name: "remember", args: { text: text.trim() } }] }),
  },
  {
    phrase: /\b(?:send|make|give) me a file\b/i,
    tool: "send_file",
    answer: () => ({
      tools: [{ name: "send_file", args: { name: "notes.md", content: MARKDOWN_SHOW, mime: "text/markdown" } }],
    }),
  },
  {
    phrase: /\b(very )?long (answer|story|text)|\btell me a story/i,
    answer: ([, very]) => ({ text: LONG_ANSWER.repeat(very ? 4 : 1) }),
  },
  { phrase: /\btable\b/i, answer: () => ({ text: TABLE }) },
  { phrase: /\bmarkdown\b|\bformatting\b/i, answer: () => ({ text: MARKDOWN_SHOW }) },
  {
    phrase: /\bthink (hard|first|about)/i,
    answer: () => ({
      reasoning: "Let me turn this over in my mind before I speak.",
      text: "I have thought about it. **Yes.**",
    }),
  },
];

function seconds(amount: string, unit: string): number {
  const count = { a: 1, an: 1, one: 1, two: 2, five: 5, ten: 10 }[amount.toLowerCase()] ?? Number(amount);
  const each = unit.toLowerCase().startsWith("h") ? 3600 : unit.toLowerCase().startsWith("m") ? 60 : 1;
  return count * each;
}

/** "tea or coffee?" → two buttons; anything else is a yes or no. */
function question(what: string): { question: string; options: string[] } {
  const choice = /(.*?)([\w' -]+(?:, ?[\w' -]+)* or [\w' -]+)\??\s*$/is.exec(what.trim());
  const options = choice?.[2]
    ?.split(/,| or /)
    .map((option) => option.replace(/^(?:if|whether) I (?:want|like)|^\s*or\b/i, "").trim())
    .filter((option) => option !== "");
  const asked = what.trim().replace(/^(?:if|whether)\b/i, "Do tell:");
  return {
    question: asked.endsWith("?") ? asked : `${asked}?`,
    options: options && options.length > 1 ? options : ["Yes", "No"],
  };
}

function tellResult({ text, result }: Said): string {
  const plain = text.replace(/^"(.*)"$/s, "$1");
  switch (result?.name) {
    case "now":
      return `The clock says:\n\n> ${plain}`;
    case "remind":
      return `Done. I will write to you when it is time.\n\n> ${plain}`;
    case "session_reset":
      return "The page is turned: what we said until now stays behind, and **your next message begins a new conversation**.";
    case "ask":
      return `You chose **${plain}**. A fine choice.`;
    case "remember":
      return "I will remember that, in every chat of yours.";
    case "recall":
      return `This is what I remember:\n\n${plain}`;
    case "fetch_page":
      return `This is what the page says, in short:\n\n> ${plain.slice(0, 600).replaceAll("\n", "\n> ")}`;
    default:
      return `\`${result?.name ?? "tool"}\` answered:\n\n> ${plain.slice(0, 800).replaceAll("\n", "\n> ")}`;
  }
}

const PLEASANTRIES = [
  "That is worth a *second* thought.",
  "I could listen to this all day.",
  "Say **“write a table”** and I will show you one.",
  "Ask me **“what time is it?”**; I have a clock.",
  "Try **“remind me in 10 seconds to stretch”**.",
  "Try **“ask me tea or coffee”** for buttons.",
  "Press **Stop** while I say something long; I will not take it amiss.",
];

function echo(text: string, conversation: Conversation): string {
  const last = conversation.messages.findLast(({ role }) => role === "user");
  const before = conversation.messages.filter(({ role }) => role === "user").length - 1;
  const heard = text.trim() === "" ? "_(nothing in words)_" : text.trim().slice(0, 1500).replaceAll("\n", "\n> ");
  const seen =
    last && last.images > 0 ? `\n\nI see ${last.images === 1 ? "a picture" : `${last.images} pictures`}.` : "";
  const memory =
    before > 0
      ? `It is your message number ${before + 1} in this conversation.`
      : "It is the first in this conversation.";
  return `You said:\n\n> ${heard}${seen}\n\n${memory} ${PLEASANTRIES[(text.length + before) % PLEASANTRIES.length]}`;
}
