import type { Fingerprint } from "../../../src/core/pool.ts";
import type { Strategy } from "../../../src/core/pool-choice.ts";
import { type Move, move, newWorld, OUTCOMES, type OutcomeName, type System, type World } from "./world.ts";

/** Long random walks over a scope too wide to be explored, from a seed that says all. */
export interface Walked {
  readonly steps: number;
  readonly broken?: {
    readonly law: string;
    readonly seed: number;
    readonly atStep: number;
    readonly last: readonly Move[];
  };
}

const KEYS: readonly Fingerprint[] = [
  { id: "A" },
  { id: "B", account: "one" },
  { id: "C", account: "one" },
  { id: "D", account: "two" },
  { id: "E" },
];
const SESSIONS = ["s1", "s2", "s3", "s4"];
const MODELS = ["m1", "m2", "m3"];
const STRATEGIES: readonly Strategy[] = ["fill_first", "round_robin", "least_used", "random"];
const OUTCOME_NAMES = Object.keys(OUTCOMES).filter((name): name is OutcomeName => name in OUTCOMES);
const WAITS_MS = [1, 500, 4_000, 19_999, 20_000, 31_000, 61_000, 240_000, 3_700_000, 21_000_000, 90_000_000];

export function walk(system: System, seed: number, steps: number): Walked {
  const dice = mulberry32(seed);
  const pick = <T>(list: readonly T[], fallback: T): T => list[Math.floor(dice() * list.length)] ?? fallback;
  const strategy = pick(STRATEGIES, "fill_first");
  const keys = KEYS.slice(0, 1 + Math.floor(dice() * KEYS.length));
  /** Some walks are calm, some fail all the time. */
  const failureShare = dice();
  let world = newWorld(system, keys);
  const last: Move[] = [];
  for (let at = 0; at < steps; at += 1) {
    const what = nextMove(world);
    const moved = move(system, world, what, dice());
    last.push(what);
    if (last.length > 12) last.shift();
    const [law] = moved.broken;
    if (law !== undefined) return { steps: at + 1, broken: { law, seed, atStep: at, last } };
    // Sessions come and go: only the latest few leases are still held by somebody.
    world = { ...moved.world, held: moved.world.held.slice(-16), ledger: forgetOldWindows(moved.world) };
  }
  return { steps };

  function nextMove(now: World): Move {
    const draw = dice();
    const held = now.held.length > 0 ? pick(now.held, undefined) : undefined;
    if (draw < 0.4 || held === undefined) {
      const session = pick(SESSIONS, "s1");
      const prefer = dice() < 0.3 ? { prefer: pick(keys, { id: "A" }).id } : {};
      return { type: "ask", session, model: pick(MODELS, "m1"), isNewTurn: dice() < 0.5, strategy, ...prefer };
    }
    if (draw < 0.8) {
      const outcome = dice() < failureShare ? pick(OUTCOME_NAMES, "rate") : "ok";
      return { type: "report", lease: held.lease, outcome };
    }
    if (draw < 0.84) return { type: "release", lease: held.lease };
    if (draw < 0.97) return { type: "wait", ms: pick(WAITS_MS, 1) };
    if (draw < 0.985) {
      const one = dice() < 0.5 ? { credential: pick(keys, { id: "A" }).id } : {};
      return { type: "lift", ...one };
    }
    const order = keys.filter(() => dice() < 0.8);
    return { type: "sync", fingerprints: dice() < 0.5 ? keys : order.reverse() };
  }
}

function forgetOldWindows({ ledger, now }: World): World["ledger"] {
  const windows = ledger.windows.filter(({ untilAt, isAnnounced }) => !isAnnounced || untilAt > now - 172_800_000);
  return windows.length === ledger.windows.length ? ledger : { ...ledger, windows };
}

/** A small generator of good spread; the same numbers from the same seed everywhere. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
