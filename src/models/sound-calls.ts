import type { LanguageModelV4, LanguageModelV4Message, LanguageModelV4Prompt } from "@ai-sdk/provider";

/**
 * Tool calls as a provider takes them back. What one model wrote is shown to another after a fallback or `/model`, and each
 * provider refuses the whole conversation for one call that it would not have written itself: an id of a foreign form, a
 * name that is none, arguments that are no object. What was wrong with a call is said by its result, so here it may be mended.
 */

export interface IdForm {
  readonly pattern: RegExp;
  /** One id may stand for one call only, in the whole conversation. */
  readonly unique: boolean;
  /** An id of the form, made of one that is not; another for each `salt`. */
  make(id: string, salt: number): string;
}

/** Anthropic: "tool_use ids must be unique", and of these characters. */
export const ANTHROPIC_IDS: IdForm = {
  pattern: /^[a-zA-Z0-9_-]{1,64}$/,
  unique: true,
  make: (id, salt) => `${id.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 54) || "call"}_${salt}`,
};

/** Mistral: "must be a-z, A-Z, 0-9, with a length of 9". */
export const MISTRAL_IDS: IdForm = {
  pattern: /^[a-zA-Z0-9]{9}$/,
  unique: true,
  make: (id, salt) => hashOf(`${salt}:${id}`).toString(36).padStart(9, "0").slice(-9),
};

/** OpenAI takes any id of up to 40 characters; whoever copied it may insist on the ids that its own model wrote. */
export const ANY_IDS: IdForm = {
  pattern: /^.{1,40}$/s,
  unique: false,
  make: (id) => `call_${hashOf(id).toString(36)}`,
};

const MOST_NAME_CHARS = 64;

export function takingBack(model: LanguageModelV4, form: IdForm): LanguageModelV4 {
  return {
    specificationVersion: model.specificationVersion,
    provider: model.provider,
    modelId: model.modelId,
    supportedUrls: model.supportedUrls,
    doGenerate: (options) => model.doGenerate({ ...options, prompt: soundCalls(options.prompt, form) }),
    doStream: (options) => model.doStream({ ...options, prompt: soundCalls(options.prompt, form) }),
  };
}

export function soundCalls(prompt: LanguageModelV4Prompt, form: IdForm): LanguageModelV4Prompt {
  const taken = new Set<string>();
  /** A result belongs to the last call of its id. */
  const now = new Map<string, string>();
  const nameOf = (id: string): string => {
    let made = id;
    for (let salt = 1; !form.pattern.test(made) || (form.unique && taken.has(made)); salt += 1)
      made = form.make(id, salt);
    taken.add(made);
    now.set(id, made);
    return made;
  };
  return prompt.map((message): LanguageModelV4Message => {
    if (message.role === "assistant") {
      const content = message.content.map((part) =>
        part.type === "tool-call"
          ? {
              ...part,
              toolCallId: nameOf(part.toolCallId),
              toolName: toolName(part.toolName),
              input: object(part.input),
            }
          : part,
      );
      return { ...message, content };
    }
    if (message.role !== "tool") return message;
    const content = message.content.map((part) =>
      part.type === "tool-result"
        ? { ...part, toolCallId: now.get(part.toolCallId) ?? part.toolCallId, toolName: toolName(part.toolName) }
        : part,
    );
    return { ...message, content };
  });
}

function toolName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, MOST_NAME_CHARS) || "unknown";
}

function object(input: unknown): object {
  return typeof input === "object" && input !== null && !Array.isArray(input) ? input : {};
}

/** 52 bits of FNV-1a, twice over: short, and the same in every process. */
function hashOf(text: string): number {
  let high = 0x811c9dc5;
  let low = 0x01000193;
  for (let index = 0; index < text.length; index += 1) {
    high = Math.imul(high ^ text.charCodeAt(index), 0x01000193);
    low = Math.imul(low ^ text.charCodeAt(index), 0x85ebca6b);
  }
  return (high >>> 0) * 2 ** 20 + ((low >>> 0) >>> 12);
}
