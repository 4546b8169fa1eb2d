import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, ROOT } from "./build.ts";
import { countsOf, pause } from "./kinds.ts";
import { Outside } from "./outside.ts";
import { OURS, Stage } from "./stage.ts";

/**
 * What grows: sessions, conversations, queues, leases. Each is taken to its size and a turn is looked at before and after.
 * `node bench/scale.ts [part…]`, parts as below; the figures go to bench/results/scale.json and from there, by hand, to docs/scale.md.
 */

const sessions = Number(process.env.SESSIONS ?? 10_000);
const conversationTurns = Number(process.env.TURNS ?? 2_000);
const AT_ONCE = 24;
/** Longer than the courier waits between two messages of a chat, so that none waits for it. */
const PACE_MS = 1_120;
const WORDS = `hello ${"and a sentence of some length about the weather ".repeat(20)}`;

interface Look {
  readonly cpuMs: number;
  readonly standingMs: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly statements: number;
  readonly promptBytes: number;
  readonly modelCalls: number;
  readonly telegramCalls: number;
  /** Calls between objects. */
  readonly objectCalls: number;
}

const PARTS = { queue, register, conversation, crowd };
const FILE = join(ROOT, "bench/results/scale.json");

const directory = mkdtempSync(join(tmpdir(), "turnkeeper-scale-"));
const bundle = build("wrangler.toml", directory, "bench/counted.ts");
const outside = await Outside.start();

const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const found = await measure();
  // Read anew each time: another part may have been measured meanwhile.
  const results: Record<string, unknown> = JSON.parse(readFileSync(FILE, "utf8"));
  writeFileSync(FILE, `${JSON.stringify({ ...results, [name]: found }, null, 2)}\n`);
  process.stdout.write(`${name}: ${JSON.stringify(found, null, 2)}\n`);
}

outside.close();
rmSync(directory, { recursive: true, force: true });

/** One chat, many turns. What is said of a turn is the middle of it and the four before. */
async function conversation(): Promise<unknown> {
  const stage = await Stage.open({ bundle: bundle.file, objects: OURS }, outside);
  const marks = [5, 20, 60, 120, 200, 500, 1_000, 1_500, 2_000].filter((turn) => turn <= conversationTurns);
  try {
    const found: Record<number, Look> = {};
    let looks: Look[] = [];
    let modelCalls = 0;
    for (let turn = 1; turn <= conversationTurns; turn += 1) {
      const startedAt = performance.now();
      const mark = marks.find((one) => turn > one - 5 && turn <= one);
      if (mark === undefined) await stage.turn(77, WORDS);
      else {
        looks.push(await look(stage, 77));
        modelCalls += looks.at(-1)?.modelCalls ?? 0;
      }
      if (mark === turn) {
        found[turn] = middle(looks);
        looks = [];
        process.stderr.write(`turn ${turn}: ${JSON.stringify(found[turn])}\n`);
      }
      modelCalls += outside.take().modelCalls;
      await pause(Math.max(0, startedAt + PACE_MS - performance.now()));
    }
    return { turns: found, compactions: modelCalls - conversationTurns };
  } finally {
    await stage.close();
  }
}

/** The median of each figure by itself. */
function middle(looks: readonly Look[]): Look {
  const of = (pick: (one: Look) => number): number =>
    Math.round(looks.map(pick).sort((one, other) => one - other)[Math.floor(looks.length / 2)] ?? 0);
  return {
    cpuMs: of(({ cpuMs }) => cpuMs),
    standingMs: of(({ standingMs }) => standingMs),
    rowsRead: of(({ rowsRead }) => rowsRead),
    rowsWritten: of(({ rowsWritten }) => rowsWritten),
    statements: of(({ statements }) => statements),
    promptBytes: of(({ promptBytes }) => promptBytes),
    modelCalls: of(({ modelCalls }) => modelCalls),
    telegramCalls: of(({ telegramCalls }) => telegramCalls),
    objectCalls: of(({ objectCalls }) => objectCalls),
  };
}

async function look(stage: Stage, chat: number): Promise<Look> {
  await countsOf(stage);
  outside.take();
  const before = stage.workerd.cpuMs();
  const { standingMs } = await stage.turn(chat, WORDS);
  await pause(150);
  const cpuMs = stage.workerd.cpuMs() - before;
  const counts = await countsOf(stage);
  const own = counts.objects[`session telegram:${chat}`];
  const { modelBytes, modelCalls, calls } = outside.take();
  const objectCalls = Object.entries(counts.calls).filter(([name]) => /^[A-Z]+\./.test(name));
  return {
    cpuMs,
    standingMs,
    rowsRead: own?.read ?? 0,
    rowsWritten: own?.written ?? 0,
    statements: own?.statements ?? 0,
    promptBytes: modelBytes,
    modelCalls,
    telegramCalls: calls.length,
    objectCalls: objectCalls.reduce((sum, [, times]) => sum + times, 0),
  };
}

