import type { Event } from "../src/core/event.ts";
import type { Session } from "../src/core/session.ts";
import type { LogEvent, LogFields } from "../src/log.ts";
import type { Accepted } from "../src/session/accept.ts";
import type { Content } from "../src/session/outbox.ts";
import type { Inbound } from "../src/telegram/message.ts";
import type { Posted } from "./entrance.ts";
import type { ModelCall } from "./model.ts";
import type { SessionHost } from "./session-host.ts";
import type { Wanted } from "./updates.ts";

/** What can be seen of a world as it goes on: what lies in storage, what is said to the outside, what the outside did. */
export interface Facts {
  /** A line of the log, of a session or of a pool. */
  readonly log: { readonly event: LogEvent; readonly fields: LogFields };
  /** A row of the journal that was not there before this step of the world. */
  readonly transition: Transition;
  /** What the outbox gained and lost in this step. */
  readonly outbox: {
    readonly host: SessionHost;
    readonly put: readonly OutboxRow[];
    readonly gone: readonly OutboxRow[];
  };
  readonly reminders: {
    readonly host: SessionHost;
    readonly put: readonly ReminderRow[];
    readonly gone: readonly ReminderRow[];
  };
  readonly transcript: { readonly host: SessionHost; readonly rows: readonly TranscriptRow[] };
  /** A session's process calls Telegram. */
  readonly called: {
    readonly host: SessionHost;
    readonly life: number;
    readonly isZombie: boolean;
    readonly method: string;
    readonly payload: Readonly<Record<string, unknown>>;
  };
  /** A message stands in a chat, or says something else than before. */
  readonly stood: Stood;
  /** Telegram has its 200 for an update. */
  readonly entered: {
    readonly update: number;
    readonly wanted: Wanted;
    /** How often it had to be sent. */
    readonly attempts: number;
    /** What a session made of it; absent: none was reached. */
    readonly inside: Posted["inside"];
    /** Why the entrance kept it out. */
    readonly reason: string | undefined;
  };
  /** The same of one that a session has taken in. */
  readonly acknowledged: {
    readonly host: SessionHost;
    readonly inbound: Inbound;
    readonly outcome: Accepted["outcome"];
  };
  readonly modelCalled: ModelCall;
  readonly modelEnded: ModelCall;
  /** A failure was reported to a pool. */
  readonly reported: {
    readonly host: SessionHost;
    readonly provider: string;
    readonly credential: string;
    readonly model: string;
    readonly run: string;
    readonly ok: boolean;
    readonly reason: string;
  };
  /** A session has got the pool's word that a credential is no longer to be used. */
  readonly revoked: {
    readonly host: SessionHost;
    readonly provider: string;
    readonly credential: string;
    readonly model: string | undefined;
  };
  /** A pool has benched a credential. */
  readonly charged: { readonly credential: string; readonly isOfBeforeLift: boolean };
  readonly crashed: { readonly host: SessionHost; readonly how: string };
  readonly wiped: { readonly host: SessionHost };
  /** A session's object was called or woke in this step of the world. */
  readonly touched: { readonly host: SessionHost };
  readonly end: { readonly hosts: readonly SessionHost[] };
}

export interface Transition {
  readonly host: SessionHost;
  readonly seq: number;
  readonly at: number;
  readonly before: Session;
  readonly after: Session;
  readonly event: Event;
  readonly effects: readonly string[];
}

export interface OutboxRow {
  readonly id: number;
  readonly run: string | null;
  readonly epoch: number;
  readonly chat: number;
  readonly thread: number | null;
  readonly replyTo: number | null;
  readonly tag: string | null;
  readonly content: Content;
  readonly createdAt: number;
  readonly state: string;
  readonly dueAt: number;
}

export interface ReminderRow {
  readonly id: number;
  readonly nextAt: number;
  readonly text: string;
  readonly isRepeated: boolean;
}

export interface TranscriptRow {
  readonly seq: number;
  readonly epoch: number;
  readonly run: string;
}

export interface Stood {
  readonly chat: number;
  readonly thread: number | undefined;
  readonly id: number;
  readonly text: string;
  readonly isNew: boolean;
  readonly method: string;
  /** Who made the message, and who has now called. */
  readonly by: string;
  readonly wasPressed: boolean;
  readonly session: string;
}

export type Handlers = { readonly [Kind in keyof Facts]?: (fact: Facts[Kind]) => string | undefined };

/** One promise. It sees every fact, and says what is wrong as soon as it can be seen. */
export interface Check {
  /** Numbered as in the README's list of invariants. */
  readonly name: string;
  readonly watch: (world: Watched) => Handlers;
}

/** What a check may ask beside the facts. */
export interface Watched {
  readonly now: () => number;
  /** When the chat was last told to slow down until; 0: never. */
  readonly floodUntil: (chat: number) => number;
  /** Somebody who may: everybody is let in, or this one was. */
  readonly isPaired: (user: number) => boolean;
  /** The id that the chat has now; a group may have got another one. */
  readonly chatNow: (chat: number) => number;
  /** Nobody has deleted it. */
  readonly stands: (chat: number, message: number) => boolean;
}

export interface Violation {
  readonly check: string;
  readonly complaint: string;
}

export class Bus {
  readonly #handlers = new Map<string, { name: string; see: (fact: never) => string | undefined }[]>();
  /** How often each check has looked at something. */
  readonly looks = new Map<string, number>();
  violation: Violation | undefined;

  constructor(checks: readonly Check[], world: Watched) {
    for (const check of checks) {
      for (const [kind, see] of Object.entries(check.watch(world))) {
        const list = this.#handlers.get(kind) ?? [];
        list.push({ name: check.name, see });
        this.#handlers.set(kind, list);
      }
    }
  }

  emit<Kind extends keyof Facts>(kind: Kind, fact: Facts[Kind]): void {
    if (this.violation) return;
    for (const { name, see } of this.#handlers.get(kind) ?? []) {
      this.looks.set(name, (this.looks.get(name) ?? 0) + 1);
      const complaint = see(fact as never);
      if (complaint !== undefined) {
        this.violation = { check: name, complaint };
        return;
      }
    }
  }

  fail(check: string, complaint: string): void {
    this.violation ??= { check, complaint };
  }
}
