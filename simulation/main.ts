import { parseArgs } from "node:util";
import { type Simulated, simulate } from "./simulate.ts";

const { values } = parseArgs({
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
    /** World after world until ten million events have happened. */
    nightly: { type: "boolean" },
  },
});
const NIGHTLY_STEPS = 10_000_000;

const first = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const minutes = Number(values.minutes);
const sessions = Number(values.sessions);
const totals = new Map<string, number>();
let steps = 0;
let transitions = 0;
let realMs = 0;
let longest = 0;
let worlds = 0;

const isOver = () =>
  values.nightly ? steps >= NIGHTLY_STEPS : worlds >= Number(values.worlds) || realMs >= 1_000 * Number(values.seconds);

for (let seed = first; !isOver(); seed += 1) {
  const done = await simulate({ seed, minutes, sessions, lines: Number(values.lines) });
  worlds += 1;
  steps += done.steps;
  transitions += done.transitions;
  realMs += done.realMs;
  longest = Math.max(longest, done.settledMinutes);
  for (const [name, count] of done.totals) totals.set(name, (totals.get(name) ?? 0) + count);
  if (done.violation) {
    fail(done);
    process.exitCode = 1;
    break;
  }
  if (worlds === 1 || worlds % 50 === 0) report(`seed ${seed} print ${done.print}`);
}
if (process.exitCode !== 1) report("done");

function report(head: string): void {
  const perSecond = Math.round(steps / Math.max(0.001, realMs / 1000));
  console.log(
    `${head}: ${worlds} worlds, ${steps} events, ${transitions} transitions, ${(realMs / 1000).toFixed(1)} s, ${perSecond} events/s; settled within ${longest.toFixed(1)} min`,
  );
  const named = [...totals].sort(([one], [other]) => one.localeCompare(other));
  console.log(`  ${named.map(([name, count]) => `${name} ${count}`).join(", ")}`);
}

function fail({ seed, violation, lines, steps: after }: Simulated): void {
  for (const line of lines()) console.log(line);
  console.log(`\n✗ ${violation?.check}\n  ${violation?.complaint}\n  after ${after} events of seed ${seed}. Again:`);
  console.log(`  npm run simulate -- --seed ${seed} --minutes ${minutes} --sessions ${sessions}`);
}
