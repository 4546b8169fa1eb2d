import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connectMcp, type McpOptions } from "../../src/agent/mcp.ts";
import { callResult } from "../../src/agent/mcp-result.ts";
import { definitions } from "../../src/agent/tools/definitions.ts";
import { callTool, statusOf } from "../../src/agent/tools/run-tool.ts";
import type { Fetch } from "../../src/agent/tools/tool.ts";
import { type McpServerScript, mcpServer } from "./mcp-server.ts";
import { stage } from "./tools-stage.ts";

const ECHO = {
  name: "echo",
  description: "Says it again.",
  inputSchema: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
};
const SECRET = "Bearer sesame";
const docs = { name: "docs", url: "https://mcp.example.com/mcp", headers: { authorization: SECRET } };
const echo = (name: string, given: unknown): object => ({
  result: { content: [{ type: "text", text: `${name} ${JSON.stringify(given)}` }] },
});

/** Connects to servers that stand behind `fetch`, by host. */
async function connect(scripts: Record<string, McpServerScript>, options: Partial<McpOptions> = {}) {
  const servers = new Map(Object.entries(scripts).map(([host, script]) => [host, mcpServer(script)]));
  const fetch: Fetch = async (url, init) => {
    const server = servers.get(new URL(url).host);
    if (!server) throw new TypeError(`connect ECONNREFUSED ${JSON.stringify(init?.headers)}`);
    return server.answer(new Request(url, init));
  };
  const named = Object.keys(scripts).map((host, index) => ({
    ...docs,
    name: index === 0 ? "docs" : `docs${index}`,
    url: `https://${host}/mcp`,
  }));
  const mcp = await connectMcp(named, { signal: new AbortController().signal, fetch, ...options });
  return { mcp, servers, seen: servers.get("mcp.example.com")?.seen ?? [] };
}

describe("the tools of an MCP server", () => {
  it.each([false, true])(
    "are listed under its name, shown with its schema, and called (as a stream: %s)",
    async (asStream) => {
      const { mcp, seen } = await connect({ "mcp.example.com": { tools: [ECHO], call: echo, asStream } });
      expect(mcp.down).toEqual([]);
      expect(mcp.tools.map((tool) => [tool.name, tool.repeatable])).toEqual([["docs_echo", false]]);
      expect(definitions(mcp.tools)[0]).toMatchObject({ name: "docs_echo", inputSchema: ECHO.inputSchema });
      const result = await callTool(mcp.tools, "docs_echo", '{"word":"tea"}', stage().context);
      expect(result).toMatchObject({
        kind: "text",
        text: expect.stringMatching(/content of the tool echo of docs; it is data.*\n<content>\necho {"word":"tea"}\n/),
      });
      expect(mcp.tools[0] && statusOf(mcp.tools[0], "{}")).toEqual({
        key: "tool.mcp",
        params: { server: "docs", tool: "echo" },
      });
      expect(seen.every(({ headers }) => headers.get("authorization") === SECRET)).toBe(true);
      await mcp.close();
      expect(seen.map(({ method }) => method)).toEqual(
        expect.arrayContaining(["initialize", "tools/list", "tools/call", "DELETE"]),
      );
      expect(seen.map(({ method }) => method)).not.toContain("GET");
    },
  );

  it("come in pages, have names OpenAI takes, and step aside for tools that are there", async () => {
    const tools = ["a.b c", "a/b c", "x".repeat(80), "reset"].map((name) => ({ ...ECHO, name }));
    const { mcp } = await connect({ "mcp.example.com": { tools, pageSize: 1 } }, { taken: ["docs_reset"] });
    expect(mcp.tools.map((tool) => tool.name)).toEqual([
      "docs_a_b_c",
      "docs_a_b_c_2",
      `docs_${"x".repeat(59)}`,
      "docs_reset_2",
    ]);
    await mcp.close();
  });

  it("are repeatable where the server says that it does no harm", async () => {
    const tools = [
      { ...ECHO, name: "read", annotations: { readOnlyHint: true } },
      { ...ECHO, name: "put", annotations: { idempotentHint: true } },
      { ...ECHO, name: "post", annotations: { destructiveHint: true } },
    ];
    const { mcp } = await connect({ "mcp.example.com": { tools } });
    expect(mcp.tools.map((tool) => tool.repeatable)).toEqual([true, true, false]);
    await mcp.close();
  });

  it("are the first 64 of a server, and no more in all than OpenAI takes with ours, when there are too many", async () => {
    const tools = Array.from({ length: 70 }, (_, index) => ({ ...ECHO, name: `t${index}` }));
    const scripts = { "mcp.example.com": { tools }, "b.example.com": { tools }, "c.example.com": { tools: [ECHO] } };
    const { mcp } = await connect(scripts, { taken: ["now", "ask"] });
    expect(mcp.tools).toHaveLength(126);
    expect(mcp.crowded).toEqual([
      { server: "docs", tools: 70, offered: 64 },
      { server: "docs1", tools: 70, offered: 62 },
      { server: "docs2", tools: 1, offered: 0 },
    ]);
    // It does answer: nobody is told that it does not.
    expect(mcp.down).toEqual([]);
    await mcp.close();
  });

  it("whose arguments are a choice of shapes are shown as one plain object, as providers ask for", async () => {
    const shape = (name: string) => ({ properties: { [name]: { type: "string" } }, required: [name] });
    const inputSchema = { type: "object", oneOf: [shape("id"), shape("path")], properties: { lines: {} }, not: {} };
    const { mcp } = await connect({ "mcp.example.com": { tools: [{ name: "open", inputSchema }] } });
    expect(definitions(mcp.tools)[0]?.inputSchema).toEqual({
      type: "object",
      properties: { id: { type: "string" }, path: { type: "string" }, lines: {} },
    });
    await mcp.close();
  });
});

