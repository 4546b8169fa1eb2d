import type { Log } from "../log.ts";
import type { Place } from "../telegram/message.ts";
import { type Call, type CallResult, describeRefusal, type Refusal } from "../telegram/outbound.ts";
import { Pace } from "../telegram/pace.ts";
import type { Address } from "../telegram/post.ts";
import type { Cancel, Growing, GrowthMode } from "../telegram/stream.ts";
import { type Delivery, type NewDelivery, Outbox, type Sql } from "./outbox.ts";
import { FAULT_PAUSE_MS, GIVE_UP_AFTER_MS, pauseMs, THREAD_RETRY_MS, WATCH_EVERY_MS } from "./pauses.ts";
import { Screen } from "./screen.ts";
import { Shipment, type Step, type Words } from "./shipment.ts";
import { isPassing, isStubborn, letsOthersPass } from "./stubborn.ts";

/**
 * The courier of a session: it carries what lies in the outbox to the chat, one row after the other, until Telegram has
 * given a message id for each. It waits by the rows' times, which the object's alarm follows; it holds nothing that a
 * crash may not take, except the doubt whether the call that was on had been accepted, and that is in the row.
 */
export interface CourierPorts {
  readonly sql: Sql;
  readonly now: () => number;
  readonly call: Call;
  readonly log: Log;
  /** The session's key, for the log. */
  readonly session: string;
  readonly after: (ms: number, act: () => void) => Cancel;
  readonly form: "rich" | "entities";
  readonly place: () => Place;
  /** `unreadable` stands in for a row that cannot be read any more. */
  readonly words: Words & { readonly unreadable: () => string };
  /** Rows or their times have changed: the alarm is to be derived anew. */
  readonly onChange: () => void;
  /** Nothing may be written to this chat any more; its rows are gone. */
  readonly onChatGone: () => void;
  readonly onThreadGone: () => void;
  readonly onMigrated: (toChatId: number) => void;
  /** Called in the same turn of the event loop as the row's deletion. */
  readonly onDelivered?: (delivered: Delivered) => void;
  /** Likewise, where the chat will never see the row. */
  readonly onFailed?: (failed: Failed) => void;
}

/** What somebody did not get to see, and why. No words. */
export interface Failed {
  readonly at: number;
  readonly kind: NewDelivery["content"]["kind"];
  readonly reason: string;
  readonly run: string | null;
}

export interface Delivered {
  readonly id: number;
  readonly kind: NewDelivery["content"]["kind"];
  readonly tag?: string;
  readonly run?: string;
  /** Ids of the messages that stand for it now. */
  readonly messages: readonly number[];
}

export interface GrowthOptions {
  readonly mode: GrowthMode;
  readonly private: boolean;
  readonly stopLabel: string;
}

const MAX_MIGRATIONS = 3;

/** What a step of a shipment leaves to be done: go on with it, or let the pump look at the outbox again. */
type Onward = "continue" | "over";

export class Courier {
  readonly #ports: CourierPorts;
  readonly #outbox: Outbox;
  #pace: Pace | undefined;
  /** Lowered for good when the server turns out not to know rich messages. */
  #form: "rich" | "entities";
  #pumping: Promise<void> | undefined;
  #busy = false;
  /** A row was put whose caller starts the courier right after its transaction: no alarm is needed for that. */
  #promised = false;
  /** Rises when every row is given up: ids begin anew then, so that they alone do not name a row. */
  #generation = 0;
  #isClosed = false;
  #notBefore = 0;
  /** The row that a dead process, or one whose storage failed, may have been delivering. */
  #orphan: number | undefined;
  #carried: number | undefined;
  readonly #screen: Screen;