/** A queue at its limit behind one slow answer. */
async function queue(): Promise<unknown> {
  const stage = await Stage.open({ bundle: bundle.file, objects: OURS }, outside);
  outside.manners.set("slow", { firstMs: 4_000, pieces: 1, pieceMs: 0 });
  try {
    await stage.turn(88, "hello");
    await pause(1_100);
    await stage.write(88, "slow");
    const acks: number[] = [];
    for (let index = 1; index <= 51; index += 1) acks.push(await stage.write(88, `message ${index} in the queue`));
    return { first: acks.slice(0, 5).map(Math.round), last: acks.slice(-5).map(Math.round) };
  } finally {
    outside.manners.clear();
    await stage.close();
  }
}

/** The maintainers' list: one page of it, and the next, with ever more sessions registered. */
async function register(): Promise<unknown> {
  const settings = { ADMIN_TOKEN: "bench-admin-token" };
  const stage = await Stage.open({ bundle: bundle.file, objects: OURS, settings }, outside);
  const found: Record<number, unknown> = {};
  try {
    for (const registered of [1_000, 10_000, 100_000]) {
      await fetch(`http://127.0.0.1:${stage.workerd.port}/bench/fill?sessions=${registered}`);
      let cursor = "";
      const pages: unknown[] = [];
      // The first makes the objects that are listed.
      for (let page = 0; page < 3; page += 1) {
        await countsOf(stage);
        const startedAt = performance.now();
        const response = await fetch(`http://127.0.0.1:${stage.workerd.port}/admin/sessions?limit=20${cursor}`, {
          headers: { authorization: `Bearer ${settings.ADMIN_TOKEN}` },
        });
        const listed: { sessions: unknown[]; cursor?: string } = JSON.parse(await response.text());
        const ms = Math.round(performance.now() - startedAt);
        const { objects, calls } = await countsOf(stage);
        pages.push({
          listed: listed.sessions.length,
          ms,
          rowsRead: objects.directory?.read ?? 0,
          objectCalls: Object.entries(calls).reduce((sum, [name, times]) => sum + (/^[A-Z]/.test(name) ? times : 0), 0),
        });
        cursor = page === 0 ? "" : `&cursor=${encodeURIComponent(listed.cursor ?? "")}`;
      }
      found[registered] = pages.slice(1);
      process.stderr.write(`${registered}: ${JSON.stringify(pages.slice(1))}\n`);
    }
    return found;
  } finally {
    await stage.close();
  }
}

/** Many sessions, and with them as many leases: what the first thousand cost, and what the last. */
async function crowd(): Promise<unknown> {
  const stage = await Stage.open({ bundle: bundle.file, objects: OURS }, outside);
  const steps: unknown[] = [];
  try {
    const step = 1_000;
    for (let from = 0; from < sessions; from += step) {
      await countsOf(stage);
      const cpuMs = stage.workerd.cpuMs();
      const startedAt = performance.now();
      let next = from;
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (;;) {
            const chat = next;
            next += 1;
            if (chat >= from + step) return;
            await stage.turn(1_000_000 + chat, "hello");
          }
        }),
      );
      const counts = await countsOf(stage);
      steps.push({
        sessions: from + step,
        turnsPerSecond: Math.round(step / ((performance.now() - startedAt) / 1000)),
        cpuMsPerTurn: Number(((stage.workerd.cpuMs() - cpuMs) / step).toFixed(2)),
        residentMegabytes: Math.round(stage.workerd.residentBytes() / 1e6),
        openFiles: stage.workerd.openFiles(),
        storedKilobytesPerSession: Number((stage.workerd.storedBytes() / 1e3 / (from + step)).toFixed(1)),
        poolRowsWrittenPerTurn: (counts.objects.pool?.written ?? 0) / step,
        leaseLostPerTurn: (counts.calls["SESSION.leaseLost"] ?? 0) / step,
      });
      process.stderr.write(`${JSON.stringify(steps.at(-1))}\n`);
    }
    return steps;
  } finally {
    await stage.close();
  }
}
