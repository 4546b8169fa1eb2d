/**
 * What the clock on a wall of some time zone shows, and back: epoch milliseconds to local time and local time to epoch
 * milliseconds, by the time zone database of the platform (Intl). Pure.
 */

export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** "2026-12-01 09:00" (seconds only where there are any). */
export function wallClock(at: number, timezone: string): string {
  const local = new Date(at + offsetMs(at, timezone)).toISOString();
  const seconds = local.slice(17, 19);
  return `${local.slice(0, 10)} ${local.slice(11, 16)}${seconds === "00" ? "" : `:${seconds}`}`;
}

/** "Tuesday". */
export function weekday(at: number, timezone: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: timezone, weekday: "long" }).format(at);
}

/**
 * [year, month, day, hour, minute, second] as a clock shows it. In the hour that is repeated the first one is meant; in
 * the hour that is missing, the time as far after the change as it would have been (as Temporal's "compatible").
 * undefined: there is no such day.
 */
export function zonedTime(local: readonly number[], timezone: string): number | undefined {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = local;
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const shown = Date.UTC(year, month - 1, day, hour, minute, second);
  const before = offsetMs(shown - DAY_MS, timezone);
  const after = offsetMs(shown + DAY_MS, timezone);
  const fits = [shown - before, shown - after].filter((at) => at + offsetMs(at, timezone) === shown);
  return fits.length > 0 ? Math.min(...fits) : shown - before;
}

const DAY_MS = 24 * 3600 * 1000;

/** How far the clocks there are ahead of UTC at that moment. */
function offsetMs(at: number, timezone: string): number {
  const second = Math.floor(at / 1000) * 1000;
  const parts = clockOf(timezone).formatToParts(second);
  const part = (type: string): number => Number(parts.find((candidate) => candidate.type === type)?.value ?? 0);
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return shown - second;
}

/** Making one takes a hundred times as long as using it. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timezone: string): Intl.DateTimeFormat {
  const known = clocks.get(timezone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  clocks.set(timezone, clock);
  return clock;
}
