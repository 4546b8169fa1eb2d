import type { Conversation, Said } from "../../../playground/model/conversation.ts";
import type { Mind, Reply, ToolCall } from "../../../playground/model/reply.ts";

/** The model of a campaign: says back what it was asked, slowly, does what it is asked for by tools, and breaks off now and then. */

/** What people ask for that takes a tool, and how it is said. */
export const WISHES = {
  remind: "please remind me",
  remember: "note down",
  ask: "let me choose",
  session_reset: "it is over after",
} as const;
type Wish = keyof typeof WISHES;

export function mindOf(dice: (below: number) => number, isStormy: () => boolean): Mind {
  return (conversation) => {
    const reply = replyTo(conversation);
    const manner = { firstByteMs: dice(500), tokensPerSecond: 10 + dice(60) };
    if (!isStormy()) return { ...reply, manner: { firstByteMs: 5, tokensPerSecond: 300 } };
    const roll = dice(100);
    if (roll < 3) return { ...reply, manner: { ...manner, flow: "torn" } };
    if (roll < 5) return { door: { kind: "overloaded" } };
    if (roll < 6) return { door: { kind: "rate_limited", retryAfterSeconds: 2 } };
    return { ...reply, manner };
  };
}

function replyTo(conversation: Conversation): Reply {
  const said = sinceLastAnswer(conversation);
  const calls = said.flatMap((message) => message.calls);
  const texts = said.flatMap(({ role, text }) => (role === "user" ? [text] : []));
  for (const { wish, word } of texts.flatMap(wishesIn)) {
    const isTried = calls.some(({ name, args }) => name === wish && (wish === "session_reset" || args.includes(word)));
    if (!isTried && conversation.tools.includes(wish)) return { tools: [callOf(wish, word)] };
  }
  const words = texts.flatMap((text) => [...text.matchAll(/\bw\d+x\b/g)].map(([word]) => word));
  const promised = calls.flatMap(({ id, args }) => {
    const isSet = said.some(({ result, text }) => result?.id === id && text.startsWith("Set."));
    return isSet ? (/w\d+x/.exec(args) ?? []) : [];
  });
  const promise = promised.length > 0 ? ` Reminders are set: ${promised.join(" ")}.` : "";
  return {
    text: `You asked, and here is what I know of it, in a few words. That is all of ${words.join(" ")}!${promise}`,
  };
}

function wishesIn(text: string): { readonly wish: Wish; readonly word: string }[] {
  return (Object.keys(WISHES) as Wish[]).flatMap((wish) => {
    const word = new RegExp(`${WISHES[wish]} (w\\d+x)`).exec(text)?.[1];
    return word === undefined ? [] : [{ wish, word }];
  });
}

function callOf(wish: Wish, word: string): ToolCall {
  switch (wish) {
    case "remind":
      return { name: wish, args: { text: `due ${word}`, in_seconds: 3 } };
    case "remember":
      return { name: wish, args: { text: `cares for ${word}` } };
    case "ask":
      return { name: wish, args: { question: `Which one for ${word}?`, options: ["left", "right"] } };
    case "session_reset":
      return { name: wish, args: {} };
    default:
      return wish satisfies never;
  }
}

/** What was said and done since the model last answered in words. */
function sinceLastAnswer({ messages }: Conversation): readonly Said[] {
  return messages.slice(messages.findLastIndex(({ role, calls }) => role === "assistant" && calls.length === 0) + 1);
}
