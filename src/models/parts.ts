import type { LanguageModelV4StreamPart, LanguageModelV4StreamResult } from "@ai-sdk/provider";

/** A model's answer as it comes: what came together in one piece, without a stream around it. */
export interface Parts {
  /** Nothing: it is over. Rejects when the connection breaks. */
  next(): Promise<readonly LanguageModelV4StreamPart[]>;
  cancel(reason?: unknown): Promise<void>;
}

/** What `doStream` gives: some models have the parts themselves. Read from one of both. */
export type StreamResult = LanguageModelV4StreamResult & { readonly parts?: Parts };

export function partsOf(result: StreamResult): Parts {
  if (result.parts) return result.parts;
  const reader = result.stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? [] : [value];
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

export function streamOf(parts: Parts): ReadableStream<LanguageModelV4StreamPart> {
  return new ReadableStream({
    async pull(controller) {
      const next = await parts.next();
      for (const part of next) controller.enqueue(part);
      if (next.length === 0) controller.close();
    },
    cancel: (reason) => parts.cancel(reason),
  });
}
