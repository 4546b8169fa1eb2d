import type { ToolSet } from "ai";
import type { Tool } from "./tool.ts";

/** The tools as the AI SDK shows them to a model: no `execute`, the run loop calls them itself. */
export async function definitions(tools: readonly Tool[]): Promise<ToolSet> {
  // With the first turn: starting up must not pay for it.
  const { jsonSchema, tool: defineTool } = await import("../sdk.ts");
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