describe("a call of an MCP tool", () => {
  it("that fails is a result for the model: in the tool, in the protocol, in the server", async () => {
    let down = false;
    const script: McpServerScript = {
      tools: [ECHO],
      before: () => (down ? new Response(`no such ${SECRET}`, { status: 503 }) : undefined),
      call: (_name, given) =>
        JSON.stringify(given).includes("tool")
          ? { result: { content: [{ type: "text", text: "no tea left" }], isError: true } }
          : { error: { code: -32602, message: "word must be tea" } },
    };
    const { mcp } = await connect({ "mcp.example.com": script });
    const call = (word: string) => callTool(mcp.tools, "docs_echo", { word }, stage().context);
    expect(await call("tool")).toMatchObject({
      kind: "error",
      text: expect.stringMatching(/it is data.*\n<content>\nno tea left\n<\/content>$/),
    });
    expect(await call("protocol")).toMatchObject({ kind: "error", text: expect.stringContaining("word must be tea") });
    down = true;
    const refused = await call("x");
    expect(refused).toMatchObject({ kind: "error", text: expect.stringContaining("answered 503") });
    expect(JSON.stringify(refused)).not.toContain("sesame");
    await mcp.close();
  });

  it("that hangs is cut by its limit and by /stop", async () => {
    const script = { tools: [ECHO], call: () => new Promise<object>(() => {}) };
    const { mcp } = await connect({ "mcp.example.com": script }, { callMs: 30 });
    expect(await callTool(mcp.tools, "docs_echo", { word: "x" }, stage().context)).toMatchObject({
      text: expect.stringContaining("did not end within 0.03 seconds"),
    });
    const stop = new AbortController();
    const running = callTool(mcp.tools, "docs_echo", { word: "x" }, { ...stage().context, signal: stop.signal });
    stop.abort();
    expect(await running).toEqual({ kind: "error", text: "docs_echo was cut." });
    await mcp.close();
  });
});

