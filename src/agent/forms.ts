import type { ModelMessage } from "ai";
import type { ModelName } from "../config.ts";
import { modelFacts } from "../models/catalog.ts";

/**
 * A conversation in the form that a model takes. Files come into it for the model that was asked first; the one that is
 * asked now may be a fallback, or chosen later, and would refuse every turn for a picture that it cannot look at. What a
 * model thought is for itself alone.
 */
export function inFormOf(messages: readonly ModelMessage[], model: ModelName): readonly ModelMessage[] {
  const { images, pdfs } = modelFacts(model);
  const own = wantsReasoning(model) ? messages : withoutReasoning(messages);
  return withFiles(own, (mediaType) => (mediaType.startsWith("image/") ? images : pdfs));
}

/**
 * DeepSeek, thinking, refuses a conversation in which it called tools without what it thought in that turn
 * (api-docs.deepseek.com: guides/thinking_mode). To anybody else it is a stranger's, and costs tokens.
 */
export function wantsReasoning({ provider }: ModelName): boolean {
  return provider === "deepseek";
}

function withoutReasoning(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  if (!messages.some(hasReasoning)) return messages;
  return messages.map((message) =>
    message.role === "assistant" && typeof message.content !== "string"
      ? { ...message, content: message.content.filter(({ type }) => type !== "reasoning") }
      : message,
  );
}

function hasReasoning({ role, content }: ModelMessage): boolean {
  return role === "assistant" && typeof content !== "string" && content.some(({ type }) => type === "reasoning");
}

/** Each file is a word of it. The same messages, if there is none. */
export function inWordsAlone(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  return withFiles(messages, () => false);
}

function withFiles(messages: readonly ModelMessage[], takes: (mediaType: string) => boolean): readonly ModelMessage[] {
  const isRefused = (message: ModelMessage): boolean =>
    message.role === "user" &&
    typeof message.content !== "string" &&
    message.content.some((part) => part.type === "file" && !takes(part.mediaType));
  if (!messages.some(isRefused)) return messages;
  return messages.map((message) => {
    if (message.role !== "user" || typeof message.content === "string") return message;
    const content = message.content.map((part) =>
      part.type !== "file" || takes(part.mediaType)
        ? part
        : { type: "text" as const, text: `[${part.filename ?? part.mediaType}: you cannot see it]` },
    );
    return { ...message, content };
  });
}
