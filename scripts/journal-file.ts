import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Event } from "../src/core/event.ts";
import type { Session } from "../src/core/session.ts";
import { Unmet } from "./terminal.ts";

/** The journal of a session as `GET /admin/sessions/:key/journal` exports it: read once, here, and trusted after that. */

/** An event as the journal keeps it: all of it but words. `effects` are names: "answer", "say:queued". */
export type KeptEvent = Event & { readonly effects: readonly string[]; readonly textChars?: number };

export interface Row {
  readonly seq: number;
  readonly at: number;
  readonly event: KeptEvent;
  /** What the event led to, with the policy that it was decided by. */
  readonly session: Session;
}

export interface Journal {
  readonly key: string;
  readonly version: string;
  /** Oldest first. */
  readonly rows: readonly Row[];
}

const FORMAT = "turnkeeper-journal-1";

const input = z.looseObject({ update: z.number(), messageId: z.number(), from: z.number(), acceptedAt: z.number() });
const inputs = z.array(input);
const run = {
  run: z.string(),
  startedAt: z.number(),
  attempt: z.number(),
  inputs,
  fresh: inputs,
  steers: inputs,
  resetWhenDone: z.boolean(),
  steps: z.number(),
  tokens: z.number(),
};
const session = z.looseObject({
  epoch: z.number(),
  turn: z.discriminatedUnion("phase", [
    z.looseObject({ phase: z.literal("idle") }),
    z.looseObject({ phase: z.literal("gathering"), untilAt: z.number(), inputs }),
    z.looseObject({ phase: z.literal("running"), ...run, progressAt: z.number(), deadlineAt: z.number() }),
    z.looseObject({
      phase: z.literal("waiting"),
      ...run,
      untilAt: z.number(),
      why: z.enum(["credential", "person"]),
      remainingMs: z.number(),
    }),
  ]),
  queue: z.array(inputs),
  activeAt: z.number(),
  spoken: z.boolean(),
  choices: z.looseObject({}),
  policy: z.looseObject({ queueLimit: z.number(), runTimeoutMs: z.number(), runIdleTimeoutMs: z.number() }),
});
const event = z.looseObject({ type: z.string(), effects: z.array(z.string()).catch([]) });
const journal = z.object({
  format: z.literal(FORMAT),
  key: z.string(),
  version: z.string(),
  rows: z.array(z.object({ seq: z.number(), at: z.number(), event, session })),
});

export type ReadJournal =
  | { readonly ok: true; readonly journal: Journal }
  | { readonly ok: false; readonly problem: string };

/** `problem` says what is wrong and where, and never what stands there. */
export function readJournal(text: string): ReadJournal {
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch {
    return { ok: false, problem: "it is no JSON; expected what `npm run journal` writes" };
  }
  const read = journal.safeParse(written);
  if (!read.success) {
    const [issue] = read.error.issues;
    const where = issue?.path.join(".") || "the whole";
    return { ok: false, problem: `${where} is not as \`npm run journal\` writes it (${issue?.code ?? "unknown"})` };
  }
  // The schema checks what replay and story touch; the rest of both types is as a version of this project wrote it.
  const rows = read.data.rows as unknown as readonly Row[];
  return {
    ok: true,
    journal: {
      key: read.data.key,
      version: read.data.version,
      rows: [...rows].sort((one, other) => one.seq - other.seq),
    },
  };
}

/** What stands in a file that a person named. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new Unmet(`${path} cannot be read: expected a file that \`npm run -s journal -- <chat>\` wrote.`);
  }
}

/** The file that `readJournal` reads. */
export function writeJournal({ key, version, rows }: Journal): string {
  return `${JSON.stringify({ format: FORMAT, key, version, rows })}\n`;
}
