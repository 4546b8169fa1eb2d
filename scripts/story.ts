import { type Input, nextAlarm, runOf, type Session } from "../src/core/session.ts";
import type { Journal, KeptEvent, Row } from "./journal-file.ts";
import { broughtBy } from "./replaying.ts";
import { clock, describeRun, endOf, refusalOf, said, short, span, stamp, whoEnds } from "./story-words.ts";

/**
 * Tells what became of one message, in sentences, from the journal of its session alone. It says nothing that the journal
 * does not hold: where that begins too late, or knows no such message, that is what it says.
 */

/** Which message: the last one, the one with this number (of the message or its update), or the last one by a time. */
export type Wanted =
  | { readonly by: "last" }
  | { readonly by: "number"; readonly number: number }
  | { readonly by: "time"; readonly at: number };

export interface Story {
  readonly found: boolean;
  readonly lines: readonly string[];
}

export interface Outbox {
  readonly count: number;
  readonly oldestAt: number | null;
  /** The last delivery that was given up; undefined: not known. */
  readonly lost?:
    | { readonly at: number; readonly kind: string; readonly reason: string; readonly run: string | null }
    | null
    | undefined;
}

/** `outbox`: what the session still has to deliver, where that is known. */
export function tell(journal: Journal, wanted: Wanted, now: number, outbox?: Outbox): Story {
  const { rows } = journal;
  const [first] = rows;
  const last = rows.at(-1);
  if (!first || !last)
    return { found: false, lines: [`${journal.key} has no journal: nothing has happened in it yet.`] };
  const message = find(rows, wanted);
  if (!message) return { found: false, lines: notFound(rows, wanted, now) };
  const teller = new Teller(message);
  for (const [index, row] of rows.entries()) teller.hear(rows[index - 1]?.session, row);
  const lost = outbox?.lost && outbox.lost.at >= message.acceptedAt ? [lossOf(outbox.lost)] : [];
  const end = ending(teller, last.session, now, outbox, lost.length > 0);
  return { found: true, lines: [...teller.lines, ...lost, ...end] };
}

/** Where a message is, by a session's value. */
type Place =
  | { readonly at: "nowhere" }
  | { readonly at: "gathered"; readonly untilAt: number }
  | { readonly at: "queue"; readonly ahead: number }
  | { readonly at: "steers"; readonly run: string }
  | { readonly at: "run"; readonly run: string };

function placeOf(session: Session | undefined, { update }: Input): Place {
  if (!session) return { at: "nowhere" };
  const has = (inputs: readonly Input[]): boolean => inputs.some((input) => input.update === update);
  const { turn, queue } = session;
  if (turn.phase === "gathering" && has(turn.inputs)) return { at: "gathered", untilAt: turn.untilAt };
  if (turn.phase === "running" || turn.phase === "waiting") {
    if (has(turn.inputs)) return { at: "run", run: turn.run };
    if (has(turn.steers)) return { at: "steers", run: turn.run };
  }
  const ahead = queue.findIndex(has);
  return ahead < 0 ? { at: "nowhere" } : { at: "queue", ahead };
}

class Teller {
  readonly lines: string[] = [];
  readonly #message: Input;
  #place: Place = { at: "nowhere" };
  #isBegun = false;
  #isOver = false;
  #credential: string | undefined;

