import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type CodeLoader, runJavascript } from "../../src/agent/tools/run-javascript.ts";
import { runTool } from "../../src/agent/tools/run-tool.ts";
import { COMPATIBILITY_DATE, loopsForever, type SandboxCode } from "../../src/agent/tools/sandbox.ts";
import type { ToolContext } from "../../src/agent/tools/tool.ts";
import { loading, stage } from "./tools-stage.ts";

/** What the tool hands over and what it makes of the answers; the sandbox itself is tested in workerd (test/worker). */

const syntax = (words: string): Error =>
  new Error(`Failed to start Worker:\nUncaught SyntaxError: ${words}\n  at code.js:2:9`);

async function run(code: string, loader: CodeLoader, context: ToolContext = stage().context): Promise<string> {
  const result = await runTool(runJavascript(loader), { code }, context);
  return result.kind === "ask" ? "ask" : `${result.kind}: ${result.text}`;
}

function answering(answer: unknown, seen: SandboxCode[] = []): CodeLoader {
  return loading((code) => {
    seen.push(code);
    return typeof answer === "string" ? answer : JSON.stringify(answer);
  });
}

describe("run_javascript", () => {
  it("loads code that has nothing: no binding, no network, no calls, and a limit", async () => {
    const seen: SandboxCode[] = [];
    expect(await run("1 + 1;", answering({ printed: "", returned: "2" }, seen))).toBe("text: 2");
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ env: {}, globalOutbound: null, limits: { cpuMs: 5000, subRequests: 0 } });
    expect(seen[0]?.modules["code.js"]).toBe("export default async () => (1 + 1\n)");
    expect(Object.keys(seen[0]?.modules ?? {})).toEqual(["main.js", "code.js"]);
  });

  it("is of the date of the Worker", () => {
    expect(readFileSync("wrangler.toml", "utf8")).toContain(`\ncompatibility_date = "${COMPATIBILITY_DATE}"`);
  });

  it.each([
    ["const a = 1; return a", ["body"]],
    ["// a sum\n1 + 1", ["body"]],
    ["for (const x of [1]) console.log(x)", ["body"]],
    ["constant", ["expression"]],
    ["x = 1; return x", ["expression", "body"]],
  ])("takes %j as what it is", async (code, forms) => {
    const seen: string[] = [];
    const loader = loading((given) => {
      const form = given.modules["code.js"]?.includes("=> (") ? "expression" : "body";
      seen.push(form);
      if (form === "expression" && code.includes(";")) throw syntax("Unexpected token ';'");
      return JSON.stringify({ printed: "", returned: "fine" });
    });
    expect(await run(code, loader)).toBe("text: fine");
    expect(seen).toEqual(forms);
  });

  it("says what was printed and what was returned, and that there was neither", async () => {
    expect(await run("x", answering({ printed: "a\nb" }))).toBe("text: Printed:\na\nb");
    expect(await run("x", answering({ printed: "a", returned: "b" }))).toBe("text: Printed:\na\nReturned:\nb");
    expect(await run("x", answering({ printed: "" }))).toMatch(/^text: .*use return, or console\.log/);
    expect(await run("x", answering({ printed: "a", threw: "TypeError: no" }))).toBe(
      "error: The code threw TypeError: no\nPrinted:\na",
    );
  });

  it("says why code did not run, with the line", async () => {
    const loader = loading(() => {
      throw syntax("Unexpected identifier 'is'");
    });
    expect(await run("this is no code", loader)).toBe(
      "error: The code could not be run: SyntaxError: Unexpected identifier 'is' (line 2)",
    );
  });

  it.each([
    [
      "The Workers runtime canceled this request because it detected that your Worker's code had hung",
      /something that never comes/,
    ],
    ["Worker exceeded CPU time limit.", /more than 5 s of computing/],
    ["Worker exceeded memory limit.", /: Worker exceeded memory limit/],
    ["out of luck", /: out of luck/],
  ])("says what ended it: %s", async (message, said) => {
    const loader = loading(() => Promise.reject(new Error(message)));
    expect(await run("x", loader)).toMatch(said);
  });

  it.each(["", "{}", "[1]", "x".repeat(10_000_000), '{"printed":5}'])("takes no answer but its own", async (answer) => {
    expect(await run("x", answering(answer))).toBe("error: The code ran, and what it answered cannot be read.");
  });

  it("is cut with its turn, and says so", async () => {
    const stop = new AbortController();
    const aborted = Promise.withResolvers<void>();
    const loader = loading((_code, signal) => {
      signal.addEventListener("abort", () => aborted.resolve());
      stop.abort();
      return new Promise(() => {});
    });
    expect(await run("x", loader, { ...stage().context, signal: stop.signal })).toBe("error: run_javascript was cut.");
    await aborted.promise;
  });

  it("does not run what is empty, too long, or a loop without an end", async () => {
    const loader = answering({ printed: "", returned: "ran" });
    expect(await run(" ;\n", loader)).toMatch(/^error: .*empty/);
    expect(await run("1".repeat(100_001), loader)).toMatch(/^error: .*longer than/);
    expect(await run("while (true) {}", loader)).toMatch(/^error: .*never ends/);
  });

  it.each([
    ["while(1) x++", true],
    ["for (;;) {}", true],
    ["do { x() } while (true)", true],
    ["while (true) { if (x()) break; }", false],
    ["for (;;) { await tick(); }", false],
    ["while (x) {}", false],
    ["const meanwhile = (true)", false],
  ])("knows the plainest endless loops: %s", (code, endless) => {
    expect(loopsForever(code)).toBe(endless);
  });
});
