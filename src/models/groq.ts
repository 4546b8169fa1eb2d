/** Loaded with the first turn that asks it, and so that the bundle holds nothing else of the package. */
export { createGroq } from "@ai-sdk/groq";