  constructor(message: Input) {
    this.#message = message;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  hear(before: Session | undefined, row: Row): void {
    const place = placeOf(row.session, this.#message);
    if (!this.#isBegun) this.#begin(before, row, place);
    else if (!this.#isOver) this.#goOn(before ?? row.session, row, place);
    this.#place = place;
  }

  #say(at: number, sentence: string): void {
    this.lines.push(`${clock(at)}  ${sentence}`);
  }

  #begin(before: Session | undefined, row: Row, place: Place): void {
    const { messageId, update, from, acceptedAt } = this.#message;
    const isBrought = broughtBy(row.event).some((input) => input.update === update);
    if (!isBrought && place.at === "nowhere") return;
    this.#isBegun = true;
    const number = messageId > 0 ? `Message ${messageId}` : "A message of a command";
    this.#say(acceptedAt, `${number} (update ${update}) of user ${from} was accepted in epoch ${row.session.epoch}.`);
    if (!isBrought) this.#say(row.at, "What came first the journal no longer holds; it begins here.");
    if (row.event.type === "resetAsked") this.#say(row.at, "It came with a reset: a new conversation begins with it.");
    this.#arrived(before, row, place);
  }

  #arrived(before: Session | undefined, row: Row, place: Place): void {
    const run = before && runOf(before);
    switch (place.at) {
      case "nowhere":
        this.#isOver = true;
        return this.#say(row.at, refusalOf(row));
      case "gathered":
        return this.#say(row.at, `More of it might follow, so it was held back until ${clock(place.untilAt)}.`);
      case "queue":
        if (!run) return this.#say(row.at, `It was queued: ${place.ahead} ahead of it.`);
        return this.#say(
          row.at,
          `It was queued behind run ${short(run.run)}, ${describeRun(run, row.at)}; ${place.ahead} more ahead of it.`,
        );
      case "steers":
        return this.#say(
          row.at,
          `It was handed to run ${short(place.run)}, which was on, to read before its next model call.`,
        );
      case "run":
        if (run && run.run !== place.run)
          this.#say(row.at, `It interrupted run ${short(run.run)}, ${describeRun(run, row.at)}.`);
        return this.#started(row, "at once");
      default:
        return place satisfies never;
    }
  }

  #started(row: Row, when: string): void {
    const run = runOf(row.session);
    if (!run) return;
    const together = run.inputs.length > 1 ? `, with ${run.inputs.length - 1} more` : "";
    const lease = row.session.lease;
    this.#say(row.at, `Run ${short(run.run)} began to answer it ${when}${together} (attempt ${run.attempt}).`);
    if (lease) this.#holds(row.at, lease.credential, `${lease.provider}/${lease.model}`);
  }

  #goOn(before: Session, row: Row, place: Place): void {
    const was = this.#place;
    if (was.at === "run" && place.at === "run" && was.run === place.run) return this.#inRun(before, row);
    if (was.at === place.at && (was.at === "queue" || was.at === "gathered" || was.at === "steers")) return;
    switch (place.at) {
      case "run": {
        if (was.at === "run") return this.#recovered(row, was.run, place.run);
        if (was.at === "steers" && was.run === place.run)
          return this.#say(row.at, `Run ${short(place.run)} took it in.`);
        const old = runOf(before);
        if (old) this.#say(row.at, `Run ${short(old.run)} ${endOf(row)}.`);
        return this.#started(row, `after ${span(row.at - this.#message.acceptedAt)}`);
      }
      case "queue":
        return this.#say(
          row.at,
          `Run ${short(runOf(before)?.run ?? "?")} ended before it could read the message, which is to be asked on its own.`,
        );
      case "nowhere":
        return this.#ended(before, row, was);
      case "steers":
      case "gathered":
        return;
      default:
        return place satisfies never;
    }
  }

  #recovered(row: Row, old: string, run: string): void {
    const { attempt } = runOf(row.session) ?? { attempt: 0 };
    this.#say(
      row.at,
      `The process that carried run ${short(old)} had died; it goes on as run ${short(run)} (attempt ${attempt}).`,
    );
  }

  #inRun(before: Session, row: Row): void {
    const { event, at } = row;
    if ("lease" in event) this.#news(at, event);
    switch (event.type) {
      case "stepped":
        return this.#say(at, `Step ${event.steps} was finished (${event.tokens} tokens so far).`);
      case "exhausted": {
        const turn = row.session.turn;
        const until = turn.phase === "waiting" ? `, which is expected at ${clock(turn.untilAt)}` : "";
        return this.#say(at, `No credential was ready for any model: the run waits for one${until}.${said(row)}`);
      }
      case "asked":
        return this.#say(at, `The run put a question to the person, which stands until ${clock(event.untilAt)}.`);
      case "chosen":
        return this.#say(at, "The person chose, and the run went on.");
      case "poolChanged":
        return this.#say(at, "A credential was made ready by hand, and the run went on.");
      case "resetWhenDoneAsked":
        return this.#say(at, "The model asked for a new conversation once this run is over.");
      case "compacted":
        return this.#say(at, "The conversation was shortened to make room.");
      case "ticked":
        if (before.turn.phase === "waiting")
          this.#say(at, `The wait for a ${before.turn.why} was over, and the run went on.${said(row)}`);
        return;
      case "received":
        return this.#say(at, `Message ${event.input.messageId} arrived meanwhile.${said(row)}`);
      default:
        return;
    }
  }

  #news(at: number, { lease }: Extract<KeptEvent, { readonly lease?: unknown }>): void {
    if (lease === null && this.#credential !== undefined) {
      this.#say(at, `Credential ${this.#credential} was given up.`);
      this.#credential = undefined;
    } else if (lease) this.#holds(at, lease.credential, `${lease.provider}/${lease.model}`);
  }

  #holds(at: number, credential: string, model: string): void {
    if (credential === this.#credential) return;
    this.#credential = credential;
    this.#say(at, `It works with credential ${credential} on ${model}.`);
  }

  #ended(before: Session, row: Row, was: Place): void {
    this.#isOver = true;
    if ("lease" in row.event) this.#news(row.at, row.event);
    const run = runOf(before);
    if (was.at !== "run" || !run) {
      this.#say(row.at, `It was dropped from the queue by ${whoEnds(row.event)}.${said(row)}`);
      return;
    }
    this.#say(
      row.at,
      `Run ${short(run.run)} ${endOf(row)}, ${span(row.at - this.#message.acceptedAt)} after the message was accepted.${said(row)}`,
    );
  }
}

