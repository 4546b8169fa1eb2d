import type { Cost, Kind } from "../../bench/kinds.ts";

/**
 * What a turn may cost, by its kind, and why. Whatever costs more fails until its number is raised here, with the reason.
 * What costs less is a reason to lower it. The kinds are explained in bench/kinds.ts; rows count as Cloudflare bills them,
 * `setAlarm` and `deleteAlarm` as one each.
 */
export interface Budget
  extends Pick<Cost, "rowsWritten" | "alarmsSet" | "modelCalls" | "telegramCalls" | "typingCalls"> {
  /** Statements are processor time: each takes some 20 µs. */
  readonly statements: number;
  /** Calls between objects that this kind may make; none else, and none more often. */
  readonly objectCalls: Readonly<Record<string, number>>;
  readonly because: string;
}

export const BUDGETS: Readonly<Record<Kind, Budget>> = {
  new: {
    rowsWritten: 25,
    statements: 33,
    alarmsSet: 1,
    modelCalls: 1,
    telegramCalls: 1,
    typingCalls: 1,
    objectCalls: { "SESSION.accept": 1, "DIRECTORY.touch": 1, "DIRECTORY.skills": 1, "POOL.lease": 1 },
    because:
      "once in a chat's life: seven tables, where it is, the directory's row, the first lease and the pool's value; then a plain turn",
  },
  plain: {
    rowsWritten: 6,
    statements: 8,
    alarmsSet: 0,
    modelCalls: 1,
    telegramCalls: 1,
    typingCalls: 1,
    objectCalls: { "SESSION.accept": 1 },
    because:
      "inbox, value twice (received, answered), transcript, outbox in and out; an alarm that is set already will do",
  },
  woken: {
    rowsWritten: 8,
    statements: 25,
    alarmsSet: 1,
    modelCalls: 1,
    telegramCalls: 1,
    typingCalls: 1,
    objectCalls: { "SESSION.accept": 1, "DIRECTORY.touch": 1, "DIRECTORY.skills": 1 },
    because: "a plain turn, one alarm for the whole of it, and the directory's row, at most once a minute",
  },
  streamed: {
    rowsWritten: 9,
    statements: 14,
    alarmsSet: 1,
    modelCalls: 1,
    telegramCalls: 4,
    typingCalls: 2,
    objectCalls: { "SESSION.accept": 1, "DIRECTORY.skills": 1 },
    because:
      "a plain turn and the message that grows, so that a later process edits it; an alarm, where the last one has just gone off",
  },
  tool: {
    rowsWritten: 10,
    statements: 16,
    alarmsSet: 0,
    modelCalls: 2,
    telegramCalls: 1,
    typingCalls: 1,
    objectCalls: { "SESSION.accept": 1, "DIRECTORY.skills": 1, "PERSON.overview": 1 },
    because:
      "a plain turn, and value and transcript for the call and for its result: a crash repeats neither; the clock asks for the person's time zone",
  },
  command: {
    rowsWritten: 3,
    statements: 5,
    alarmsSet: 0,
    modelCalls: 0,
    telegramCalls: 1,
    typingCalls: 0,
    objectCalls: { "SESSION.accept": 1, "DIRECTORY.skills": 1 },
    because: "inbox, outbox in and out",
  },
  reset: {
    rowsWritten: 5,
    statements: 6,
    alarmsSet: 0,
    modelCalls: 0,
    telegramCalls: 1,
    typingCalls: 0,
    objectCalls: { "SESSION.accept": 1, "DIRECTORY.skills": 1 },
    because: "a command, the value, and where the new epoch begins",
  },
  queued: {
    rowsWritten: 14,
    statements: 20,
    alarmsSet: 0,
    modelCalls: 2,
    telegramCalls: 3,
    typingCalls: 2,
    objectCalls: { "SESSION.accept": 2, "DIRECTORY.skills": 1 },
    because:
      "two plain turns and the notice that one waits; the end of the first and the begin of the second are one row",
  },
  rotated: {
    rowsWritten: 22,
    statements: 28,
    alarmsSet: 1,
    modelCalls: 2,
    telegramCalls: 1,
    typingCalls: 1,
    objectCalls: {
      "SESSION.accept": 1,
      "DIRECTORY.skills": 1,
      "POOL.report": 1,
      "POOL.lease": 1,
      // Everybody who holds the key is told.
      "SESSION.leaseLost": 10,
    },
    because:
      "a plain turn, the lost lease, the pool's value at the report and at the lease with its alarm, the new lease, and one row for each of the ten who lose theirs",
  },
  waiting: {
    rowsWritten: 30,
    statements: 50,
    alarmsSet: 6,
    modelCalls: 3,
    telegramCalls: 2,
    typingCalls: 2,
    objectCalls: {
      "SESSION.accept": 1,
      "DIRECTORY.skills": 1,
      "DIRECTORY.touch": 1,
      "POOL.report": 3,
      "POOL.lease": 3,
      "SESSION.leaseLost": 10,
      "SESSION.poolChanged": 1,
    },
    because:
      "two refusals and two reports, the notice of the wait, the alarm at its end, a probe, the answer; with room, since it depends on which is first, the alarm or the word of the pool",
  },
};

/** Of the issue: all features, gzipped. Everything that is imported, however late, is in it. */
export const BUNDLE_GZIP_BYTES = 450_000;
