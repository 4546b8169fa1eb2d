import type { Effect } from "./effect.ts";
import type { Session } from "./session.ts";

/** What a step is given beside the event, and what it gives back. */

export interface Circumstances {
  readonly now: number;
  /** An unguessable id, unused so far: the name of the run, should one begin. */
  readonly newRun: string;
}

export interface Stepped {
  readonly session: Session;
  readonly effects: readonly Effect[];
}
