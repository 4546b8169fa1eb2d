import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CHECKS } from "./checks/all.ts";
import { missing } from "./coverage.ts";
import { realNow } from "./real-time.ts";
import { simulate } from "./simulate.ts";
import { type Ended, ended, Tally } from "./tally.ts";

const OPTIONS = {
  options: {
    /** The first world's; the next has the next. Left out: a fresh one, which is printed. */
    seed: { type: "string" },
    minutes: { type: "string", default: "60" },
    sessions: { type: "string", default: "6" },
    worlds: { type: "string", default: "1" },
    /** No world begins after so many real seconds. */
    seconds: { type: "string", default: "Infinity" },
    /** How many lines a failure prints. */
    lines: { type: "string", default: "200" },
    /** Ends badly where something that should have occurred never did. */
    covered: { type: "boolean" },
    /** Of the checks, those whose names contain this. */
    only: { type: "string", default: "" },
    /** World after world until ten million events have happened. */
    nightly: { type: "boolean" },
    /** Processes that share the worlds: every second, third … is for each. */
    workers: { type: "string", default: "1" },
    help: { type: "boolean" },
  },
} as const;
const USAGE =
  "npm run simulate -- [--seed N] [--minutes M] [--sessions S] [--worlds W] [--seconds T] [--workers P] [--lines L] [--only CHECK] [--covered] [--nightly]";

const values = understood();
const NIGHTLY_STEPS = 10_000_000;

const first = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const workers = Number(values.workers);
const tally = new Tally(realNow);

const isOver = () => {
  if (values.nightly) return tally.steps >= NIGHTLY_STEPS;
  return tally.worlds >= Number(values.worlds) || tally.seconds >= Number(values.seconds);
};

// Whoever stops a long run is told how far it came.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    if (!process.send) report("stopped");
    process.exit(1);
  });
}

// A world takes the clock away from its process: those that are to go on at the same time need a process each.
if (process.send) await serve();
else if (workers > 1) await share();
else for (let seed = first; !isOver() && take(await world(seed)); seed += 1);

if (!process.send && process.exitCode !== 1) {
  report("done");
  const lacking = missing(tally.totals);
  if (lacking.length > 0) console.log(`  never seen: ${lacking.join(", ")}`);
  if (values.covered && lacking.length > 0) process.exitCode = 1;
}

/** What was asked for; what makes no sense ends in one line that says what would. */
function understood() {
  try {
    const { values: given } = parseArgs(OPTIONS);
    if (given.help) {
      console.log(USAGE);
      process.exit(0);
    }
    for (const name of ["seed", "minutes", "sessions", "worlds", "seconds", "lines", "workers"] as const) {
      const number = Number(given[name] ?? 0);
      if (Number.isNaN(number) || number < 0) throw new Error(`--${name} ${given[name]}: expected a number from 0.`);
    }
    return given;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message.split(/[.\n]/)[0] : error}. Expected: ${USAGE}`);
    process.exit(2);
  }
}

async function world(seed: number): Promise<Ended> {
  const checks = CHECKS.filter(({ name }) => name.includes(values.only));
  const { minutes, sessions, lines } = values;
  return ended(
    await simulate({
      seed,
      minutes: Number(minutes),
      sessions: Number(sessions),
      checks,
      lines: Number(lines),
    }),
  );
}

/** False: a promise was broken. */
function take(done: Ended): boolean {
  tally.add(done);
  if (done.violation) {
    fail(done);
    process.exitCode = 1;
    return false;
  }
  if (tally.worlds === 1 || tally.worlds % 50 === 0) report(`seed ${done.seed} print ${done.print}`);
  return true;
}

/** A process that is told seeds and says what became of each. */
function serve(): Promise<void> {
  return new Promise((resolve) => {
    process.on("message", (seed: number) => {
      world(seed).then(
        (done) => process.send?.(done),
        (error: unknown) => {
          console.error(`seed ${seed}`, error);
          process.exit(2);
        },
      );
    });
    process.on("disconnect", resolve);
  });
}

async function share(): Promise<void> {
  let seed = first;
  const children = Array.from({ length: workers }, () => fork(fileURLToPath(import.meta.url), process.argv.slice(2)));
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((resolve, reject) => {
          const next = () => {
            if (isOver() || process.exitCode === 1) child.disconnect();
            else child.send(seed++);
          };
          child.on("message", (done: Ended) => {
            if (process.exitCode !== 1) take(done);
            next();
          });
          child.on("disconnect", resolve);
          child.on("error", reject);
          child.on("exit", (code) => (code ? reject(new Error(`a process ended with ${code}`)) : resolve()));
          next();
        }),
    ),
  );
}

function report(head: string): void {
  for (const line of tally.lines(head)) console.log(line);
}

function fail({ seed, violation, lines, steps }: Ended): void {
  for (const line of lines) console.log(line);
  const only = values.only === "" ? "" : ` --only ${JSON.stringify(values.only)}`;
  console.log(`\n✗ ${violation?.check}\n  ${violation?.complaint}\n  after ${steps} events of seed ${seed}. Again:`);
  console.log(`  npm run simulate -- --seed ${seed} --minutes ${values.minutes} --sessions ${values.sessions}${only}`);
}
