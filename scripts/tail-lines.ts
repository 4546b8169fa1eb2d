import { stripVTControlCharacters } from "node:util";
import { z } from "zod";

/**
 * Reads what `wrangler tail --format json` prints (JSON values one after the other, over many lines or one) and what
 * `wrangler dev` does (our log lines among its own). What is neither is passed on as it is, cleaned of control characters:
 * a broken line must neither be lost nor end the tail.
 */

export type Item =
  /** A line of our log (contract.md, "The log"). `at`: epoch milliseconds, where wrangler told. */
  | { readonly kind: "log"; readonly at: number | undefined; readonly fields: LogFields }
  /** An invocation that ended badly, or what it threw. */
  | { readonly kind: "trouble"; readonly at: number | undefined; readonly text: string }
  | { readonly kind: "other"; readonly text: string };

export type LogFields = Readonly<Record<string, unknown>> & { readonly event: string };

/** A value that is not whole by then is none: its lines are passed on. */
const MOST_LINES_OF_A_VALUE = 5000;
const MOST_CHARS_OF_A_LINE = 4000;

const logSchema = z.looseObject({ event: z.string().regex(/^[a-z]+\.[a-z_]+$/) });
const tailSchema = z.looseObject({
  outcome: z.string(),
  eventTimestamp: z.number().nullish(),
  exceptions: z
    .array(
      z.looseObject({ name: z.string().catch(""), message: z.string().catch(""), timestamp: z.number().nullish() }),
    )
    .catch([]),
  logs: z.array(z.looseObject({ message: z.array(z.unknown()).catch([]), timestamp: z.number().nullish() })),
});

export class TailReader {
  #pending: string[] = [];

  /** One line without its end. */
  push(written: string): Item[] {
    const line = written.replace(/\r$/, "");
    if (this.#pending.length > 0) return this.#goOn(line);
    const value = parsed(line);
    if (value !== undefined) return itemsOf(value, line);
    // wrangler prints a value over several lines, its braces at the margin.
    if (line === "{") {
      this.#pending = [line];
      return [];
    }
    const start = line.indexOf('{"event":');
    const behind = start > 0 ? parsed(line.slice(start)) : undefined;
    return behind === undefined ? other(line) : itemsOf(behind, line);
  }

  /** What was begun and never ended. */
  end(): Item[] {
    const lines = this.#pending;
    this.#pending = [];
    return lines.flatMap(other);
  }

  #goOn(line: string): Item[] {
    if (line === "{") return [...this.end(), ...this.push(line)];
    this.#pending.push(line);
    if (line === "}") {
      const text = this.#pending.join("\n");
      const value = parsed(text);
      if (value === undefined) return this.end();
      this.#pending = [];
      return itemsOf(value, text);
    }
    return this.#pending.length > MOST_LINES_OF_A_VALUE ? this.end() : [];
  }
}

function itemsOf(value: unknown, line: string): Item[] {
  const own = logSchema.safeParse(value);
  if (own.success) return [{ kind: "log", at: undefined, fields: own.data }];
  const tail = tailSchema.safeParse(value);
  if (!tail.success) return line.split("\n").flatMap(other);
  const { outcome, eventTimestamp, exceptions, logs } = tail.data;
  const items = logs.flatMap(({ message, timestamp }): Item[] => {
    const at = timestamp ?? eventTimestamp ?? undefined;
    const [first] = message;
    const log = logSchema.safeParse(typeof first === "string" ? parsed(first) : first);
    if (log.success) return [{ kind: "log", at, fields: log.data }];
    return other(message.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" "));
  });
  const trouble = [
    ...exceptions.map(({ name, message, timestamp }) => ({ at: timestamp, text: clean(`threw ${name}: ${message}`) })),
    ...(ENDED_WELL.has(outcome) ? [] : [{ at: eventTimestamp, text: clean(`the invocation ended: ${outcome}`) }]),
  ];
  return [...items, ...trouble.map(({ at, text }): Item => ({ kind: "trouble", at: at ?? undefined, text }))];
}

/** "canceled": whoever asked went away, such as a page that was closed. */
const ENDED_WELL: ReadonlySet<string> = new Set(["ok", "canceled", "responseStreamDisconnected"]);

function other(line: string): Item[] {
  const text = clean(line);
  return text.trim() === "" ? [] : [{ kind: "other", text }];
}

/** Nothing that a terminal would obey. */
export function clean(text: string): string {
  const shown = stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}]/gu, (mark) => (mark === "\t" ? " " : ""));
  return shown.length > MOST_CHARS_OF_A_LINE ? `${shown.slice(0, MOST_CHARS_OF_A_LINE)}…` : shown;
}

function parsed(text: string): unknown {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