  constructor(ports: CourierPorts) {
    this.#ports = ports;
    this.#form = ports.form;
    this.#outbox = new Outbox(ports.sql, () => {
      ports.log("internal.error", { session: ports.session, where: "stored", what: "delivery" });
      return ports.words.unreadable();
    });
    this.#screen = new Screen(this.#outbox);
  }

  /** On wake, before anything else: order is strict, so only the oldest row can have been on its way. */
  recover(): void {
    const head = this.#outbox.head();
    this.#orphan = head?.state === "attempting" ? head.id : undefined;
  }

  /**
   * Writes the row; the caller is inside the transaction that makes it true. An answer or a freeze ends the growing of
   * its run at once. Returns the row's id, 0 where nothing need be done (a freeze of a run that shows nothing).
   */
  put(delivery: NewDelivery): number {
    const { content, run } = delivery;
    const now = this.#ports.now();
    const ends = run !== undefined && (content.kind === "answer" || content.kind === "freeze");
    if (ends) this.#screen.of(run)?.close();
    const onScreen = ends && this.#screen.shows(run);
    if (content.kind === "freeze" && !onScreen) return 0;
    const editsFirst = onScreen || (content.kind === "notice" && content.editOf !== undefined);
    // Only a send leaves a doubt after a crash; a row that begins with an edit is marked when its first send comes.
    const attempting = delivery.attempting === true && !editsFirst;
    if (delivery.attempting) this.#promised = true;
    return this.#outbox.put({ ...delivery, attempting }, now, Math.max(now, this.#paceOf().floodUntil));
  }

  /** Delivers what is due, in order. One at a time; never throws; when it ends nothing due is left. */
  deliver(): Promise<void> {
    if (this.#pumping) return this.#pumping;
    this.#busy = true;
    this.#promised = false;
    const pump = this.#pump();
    // It may have found nothing to do and be over already.
    if (this.#busy) this.#pumping = pump;
    return pump;
  }

  /** The earliest time at which there is something to do. */
  nextAt(): number | undefined {
    const dueAt = this.#outbox.head()?.dueAt;
    if (dueAt === undefined) return undefined;
    if (this.#busy || this.#promised) return this.#ports.now() + WATCH_EVERY_MS;
    return Math.max(dueAt, this.#notBefore, this.#paceOf().floodUntil);
  }

  get isEmpty(): boolean {
    return this.#outbox.isEmpty;
  }

  /** A transaction was rolled back: what was noted of rows in it does not hold. */
  forget(): void {
    this.#outbox.forget();
  }

  /**
   * Telegram has brought an update from this chat: it is there again, however long it was away, and nobody who writes is
   * to wait for the end of a pause that grew while it was not. A flood wait is a word of its own and stays, and so does a
   * pause that is over in a moment.
   */
  hasten(): void {
    const now = this.#ports.now();
    const head = this.#outbox.head();
    if (!head || head.attempt === 0 || head.dueAt <= now + THREAD_RETRY_MS || this.#paceOf().floodUntil > now) return;
    this.#outbox.park(head.id, head.state, now, 0, head.progress);
    this.#ports.onChange();
  }

  pending(): { readonly count: number; readonly oldestAt: number | undefined } {
    return this.#outbox.pending();
  }

  /** How the run's answer is to grow on screen. `before`: the run of the same turn that died; its messages are gone on with. */
  growing(run: string, place: Address, replyTo: number | undefined, options: GrowthOptions, before?: string): Growing {
    const { call, now, after } = this.#ports;
    const ports = { call, now, after, pace: this.#paceOf(), isClear: () => this.#outbox.isEmpty };
    return this.#screen.begin({ ...options, run, place, replyTo, form: this.#form }, ports, before);
  }

  /** Nothing can be delivered here any more: every row is failed, quietly for the chat, by name in the log. */
  abandon(reason: string): void {
    this.#screen.clear();
    this.#orphan = undefined;
    this.#generation += 1;
    const rows = this.#outbox.removeAll();
    for (const row of rows) this.#logFailed(row, reason);
    // An answer is missed more than a notice.
    const last = rows.findLast(({ content }) => content.kind === "answer") ?? rows.findLast(isSeen);
    if (last) this.#noteFailed(last, reason);
    this.#ports.onChange();
  }

  /** The session's storage goes: what is on its way arrives, and nothing of it is recorded, since its rows may be another's by then. */
  close(): void {
    this.#isClosed = true;
    this.#generation += 1;
    this.#screen.move();
  }

  /** The group has a new id; what is still to be said is said there. */
  readdress(fromChatId: number, toChatId: number): void {
    this.#screen.move();
    this.#outbox.readdress(fromChatId, toChatId, this.#form);
    this.#ports.onChange();
  }

  #paceOf(): Pace {
    this.#pace ??= new Pace(this.#ports.place().chatType === "private" ? "private" : "group");
    return this.#pace;
  }

  async #pump(): Promise<void> {
    try {
      while (!this.#isClosed) {
        const now = this.#ports.now();
        const head = this.#outbox.head();
        if (!head || head.dueAt > now || this.#notBefore > now) break;
        this.#carried = head.id;
        await this.#carry(head);
      }
    } catch (error) {
      this.#notBefore = this.#ports.now() + FAULT_PAUSE_MS;
      // What Telegram had answered may not have been written: it is sent again as after a crash.
      this.#orphan = this.#carried;
      this.#outbox.forget();
      const name = error instanceof Error ? error.name : "unknown";
      this.#ports.log("internal.error", { session: this.#ports.session, where: "delivery", name });
    }
    // In the same breath as the last look at the rows: one put after it finds no courier and starts one.
    this.#busy = false;
    this.#pumping = undefined;
    if (!this.#isClosed) this.#ports.onChange();
  }

  async #carry(row: Delivery): Promise<void> {
    const ends = row.content.kind === "answer" || row.content.kind === "freeze";
    const growing = ends && row.run !== undefined ? this.#screen.of(row.run) : undefined;
    growing?.close();
    const generation = this.#generation;
    await growing?.settled();
    if (this.#generation !== generation) return;
    const remembered = ends && row.run !== undefined ? this.#outbox.remembered(row.run) : [];
    const doubt =
      row.state === "doubtful" ||
      (row.state === "attempting" && row.id === this.#orphan) ||
      // A message of the growing answer may stand without our knowing its id.
      growing?.inDoubt === true ||
      (growing === undefined && ends && row.run !== undefined && this.#outbox.isSending(row.run));
    let shipment = new Shipment(row, { growing, remembered, doubt, form: this.#form, words: this.#ports.words });
    // What is put off where the server fails on everything: a simpler form holds only once it was accepted.
    let wanted = shipment;
    for (;;) {
      const step = shipment.next();
      if (step === undefined) return this.#delivered(row, shipment);
      const result = await this.#write(row, shipment, step, generation);
      // Given up while it waited or the call was on: there is nothing to record.
      if (result === undefined || this.#generation !== generation) return;
      const accepted = result.ok || (result.refusal.kind === "not_modified" && step.kind === "edit");
      const lost: Refusal = { kind: "unavailable", maybeAccepted: true };
      if (accepted && shipment.accepted(step, result)) {
        wanted = shipment;
        if (step.kind === "send" && shipment.next() !== undefined) this.#outbox.progressed(row.id, shipment.progress());
        continue;
      }
      const refusal = result.ok ? lost : result.refusal;
      const simpler = isStubborn(row, refusal, this.#ports.now()) ? shipment.simpler(step, refusal) : undefined;
      if (simpler) {
        shipment = simpler;
        continue;
      }
      if (this.#refused(row, isPassing(refusal) ? wanted : shipment, step, refusal) === "over") return;
    }
  }

  /**
   * One call at the chat's pace. A flood wait is not waited for here: it comes back as if Telegram had said it again.
   * Undefined: it was given up before its time came.
   */
  async #write(row: Delivery, shipment: Shipment, step: Step, generation: number): Promise<CallResult | undefined> {
    const { now, after, call } = this.#ports;
    const pace = this.#paceOf();
    for (;;) {
      const retryAfterMs = pace.floodUntil - now();
      if (retryAfterMs > 0) return { ok: false, refusal: { kind: "flood", retryAfterMs } };
      const waitMs = pace.readyAt(step.kind) - now();
      if (waitMs <= 0) break;
      await new Promise<void>((resolve) => void after(waitMs, resolve));
      if (this.#generation !== generation) return undefined;
    }
    if (step.kind === "send" && shipment.state === "waiting") {
      this.#outbox.attempting(row.id);
      shipment.state = "attempting";
    }
    pace.began(now());
    const result = await call(step.post.method, step.post.payload);
    pace.ended(step.kind, now());
    return result;
  }

  #refused(row: Delivery, shipment: Shipment, step: Step, refusal: Refusal): Onward {
    const now = this.#ports.now();
    switch (refusal.kind) {
      case "flood":
        this.#paceOf().flood(now + refusal.retryAfterMs);
        return this.#park(row, shipment, refusal, refusal.retryAfterMs, row.attempt);
      case "unavailable":
      case "unauthorized":
        return this.#pause(row, shipment, step, refusal);
      case "chat_gone":
        this.abandon(refusal.kind);
        this.#ports.onChatGone();
        return "over";
      case "thread_gone":
        if (shipment.threadTries === 0) {
          shipment.threadTries += 1;
          return this.#park(row, shipment, refusal, THREAD_RETRY_MS, row.attempt + 1);
        }
        // Never into another thread: what belongs to a topic is said there or nowhere.
        this.abandon(refusal.kind);
        this.#ports.onThreadGone();
        return "over";
      case "migrated":
        if (shipment.migrations >= MAX_MIGRATIONS) return this.#fail(row, refusal);
        this.#outbox.progressed(row.id, shipment.progress());
        this.readdress(row.place.chatId, refusal.toChatId);
        this.#ports.onMigrated(refusal.toChatId);
        return "over";
      default:
        if (refusal.kind === "unsupported" && shipment.usesRich) this.#form = "entities";
        if (shipment.adapt(step, refusal)) return "continue";
        if (refusal.kind === "unsupported") return this.#pause(row, shipment, step, refusal);
        return this.#fail(row, refusal);
    }
  }

  #pause(row: Delivery, shipment: Shipment, step: Step, refusal: Refusal): Onward {
    if (step.kind === "send" && refusal.kind === "unavailable" && refusal.maybeAccepted) shipment.doubt = true;
    if (this.#ports.now() - row.createdAt >= GIVE_UP_AFTER_MS) return this.#fail(row, refusal, "expired");
    const onward = this.#park(row, shipment, refusal, pauseMs(row.attempt), row.attempt + 1);
    if (letsOthersPass(row, step, this.#ports.now())) this.#outbox.moveBehind(row.id);
    return onward;
  }

  #park(row: Delivery, shipment: Shipment, refusal: Refusal, waitMs: number, attempt: number): Onward {
    const state = shipment.doubt ? "doubtful" : "waiting";
    this.#outbox.park(row.id, state, this.#ports.now() + waitMs, attempt, shipment.progress());
    const { session, log } = this.#ports;
    log("delivery.retry", { session, ...owner(row), reason: describeRefusal(refusal), wait_ms: waitMs, attempt });
    return "over";
  }

  #fail(row: Delivery, refusal: Refusal, reason = describeRefusal(refusal)): Onward {
    if (isSeen(row)) this.#noteFailed(row, reason);
    this.#drop(row);
    this.#logFailed(row, reason);
    return "over";
  }

  #delivered(row: Delivery, shipment: Shipment): void {
    const { content, run } = row;
    const { kind } = content;
    if ("goesOn" in content && content.goesOn && run !== undefined) this.#outbox.remember(run, [], false);
    this.#drop(row);
    const messages = shipment.messages;
    if (kind !== "freeze" || messages.length > 0) {
      const ms = this.#ports.now() - row.createdAt;
      this.#ports.log("delivery.sent", {
        session: this.#ports.session,
        ...owner(row),
        kind,
        ms,
        messages: messages.length,
      });
    }
    const named = { ...(row.tag ? { tag: row.tag } : {}), ...(row.run ? { run: row.run } : {}) };
    this.#ports.onDelivered?.({ id: row.id, kind, ...named, messages });
  }

  #drop(row: Delivery): void {
    this.#outbox.remove(row.id);
    // Ids are used again once no higher one is left.
    if (this.#orphan === row.id) this.#orphan = undefined;
    const ends = row.content.kind === "answer" || row.content.kind === "freeze";
    if (ends && row.run !== undefined) this.#screen.leave(row.run);
  }

  #noteFailed({ content, run }: Delivery, reason: string): void {
    this.#ports.onFailed?.({ at: this.#ports.now(), kind: content.kind, reason, run: run ?? null });
  }

  #logFailed(row: Delivery, reason: string): void {
    const { log, session } = this.#ports;
    log("delivery.failed", { session, ...owner(row), kind: row.content.kind, reason, attempt: row.attempt });
  }
}

/** A freeze only tidies up what stands already. */
function isSeen({ content }: Delivery): boolean {
  return content.kind !== "freeze";
}

function owner(row: Delivery): { readonly epoch: number; readonly run?: string } {
  return { epoch: row.epoch, ...(row.run === undefined ? {} : { run: row.run }) };
}
