import { Cron } from "croner";
import { isTimezone, wallClock, zonedTime } from "./wall-clock.ts";

/**
 * The rules of reminders: when one that was asked for comes, and when one that repeats comes again. Pure: the time is an
 * argument. Where they are stored, and what wakes the session, is the session object's business.
 */

/** A reminder as it is stored. */
export interface ReminderPlan {
  readonly text: string;
  /** Epoch milliseconds at which it comes next. */
  readonly nextAt: number;
  /** Five fields; absent: it comes once. */
  readonly cron?: string;
  /** IANA; the one in which `cron` is read. */
  readonly timezone?: string;
}

export interface Reminder extends ReminderPlan {
  readonly id: number;
}

/** What was asked for: exactly one of `in_seconds`, `at` and `cron`. */
export interface ReminderArguments {
  readonly text: string;
  readonly in_seconds?: number | undefined;
  readonly at?: string | undefined;
  readonly cron?: string | undefined;
  readonly timezone?: string | undefined;
}

export type Planned =
  | { readonly ok: true; readonly row: ReminderPlan }
  /** `expected` is a sentence that says what was wrong and what is taken. */
  | { readonly ok: false; readonly expected: string };

/** More in one session are refused aloud by whoever stores them. */
export const REMINDERS_PER_SESSION = 100;
export const REMINDER_TEXT_CHARS = 2000;
const DAY_MS = 24 * 3600 * 1000;
const FURTHEST_MS = 5 * 366 * DAY_MS;
/** A date without a time means the morning of that day. */
const MORNING_HOUR = 9;

/** `timezone`: the person's, used where the arguments name none; unknown: UTC. */
export function planReminder(given: ReminderArguments, now: number, timezone?: string): Planned {
  const text = given.text.trim();
  if (text === "") return no("text is empty; expected what to remind of.");
  if (text.length > REMINDER_TEXT_CHARS) return no(`text is longer than ${REMINDER_TEXT_CHARS} characters.`);
  const at = given.at?.trim() || undefined;
  const cron = given.cron?.trim() || undefined;
  const zone = given.timezone?.trim() || timezone || "UTC";
  if (!isTimezone(zone)) return no(`timezone is not known; expected an IANA name such as Europe/Berlin.`);
  // Some models fill in every field: 0 beside another time stands for none, as "" does.
  const inSeconds = given.in_seconds === 0 && (at ?? cron) !== undefined ? undefined : given.in_seconds;
  const ways = [inSeconds, at, cron].filter((way) => way !== undefined);
  if (ways.length !== 1) return no("expected exactly one of in_seconds, at and cron.");

  if (cron !== undefined) return planCron(text, cron, zone, now);
  const nextAt = at === undefined ? now + (inSeconds ?? 0) * 1000 : readTime(at, now, zone);
  if (nextAt === undefined) {
    return no(
      'at is not a time; expected "2026-12-01T09:00", with an offset or in the time zone, "18:30" or "tomorrow 9:00".',
    );
  }
  if (!Number.isFinite(nextAt) || nextAt < now + (at === undefined ? 1000 : 0)) {
    return no(
      at === undefined
        ? "in_seconds must be 1 or more."
        : `that time has passed; it is ${wallClock(now, zone)} in ${zone} now.`,
    );
  }
  if (nextAt > now + FURTHEST_MS) return no("that is more than 5 years away.");
  return { ok: true, row: { text, nextAt: Math.round(nextAt), timezone: zone } };
}

/** When a reminder that was due comes again; undefined: never. Strictly later than `after`. */
export function nextOccurrence(row: Pick<ReminderPlan, "cron" | "timezone">, after: number): number | undefined {
  if (row.cron === undefined) return undefined;
  try {
    const next = new Cron(row.cron, { timezone: row.timezone ?? "UTC", mode: "5-part" }).nextRun(new Date(after));
    return next?.getTime();
  } catch {
    return undefined;
  }
}

