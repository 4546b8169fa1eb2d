import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type Journal, type Row, readJournal, textOf, writeJournal } from "./journal-file.ts";
import { type Difference, type Replayed, replay } from "./replaying.ts";
import { command, paint, say, Unmet } from "./terminal.ts";
import { ROOT } from "./wrangler.ts";

/** `npm run replay -- journal.json`: lets this version decide again what a session's journal says was decided. */
const HELP = `npm run replay -- journal.json
  --as-test [--name NAME]   writes a test that replays it, test/core/replays/NAME.test.ts
npm run -s journal -- <chat> > journal.json exports one. Exit code 1: this version decides differently somewhere.`;

const MOST_FIELDS = 40;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { "as-test": { type: "boolean" }, name: { type: "string" }, help: { type: "boolean" } },
    allowPositionals: true,
  });
  const [path] = positionals;
  if (values.help) {
    say(HELP);
    return 0;
  }
  if (path === undefined) throw new Unmet("Which journal? Expected a file that `npm run -s journal -- <chat>` wrote.");
  const read = readJournal(textOf(path));
  if (!read.ok) throw new Unmet(`${path} cannot be replayed: ${read.problem}.`);
  if (values["as-test"])
    say(`✓ Wrote ${writeTest(read.journal, values.name)}; run it with: npx vitest run --project core replays`);
  const replayed = replay(read.journal);
  for (const line of report(read.journal, replayed)) say(line);
  return replayed.difference || replayed.broken.length > 0 ? 1 : 0;
}

export function report({ key, version, rows }: Journal, replayed: Replayed): string[] {
  const { alike, unknown, difference, broken } = replayed;
  const first = rows[0];
  const span = first ? `${clock(first.at)} to ${clock(rows.at(-1)?.at ?? first.at)}` : "nothing";
  return [
    `${key}: ${rows.length} events, ${span}, exported by version ${version}`,
    ...(unknown > 0
      ? [`  ${unknown} without the value before them, which the journal no longer holds: not decided again`]
      : []),
    ...broken.map(
      ({ row, complaint }) =>
        `${paint("red", "✗")} event ${row.seq} (${row.event.type}, ${clock(row.at)}): ${complaint}`,
    ),
    ...(difference ? differs(difference, alike) : [`${paint("green", "✓")} this version decides all ${alike} alike`]),
  ];
}

function differs({ row, before, fields }: Difference, alike: number): string[] {
  const shown = fields.slice(0, MOST_FIELDS);
  const table = [
    ["", "stored", "now"],
    ...shown.map(({ path, stored, computed }) => [path, stored ?? "—", computed ?? "—"]),
  ];
  const widths = [0, 1].map((column) => Math.max(...table.map((cells) => (cells[column] ?? "").length)));
  return [
    `${paint("red", "✗")} event ${row.seq}, after ${alike} alike, is decided differently by this version`,
    `  at      ${clock(row.at)}`,
    `  met     ${before.turn.phase}, ${before.queue.length} queued, epoch ${before.epoch}`,
    `  event   ${JSON.stringify(row.event)}`,
    ...table.map(([path = "", stored = "", computed = ""]) =>
      `    ${path.padEnd(widths[0] ?? 0)}  ${stored.padEnd(widths[1] ?? 0)}  ${computed}`.trimEnd(),
    ),
    ...(fields.length > shown.length ? [`    … and ${fields.length - shown.length} more`] : []),
  ];
}

/** The journal lies beside the test under an ending that no formatter knows. */
function writeTest(journal: Journal, given: string | undefined): string {
  const name = given ?? nameFor(journal.key, journal.rows);
  if (!/^[\w-]{1,80}$/.test(name)) throw new Unmet("--name: expected letters, digits, - and _ only.");
  const test = join(ROOT, "test", "core", "replays", `${name}.test.ts`);
  mkdirSync(dirname(test), { recursive: true });
  writeFileSync(join(dirname(test), `${name}.journal`), writeJournal(journal));
  writeFileSync(test, testOf(name, journal));
  return relative(ROOT, test);
}

function nameFor(key: string, rows: readonly Row[]): string {
  const last = z.number().catch(0).parse(rows.at(-1)?.seq);
  return `${key.replace(/[^a-z0-9]+/gi, "-")}-${last}`;
}

function testOf(name: string, { key, version, rows }: Journal): string {
  return `import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readJournal } from "../../../scripts/journal-file.ts";
import { replay } from "../../../scripts/replaying.ts";

/** ${key}, ${rows.length} events, exported by version ${version}; written by \`npm run replay -- --as-test\`. */
const read = readJournal(readFileSync(join(import.meta.dirname, "${name}.journal"), "utf8"));

test("this version decides every event as it was decided", () => {
  expect(read.ok && replay(read.journal).difference).toBeUndefined();
});

test("no message of it is lost without a word, and nothing of it stays busy for ever", () => {
  expect(read.ok && replay(read.journal).broken).toEqual([]);
});
`;
}

function clock(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

if (import.meta.main) await command(main);
