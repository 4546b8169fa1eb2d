import fc from "fast-check";
import { describe, expect } from "vitest";
import {
  readContent,
  readFact,
  readIds,
  readJson,
  readMessage,
  readProgress,
  readReminder,
  readTranscript,
  readValue,
} from "../../../src/session/stored.ts";
import { Stage } from "../harness/session.ts";
import { fuzz } from "./fuzz.ts";
import { changes, edits, oddText, withChanges, withEdits } from "./mangled.ts";

/** Moments of a session at which its process may die, and what lies in its storage then. */
const MOMENTS = ["answered", "running", "asking", "flooded", "gathering", "reminding", "queued", "stepped"] as const;
const COLUMNS = [
  ["journal", "value"],
  ["journal", "value"],
  ["journal", "event"],
  ["inbox", "body"],
  ["transcript", "body"],
  ["reminders", "body"],
  ["facts", "body"],
  ["outbox", "content"],
  ["outbox", "progress"],
  ["growing", "ids"],
] as const;

async function at(moment: (typeof MOMENTS)[number]): Promise<Stage> {
  const stage = new Stage(moment === "running" ? { STREAM: "edit" } : {});
  await stage.write("hello");
  await stage.hears("echo of hello");
  switch (moment) {
    case "answered":
      break;
    case "running":
      stage.hold();
      await stage.write("a long one");
      break;
    case "queued":
      stage.hold();
      await stage.write("one");
      await stage.write("two");
      break;
    case "stepped":
      stage.next({ tools: [{ name: "now", args: {} }] });
      stage.hold();
      await stage.write("what time is it");
      await stage.until("the second call", () => stage.asked.length === 3);
      break;
    case "asking":
      stage.next({ tools: [{ name: "ask", args: { question: "Tea?", options: ["Yes", "No"] } }] });
      await stage.write("ask me");
      await stage.hears("Tea?");
      break;
    case "flooded":
      stage.refuse(/^send/, { kind: "flood", retryAfterMs: 9_000 });
      await stage.write("one");
      await stage.until("the flood", () => stage.logs("delivery.retry").length > 0);
      break;
    case "gathering":
      await stage.write("a picture", { albumId: "a1" });
      break;
    case "reminding":
      stage.next({ tools: [{ name: "remind", args: { text: "tea", cron: "* * * * *" } }] });
      await stage.write("remind me");
      await stage.hears("echo of remind me");
      break;
    default:
      moment satisfies never;
  }
  return stage;
}

const damage = fc.record({
  moment: fc.constantFrom(...MOMENTS),
  column: fc.constantFrom(...COLUMNS),
  newestOnly: fc.boolean(),
  how: fc.oneof(
    {
      weight: 4,
      arbitrary: changes.map((acts) => (json: string) => JSON.stringify(withChanges(JSON.parse(json), acts))),
    },
    { weight: 2, arbitrary: edits.map((acts) => (json: string) => withEdits(json, acts)) },
    { weight: 1, arbitrary: oddText.map((text) => () => text) },
  ),
});

describe("a session whose rows are damaged", () => {
  fuzz(
    "wakes, stops when it is told to, and answers the next message",
    50,
    damage,
    async ({ moment, column, newestOnly, how }) => {
      const stage = await at(moment);
      const [table, name] = column;
      const { sql } = stage.storage;
      const rows = sql
        .exec<{ id: number; body: string }>(
          `SELECT rowid AS id, ${name} AS body FROM ${table === "facts" ? "(SELECT 0 AS rowid, name, body FROM facts)" : table} WHERE ${name} IS NOT NULL ORDER BY rowid DESC`,
        )
        .toArray();
      const facts =
        table === "facts" ? sql.exec<{ name: string; body: string }>("SELECT name, body FROM facts").toArray() : [];
      for (const fact of facts) sql.exec("UPDATE facts SET body = ? WHERE name = ?", how(fact.body) ?? "", fact.name);
      if (table !== "facts") {
        for (const row of newestOnly ? rows.slice(0, 1) : rows) {
          sql.exec(`UPDATE ${table} SET ${name} = ? WHERE rowid = ?`, how(row.body) ?? "", row.id);
        }
      }
      stage.crash();
      stage.shell.alarm();
      await stage.pass(10_000);
      await stage.write("/stop");
      await stage.pass(2_000);
      const ping = await stage.write("ping");
      // Where the whereabouts are of another chat, nothing is replied to: it seems to have moved.
      const isAnswered = (): boolean =>
        [...stage.chat.values()].some(
          ({ replyTo, text }) =>
            text.includes("echo of ping") || (replyTo === ping.message.messageId && /echo of|⚠️|🔋/u.test(text)),
        );
      await stage.until("ping is answered", isAnswered);
      stage.shell.view(50);
      stage.shell.history();
      expect(stage.alarmAt === undefined || stage.alarmAt > stage.now).toBe(true);
    },
  );
});

const stored = (await Promise.all(MOMENTS.map(at))).flatMap((stage) =>
  COLUMNS.flatMap(([table, name]) =>
    stage.storage.sql
      .exec<{ body: string }>(`SELECT ${name} AS body FROM ${table} WHERE ${name} IS NOT NULL`)
      .toArray()
      .map(({ body }) => body),
  ),
);
const json = fc
  .tuple(fc.constantFrom(...stored), fc.oneof(changes, edits))
  .map(([text, acts]) =>
    acts[0]?.length === 3
      ? withEdits(text, acts as never)
      : (JSON.stringify(withChanges(JSON.parse(text), acts as never)) ?? ""),
  );

describe("a stored row", () => {
  fuzz("is read or refused by every reader, and never throws", 3_450, json, (text) => {
    readValue(text);
    readValue(text, 1_790_000_000_000);
    readMessage(text);
    readTranscript(text);
    readContent(text);
    readProgress(text);
    readIds(text);
    readReminder(text);
    readJson(text);
    for (const name of ["whereabouts", "began", "compacted", "persona", "question:x", "another"]) readFact(name, text);
  });
});
