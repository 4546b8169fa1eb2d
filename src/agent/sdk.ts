/**
 * What a turn uses of the AI SDK's core, and nothing else: whoever loads "ai" by a dynamic import gets, and bundles, all that it
 * exports. This file is loaded with the first turn. The models are spoken to by the interface that the SDK's packages share
 * (LanguageModelV4): the core's own functions around it check every message of a conversation again, open a stream inside
 * a stream for each call, and cost more processor time than everything else in a turn.
 */
// The SDK would print its advice between the lines of the log, which are one JSON object each.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

export { convertToLanguageModelPrompt } from "ai/internal";
