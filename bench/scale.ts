import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, ROOT } from "./build.ts";
import { countsOf, pause } from "./kinds.ts";
import { Outside } from "./outside.ts";
import { OURS, Stage } from "./stage.ts";

/**
 * What grows: sessions, conversations, queues, leases. Each is taken to its size and a turn is looked at before and after.
 * `node bench/scale.ts [sessions] [turns]`; the figures go to bench/results/scale.json and from there, by hand, to docs/scale.md.
 */

const sessions = Number(process.argv[2] ?? 10_000);
const conversationTurns = Number(process.argv[3] ?? 2_000);
const AT_ONCE = 24;
/** The courier says about one thing a second in a chat. */
const PACE_MS = 1_000;
const WORDS = `hello ${"and a sentence of some length about the weather ".repeat(20)}`;

interface Look {
  readonly cpuMs: number;
  readonly standingMs: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly promptBytes: number;
}

const directory = mkdtempSync(join(tmpdir(), "turnkeeper-scale-"));
const bundle = build("wrangler.toml", directory, "bench/counted.ts");
const results: Record<string, unknown> = {};
const outside = await Outside.start();

for (const [name, measure] of Object.entries({ queue, conversation, crowd })) {
  results[name] = await measure();
  writeFileSync(join(ROOT, "bench/results/scale.json"), `${JSON.stringify(results, null, 2)}\n`);
}

outside.close();
rmSync(directory, { recursive: true, force: true });
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);

/** One chat, many turns. */
async function conversation(): Promise<unknown> {
  const stage = await Stage.open({ bundle: bundle.file, objects: OURS }, outside);
  try {
    const looks: Record<number, Look> = {};
    for (let turn = 1; turn <= conversationTurns; turn += 1) {
      if ([5, 20, 60, 120, 250, 500, 1_000, conversationTurns].includes(turn)) looks[turn] = await look(stage, 77);
      else await stage.turn(77, WORDS);
      await pause(PACE_MS);
    }
    return looks;
  } finally {
    await stage.close();
  }
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
  const { modelBytes } = outside.take();
  return {
    cpuMs,
    standingMs,
    rowsRead: own?.read ?? 0,
    rowsWritten: own?.written ?? 0,
    promptBytes: modelBytes,
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
