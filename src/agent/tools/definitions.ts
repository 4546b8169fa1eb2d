import type { LanguageModelV4FunctionTool } from "@ai-sdk/provider";
import * as z from "zod";
import type { Tool } from "./tool.ts";

/** The tools as a model is shown them. No `execute`: the run loop calls them itself. */
export function definitions(tools: readonly Tool[]): readonly LanguageModelV4FunctionTool[] {
  return tools.map((tool) => ({
    type: "function",
    name: tool.name,
    description: tool.description,
    inputSchema: tool.schema ? { ...tool.schema } : schemaOf(tool.arguments),
  }));
}

type JsonSchema = LanguageModelV4FunctionTool["inputSchema"];

/** Once for each schema and isolate: it takes longer than a short turn's own work. */
const known = new WeakMap<object, JsonSchema>();

function schemaOf(schema: Tool["arguments"]): JsonSchema {
  let made = known.get(schema);
  if (!made) {
    // Every token of it is paid for with every call.
    const { $schema: _, ...shape } = z.toJSONSchema(schema, {
      target: "draft-7",
      io: "input",
      override: ({ jsonSchema }) => {
        // Several models make up arguments where it is not said.
        if (jsonSchema.type === "object") jsonSchema.additionalProperties ??= false;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      },
    });
    made = shape as JsonSchema;
    known.set(schema, made);
  }
  return made;
}
