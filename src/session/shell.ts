import { dueReset } from "../core/clock.ts";
import { pendingInputs, runOf } from "../core/session.ts";
import type { Inbound } from "../telegram/message.ts";
import { VERSION } from "../version.ts";
import { styled } from "../words/styled.ts";
import { type WordKey, type WordParams, words } from "../words/words.ts";
import { type Accepted, accept } from "./accept.ts";
import { conversationOf } from "./conversation.ts";
import { Courier } from "./delivery.ts";
import { Door } from "./door.ts";
import { startRun } from "./job.ts";
import type { LostLease } from "./leasing.ts";
import { adopt, bequeath, bequeathAt, follow, stopFormer } from "./migration.ts";
import { poolParams } from "./pool-words.ts";
import type { Heritage, ParentContext, SessionPorts } from "./ports.ts";
import * as questions from "./questions.ts";
import { Reminders } from "./reminders.ts";
import { TRANSCRIPT_WINDOW_ROWS } from "./store.ts";
import { HISTORY_FORMAT, type SessionHistory, type SessionView, viewOf } from "./view.ts";

/**
 * A session, whole: the door, the courier, the reminders and the runs, made of ports. The Durable Object is this with the
 * platform's ports; the simulation is this with its own.
 */

/** The directory is told of a session that is in use, but not for every message. */
const TOUCH_EVERY_MS = 60_000;
const PRUNE_EVERY_MS = 24 * 3_600_000;
const DAY_MS = 86_400_000;
/** An aside has said what it had to say. */
const ASIDE_RETENTION_MS = DAY_MS;
/** Who erases a session waits no longer than this for its last words. */
const FAREWELL_MS = 3_000;

/** Words of the bot that nobody in the chat has asked for. */
export interface Telling {
  readonly key: WordKey;
  readonly params: WordParams;
  readonly language?: string;
  /** What is said in the language and the time zone of the chat. */
  readonly ofPool?: { readonly reason?: string; readonly untilAt?: number };
}