function lossOf({ at, kind, reason, run }: NonNullable<Outbox["lost"]>): string {
  const of = run === null ? "" : ` of run ${short(run)}`;
  const why = REFUSALS[reason] ?? reason;
  return `${clock(at)}  The chat never got to see the ${kind}${of}: it was given up, because ${why}.`;
}

/** Names of refusals that need words (telegram/outbound.ts). */
const REFUSALS: Readonly<Record<string, string>> = {
  chat_gone: "the bot may not write there any more (chat_gone: it was blocked, or taken out)",
  thread_gone: "its topic is gone (thread_gone)",
  expired: "Telegram did not take it for a whole day (expired)",
};

function settledOf({ lost }: Outbox, isLost: boolean): string {
  if (isLost) return "Nothing else waits to be delivered.";
  const all = "Nothing waits to be delivered: Telegram took all that was said";
  // A Worker of before does not say what it gave up.
  return lost === undefined ? `${all}, or refused it for good (delivery.failed in the log).` : `${all}.`;
}

function ending(teller: Teller, session: Session, now: number, outbox: Outbox | undefined, isLost: boolean): string[] {
  const lines: string[] = [];
  if (!teller.isOver) {
    const alarm = nextAlarm(session, now);
    const next = alarm === undefined ? "" : `; it is looked at again at ${clock(alarm)} at the latest`;
    lines.push(`${clock(now)}  It is not over: the session is ${session.turn.phase}${next}.`);
  }
  if (outbox && outbox.count > 0) {
    const since = outbox.oldestAt === null ? "" : `, the oldest since ${clock(outbox.oldestAt)}`;
    lines.push(`${clock(now)}  Telegram has not taken everything: ${outbox.count} wait to be delivered${since}.`);
  } else if (outbox && teller.isOver) lines.push(`${clock(now)}  ${settledOf(outbox, isLost)}`);
  return lines;
}

/** Every message that the journal knows, oldest first. */
function messagesIn(rows: readonly Row[]): Input[] {
  const known = new Map<number, Input>();
  for (const { event, session } of rows) {
    const { turn, queue } = session;
    const run = runOf(session);
    const gathered = turn.phase === "gathering" ? turn.inputs : [];
    for (const input of [
      ...broughtBy(event),
      ...gathered,
      ...(run?.inputs ?? []),
      ...(run?.steers ?? []),
      ...queue.flat(),
    ]) {
      known.set(input.update, input);
    }
  }
  return [...known.values()].sort((one, other) => one.acceptedAt - other.acceptedAt);
}

function find(rows: readonly Row[], wanted: Wanted): Input | undefined {
  const messages = messagesIn(rows);
  switch (wanted.by) {
    case "last":
      return messages.at(-1);
    case "number":
      return messages.find(({ update, messageId }) => update === wanted.number || messageId === wanted.number);
    case "time":
      return messages.findLast(({ acceptedAt }) => acceptedAt <= wanted.at);
    default:
      return wanted satisfies never;
  }
}

function notFound(rows: readonly Row[], wanted: Wanted, now: number): string[] {
  const what =
    wanted.by === "last"
      ? "no message"
      : wanted.by === "number"
        ? `no message ${wanted.number}`
        : `no message up to ${clock(wanted.at)}`;
  const from = rows[0]?.at ?? now;
  return [
    `The journal, which goes back to ${stamp(from)}, knows ${what}.`,
    "Either it is older than that, or it never reached the session: look for update.ignored, update.refused or update.duplicate in the log (npm run tail).",
  ];
}
