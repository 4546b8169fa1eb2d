/** Loaded when the first MCP server is asked, and so that the bundle holds nothing else of the package. */
export { createMCPClient } from "@ai-sdk/mcp";
