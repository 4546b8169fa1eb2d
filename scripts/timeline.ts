import { clock, short, span } from "./story-words.ts";
import { clean, type Item, type LogFields } from "./tail-lines.ts";

/** The log as a timeline: a line an event, in columns, with a mark at what is slow, stale or wrong. Pure. */

export interface TimelineOptions {
  /** Only this session and its asides (/bg, /btw), by key. */
  readonly session?: string;
  /** When a line came that does not say when it was written. */
  readonly now: number;
  readonly paint: (style: "dim" | "yellow" | "red" | "bold", text: string) => string;
}

/** A run without a sign of life for so long is worth a look: half of what ends it by default would be too late. */
const IDLE_MARK_MS = 60_000;
/** Most turns take less. */
const SLOW_RUN_MS = 60_000;
const SLOW_DELIVERY_MS = 10_000;

const SESSION_CHARS = 24;
const EVENT_CHARS = 19;
const RUN_CHARS = 8;

/** Undefined: not of the session that was asked for. */
export function lineOf(item: Item, options: TimelineOptions): string | undefined {
  const { paint, session, now } = options;
  switch (item.kind) {
    case "other":
      return paint("dim", item.text);
    case "trouble":
      return `${paint("dim", timeOf(item.at ?? now))}  ${paint("red", `✗ ${item.text}`)}`;
    case "log": {
      const { fields } = item;
      if (session !== undefined && !belongs(fields, session)) return undefined;
      const mark = markOf(fields);
      const columns = [
        paint("dim", timeOf(item.at ?? now)),
        text(fields.session).padEnd(SESSION_CHARS),
        paint("bold", clean(fields.event).padEnd(EVENT_CHARS)),
        short(text(fields.run)).padEnd(RUN_CHARS),
        restOf(fields),
      ];
      const line = columns.join("  ").trimEnd();
      return mark
        ? `${line}  ${paint(mark.isWrong ? "red" : "yellow", `${mark.isWrong ? "✗" : "⚠"} ${mark.why}`)}`
        : line;
    }
    default:
      return item satisfies never;
  }
}

/** A chat's asides are named after it; a topic is a session of its own. */
function belongs(fields: LogFields, session: string): boolean {
  const key = text(fields.session);
  return key === session || key.startsWith(`${session}:bg:`) || key.startsWith(`${session}:btw:`);
}

interface Mark {
  readonly isWrong: boolean;
  readonly why: string;
}

function markOf(fields: LogFields): Mark | undefined {
  const { event } = fields;
  const ms = number(fields.ms);
  const idleMs = number(fields.idle_ms);
  switch (event) {
    case "run.stale":
      return slow("stale: this run is no longer the session's");
    case "delivery.retry":
      return slow(`waits ${span(number(fields.wait_ms))}`);
    case "delivery.sent":
      return ms >= SLOW_DELIVERY_MS ? slow(`slow: ${span(ms)} until Telegram had it`) : undefined;
    case "run.waiting":
      return slow(`waits for a ${text(fields.why) || "credential"}`);
    case "run.finished":
      if (WRONG_OUTCOMES.has(text(fields.outcome))) return wrong(text(fields.outcome));
      if (text(fields.outcome) === "recovered") return slow("the process had died");
      return ms >= SLOW_RUN_MS ? slow(`slow: ${span(ms)}`) : undefined;
    case "credential.cooling":
      return slow("a credential rests");
    case "run.failure":
    case "pool.exhausted":
    case "pool.unreachable":
    case "mcp.unreachable":
    case "update.refused":
    case "update.dropped":
      return slow(event.split(".")[1] ?? event);
    case "credential.disabled":
    case "delivery.failed":
    case "config.invalid":
    case "internal.error":
      return wrong(event.split(".")[1] ?? event);
    default:
      return idleMs >= IDLE_MARK_MS ? slow(`the run was idle for ${span(idleMs)}`) : undefined;
  }
}

const WRONG_OUTCOMES: ReadonlySet<string> = new Set(["failed", "timed_out", "exhausted"]);

function slow(why: string): Mark {
  return { isWrong: false, why };
}

function wrong(why: string): Mark {
  return { isWrong: true, why };
}

/** What is not in a column of its own, the telling ones first. */
function restOf(fields: LogFields): string {
  const { event: _event, session: _session, run: _run, ...rest } = fields;
  const rank = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return Object.entries(rest)
    .sort(([one], [other]) => rank(one) - rank(other))
    .map(([name, value]) => `${labelOf(name)}=${shown(name, value)}`)
    .join(" ");
}

const FIRST = [
  "outcome",
  "reason",
  "why",
  "mode",
  "kind",
  "update",
  "depth",
  "provider",
  "credential",
  "model",
  "epoch",
];

/** Durations are shown with their unit, so the name need not have it. */
function labelOf(name: string): string {
  return name === "ms" ? "took" : clean(name).replace(/_ms$/, "");
}

function shown(name: string, value: unknown): string {
  if (typeof value !== "number") return text(value) || JSON.stringify(value);
  if (/(^|_)ms$/.test(name)) return span(value).replace(" ", "");
  if (/^until|At$/.test(name) && value > 1e12 && value < 8e15) return clock(value);
  return String(value);
}

function timeOf(at: number): string {
  return new Date(Math.abs(at) < 8e15 ? at : 0).toISOString().slice(11, 23);
}

function text(value: unknown): string {
  return typeof value === "string" ? clean(value) : "";
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