/** One line for a list: number, time in its time zone, whether it repeats, text. */
export function describeReminder(reminder: Reminder): string {
  const zone = reminder.timezone ?? "UTC";
  const again = reminder.cron === undefined ? "" : `, repeats (${reminder.cron})`;
  return `${reminder.id}: ${wallClock(reminder.nextAt, zone)} ${zone}${again}: ${reminder.text}`;
}

function no(expected: string): Planned {
  return { ok: false, expected };
}

/**
 * Five fields leave out seconds, so nothing repeats within a minute. Daylight saving as croner has it: a fixed time in
 * the missing hour comes right after it, and one in the repeated hour comes once.
 */
function planCron(text: string, cron: string, timezone: string, now: number): Planned {
  const isCron = /^@[a-z]+$/i.test(cron) || cron.split(/\s+/).length === 5;
  const nextAt = isCron ? nextOccurrence({ cron, timezone }, now) : undefined;
  if (nextAt === undefined) {
    return no(
      'cron is no schedule that ever comes; expected five fields such as "0 9 * * 1-5" (minute hour day month weekday).',
    );
  }
  return { ok: true, row: { text, nextAt, cron, timezone } };
}

const CLOCK = String.raw`(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?(?:\.\d+)?\s*([ap]m)?`;
const DATED = new RegExp(String.raw`^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[T\s]+|\s+at\s+)${CLOCK})?$`, "i");
const TIME_OF_DAY = new RegExp(String.raw`^(?:(today|tomorrow)(?:\s+at)?\s+|at\s+)?${CLOCK}$`, "i");
const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/i;

/** Epoch milliseconds; undefined: that is no time. A time of day alone is its next occurrence. */
function readTime(at: string, now: number, timezone: string): number | undefined {
  const spaced = at.replace(/^(\d{4}-\d{2}-\d{2})\s+(?=\d{2}:\d{2}\S*(Z|[+-]\d{2}:?\d{2})$)/i, "$1T");
  if (WITH_OFFSET.test(spaced)) {
    const instant = Date.parse(spaced.replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
    return Number.isNaN(instant) ? undefined : instant;
  }
  const dated = DATED.exec(at);
  if (dated) {
    const clock = dated[4] === undefined ? [MORNING_HOUR, 0, 0] : readClock(dated.slice(4));
    const [year = 0, month = 0, day = 0] = dated.slice(1, 4).map(Number);
    return clock && zonedTime([year, month, day, ...clock], timezone);
  }
  const daily = TIME_OF_DAY.exec(at);
  // "9" alone is more likely a slip than a time.
  if (!daily || (daily[3] === undefined && daily[5] === undefined)) return undefined;
  const clock = readClock(daily.slice(2));
  if (!clock) return undefined;
  const date = wallClock(now, timezone).slice(0, 10);
  const today = zonedTime([...date.split("-").map(Number), ...clock], timezone);
  const nextDate = new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10);
  const tomorrow = zonedTime([...nextDate.split("-").map(Number), ...clock], timezone);
  if (daily[1]?.toLowerCase() === "tomorrow") return tomorrow;
  if (daily[1]?.toLowerCase() === "today") return today;
  return today !== undefined && today > now ? today : tomorrow;
}

/** [hour, minute, second, am/pm] as matched, into numbers; undefined: there is no such time. */
function readClock(parts: readonly (string | undefined)[]): number[] | undefined {
  const [hour = 0, minute = 0, second = 0] = parts.slice(0, 3).map((part) => Number(part ?? 0));
  const half = parts[3]?.toLowerCase();
  if (half !== undefined && (hour < 1 || hour > 12)) return undefined;
  const hour24 = half === undefined ? hour : (hour % 12) + (half === "pm" ? 12 : 0);
  return hour24 < 24 && minute < 60 && second < 60 ? [hour24, minute, second] : undefined;
}
