import { de } from "./de.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";
import { pt } from "./pt.ts";
import { ru } from "./ru.ts";
import { uk } from "./uk.ts";
import { zh } from "./zh.ts";

/**
 * The words of the bot in the language of the person, English where one is missing. `language` is Telegram's
 * language_code ("pt-BR"); only its first part counts.
 */

export type WordKey = keyof typeof en;
export type Table = Readonly<Record<WordKey, string>>;
export type WordParams = Readonly<Record<string, string | number>>;

/** By the first part of Telegram's language_code. */
export const TABLES: Readonly<Record<string, Table>> = { en, de, es, ru, uk, pt, zh };

export const LANGUAGES: readonly string[] = Object.keys(TABLES);

export function words(language: string | undefined, key: WordKey, params: WordParams = {}): string {
  const table = tableFor(language);
  return table[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** A key that was put together at run time; `fallback` where the table has none such. */
export function wordKey(text: string, fallback: WordKey): WordKey {
  return isWordKey(text) ? text : fallback;
}

function isWordKey(text: string): text is WordKey {
  return Object.hasOwn(en, text);
}

function tableFor(language: string | undefined): Table {
  return TABLES[tableCode(language)] ?? en;
}

function tableCode(language: string | undefined): string {
  const code = language?.toLowerCase().split(/[-_]/)[0] ?? "en";
  return Object.hasOwn(TABLES, code) ? code : "en";
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** "in 40 s", "in 5 min (at 14:32 UTC)", "at 2 Dec, 09:00 UTC": when something will be, seen from `now`. */
export function untilWords(language: string | undefined, at: number, now: number, timezone = "UTC"): string {
  const left = Math.max(0, at - now);
  if (left < 2 * MINUTE_MS) return words(language, "until_seconds", { seconds: Math.ceil(left / 1000) });
  const time = clockWords(language, at, timezone, left > 20 * HOUR_MS);
  if (left < 2 * HOUR_MS) return words(language, "until_minutes", { minutes: Math.ceil(left / MINUTE_MS), time });
  return words(language, "until_hours", { time });
}

export function clockWords(language: string | undefined, at: number, timezone: string, withDate: boolean): string {
  try {
    // In the language of the sentence it stands in: "8:30" in Persian digits would not belong into an English one.
    return new Intl.DateTimeFormat(tableCode(language), {
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZoneName: "short",
      timeZone: timezone,
      ...(withDate ? { day: "numeric", month: "short" } : {}),
    }).format(at);
  } catch {
    return new Date(at).toISOString().slice(0, 16).replace("T", " ").concat(" UTC");
  }
}
