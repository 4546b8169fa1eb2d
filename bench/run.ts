import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { type Bundle, build, ROOT } from "./build.ts";
import { type Cost, costs, type Kind, pause } from "./kinds.ts";
import { Outside } from "./outside.ts";
import { markdown } from "./report.ts";
import { FLOOR, OURS, Stage, TOLL, type Turn } from "./stage.ts";

/**
 * `npm run bench`: the Worker and the floor, in turn, in the same run, under the same load, with a model that answers at
 * once. What depends on the machine is given as a ratio to the floor as well; what does not is counted.
 * Measured twice: under `wrangler dev`, as everybody starts them, and under workerd alone, where nothing stands between the
 * load and the two. `--dev`, `--alone`: only there. `--quick`: fewer and shorter rounds. `--no-write`: print only. `--toll`: a
 * third beside them, the floor that writes, logs, sends and reads what a turn of ours must, and does nothing else.
 */

/** Chats that are talked to: so many that none is written to twice in a second, so few that none falls asleep. */
const CHATS = 800;
const AT_ONCE = 16;
/** Turns of each chat before anything is timed. */
const WARMING_TURNS = 4;
/** A quiet bot rests between two messages: what one leaves to be done after its answer does not delay the next. */
const REST_MS = 30;

export interface Timing {
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly firstP50Ms: number;
  readonly standingP50Ms: number;
  readonly standingP99Ms: number;
  readonly turnsPerSecond: number;
  readonly cpuMsPerTurn: number;
  readonly newSessionCpuMs: number;
  readonly megabytesPer1000Sessions: number;
  readonly startMs: number;
  readonly startCpuMs: number;
}

export interface Results {
  readonly commit: string;
  readonly at: string;
  readonly machine: string;
  /** What they ran under. */
  readonly host: string;
  readonly rounds: number;
  /** Processes that wanted the processors while it ran: far above their number, times are the machine's and not ours. */
  readonly load: number;
  readonly ours: Timing;
  readonly floor: Timing;
  readonly toll?: Timing;
  readonly bundle: { readonly ours: number; readonly floor: number };
  readonly costs: Readonly<Partial<Record<Kind, Cost>>>;
}

const NAMES = { dev: "wrangler dev", alone: "workerd alone" } as const;

type Name = "floor" | "toll" | "ours";

interface Contestant {
  readonly bundle: Bundle;
  readonly config: string;
  readonly objects: Readonly<Record<string, string>>;
}

const USAGE = "npm run bench -- [--quick] [--dev] [--alone] [--toll] [--no-write]";
const unknown = process.argv.slice(2).filter((arg) => !USAGE.includes(`[${arg}]`));
if (unknown.length > 0) {
  const isHelp = unknown.includes("--help");
  console[isHelp ? "log" : "error"](isHelp ? USAGE : `${unknown[0]} is unknown. Expected: ${USAGE}`);
  process.exit(isHelp ? 0 : 2);
}

const isQuick = process.argv.includes("--quick");
const asked = (["dev", "alone"] as const).filter((host) => process.argv.includes(`--${host}`));
const hosts = asked.length > 0 ? asked : (["dev", "alone"] as const);
const rounds = isQuick ? 2 : 5;
const latencyTurns = isQuick ? 100 : 300;
const saturationMs = isQuick ? 2_000 : 5_000;

const directory = mkdtempSync(join(tmpdir(), "turnkeeper-bench-build-"));
const contestants = {
  floor: contestant("bench/floor/wrangler.toml", "floor", FLOOR),
  ours: contestant("wrangler.toml", "ours", OURS),
  toll: contestant("bench/toll/wrangler.toml", "toll", TOLL),
};
const names: readonly Name[] = process.argv.includes("--toll") ? ["floor", "toll", "ours"] : ["floor", "ours"];
const counted = build("wrangler.toml", join(directory, "counted"), "bench/counted.ts");
const outside = await Outside.start();

const stage = await Stage.open({ bundle: counted.file, objects: OURS }, outside);
const counts = await costs(stage, outside);
await stage.close();

