import type { FilePart, ModelMessage } from "ai";
import type { ModelName } from "../core/model-name.ts";
import { modelFacts, wantsReasoning } from "../models/catalog.ts";

/**
 * A conversation in the form that a model takes. Files come into it for the model that was asked first; the one that is
 * asked now may be a fallback, or chosen later, and would refuse every turn for a picture that it cannot look at. What a
 * model thought is for itself alone.
 */
export function inFormOf(
  messages: readonly ModelMessage[],
  model: ModelName,
  refused: RefusedFiles,
): readonly ModelMessage[] {
  const { images, pdfs } = modelFacts(model);
  const own = wantsReasoning(model) ? messages : withoutReasoning(messages);
  return withFiles(own, (file) => (file.mediaType.startsWith("image/") ? images : pdfs) && !refused.has(model, file));
}

const MOST_REFUSED = 200;

/** Files that a model has refused to look at. They are in the conversation for many turns, and each would cost a refusal again. */
export class RefusedFiles {
  readonly #names = new Set<string>();

  /** The model did without the files of these messages, and not with them. */
  add(model: ModelName, messages: readonly ModelMessage[]): void {
    if (this.#names.size > MOST_REFUSED) this.#names.clear();
    for (const file of messages.flatMap(filesOf)) this.#names.add(nameOf(model, file));
  }

  has(model: ModelName, file: FilePart): boolean {
    return this.#names.has(nameOf(model, file));
  }
}

/** The bytes are fetched anew for each turn: the same file is the one of the same name, type and length. */
function nameOf({ provider, model }: ModelName, { mediaType, filename = "", data }: FilePart): string {
  const bytes = data instanceof Uint8Array ? data.length : 0;
  return [provider, model, mediaType, bytes, filename].join("\n");
}

function filesOf({ role, content }: ModelMessage): readonly FilePart[] {
  if (role !== "user" || typeof content === "string") return [];
  return content.flatMap((part) => (part.type === "file" ? [part] : []));
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

function withFiles(messages: readonly ModelMessage[], takes: (file: FilePart) => boolean): readonly ModelMessage[] {
  if (messages.flatMap(filesOf).every(takes)) return messages;
  return messages.map((message) => {
    if (message.role !== "user" || typeof message.content === "string") return message;
    const content = message.content.map((part) =>
      part.type !== "file" || takes(part)
        ? part
        : { type: "text" as const, text: `[${part.filename ?? part.mediaType}: you cannot see it]` },
    );
    return { ...message, content };
  });
}
