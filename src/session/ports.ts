import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { Spend } from "../agent/run.ts";
import type { CodeLoader } from "../agent/tools/run-javascript.ts";
import type { Fetch, PersonPort, RemindersPort } from "../agent/tools/tool.ts";
import type { Settings } from "../config.ts";
import type { Verdict } from "../core/failure.ts";
import type { ModelName } from "../core/model-name.ts";
import type { Shortage } from "../core/pool-choice.ts";
import type { Choices } from "../core/session.ts";
import type { Log } from "../log.ts";
import type { Transcription } from "../models/transcribe.ts";
import type { Inbound } from "../telegram/message.ts";
import type { Call } from "../telegram/outbound.ts";
import type { Sql } from "./outbox.ts";

/**
 * Everything a session touches that is not itself: clock, chance, storage, Telegram, models, pools, persons. The Durable
 * Object hands over the platform's; a simulation hands over its own and drives the very same session with them.
 */
export interface SessionPorts {
  /** The session's key, as in contract.md. */
  readonly key: string;
  readonly sql: Sql;
  transactionSync<T>(work: () => T): T;
  setAlarm(at: number): void;
  deleteAlarm(): void;
  /** Deletes all storage of the session; it is as if it had never been. */
  wipe(): void;
  now(): number;
  /** Unguessable. */
  newId(): string;
  /** A number in [0, 1). */
  chance(): number;
  /** Calls back once after so many milliseconds; the answer takes it back. */
  after(ms: number, callback: () => void): () => void;
  /** Work that outlives the call that started it. */
  detach(work: Promise<unknown>): void;
  readonly settings: Settings;
  readonly log: Log;
  readonly call: Call;
  readonly fetch: Fetch;
  /** The sandbox of run_javascript. Absent: it is not bound. */
  readonly loader?: CodeLoader | undefined;
  pool(provider: string): PoolPort;
  /** The key of a credential, from the Worker's secrets; undefined: it is gone from there. */
  keyOf(provider: string, credential: string): Promise<string | undefined>;
  /** Names of the credentials in the Worker's secrets, in their order. */
  credentials(provider: string): Promise<readonly string[]>;
  model(name: ModelName, key: string): Promise<LanguageModelV4>;
  person(userId: number): Person;
  /** What is said in a recording, with that key; hearing.ts has the keys. Absent: no transcription is set up. */
  readonly transcribe?: (recording: Recording, key: string, signal: AbortSignal) => Promise<Transcription>;
  /** Tells the directory that this session is used. */
  touch(at: number): Promise<void>;
  /** Things of the whole bot: skills that were added, notices to the owners. */
  readonly bot: BotPort;
  /** The chat has a new id: what this session holds goes on in the session of that name, if that one is new. */
  handOver(toKey: string, heritage: Heritage): Promise<void>;
  /** The session of that name, which had this chat before it got its id. Rejects where it cannot be reached. */
  former(key: string): FormerPort;
  /** The reminders of an aside are its chat's, where they are listed and outlive it. Absent: this is no aside. */
  readonly chatReminders?: RemindersPort;
  /** What an aside (`…:bg:…`, `…:btw:…`) takes from the session it was asked in; elsewhere nothing. */
  parentContext(): Promise<ParentContext>;
}

export interface Recording {
  readonly bytes: Uint8Array;
  /** With the extension that tells the format. */
  readonly name: string;
  readonly mime: string;
}

export interface FormerPort {
  /** Nothing is said where it is at nothing. */
  stop(): Promise<void>;
  press(inbound: Inbound): Promise<void>;
}

/** Plain data: how the session speaks, and the conversation where the aside may read it (`…:btw:…`). */
export interface ParentContext {
  readonly messages: readonly unknown[];
  readonly persona?: string;
  /** `provider/model`, where one was chosen there. */
  readonly model?: string;
  readonly timezone?: string;
}

/** What a session leaves to its successor when its chat gets a new id. Plain data. */
export interface Heritage {
  readonly transcript: readonly { readonly run: string; readonly body: string }[];
  readonly reminders: readonly {
    readonly text: string;
    readonly nextAt: number;
    readonly cron?: string;
    readonly timezone?: string;
  }[];
  readonly persona?: string;
  /** What stands for the part of the conversation that was shortened. */
  readonly summary?: string;
  readonly choices: Choices;
  /** Its key, where it is still at a turn: the answer comes to the chat, whose people may want to stop it. */
  readonly former?: string;
}

export interface LeaseRequest {
  readonly session: string;
  readonly run: string;
  readonly epoch: number;
  readonly model: string;
  /** Credentials that this turn has tried. */
  readonly exclude: readonly string[];
  /** The credential to stay with, where the strategy leaves it open. */
  readonly prefer?: string;
}

export type LeaseReply =
  | {
      readonly ok: true;
      readonly lease: string;
      readonly credential: string;
      readonly version: number;
      readonly isProbe?: boolean;
      /** Until when the lease is the first choice; then the pool is to be asked again. */
      readonly keepUntilAt?: number;
    }
  | ({ readonly ok: false } & Shortage);

export interface LeaseReport {
  readonly lease: string;
  readonly credential: string;
  readonly version: number;
  readonly model: string;
  readonly session: string;
  readonly run: string;
  readonly epoch: number;
  readonly outcome: { readonly ok: true } | { readonly ok: false; readonly verdict: Verdict };
}

/** The credential pool of one provider. Rejects only where the pool's object cannot be reached. */
export interface PoolPort {
  lease(request: LeaseRequest): Promise<LeaseReply>;
  report(report: LeaseReport): Promise<void>;
}

/** What is kept of a person across sessions. */
export interface Person extends PersonPort {
  profile(): Promise<{ readonly timezone?: string; readonly spentTodayUsd: number; readonly tokensToday: number }>;
  spend(report: Spend): Promise<void>;
  /** False: there is no such time zone. */
  setTimezone(timezone: string): Promise<boolean>;
  memories(): Promise<readonly { readonly id: number; readonly text: string }[]>;
  eraseAll(): Promise<void>;
}

export interface BotPort {
  /** SKILL.md texts that owners added. */
  skills(): Promise<readonly string[]>;
  /** The answer says what was wrong and what was expected; undefined: it is there now. */
  addSkill(name: string, text: string): Promise<string | undefined>;
  pools(): Promise<readonly PoolView[]>;
  lift(provider: string, credential?: string): Promise<number>;
  approvePair(code: string, by: number): Promise<ApproveReply>;
}

export interface PoolView {
  readonly provider: string;
  readonly credentials: readonly {
    readonly id: string;
    readonly state: "ready" | "cooling" | "disabled";
    readonly until: number | null;
    readonly reason: string | null;
    readonly leases: number;
    readonly uses: number;
    readonly lastUsedAt: number | null;
  }[];
}

export type ApproveReply =
  | { readonly kind: "done"; readonly userId: number; readonly name: string }
  | { readonly kind: "wrong" }
  | { readonly kind: "locked"; readonly untilAt: number };