export class SessionShell {
  readonly #ports: SessionPorts;
  readonly door: Door;
  readonly reminders: Reminders;
  #touchedAt = 0;
  #prunedAt = 0;
  #ending: Promise<void> | undefined;
  #isWiped = false;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.door = new Door(
      ports,
      (door) => courierOf(ports, door, (toChatId) => follow(door, ports, this.reminders, toChatId)),
      (run, before) => startRun(run, this.door, ports, this.reminders, before),
      (door) => {
        for (const question of questions.all(door)) questions.close(door, question, undefined);
      },
    );
    this.reminders = new Reminders(this.door, ports.sql);
    this.door.alsoDue(() => (bequeathAt(this.door) === undefined ? this.reminders.nextAt() : undefined));
    this.door.alsoDue(() => this.#endsAt());
    this.door.alsoDue(() => bequeathAt(this.door));
  }

  async accept(inbound: Inbound): Promise<Accepted> {
    const accepted = await accept(this.door, this.#ports, this.reminders, inbound);
    this.#touch();
    return accepted;
  }

  /** The object's alarm: whatever is due, and the derivation of the next one. Never the run itself. */
  alarm(): void {
    const now = this.#ports.now();
    const { session } = this.door;
    const run = runOf(session)?.run;
    this.door.log("alarm.fired", { state: session.turn.phase, ...(run === undefined ? {} : { run }) });
    const endsAt = this.#endsAt();
    if (endsAt !== undefined && endsAt <= now && this.reminders.nextAt() === undefined) {
      this.#wipe();
      return;
    }
    const heirAt = bequeathAt(this.door);
    if (heirAt === undefined) this.reminders.fire(now);
    else if (heirAt <= now) bequeath(this.door, this.#ports, this.reminders);
    this.door.alarm();
    this.#prune(now);
  }

  reset(): void {
    this.door.heal();
    stopFormer(this.door, this.#ports);
    this.door.pass({ type: "resetAsked", by: "admin" });
  }

  stop(): void {
    this.door.heal();
    stopFormer(this.door, this.#ports);
    this.door.pass({ type: "stopped", by: "admin" });
  }

  /** For the session that has this one's chat now: it speaks for itself where nothing is on here. */
  stopIfBusy(): void {
    this.door.heal();
    this.#end();
  }

  /** A credential was made ready: a turn that waits for one need not wait for its time. */
  poolChanged(): void {
    this.door.heal();
    this.door.live?.poolChanged();
    this.door.pass({ type: "poolChanged" });
  }

  /** The pool takes a lease back: neither the run that works nor the next turn calls with it again. */
  leaseLost(lost: LostLease): void {
    this.door.heal();
    this.door.live?.leaseLost(lost);
    this.door.pass({ type: "leaseLost", ...lost });
  }

  /** Says something to this chat that did not come of its own doings (a notice to an owner). */
  tell({ key, params, language: spoken, ofPool }: Telling): void {
    // Without it the alarm of a run that died would be put off by words that have nothing to do with it.
    this.door.heal();
    const { timezone } = this.door.whereabouts;
    // A chat that nobody has written in yet knows no language.
    const language = this.door.whereabouts.language ?? spoken;
    const ofTheirs = ofPool ? poolParams(ofPool, language, this.#ports.now(), timezone) : {};
    this.door.keep(() =>
      this.door.say({
        content: { kind: "notice", ...styled(words(language, key, { ...params, ...ofTheirs })) },
        silent: false,
        attempting: true,
      }),
    );
  }

  /** For an aside of this chat. */
  chatReminders(): Reminders {
    // As in `tell`: the alarm of a run that died is not put off.
    this.door.heal();
    this.#touch();
    return this.reminders;
  }

  /** Goes on for a session whose chat has got this one's id. */
  adopt(heritage: Heritage): void {
    this.door.heal();
    adopt(this.door, this.reminders, heritage);
  }

  view(journalRows: number): SessionView {
    return viewOf(this.door, this.#ports, this.reminders, journalRows);
  }

  /** The whole journal, without words, as `npm run replay` and `npm run why` read it. */
  history(): SessionHistory {
    return { format: HISTORY_FORMAT, key: this.#ports.key, version: VERSION, rows: this.door.store.history() };
  }

  /** For an aside: how one speaks here, and the conversation in words. */
  async context(): Promise<ParentContext> {
    const { store, session, whereabouts } = this.door;
    // The next message here opens a new conversation: nobody is told of the old, and what was chosen for it is over.
    const isOver = session.turn.phase === "idle" && dueReset(session, this.#ports.now()) !== undefined;
    const persona = store.fact<string>("persona");
    const { model } = isOver ? {} : session.choices;
    const rows = isOver ? [] : store.transcript(session.epoch, TRANSCRIPT_WINDOW_ROWS);
    const summary = isOver ? undefined : store.summary(session.epoch);
    const messages = await conversationOf(rows, summary, [], {
      words: (update) => store.message(update)?.message.text ?? "",
      bytes: async () => undefined,
    });
    return {
      messages,
      ...(persona === undefined ? {} : { persona }),
      ...(model === undefined ? {} : { model }),
      ...(whereabouts.timezone === undefined ? {} : { timezone: whereabouts.timezone }),
    };
  }

  /** What people and the model said in this epoch; for the admin who asks. */
  transcript(): readonly unknown[] {
    return this.door.store.transcript(this.door.session.epoch, TRANSCRIPT_WINDOW_ROWS);
  }

  /** Deletes everything of this session. Whoever waits for an answer is told first that none comes, if Telegram takes it. */
  erase(): Promise<void> {
    this.#ending ??= this.#endAndWipe().finally(() => {
      this.#ending = undefined;
    });
    return this.#ending;
  }

  /** While it is being erased: what comes meanwhile is for the session that begins here next. */
  get ending(): Promise<void> | undefined {
    return this.#ending;
  }

  async #endAndWipe(): Promise<void> {
    this.#end();
    const { after } = this.#ports;
    await Promise.race([this.door.courier.deliver(), new Promise<void>((done) => void after(FAREWELL_MS, done))]);
    // A reminder may have fallen due meanwhile.
    this.#end();
    this.#wipe();
  }

  #end(): void {
    if (this.door.session.turn.phase !== "idle") this.door.pass({ type: "stopped", by: "admin" });
  }

  /** Once: a second time it would be the storage of the session that begins here next. */
  #wipe(): void {
    if (this.#isWiped) return;
    this.#isWiped = true;
    this.door.courier.close();
    this.#ports.wipe();
  }

  /** When a session that nobody uses ends, with all its storage; undefined while it is in use. */
  #endsAt(): number | undefined {
    const { session } = this.door;
    if (session.turn.phase !== "idle" || session.activeAt === 0) return undefined;
    if (this.reminders.nextAt() !== undefined) return undefined;
    const isAside = /:(?:bg|btw):\d+$/.test(this.#ports.key);
    const keptMs = this.#ports.settings.retentionDays * DAY_MS;
    return session.activeAt + (isAside ? Math.min(ASIDE_RETENTION_MS, keptMs) : keptMs);
  }

  #touch(): void {
    const now = this.#ports.now();
    if (now - this.#touchedAt < TOUCH_EVERY_MS) return;
    this.#touchedAt = now;
    this.#ports.detach(
      this.#ports.touch(now).catch(() => {
        // The next message tries again.
        this.#touchedAt = 0;
      }),
    );
  }

  #prune(now: number): void {
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    const { session, store } = this.door;
    const run = runOf(session);
    const needed = [...pendingInputs(session), ...(run?.inputs ?? [])];
    store.prune(
      now - this.#ports.settings.retentionDays * DAY_MS,
      needed.map((input) => input.update),
      session.epoch,
    );
  }
}

function courierOf(ports: SessionPorts, door: Door, moved: (toChatId: number) => void): Courier {
  const language = () => door.whereabouts.language;
  return new Courier({
    sql: ports.sql,
    now: ports.now,
    call: ports.call,
    log: ports.log,
    session: ports.key,
    after: ports.after,
    form: ports.settings.richMessages ? "rich" : "entities",
    place: () => door.whereabouts,
    words: {
      recovered: () => words(language(), "recovered"),
      undeliverable: () => words(language(), "undeliverable"),
      unreadable: () => words(language(), "failed_internal"),
    },
    onChange: () => door.rearm(),
    onChatGone: () => door.keep(() => door.noteWhereabouts({ ...door.whereabouts, reachable: false })),
    onThreadGone: () => door.keep(() => door.noteWhereabouts({ ...door.whereabouts, reachable: false })),
    onMigrated: (toChatId) => moved(toChatId),
    // The log is gone after some days, and who asks why there was no answer asks the session.
    onFailed: (failed) => door.store.setFact("undelivered", failed),
    onDelivered: ({ tag, messages }) => {
      const [messageId] = messages;
      if (tag && messageId) questions.delivered(door, tag, messageId);
    },
  });
}
