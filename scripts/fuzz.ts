import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { command, paint, say, Unmet } from "./terminal.ts";
import { ROOT } from "./wrangler.ts";

/** `npm run fuzz`: every border with as many cases as one night takes, and how many that were. */
const HELP = `npm run fuzz -- --runs 1000000 --seed 1
  --runs N   cases in all, shared out among the borders; a million unless told, the everyday run has 20,000
  --seed N   the walk; a new one each time unless given
Exit code 1: a case failed; its smallest form stands above, with the seed that finds it again.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "1000000" },
      seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  const { runs, seed } = values;
  if (![runs, seed].every((written) => /^[1-9]\d{0,11}$/.test(written)))
    throw new Unmet("--runs and --seed: expected a whole number from 1 each.");
  const directory = mkdtempSync(join(tmpdir(), "turnkeeper-fuzz-"));
  const counts = join(directory, "counts");
  writeFileSync(counts, "");
  const env = { ...process.env, FUZZ_RUNS: runs, FUZZ_SEED: seed, FUZZ_COUNTS: counts };
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", "--project", "core", "--maxWorkers", "1", "test/core/fuzz"];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: "inherit" });
  const borders = bordersIn(readFileSync(counts, "utf8"));
  rmSync(directory, { recursive: true });
  const inAll = borders.reduce((sum, { tried, ms }) => ({ tried: sum.tried + tried, ms: sum.ms + ms }), {
    tried: 0,
    ms: 0,
  });
  for (const { border, tried, ms } of borders) say(`${figures(tried, ms)}  ${border}`);
  const found = status === 0 ? paint("green", "nothing found") : paint("red", "see above");
  say(`${figures(inAll.tried, inAll.ms)}  in all, seed ${seed}: ${found}`);
  say(`again: npm run fuzz -- --runs ${runs} --seed ${seed}`);
  return status === 0 ? 0 : 1;
}

interface Border {
  readonly border: string;
  readonly tried: number;
  readonly ms: number;
}

/** What the tests noted, one border a line: those that failed have none. */
function bordersIn(noted: string): Border[] {
  return noted.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Border]));
}

const figures = (tried: number, ms: number): string =>
  `${tried.toLocaleString("en").padStart(9)} cases ${String(Math.round(ms / 1000)).padStart(6)} s`;

if (import.meta.main) await command(main);