describe("an MCP server that is down", () => {
  it.each<[string, McpServerScript["before"], RegExp]>([
    ["refuses the key", () => new Response(`bad ${SECRET}`, { status: 401 }), /answered 401/],
    ["is broken", () => new Response("oops", { status: 500 }), /answered 500/],
    [
      "is no MCP server",
      () => new Response("<html>", { headers: { "content-type": "text/html" } }),
      /answered 200|could not be reached or understood/,
    ],
    [
      "redirects",
      () => new Response(null, { status: 302, headers: { location: "https://evil.example/" } }),
      /could not be reached/,
    ],
    [
      "answers garbage",
      () => new Response("{", { headers: { "content-type": "application/json" } }),
      /could not be reached or understood/,
    ],
  ])("costs a notice and not the others: it %s", async (_what, before, expected) => {
    const { mcp } = await connect({ "mcp.example.com": { tools: [], before }, "up.example.com": { tools: [ECHO] } });
    expect(mcp.down).toMatchObject([{ server: "docs", reason: expect.stringMatching(expected) }]);
    expect(JSON.stringify(mcp.down)).not.toContain("sesame");
    expect(mcp.tools.map((tool) => tool.name)).toEqual(["docs1_echo"]);
    await mcp.close();
  });

  it("costs a notice when nobody is there, and when it does not answer in time", async () => {
    const fetch: Fetch = () => Promise.reject(new TypeError(`refused ${SECRET}`));
    const gone = await connectMcp([docs], { signal: new AbortController().signal, fetch });
    expect(gone.down).toEqual([{ server: "docs", reason: "it could not be reached or understood" }]);
    const silent = await connectMcp([docs], {
      signal: new AbortController().signal,
      fetch: () => new Promise(() => {}),
      connectMs: 30,
    });
    expect(silent.down).toEqual([{ server: "docs", reason: "no answer within 0.03 seconds" }]);
    await Promise.all([gone.close(), silent.close()]);
  });

  it("is not waited for as long again when it hung: for five minutes, or until it answers", async () => {
    vi.useFakeTimers();
    try {
      const stuck = { name: "stuck", url: "https://stuck.example/mcp" };
      const waited = async (): Promise<string | undefined> => {
        const connecting = connectMcp([stuck], {
          signal: new AbortController().signal,
          fetch: () => new Promise(() => {}),
        });
        await vi.advanceTimersByTimeAsync(10_000);
        return (await connecting).down[0]?.reason;
      };
      expect(await waited()).toBe("no answer within 10 seconds");
      expect(await waited()).toBe("no answer within 2 seconds");
      const server = mcpServer({ tools: [ECHO] });
      const back = await connectMcp([stuck], {
        signal: new AbortController().signal,
        fetch: async (url, init) => server.answer(new Request(url, init)),
      });
      expect(back.down).toEqual([]);
      expect(await waited()).toBe("no answer within 10 seconds");
      await vi.advanceTimersByTimeAsync(5 * 60_000);
      expect(await waited()).toBe("no answer within 10 seconds");
    } finally {
      vi.useRealTimers();
    }
  });

  it("does not hold up a turn that is stopped", async () => {
    const stop = new AbortController();
    const connecting = connectMcp([docs], { signal: stop.signal, fetch: () => new Promise(() => {}) });
    stop.abort();
    expect((await connecting).tools).toEqual([]);
  });
});

describe("over a real port", () => {
  let http: Server | undefined;
  afterEach(() => http?.close());

  it("connects, lists, calls and closes", async () => {
    const { answer } = mcpServer({ tools: [ECHO], call: echo });
    const listening = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const body = chunks.length > 0 ? { body: Buffer.concat(chunks).toString() } : {};
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const answered = await answer(
        new Request("http://localhost/mcp", { method: request.method ?? "GET", headers, ...body }),
      );
      response.writeHead(answered.status, Object.fromEntries(answered.headers)).end(await answered.text());
    });
    http = listening;
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    const address = listening.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const mcp = await connectMcp([{ name: "docs", url: `http://127.0.0.1:${port}/mcp` }], {
      signal: new AbortController().signal,
      fetch,
    });
    expect(mcp.down).toEqual([]);
    expect(await callTool(mcp.tools, "docs_echo", { word: "tea" }, stage().context)).toMatchObject({
      kind: "text",
      text: expect.stringContaining('echo {"word":"tea"}'),
    });
    await mcp.close();
  });
});

describe("what an MCP tool answers", () => {
  it("is its text; what is no text is named", () => {
    const content = [
      { type: "text", text: "one" },
      { type: "image", data: "AA==", mimeType: "image/png" },
      { type: "resource", resource: { uri: "file:///a", text: "two" } },
      { type: "resource", resource: { uri: "file:///b", blob: "AA==" } },
      { type: "resource_link", uri: "https://x.org", name: "three" },
      { type: "hologram" },
    ];
    expect(callResult({ content }).text).toBe(
      "one\n\n[image, image/png, not shown]\n\nfile:///a\ntwo\n\n[file:///b, not shown]\n\nthree: https://x.org\n\n[hologram, not shown]",
    );
    expect(callResult({ content: [], structuredContent: { a: 1 } })).toEqual({ text: '{"a":1}', isError: false });
    expect(callResult({ content: [] })).toEqual({ text: "(nothing)", isError: false });
    expect(callResult("?")).toMatchObject({ isError: true });
  });
});
