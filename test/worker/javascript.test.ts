import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type CodeLoader, runJavascript } from "../../src/agent/tools/run-javascript.ts";
import { runTool } from "../../src/agent/tools/run-tool.ts";
import type { ToolContext } from "../../src/agent/tools/tool.ts";

/** What only workerd can tell: that it loads the sandbox, and that the sandbox is one. */

const context: ToolContext = {
  signal: new AbortController().signal,
  now: 0,
  session: "telegram:1",
  fetch: () => Promise.reject(new Error("no")),
  reminders: { add: () => ({ refused: "no" }), list: () => [], cancel: () => false },
  files: { send: async () => ({ ok: true }) },
  requestReset: () => true,
  settings: {},
};

async function run(code: string, signal = context.signal): Promise<string> {
  const loader = env.LOADER;
  if (!loader) throw new Error("the Worker Loader is not bound in this test");
  const result = await runTool(runJavascript(loader satisfies CodeLoader), { code }, { ...context, signal });
  return result.kind === "ask" ? "ask" : `${result.kind}: ${result.text}`;
}

describe("code in the sandbox", () => {
  it.each([
    ["1 + 1", "2"],
    ["[3, 1, 2].sort()", "[\n 1,\n 2,\n 3\n]"],
    [
      "({ a: 1n, b: new Map([['x', undefined]]), c: NaN })",
      '{\n "a": "1n",\n "b": {\n  "x": "undefined"\n },\n "c": "NaN"\n}',
    ],
    ["const a = { name: 'tea' }; a.self = a; return a", '{\n "name": "tea",\n "self": "[circular]"\n}'],
    ["new Promise((done) => setTimeout(done, 5, 'late'))", "late"],
    ["const x = await 20; return x * 2 // twice", "40"],
    ["null", "null"],
    ["new Date(0)", "1970-01-01T00:00:00.000Z"],
    ["'ü'.repeat(3)", "üüü"],
  ])("%s is %s", async (code, value) => {
    expect(await run(code)).toBe(`text: ${value}`);
  });

  it("prints for the model, and not into the log", async () => {
    expect(await run("console.log('a', 1, { b: 2 }); console.error('c'); return 'd'")).toBe(
      'text: Printed:\na 1 {\n "b": 2\n}\nc\nReturned:\nd',
    );
  });

  it("says what it threw, at once or later, and what it had printed", async () => {
    expect(await run("console.log('so far'); null.x")).toMatch(
      /^error: The code threw TypeError: .*null.*\nPrinted:\nso far$/s,
    );
    expect(await run("Promise.reject(new RangeError('too far'))")).toBe("error: The code threw RangeError: too far");
    expect(await run("throw 'words'")).toBe("error: The code threw words");
    expect(await run("this is no code")).toMatch(/^error: The code could not be run: SyntaxError: .*\(line 1\)$/);
  });

  it("reaches nothing: no network, no settings, no other object", async () => {
    expect(await run("fetch('https://example.com/')")).toMatch(/^error: The code threw .*not permitted/);
    expect(await run("import('cloudflare:workers').then(({ env }) => Object.keys(env))")).toBe("text: []");
    expect(await run("typeof process === 'undefined' ? 0 : Object.keys(process.env).length")).toBe("text: 0");
    const { connect } = { connect: "import('cloudflare:sockets').then(({ connect }) => connect('1.1.1.1:53').opened)" };
    expect(await run(connect)).toMatch(/^error: The code threw /);
  });

  it("cuts a megabyte down, returned or printed", async () => {
    const returned = await run("'x'.repeat(1e6)");
    expect(returned).toMatch(/\[cut here: 16000 of 1000000 characters\]$/);
    expect(returned.length).toBeLessThan(16_100);
    const printed = await run("for (let n = 0; n < 1e5; n++) console.log('line', n)");
    expect(printed).toMatch(/^text: Printed:\nline 0\nline 1\n/);
    expect(printed.length).toBeLessThan(16_200);
  });

  it("is cut by the signal of its turn", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    expect(await run("new Promise((done) => setTimeout(done, 60_000))", stop.signal)).toBe(
      "error: run_javascript was cut.",
    );
  });

  it("may break its own walls and finds nothing behind them", async () => {
    expect(await run("0) ; globalThis.Response = null; export const x = (1")).toMatch(/^(text|error): /);
    expect(await run("JSON.stringify = () => 'x'; Object.entries = null; return { a: 1 }")).toMatch(/^(text|error): /);
    expect(await run("eval('1')")).toMatch(/^error: The code threw EvalError/);
  });
});
