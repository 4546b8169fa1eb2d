import { cutText } from "./tool.ts";

/**
 * The Worker that code of the model is loaded into: nothing but the code, and a main module that calls it, collects what
 * it prints, and answers with both as text. Code is a module of its own, since Workers make no code of strings; whether it
 * is an expression or the body of a function is what the two forms of that module are for.
 */

/** Printed text and returned text are cut to this each, inside the sandbox, so that no more is ever carried out of it. */
export const OUTPUT_CHARS = 16_000;

/** As in wrangler.toml; what is loaded takes no part in the Worker's own upgrade. */
export const COMPATIBILITY_DATE = "2026-10-30";

export type Form = "expression" | "body";

/** What Cloudflare's Worker Loader takes; its own binding fits. */
export interface SandboxCode {
  readonly compatibilityDate: string;
  readonly mainModule: string;
  readonly modules: Record<string, string>;
  readonly env: Record<string, never>;
  readonly globalOutbound: null;
  readonly limits: { readonly cpuMs: number; readonly subRequests: number };
}

/** No bindings, no settings, no network: there is nothing in it but time to compute. */
export function sandboxOf(code: string, form: Form, cpuMs: number): SandboxCode {
  // The code begins on the first line, so that the line of a syntax error is the model's own.
  const module =
    form === "expression" ? `export default async () => (${code}\n)` : `export default async () => {${code}\n}`;
  return {
    compatibilityDate: COMPATIBILITY_DATE,
    mainModule: "main.js",
    modules: { "main.js": MAIN, "code.js": module },
    env: {},
    globalOutbound: null,
    limits: { cpuMs, subRequests: 0 },
  };
}

/** An expression is worth its value; what begins like this cannot be one, or would be worth nothing. */
const STATEMENT =
  /^\s*(?:\/[/*]|(?:const|let|var|function|async\s+function|class|for|while|do|if|switch|try|throw|return)\b)/;

/** The forms to try, in order; the next one only where the code is not of this one. */
export function formsOf(code: string): readonly Form[] {
  return STATEMENT.test(code) ? ["body"] : ["expression", "body"];
}

/**
 * `console` is replaced before the code is imported: what it prints belongs to the model, and never into the Worker's log.
 * JSON knows neither Map nor Error nor BigInt, and throws at a circle, so values are prepared for it.
 */
const MAIN = `const most = ${OUTPUT_CHARS};
const { stringify } = JSON;
const { Response, Proxy, Error, Map, Set, String, Array, Object, ArrayBuffer } = globalThis;
let printed = "";
const show = (value) => {
  const shown = plain(value, []);
  return typeof shown === "string" ? shown : stringify(shown, undefined, 1);
};
const plain = (value, above) => {
  if (value instanceof Error) return value.name + ": " + value.message;
  if (typeof value === "bigint") return value + "n";
  if (typeof value === "function") return "[function " + value.name + "]";
  if (typeof value === "symbol" || typeof value === "undefined") return String(value);
  if (typeof value === "number") return stringify(value) === "null" ? String(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (above.includes(value)) return "[circular]";
  if (above.length > 20) return "[deep]";
  const inside = [...above, value];
  if (typeof value.toJSON === "function") return plain(value.toJSON(), inside);
  if (value instanceof Map) return plain(Object.fromEntries(value), inside);
  if (value instanceof Set || ArrayBuffer.isView(value)) return plain([...value], inside);
  if (Array.isArray(value)) return value.map((entry) => plain(entry, inside));
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, plain(entry, inside)]));
};
const cut = (text) => text.length > most ? text.slice(0, most) + "\\n[cut here: " + most + " of " + text.length + " characters]" : text;
const print = (...values) => {
  if (printed.length <= most) printed += (printed === "" ? "" : "\\n") + values.map(show).join(" ");
};
globalThis.console = new Proxy({}, { get: () => print });
addEventListener("unhandledrejection", (event) => event.preventDefault());
addEventListener("error", (event) => event.preventDefault());
export default {
  async fetch() {
    let outcome;
    try {
      const { default: run } = await import("./code.js");
      const value = await run();
      outcome = value === undefined ? {} : { returned: cut(show(value)) };
    } catch (error) {
      outcome = { threw: cut(show(error)) };
    }
    return new Response(stringify({ printed: cut(printed), ...outcome }));
  },
};
`;

/** A loop that nothing leaves, as it is most often written by mistake. What is cleverer ends by the limit on processor time. */
export function loopsForever(code: string): boolean {
  const head = /\bwhile\s*\(\s*(?:true|1|!0)\s*\)|\bfor\s*\(\s*;\s*;\s*\)/.exec(code);
  return head !== null && !/\b(?:break|return|throw|await|yield)\b/.test(code.slice(head.index));
}

/** What the platform says about code that it could not start, without its own way of speaking. */
export function startProblem(message: string): string | undefined {
  const match = /Failed to start Worker:\s*(?:Uncaught\s+)?(.+?)(?:\n\s*at code\.js:(\d+):\d+)?\s*$/s.exec(message);
  if (!match?.[1]) return undefined;
  return `${cutText(match[1].trim(), 500)}${match[2] ? ` (line ${match[2]})` : ""}`;
}
