import type { BusyMode, Choices, Input, KeptLease } from "./session.ts";

/**
 * Everything that can happen to a session. Whoever brings it (the webhook, an alarm, the run itself, an admin, a wake-up
 * after a crash), it goes through `step`. A report of a run quotes the run's id; if the session's run is another one by
 * then, the report changes nothing.
 */
export type Event =
  /** A message was accepted. `mode` overrides the busy mode (/queue, /steer). */
  | {
      readonly type: "received";
      readonly input: Input;
      readonly mode?: BusyMode;
      /** Further messages of the same turn (/retry of an album). */
      readonly rest?: readonly Input[];
      /** When the run in memory last made progress; the value is told of it only now and then. */
      readonly progressAt?: number;
    }
  /** /stop, the Stop button, an admin. With `run`: only if that run is still the one (a button of an old answer stops nothing). */
  | { readonly type: "stopped"; readonly by: Origin; readonly run?: string }
  /** /new, a skill, an admin. `first` is the first message of the new epoch. */
  | { readonly type: "resetAsked"; readonly by: Origin; readonly first?: Input }
  /** A step of the run is finished: a model answer that calls tools, or tool results. `entry` goes into the transcript. */
  | (LeaseNews & {
      readonly type: "stepped";
      readonly run: string;
      readonly entry: Entry;
      /** The next thing is a model call, so steering messages may join. */
      readonly boundary: boolean;
      readonly steps: number;
      readonly tokens: number;
    })
  /** The run has its answer. */
  | (LeaseNews & {
      readonly type: "answered";
      readonly run: string;
      readonly entry: Entry;
      readonly text: string;
      readonly steps: number;
      readonly tokens: number;
    })
  /** The run cannot go on. `reason` is one of the table's phrases for a person, `text` what had come. */
  | (LeaseNews & {
      readonly type: "failed";
      readonly run: string;
      readonly reason: FailureReason;
      readonly text?: string;
      readonly detail?: Detail;
    })
  /** No credential is ready for any model. `untilAt`: the earliest time at which one will be. */
  | (LeaseNews & {
      readonly type: "exhausted";
      readonly run: string;
      readonly untilAt?: number;
      readonly detail?: Detail;
      readonly text?: string;
    })
  /** The tool `ask` put a question to the person. */
  | {
      readonly type: "asked";
      readonly run: string;
      readonly question: string;
      readonly untilAt: number;
      /** No tool is to be carried out after it: once it is answered, the next thing is a model call. */
      readonly isLast?: boolean;
    }
  /** A person chose; `entry` is the tool's result. */
  | { readonly type: "chosen"; readonly question: string; readonly entry: Entry }
  | { readonly type: "resetWhenDoneAsked"; readonly run: string }
  /** /busy, /model. */
  | { readonly type: "preferred"; readonly choices: Choices }
  /** The conversation was shortened; `entry` stands for what was dropped. */
  | { readonly type: "compacted"; readonly run: string; readonly entry: Entry; readonly keepFrom: number }
  /** The alarm. `progressAt` is when the run in memory last made progress. */
  | { readonly type: "ticked"; readonly progressAt?: number }
  /** The value says that a run works, and no run lives in this object's memory: the process died. */
  | { readonly type: "woken" }
  /** A credential may be ready before its time: an operator lifted it. */
  | { readonly type: "poolChanged" }
  /** The pool no longer honours leases of this credential: it failed for another session, or is disabled or gone. Absent `model`: for any. */
  | { readonly type: "leaseLost"; readonly provider: string; readonly credential: string; readonly model?: string };

/** What a report says of the credential: the one to keep, null to keep none, nothing to leave it as it is. */
export interface LeaseNews {
  readonly lease?: KeptLease | null;
}

/** Who asked. */
export type Origin = "command" | "button" | "skill" | "admin" | "idle" | "daily" | "tool" | "draft";

/** Why a run failed, as a key of the words table (`failed.<reason>`). */
export type FailureReason =
  | "overload"
  | "network"
  | "context"
  | "bad"
  | "blocked"
  | "model_missing"
  | "auth"
  | "config"
  | "empty"
  | "steps"
  | "crashed"
  | "budget"
  | "internal";

/** Words for a person and the log: safe ones only (provider's name, status, code, request id). */
export type Detail = Readonly<Record<string, string | number>>;

/** A row of the transcript: messages in the AI SDK's form, as JSON. Opaque here. */
export type Entry = unknown;
