import { RefusedFiles } from "../agent/forms.ts";
import type { Effect, Notice } from "../core/effect.ts";
import type { Event } from "../core/event.ts";
import { type Input, nextAlarm, runOf, type Session } from "../core/session.ts";
import { step } from "../core/step.ts";
import type { LogEvent } from "../log.ts";
import type { Courier } from "./delivery.ts";
import type { LostLease } from "./leasing.ts";
import { noticeWords } from "./notices.ts";
import type { NewDelivery } from "./outbox.ts";
import { policyOf } from "./policy.ts";
import type { SessionPorts } from "./ports.ts";
import { Store, type TranscriptBody } from "./store.ts";
import { type Whereabouts, whereaboutsOf } from "./whereabouts.ts";

/**
 * The one door of a session. Every event, whoever brings it, goes through `pass`: the value is read, `step` decides, and
 * the new value, every row that must outlive the process and the alarm are committed in one transaction; only then is
 * done what need not outlive it. Nobody else writes the value, and nobody sets the alarm: it is derived, here, each time.
 */

/** What is kept of an unfinished answer: a row takes 2 MB, and a character may be four bytes. */
const MOST_LEFT_CHARS = 400_000;

/** What lives in memory of a run. It is cut by the door and by nothing else. */
export interface LiveRun {
  readonly run: string;
  cut(): void;
  /** The last token, tool event or finished step. */
  readonly progressAt: number;
  /** Fingerprint of the key that works on it. */
  readonly credential: string | undefined;
  /** What had come of the answer so far. */
  readonly text: string;
  /** How a person's message was put to the model; null: not at all; undefined: not yet. */
  rendered(update: number): unknown;
  /** Its next call is not made with this credential. */
  leaseLost(lost: LostLease): void;
  /** If it is about to wait for a credential, it need not. */
  poolChanged(): void;
}

/** Begins the run that the value names; the door calls it after the commit. */
export type Begin = (run: string, died: string | undefined) => LiveRun;

export interface Passed {
  readonly session: Session;
  readonly effects: readonly Effect[];
}

export class Door {
  readonly #ports: SessionPorts;
  readonly store: Store;
  readonly courier: Courier;
  readonly #begin: Begin;
  /** Told inside the transaction when a run ends without an answer: what it left open is closed. */
  readonly #onLeave: (door: Door) => void;
  #value: Session;
  #live: LiveRun | undefined;
  /** When the alarm is set to go off, as far as this process knows; undefined: not set, or not known. */
  #armedAt: number | undefined;
  #whereabouts: Whereabouts;
  readonly #dues: (() => number | undefined)[] = [];
  /** As long as this process knows. */
  readonly refusedFiles = new RefusedFiles();

  constructor(ports: SessionPorts, makeCourier: (door: Door) => Courier, begin: Begin, onLeave: (door: Door) => void) {
    this.#ports = ports;
    this.#onLeave = onLeave;
    this.#begin = begin;
    this.store = new Store(ports.sql, (what) =>
      ports.log("internal.error", { session: ports.key, where: "stored", what }),
    );
    this.#whereabouts = this.store.fact<Whereabouts>("whereabouts") ?? whereaboutsOf(ports.key);
    this.#value = this.store.load(policyOf(ports, this.#whereabouts.timezone), ports.now());
    this.courier = makeCourier(this);
    this.courier.recover();
  }

  get session(): Session {
    return this.#value;
  }

  get live(): LiveRun | undefined {
    return this.#live;
  }

  get whereabouts(): Whereabouts {
    return this.#whereabouts;
  }

  /** Further times at which the object must be woken (reminders, retention). They are asked each time the alarm is derived. */
  alsoDue(due: () => number | undefined): void {
    this.#dues.push(due);
  }

