import type { Effect } from "../src/core/effect.ts";
import type { Event } from "../src/core/event.ts";
import { type Input, newSession, nextAlarm, runOf, type Session } from "../src/core/session.ts";
import { step } from "../src/core/step.ts";
import type { Stepped } from "../src/core/stepped.ts";
import type { Journal, Row } from "./journal-file.ts";

/**
 * Lets this version decide again what a session's journal says was decided. `step` is pure, so with the value before, the
 * event, the time and the name of the run that began, it must come to the same value and the same effects. Words are not in
 * a journal and decide nothing; spaces stand for them.
 */

export type Rule = typeof step;

export interface Difference {
  readonly row: Row;
  readonly before: Session;
  /** Paths into the value ("turn.phase") or the effects ("effects.0"), what was stored and what is computed now. */
  readonly fields: readonly Field[];
}

export interface Field {
  readonly path: string;
  /** JSON; undefined where there is nothing. */
  readonly stored: string | undefined;
  readonly computed: string | undefined;
}

/** A promise of the core that a stored transition does not keep, whatever this version makes of it. */
export interface Broken {
  readonly row: Row;
  readonly complaint: string;
}

export interface Replayed {
  /** Events that were decided again, alike. */
  readonly alike: number;
  /** Rows without the row before them: what they were decided from is not known. */
  readonly unknown: number;
  /** Where this version first decides differently; nothing after it is looked at. */
  readonly difference: Difference | undefined;
  readonly broken: readonly Broken[];
}

export function replay(journal: Journal, rule: Rule = step): Replayed {
  const broken: Broken[] = [];
  let alike = 0;
  let unknown = 0;
  for (const [index, row] of journal.rows.entries()) {
    const before = valueBefore(journal.rows[index - 1], row);
    if (before === undefined) {
      unknown += 1;
      continue;
    }
    const complaint = brokenBy(before, row);
    if (complaint !== undefined) broken.push({ row, complaint });
    const difference = differenceAt(before, row, rule);
    if (difference !== undefined) return { alike, unknown, difference, broken };
    alike += 1;
  }
  return { alike, unknown, difference: undefined, broken };
}

/** What the event met: the value of the row before, under the settings of its own time, which a restart may have changed. */
function valueBefore(previous: Row | undefined, row: Row): Session | undefined {
  const { policy } = row.session;
  if (row.seq === 1) return newSession(policy);
  return previous !== undefined && previous.seq === row.seq - 1 ? { ...previous.session, policy } : undefined;
}

function differenceAt(before: Session, row: Row, rule: Rule): Difference | undefined {
  let stepped: Stepped;
  try {
    stepped = rule(before, eventOf(row), { now: row.at, newRun: newRunOf(before, row) });
  } catch (error) {
    const computed = `threw ${error instanceof Error ? error.name : "something"}`;
    return { row, before, fields: [{ path: "step", stored: "a value", computed }] };
  }
  const fields = compare(
    { ...row.session, effects: row.event.effects },
    { ...stepped.session, effects: stepped.effects.flatMap(nameOf) },
  );
  return fields.length === 0 ? undefined : { row, before, fields };
}

/** With words again, of the length that they had. */
function eventOf(row: Row): Event {
  const { effects: _effects, textChars, ...event } = row.event;
  const text = textChars === undefined ? {} : { text: " ".repeat(textChars) };
  return Object.assign(event, text, WITH_ENTRY.has(event.type) ? { entry: {} } : {});
}

const WITH_ENTRY: ReadonlySet<string> = new Set(["stepped", "answered", "chosen", "compacted"]);

/** The id that was drawn: the run's that began here. Where none began, none was needed. */
function newRunOf(before: Session, row: Row): string {
  const began = runOf(row.session)?.run;
  return began !== undefined && began !== runOf(before)?.run ? began : "a-run-that-never-began";
}

/** As the journal names effects (src/session/door.ts): lines of the log are not kept. */
function nameOf(effect: Effect): string[] {
  if (effect.do === "log") return [];
  return [effect.do === "say" ? `say:${effect.notice.key}` : effect.do];
}

function compare(stored: unknown, computed: unknown): Field[] {
  const one = flat(stored);
  const other = flat(computed);
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((path) => one.get(path) !== other.get(path))
    .map((path) => ({ path, stored: one.get(path), computed: other.get(path) }));
}

/** Every leaf by its path. JSON's rules: what is undefined is not there. */
function flat(value: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
  if (value === undefined) return into;
  if (typeof value !== "object" || value === null) return into.set(path, JSON.stringify(value));
  const entries = Object.entries(value);
  if (entries.length === 0) return into.set(path, Array.isArray(value) ? "[]" : "{}");
  for (const [name, inner] of entries) flat(inner, path === "" ? name : `${path}.${name}`, into);
  return into;
}

/** Promises that can be seen in one transition (the whole list is tested on the core itself, test/core/session). */
export function brokenBy(before: Session, { event, session, at }: Row): string | undefined {
  if (session.turn.phase === "idle" && session.queue.length > 0) return "the session is idle, and messages wait";
  if (session.turn.phase !== "idle" && nextAlarm(session, at) === undefined) {
    return `the session is ${session.turn.phase}, and nothing ends that`;
  }
  if (session.epoch < before.epoch) return "an earlier epoch came back";
  if (event.type === "resetAsked" && session.epoch === before.epoch)
    return "a reset was asked for, and no epoch opened";
  const kept = new Set(unsettled(session).map(({ update }) => update));
  const lost = [...unsettled(before), ...broughtBy(event)].filter(({ update }) => !kept.has(update));
  const isAloud = event.effects.some((name) => name === "answer" || name === "leave" || name.startsWith("say:"));
  if (lost.length > 0 && !isAloud) {
    return `message ${lost.map(({ messageId }) => messageId).join(", ")} is gone, and nobody was told`;
  }
  return undefined;
}

/** Messages that are accepted and neither answered nor said to be lost. */
export function unsettled({ turn, queue }: Session): readonly Input[] {
  const inTurn = turn.phase === "idle" ? [] : turn.inputs;
  const steers = turn.phase === "running" || turn.phase === "waiting" ? turn.steers : [];
  return [...inTurn, ...steers, ...queue.flat()];
}

/** The messages that an event brought to the session. */
export function broughtBy(event: Event): readonly Input[] {
  if (event.type === "received") return [event.input, ...(event.rest ?? [])];
  return event.type === "resetAsked" && event.first ? [event.first] : [];
}