for (const host of hosts) {
  const timings: Record<Name, Timing[]> = { floor: [], toll: [], ours: [] };
  const loads: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Whoever goes first has the colder machine: they take turns.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      timings[name].push(await measure(contestants[name], host));
      loads.push(loadavg()[0] ?? 0);
    }
    process.stderr.write(`${NAMES[host]}: round ${round + 1} of ${rounds}\n`);
  }
  const results: Results = {
    commit: git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "src") === "" ? "" : "+"),
    at: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
    host: NAMES[host],
    rounds,
    load: median(loads),
    ours: medians(timings.ours),
    floor: medians(timings.floor),
    ...(timings.toll.length > 0 ? { toll: medians(timings.toll) } : {}),
    bundle: { ours: contestants.ours.bundle.gzipBytes, floor: contestants.floor.bundle.gzipBytes },
    costs: Object.fromEntries(counts),
  };
  const report = markdown(results);
  process.stdout.write(`${report}\n`);
  if (process.argv.includes("--no-write")) continue;
  const suffix = host === "dev" ? "-dev" : "";
  writeFileSync(join(ROOT, `bench/results/latest${suffix}.md`), report);
  writeFileSync(join(ROOT, `bench/results/${results.commit}${suffix}.json`), `${JSON.stringify(results, null, 2)}\n`);
}
outside.close();
rmSync(directory, { recursive: true, force: true });

function contestant(config: string, name: string, objects: Readonly<Record<string, string>>): Contestant {
  return { config, bundle: build(config, join(directory, name)), objects };
}

async function measure({ bundle, config, objects }: Contestant, host: keyof typeof NAMES): Promise<Timing> {
  const bench = await Stage.open({ bundle: bundle.file, objects, ...(host === "dev" ? { config } : {}) }, outside);
  const { workerd } = bench;
  try {
    const empty = workerd.residentBytes();
    const begunCpuMs = workerd.cpuMs();
    await crowd(bench, 1);
    const newSessionCpuMs = (workerd.cpuMs() - begunCpuMs) / CHATS;
    const full = workerd.residentBytes();
    // A Worker in use has its code compiled: what is more of it takes longer to become so, and once.
    await crowd(bench, WARMING_TURNS);
    // One message after the other, as a quiet bot has them.
    const turns: Turn[] = [];
    for (let index = 0; index < latencyTurns; index += 1) {
      turns.push(await bench.turn(chatOf(index), "hello"));
      await pause(REST_MS);
    }
    const cpuMs = workerd.cpuMs();
    const startedAt = performance.now();
    const endAt = startedAt + saturationMs;
    let done = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, lane) => {
        for (let index = lane; performance.now() < endAt; index += AT_ONCE) {
          await bench.turn(chatOf(index), "hello");
          done += 1;
        }
      }),
    );
    const seconds = (performance.now() - startedAt) / 1000;
    // What is done after the last answer belongs to it.
    await pause(100);
    const times = (pick: (turn: Turn) => number) => turns.map(pick).sort((a, b) => a - b);
    return {
      ackP50Ms: quantile(
        times(({ ackMs }) => ackMs),
        0.5,
      ),
      ackP99Ms: quantile(
        times(({ ackMs }) => ackMs),
        0.99,
      ),
      firstP50Ms: quantile(
        times(({ firstMs }) => firstMs),
        0.5,
      ),
      standingP50Ms: quantile(
        times(({ standingMs }) => standingMs),
        0.5,
      ),
      standingP99Ms: quantile(
        times(({ standingMs }) => standingMs),
        0.99,
      ),
      turnsPerSecond: done / seconds,
      cpuMsPerTurn: (workerd.cpuMs() - cpuMs) / done,
      newSessionCpuMs,
      megabytesPer1000Sessions: ((full - empty) / CHATS / 1e6) * 1000,
      startMs: workerd.readyMs,
      startCpuMs: workerd.readyCpuMs,
    };
  } finally {
    await bench.close();
  }
}

/** Everybody says something, a few at once. */
async function crowd(bench: Stage, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    for (let from = 0; from < CHATS; from += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => bench.turn(chatOf(from + index), "hello")));
    }
  }
}

function chatOf(index: number): number {
  return 100_000 + (index % CHATS);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

function medians(all: readonly Timing[]): Timing {
  const of = (pick: (timing: Timing) => number): number => median(all.map(pick));
  return {
    ackP50Ms: of((timing) => timing.ackP50Ms),
    ackP99Ms: of((timing) => timing.ackP99Ms),
    firstP50Ms: of((timing) => timing.firstP50Ms),
    standingP50Ms: of((timing) => timing.standingP50Ms),
    standingP99Ms: of((timing) => timing.standingP99Ms),
    turnsPerSecond: of((timing) => timing.turnsPerSecond),
    cpuMsPerTurn: of((timing) => timing.cpuMsPerTurn),
    newSessionCpuMs: of((timing) => timing.newSessionCpuMs),
    megabytesPer1000Sessions: of((timing) => timing.megabytesPer1000Sessions),
    startMs: of((timing) => timing.startMs),
    startCpuMs: of((timing) => timing.startCpuMs),
  };
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
}
