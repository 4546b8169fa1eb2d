import type { ModelMessage } from "ai";
import type { ModelName } from "../config.ts";
import { modelFacts } from "../models/catalog.ts";

/**
 * A conversation in the form that a model takes. Files come into it for the model that was asked first; the one that is
 * asked now may be a fallback, or chosen later, and would refuse every turn for a picture that it cannot look at.
 */
export function inFormOf(messages: readonly ModelMessage[], model: ModelName): readonly ModelMessage[] {
  const { images, pdfs } = modelFacts(model);
  if (images && pdfs) return messages;
  return messages.map((message) => {
    if (message.role !== "user" || typeof message.content === "string") return message;
    const content = message.content.map((part) => {
      if (part.type !== "file") return part;
      const takes = part.mediaType.startsWith("image/") ? images : pdfs;
      return takes ? part : { type: "text" as const, text: `[${part.filename ?? part.mediaType}: you cannot see it]` };
    });
    return { ...message, content };
  });
}