  /**
   * The value says that a run works and none lives in this memory: the process that had it is dead. Called before every
   * other event, so that no event meets a run that nobody carries on.
   */
  heal(): void {
    if (this.store.isLost) this.#ownUp();
    const { turn } = this.#value;
    if (turn.phase === "running" && this.#live?.run !== turn.run) this.pass({ type: "woken" });
  }

  /** What was under way cannot be read any more: that is said, and an idle value is written in its place. */
  #ownUp(): void {
    this.keep(() => {
      this.store.save(this.#value, { type: "woken" }, ["say:failed"], this.#ports.now());
      this.say({ content: this.#notice({ key: "failed", reason: "internal" }, undefined), attempting: true });
    });
  }

  /**
   * One event. `rows` writes what belongs to it and is no business of `step` (the inbox row, a command's answer); it is
   * part of the same transaction; `committed` is told before anything is done. Throws only where storage fails, and then nothing of the event has happened.
   */
  pass(event: Event, rows?: () => void, committed?: () => void): Passed {
    const { now, newId } = this.#ports;
    const at = now();
    const before = this.#value;
    const stepped = step(before, event, { now: at, newRun: this.#runName(newId()) });
    const changed = stepped.session !== before;
    const seq = this.store.seq;
    const whereabouts = this.#whereabouts;
    try {
      this.#ports.transactionSync(() => {
        rows?.();
        for (const effect of stepped.effects) this.#store(effect, before, stepped.session, event);
        if (changed) this.store.save(stepped.session, event, named(stepped.effects), at);
        this.#value = stepped.session;
        this.#arm(at);
      });
    } catch (error) {
      this.#value = before;
      this.#whereabouts = whereabouts;
      this.#armedAt = undefined;
      this.store.forgetCounters(seq);
      this.courier.forget();
      throw error;
    }
    committed?.();
    // Only after a crash, and in the same turn, does a run go on with what another had put on the screen.
    const isSameTurn = event.type === "woken" && (runOf(stepped.session)?.attempt ?? 1) > 1;
    const died = isSameTurn ? runOf(before)?.run : undefined;
    for (const effect of stepped.effects) this.#perform(effect, before, died);
    this.#deliver();
    return stepped;
  }

  /** Rows alone: something is to be kept or said that changes nothing of what the session is doing. */
  keep(rows: () => void, committed?: () => void): void {
    const value = this.#value;
    const whereabouts = this.#whereabouts;
    try {
      this.#ports.transactionSync(() => {
        rows();
        this.#arm(this.#ports.now());
      });
    } catch (error) {
      this.#value = value;
      this.#whereabouts = whereabouts;
      this.#armedAt = undefined;
      this.store.forgetCounters(this.store.seq);
      this.courier.forget();
      throw error;
    }
    committed?.();
    this.#deliver();
  }

  /** Says something of the bot's own; inside `rows`. */
  say(delivery: Omit<NewDelivery, "epoch" | "place"> & { readonly place?: NewDelivery["place"] }): number {
    const { replyTo, ...rest } = delivery;
    const place = delivery.place ?? this.place();
    return this.courier.put({ ...rest, ...this.reply(replyTo), epoch: this.#value.epoch, place });
  }

  /** The message to reply to, where there is one; in a chat that got another id the numbers of before are others'. */
  reply(messageId: number | undefined): { readonly replyTo?: number } {
    const hasMoved = this.#whereabouts.chatId !== whereaboutsOf(this.#ports.key).chatId;
    return messageId === undefined || messageId <= 0 || hasMoved ? {} : { replyTo: messageId };
  }

  place(): NewDelivery["place"] {
    const { chatId, threadId } = this.#whereabouts;
    return threadId === undefined ? { chatId } : { chatId, threadId };
  }

  /** Inside `rows`. Written only where something changed. */
  noteWhereabouts(next: Whereabouts): void {
    if (JSON.stringify(next) === JSON.stringify(this.#whereabouts)) return;
    // The hour of the daily reset is the person's.
    if (next.timezone !== this.#whereabouts.timezone)
      this.#value = { ...this.#value, policy: policyOf(this.#ports, next.timezone) };
    this.#whereabouts = next;
    this.store.setFact("whereabouts", next);
  }

  /** The alarm went off: whatever is due is done, and the next one is derived. */
  alarm(): void {
    this.#armedAt = undefined;
    this.heal();
    const progressAt = this.#live?.progressAt;
    this.pass(progressAt === undefined ? { type: "ticked" } : { type: "ticked", progressAt });
  }

  /** Derives the alarm anew; for those whose rows change outside of an event. */
  rearm(): void {
    this.#arm(this.#ports.now());
  }

  log(event: LogEvent, fields: Readonly<Record<string, string | number | boolean>> = {}): void {
    const epoch = fields.run === undefined || fields.epoch !== undefined ? {} : { epoch: this.#value.epoch };
    this.#ports.log(event, { session: this.#ports.key, ...epoch, ...fields });
  }

  // ---- rows of the transaction ----

  #store(effect: Effect, before: Session, after: Session, event: Event): void {
    switch (effect.do) {
      case "write":
        this.store.write(before.epoch, effect.run, {
          ...this.#asked(effect.inputs),
          ...(isBody(effect.entry) ? effect.entry : {}),
        });
        return;
      case "leave":
        this.#leave(effect, before, event);
        return;
      case "compact":
        this.store.setFact("compacted", { epoch: before.epoch, seq: effect.keepFrom, summary: effect.entry });
        return;
      case "answer": {
        const { replyTo } = effect;
        this.courier.put({
          content: { kind: "answer", markdown: effect.text },
          run: effect.run,
          epoch: before.epoch,
          place: this.place(),
          attempting: true,
          ...this.reply(replyTo?.messageId),
        });
        return;
      }
      case "say":
        this.courier.put({
          content: this.#notice(effect.notice, effect.replyTo),
          epoch: after.epoch,
          place: this.place(),
          silent: true,
          attempting: true,
          ...this.reply(effect.replyTo?.messageId),
        });
        return;
      case "forget":
        this.store.beginEpoch(after.epoch);
        return;
      case "begin":
      case "cut":
      case "log":
        return;
      default:
        effect satisfies never;
    }
  }

  /** A run that ends without an answer: what it was asked and what had come of the answer stay in the conversation. */
  #leave(effect: Extract<Effect, { do: "leave" }>, before: Session, event: Event): void {
    const live = this.#live?.run === effect.run ? this.#live : undefined;
    const came = (effect.text ?? live?.text ?? "").slice(0, MOST_LEFT_CHARS);
    // What it was asked may be there already, with steps that were taken: without a word of its end it would seem open.
    const hasSteps = (runOf(before)?.steps ?? 0) > 0;
    const asked = this.#asked(effect.inputs);
    if (effect.because !== "reset" && (asked.updates !== undefined || came !== "" || hasSteps)) {
      const note = came === "" ? "[no answer was given: the turn was ended]" : `${came}\n\n[the turn was ended here]`;
      this.store.write(before.epoch, effect.run, {
        ...asked,
        messages: [{ role: "assistant", content: note }],
        ended: event.type === "woken" ? "crashed" : effect.because,
      });
    }
    this.#onLeave(this);
    const completed = effect.shown === "completed" && came.trim() !== "";
    this.courier.put({
      content: completed ? { kind: "answer", markdown: came } : { kind: "freeze" },
      run: effect.run,
      epoch: before.epoch,
      place: this.place(),
      attempting: true,
      // Not the first of `effect.inputs`: what is fresh is nothing once a step is finished.
      ...this.reply(runOf(before)?.inputs[0]?.messageId),
    });
  }

  #asked(inputs: readonly Input[]): Pick<TranscriptBody, "at" | "updates" | "user"> {
    const at = this.#ports.now();
    // An order to the bot (/compact) is no part of the conversation: it is not there to be undone or asked again.
    const asked = inputs.filter((input) => this.#live?.rendered(input.update) !== null);
    if (asked.length === 0) return { at };
    return {
      at,
      updates: asked.map((input) => input.update),
      user: asked.map((input) => this.#live?.rendered(input.update) ?? { update: input.update }),
    };
  }

  #notice(notice: Notice, replyTo: Input | undefined): NewDelivery["content"] {
    const asker = replyTo ? this.store.message(replyTo.update)?.from : undefined;
    const owner = asker ? this.#ports.settings.owners.includes(asker.id) : false;
    return noticeWords(notice, {
      language: asker?.language ?? this.#whereabouts.language,
      timezone: this.#whereabouts.timezone,
      now: this.#ports.now(),
      owner,
    });
  }

  // ---- after the commit ----

  #perform(effect: Effect, before: Session, died: string | undefined): void {
    switch (effect.do) {
      case "begin":
        // What is still awake of a parked run is cut: one process at a time carries a run's name.
        this.#live?.cut();
        this.#live = this.#begin(effect.run, died);
        return;
      case "cut":
        if (this.#live?.run === effect.run) {
          this.#live.cut();
          this.#live = undefined;
        }
        return;
      case "log": {
        const epoch = runOf(before)?.run === effect.fields.run ? before.epoch : this.#value.epoch;
        this.log(effect.event, { epoch, ...effect.fields });
        return;
      }
      case "write":
      case "leave":
      case "answer":
      case "say":
      case "forget":
      case "compact":
        return;
      default:
        effect satisfies never;
    }
  }

  #deliver(): void {
    if (!this.courier.isEmpty) this.#ports.detach(this.courier.deliver());
  }

  /** The alarm is never later than the first thing that is due; an earlier one does no harm and is left. */
  #arm(now: number): void {
    const dues = [nextAlarm(this.#value, now), this.courier.nextAt(), ...this.#dues.map((due) => due())];
    const times = dues.filter((due) => due !== undefined);
    if (times.length === 0) {
      if (this.#armedAt !== undefined) this.#ports.deleteAlarm();
      this.#armedAt = undefined;
      return;
    }
    const dueAt = Math.min(...times);
    if (this.#armedAt !== undefined && this.#armedAt <= dueAt && this.#armedAt > now) return;
    this.#ports.setAlarm(Math.max(dueAt, now + 1));
    this.#armedAt = Math.max(dueAt, now + 1);
  }

  /** A run of an aside names its aside, so that its buttons find the way. */
  #runName(id: string): string {
    return asidePrefix(this.#ports.key) + id;
  }
}

/** "b<update>-" in a background session, "q<update>-" in a side question's, "" elsewhere. */
export function asidePrefix(key: string): string {
  const aside = /:(bg|btw):(\d+)$/.exec(key);
  return aside ? `${aside[1] === "bg" ? "b" : "q"}${aside[2]}-` : "";
}

function isBody(entry: unknown): entry is Partial<TranscriptBody> {
  return typeof entry === "object" && entry !== null;
}

function named(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) =>
    effect.do === "log" ? [] : [effect.do === "say" ? `say:${effect.notice.key}` : effect.do],
  );
}
