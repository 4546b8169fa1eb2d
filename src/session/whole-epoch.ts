import type { Sql, TranscriptBody, TranscriptRow } from "./store.ts";
import { readTranscript, readUsage } from "./stored.ts";

/**
 * The transcript beyond the window that a model is shown: what was shortened, and what other epochs took. Read for a person
 * who asks for it (/export, /usage), and never for a turn, which must not cost more the longer the talk.
 */

/** A row may have 2 MB, and an object has 128. */
const ROWS_AT_A_TIME = 20;

/** The rows of an epoch from its beginning, newest first, what was shortened included. */
export function* backwards(sql: Sql, epoch: number): Generator<TranscriptRow> {
  let before = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const rows = sql
      .exec<{ seq: number; epoch: number; run: string; body: string }>(
        "SELECT seq, epoch, run, body FROM transcript WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        before,
        ROWS_AT_A_TIME,
      )
      .toArray();
    for (const row of rows) {
      // Rows lie in the order of their epochs.
      if (row.epoch < epoch) return;
      const body = row.epoch === epoch ? readTranscript(row.body) : undefined;
      if (body) yield { ...row, body };
      before = row.seq;
    }
    if (rows.length < ROWS_AT_A_TIME) return;
  }
}

/** A row of the transcript without its words. */
export interface StepRow {
  readonly epoch: number;
  readonly run: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Something was asked before it. */
  readonly asks: boolean;
  readonly lastRole: string | undefined;
  readonly usage: TranscriptBody["usage"];
}

/** The steps of a whole epoch, and of all epochs since a time (epoch ms), oldest first. */
export function stepsOf(sql: Sql, epoch: number, since: number): StepRow[] {
  return sql
    .exec<Record<keyof StepRow, string | number | null>>(
      `SELECT epoch, run, json_extract(body, '$.at') AS at, json_type(body, '$.updates') IS NOT NULL AS asks,
        json_extract(body, '$.messages[#-1].role') AS lastRole, json_extract(body, '$.usage') AS usage
      FROM (SELECT seq, epoch, run, CASE WHEN json_valid(body) THEN body ELSE '{}' END AS body FROM transcript)
      WHERE epoch = ? OR json_extract(body, '$.at') >= ? ORDER BY seq`,
      epoch,
      since,
    )
    .toArray()
    .map((row) => ({
      epoch: Number(row.epoch),
      run: String(row.run),
      at: Number(row.at ?? 0),
      asks: row.asks === 1,
      lastRole: row.lastRole === null ? undefined : String(row.lastRole),
      usage: row.usage === null ? undefined : readUsage(String(row.usage)),
    }));
}
