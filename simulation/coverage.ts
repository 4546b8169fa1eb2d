import { COMMANDS } from "../src/core/commands.ts";
import type { Effect, Outcome } from "../src/core/effect.ts";
import type { Event } from "../src/core/event.ts";
import type { LogEvent } from "../src/log.ts";
import type { Inbound } from "../src/telegram/message.ts";
import type { Refusal } from "../src/telegram/outbound.ts";
import { CHECKS } from "./checks/all.ts";
import type { Check } from "./facts.ts";

/**
 * What must have occurred before a long simulation may call itself one: every kind of event, effect, update, command, tool,
 * line of the log, refusal and trouble, and every check must have had something to look at. The kinds are the source's
 * own: one that is added there fails compilation here, or is missed here.
 */
const EVENTS: Readonly<Record<Event["type"], true>> = {
  received: true,
  stopped: true,
  resetAsked: true,
  stepped: true,
  answered: true,
  failed: true,
  exhausted: true,
  asked: true,
  chosen: true,
  resetWhenDoneAsked: true,
  preferred: true,
  compacted: true,
  ticked: true,
  woken: true,
  poolChanged: true,
  leaseLost: true,
};

/** Those that storage tells of; `log` is in the log. */
const EFFECTS: Readonly<Record<Exclude<Effect["do"], "log" | "say">, true>> = {
  begin: true,
  cut: true,
  write: true,
  answer: true,
  leave: true,
  forget: true,
  compact: true,
};

const OUTCOMES: Readonly<Record<Outcome, true>> = {
  answered: true,
  stopped: true,
  reset: true,
  failed: true,
  timed_out: true,
  exhausted: true,
  recovered: true,
};

const INBOUND: Readonly<Record<Inbound["kind"], true>> = {
  message: true,
  edit: true,
  press: true,
  draft_stopped: true,
  membership: true,
  migrated: true,
};

const REFUSALS: Readonly<Record<Exclude<Refusal["kind"], "reply_gone" | "not_editable">, true>> = {
  flood: true,
  markup: true,
  too_long: true,
  not_modified: true,
  message_gone: true,
  thread_gone: true,
  chat_gone: true,
  migrated: true,
  unauthorized: true,
  query_expired: true,
  unsupported: true,
  unavailable: true,
  refused: true,
};

/** Lines of the log. The maintainers' page and tool servers are not simulated, the settings are right, and a run that was cut says nothing more. */
type Line = Exclude<LogEvent, `admin.${string}` | "config.invalid" | "mcp.unreachable" | "run.stale">;
const LINES: Readonly<Record<Line, true>> = {
  "update.accepted": true,
  "update.duplicate": true,
  "update.ignored": true,
  "update.refused": true,
  "update.dropped": true,
  "turn.queued": true,
  "run.started": true,
  "run.waiting": true,
  "run.finished": true,
  "run.failure": true,
  "session.reset": true,
  "alarm.fired": true,
  "credential.leased": true,
  "credential.cooling": true,
  "credential.disabled": true,
  "credential.ready": true,
  "pool.exhausted": true,
  "pool.unreachable": true,
  "delivery.retry": true,
  "delivery.failed": true,
  "delivery.sent": true,
  "internal.error": true,
};

const TOOLS = [
  "session_reset",
  "now",
  "fetch_page",
  "remember",
  "recall",
  "forget",
  "remind",
  "reminders",
  "cancel_reminder",
  "ask",
  "send_file",
  "load_skill",
  "no_such_tool",
];

const BUTTONS = ["stop", "ask", "model", "lift", "forget", "cancel"];

const WEBHOOK = [
  "200",
  "503",
  "401 forged",
  "400 forged",
  "413 forged",
  "200 not_for_us",
  "200 not_allowed",
  "200 other_bot_command",
  "200 other_bot_mention",
  "200 rate",
  "503 own_name_unknown",
  "200 channel_post",
  "200 poll",
];

const TROUBLE = [
  "alarms doubled",
  "calls between objects lost",
  "crashes",
  "deploys",
  "drafts",
  "floods",
  "groups moved",
  "rows made older",
  "outages: directory",
  "outages: person",
  "outages: pool",
  "outages: session",
  "pool crashes",
  "storage faults",
  "telegram answers lost",
  "updates repeated",
  "updates sent again",
  "zombies",
];

const ALL: readonly string[] = [
  ...Object.keys(EVENTS).map((name) => `event: ${name}`),
  ...Object.keys(EFFECTS).map((name) => `effect: ${name}`),
  ...Object.keys(OUTCOMES).map((name) => `turns ${name}`),
  ...Object.keys(INBOUND).map((name) => `inbound: ${name}`),
  ...Object.keys(REFUSALS).map((name) => `telegram refuses: ${name}`),
  ...Object.keys(LINES).map((name) => `log: ${name}`),
  ...COMMANDS.map(({ name }) => `command: ${name}`),
  ...TOOLS.map((name) => `tool: ${name}`),
  ...BUTTONS.map((name) => `button: ${name}`),
  ...WEBHOOK.map((name) => `webhook: ${name}`),
  ...TROUBLE,
  ...CHECKS.map(({ name }) => lookedAt(name)),
];

/** What should have occurred and has not. */
export function missing(totals: ReadonlyMap<string, number>): readonly string[] {
  return ALL.filter((name) => (totals.get(name) ?? 0) === 0);
}

export function lookedAt(check: Check["name"]): string {
  return `check ${check}`;
}
