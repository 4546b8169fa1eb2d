import type { Detail, Entry, FailureReason, Origin } from "./event.ts";
import type { Input, TurnInputs } from "./session.ts";

/**
 * What is to be done because of an event: data, complete, in the order in which it is to be done. What must outlive the
 * process (`say`, `answer`, `leave`, `write`, `forget`) is a row of the same transaction as the new value; what need not
 * (`begin`, `cut`, `log`) is done after it.
 */
export type Effect =
  /** Start the run that the value now names, or go on with it. */
  | { readonly do: "begin"; readonly run: string }
  /** Abort the run's work: model call, tools, edits. Its later reports will be stale. */
  | { readonly do: "cut"; readonly run: string }
  /** Put into the transcript: what the turn was asked with, then the entry. */
  | { readonly do: "write"; readonly run: string; readonly inputs: TurnInputs; readonly entry?: Entry }
  /** The final text of the run, to be delivered until Telegram gives a message id. */
  | { readonly do: "answer"; readonly run: string; readonly replyTo: Input | undefined; readonly text: string }
  /**
   * The run ends without an answer: its question goes into the transcript with what had come of the answer. `shown`
   * says what becomes of the words on screen: left as they stand, or completed by all that had come.
   */
  | {
      readonly do: "leave";
      readonly run: string;
      readonly inputs: TurnInputs;
      readonly shown: "as_is" | "completed";
      readonly because: "stopped" | "reset" | "interrupted" | "timed_out" | "failed" | "exhausted";
      readonly text?: string;
    }
  | { readonly do: "say"; readonly notice: Notice; readonly replyTo?: Input }
  /** The epoch is over: nothing of it reaches a model again. */
  | { readonly do: "forget"; readonly epoch: number }
  /** Everything before transcript row `keepFrom` is stood for by `entry`. */
  | { readonly do: "compact"; readonly run: string; readonly entry: Entry; readonly keepFrom: number }
  | {
      readonly do: "log";
      readonly event: StepLog;
      readonly fields: Readonly<Record<string, string | number | boolean>>;
    };

export type StepLog =
  | "turn.queued"
  | "update.refused"
  | "update.dropped"
  | "run.started"
  | "run.waiting"
  | "run.finished"
  | "run.stale"
  | "session.reset";

/** What the bot says of its own accord: a key of the words table with its parameters. Times are epoch milliseconds. */
export type Notice =
  | { readonly key: "queued"; readonly ahead: number }
  | { readonly key: "queued_behind_question" }
  | { readonly key: "steered" }
  | { readonly key: "steered_behind_question" }
  | { readonly key: "queue_full"; readonly limit: number }
  | { readonly key: "stopped"; readonly dropped: number }
  | { readonly key: "interrupted" }
  | { readonly key: "nothing_to_stop" }
  | { readonly key: "reset"; readonly dropped: number; readonly by: Origin }
  | { readonly key: "timed_out_idle"; readonly seconds: number }
  | { readonly key: "timed_out_total"; readonly seconds: number }
  | { readonly key: "failed"; readonly reason: FailureReason; readonly detail?: Detail }
  | { readonly key: "exhausted"; readonly untilAt?: number; readonly detail?: Detail }
  | { readonly key: "waiting"; readonly untilAt: number }
  | { readonly key: "question_expired" }
  | { readonly key: "preferred" };

/** How a run ended, as the log says it. */
export type Outcome = "answered" | "stopped" | "reset" | "failed" | "timed_out" | "exhausted" | "recovered";
