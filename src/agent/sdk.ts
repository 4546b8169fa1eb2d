/**
 * What a turn uses of the AI SDK, and nothing else: whoever loads "ai" itself by a dynamic import gets, and bundles, all that
 * it exports. This file is loaded with the first turn.
 */
export { experimental_streamLanguageModelCall as streamCall, jsonSchema, tool } from "ai";
