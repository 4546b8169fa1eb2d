/**
 * A small MCP server over streamable HTTP, as one function from request to response: in a test it stands behind `fetch`,
 * in Node behind a port. It speaks the protocol of 2025-06-18 and answers as JSON, or as a stream of one event.
 */

export interface McpServerScript {
  readonly tools: readonly object[];
  readonly call?: (name: string, given: unknown) => object | Promise<object>;
  readonly asStream?: boolean;
  /** Answers before the protocol is looked at: a status, a redirect. */
  readonly before?: ((request: Request) => Response | undefined) | undefined;
  readonly pageSize?: number;
}

export function mcpServer(script: McpServerScript) {
  const seen: { method: string; headers: Headers }[] = [];
  const answer = async (request: Request): Promise<Response> => {
    const early = script.before?.(request);
    if (early) return early;
    if (request.method !== "POST") {
      seen.push({ method: request.method, headers: request.headers });
      return new Response(null, { status: request.method === "DELETE" ? 200 : 405 });
    }
    const message: { id?: number; method: string; params?: Record<string, unknown> } = JSON.parse(await request.text());
    seen.push({ method: message.method, headers: request.headers });
    if (message.id === undefined) return new Response(null, { status: 202 });
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: message.id,
      ...(await result(script, message.method, message.params ?? {})),
    });
    const headers = {
      "mcp-session-id": "s1",
      "content-type": script.asStream ? "text/event-stream" : "application/json",
    };
    return new Response(script.asStream ? `event: message\ndata: ${body}\n\n` : body, { headers });
  };
  return { answer, seen };
}

async function result(script: McpServerScript, method: string, params: Record<string, unknown>): Promise<object> {
  switch (method) {
    case "initialize":
      return {
        result: {
          protocolVersion: "2025-06-18",
          capabilities: { tools: {} },
          serverInfo: { name: "small", version: "1" },
        },
      };
    case "tools/list": {
      const from = Number(params.cursor ?? 0);
      const to = from + (script.pageSize ?? 1000);
      const nextCursor = to < script.tools.length ? { nextCursor: String(to) } : {};
      return { result: { tools: script.tools.slice(from, to), ...nextCursor } };
    }
    case "tools/call":
      return (await script.call?.(String(params.name), params.arguments)) ?? { result: { content: [] } };
    default:
      return { error: { code: -32601, message: `no method ${method}` } };
  }
}
