import { describe, expect, it } from "vitest";
import { connectMcp } from "../../src/agent/mcp.ts";
import { checkAddress } from "../../src/agent/tools/address.ts";
import { fetchPage } from "../../src/agent/tools/fetch-page.ts";
import { toMarkdown } from "../../src/agent/tools/markdown.ts";
import { callTool, runTool } from "../../src/agent/tools/run-tool.ts";
import type { Fetch, ToolContext } from "../../src/agent/tools/tool.ts";
import { mcpServer } from "../core/mcp-server.ts";

/** What only workerd can tell: its URL parser, the converter in WebAssembly, its fetch, and MCP upon it. */

function context(fetch: Fetch): ToolContext {
  return {
    signal: new AbortController().signal,
    now: 0,
    session: "telegram:1",
    fetch,
    reminders: { add: () => ({ refused: "no" }), list: () => [], cancel: () => false },
    files: { send: async () => ({ ok: true }) },
    requestReset: () => true,
    settings: {},
  };
}

const HTML = `<!doctype html><html><head><title>Tea &amp; cake</title></head><body><nav><a href="/x">Menu</a></nav><main><h1>Tea</h1>
<p>${"Green <b>tea</b> is <a href='/good?utm_source=x'>good</a>. ".repeat(8)}</p><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>
<script>alert(1)</script></main><footer>Imprint</footer></body></html>`;

describe("in workerd", () => {
  it.each([
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://１２７.０.０.１/",
    "http://①②⑦.⓪.⓪.①/",
    "http://%31%32%37.0.0.1/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://[::ffff:127.0.0.1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[fe80::1%25eth0]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http:\\\\127.0.0.1\\",
    "http:///127.0.0.1",
    "http://example.com@127.0.0.1/",
    "http://0xA9.0xFE.0xA9.0xFE/",
  ])("an address in disguise is refused as in Node: %s", (address) => {
    expect(checkAddress(address)).toMatchObject({ ok: false });
  });

  it("a page becomes Markdown, its main part, with its title and whole links", async () => {
    const markdown = await toMarkdown(HTML, "https://example.com/a/b");
    expect(markdown).toContain("# Tea");
    expect(markdown).toMatch(/Tea (&|&amp;) cake/);
    expect(markdown).toContain("**tea**");
    expect(markdown).toContain("[good](https://example.com/good)");
    expect(markdown).toMatch(/\| ?a ?\| ?b ?\|/);
    expect(markdown).not.toMatch(/Menu|alert|Imprint/);
  });

  it("a page without a main part is taken whole", async () => {
    expect(await toMarkdown("<title>T</title><div>Just <i>words</i> here</div>", "https://example.com/")).toMatch(
      /Just [_*]words[_*] here/,
    );
  });

  it("a page that is made to take long does not", async () => {
    for (const bomb of [
      "<div>".repeat(100_000),
      "<".repeat(500_000),
      "<b>".repeat(200_000),
      "<table><tr><td>".repeat(30_000),
      "&".repeat(500_000),
      "[".repeat(500_000),
    ]) {
      expect(typeof (await toMarkdown(bomb, "https://example.com/"))).toBe("string");
    }
    expect(await toMarkdown(HTML, "https://example.com/")).toContain("# Tea");
  });

  it("fetch_page stops at a redirect to where it may not go", async () => {
    const fetch: Fetch = async () => new Response(null, { status: 302, headers: { location: "http://[::1]/" } });
    const result = await runTool(fetchPage({ allowHosts: [] }), { url: "https://example.com" }, context(fetch));
    expect(result).toMatchObject({ kind: "error", text: expect.stringContaining("not on the public internet") });
  });

  it.each([false, true])("an MCP server is listed, called and closed (as a stream: %s)", async (asStream) => {
    const inputSchema = { type: "object", properties: {} };
    const { answer } = mcpServer({
      tools: [{ name: "echo", inputSchema }],
      call: () => ({ result: { content: [{ type: "text", text: "tea" }] } }),
      asStream,
    });
    const fetch: Fetch = (url, init) => answer(new Request(url, init));
    const mcp = await connectMcp([{ name: "docs", url: "https://mcp.example.com/" }], {
      signal: new AbortController().signal,
      fetch,
    });
    expect(mcp.down).toEqual([]);
    expect(await callTool(mcp.tools, "docs_echo", "{}", context(fetch))).toMatchObject({
      kind: "text",
      text: expect.stringContaining("tea"),
    });
    await mcp.close();
  });
});
