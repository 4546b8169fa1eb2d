import { tool as defineTool, jsonSchema, type ToolSet } from "ai";
import type { Tool } from "./tool.ts";

/** The tools as the AI SDK shows them to a model: no `execute`, the run loop calls them itself. */
export function definitions(tools: readonly Tool[]): ToolSet {
  return Object.fromEntries(
    tools.map((tool) => [
      tool.name,
      defineTool({
        description: tool.description,
        inputSchema: tool.schema ? jsonSchema({ ...tool.schema }) : tool.arguments,
      }),
    ]),
  );
}
