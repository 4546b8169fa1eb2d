import type { Fingerprint } from "../../../src/core/pool.ts";
import { TRIAL_MS } from "../../../src/core/pool-credential.ts";
import { type Move, move, newWorld, type OutcomeName, type System, type World } from "./world.ts";

/** A scope small enough to be gone through to its end: every order of everything that can happen in it. */
export interface Scope {
  readonly fingerprints: readonly Fingerprint[];
  readonly sessions: readonly string[];
  readonly models: readonly string[];
  readonly outcomes: readonly OutcomeName[];
  readonly asks: number;
  readonly waits: number;
  readonly lifts: number;
}

export interface Explored {
  readonly states: number;
  readonly steps: number;
  /** The first way found to each broken law. */
  readonly broken: ReadonlyMap<string, readonly Move[]>;
}

interface Node {
  readonly world: World;
  readonly asks: number;
  readonly waits: number;
  readonly lifts: number;
  /** How many of the scope's models have been asked for. */
  readonly models: number;
  readonly by?: { readonly from: Node; readonly move: Move };
}

/** Breadth first, so that the way to a broken law is a shortest one. `stopAt`: leave off once this law is broken. */
export function explore(system: System, scope: Scope, stopAt?: string): Explored {
  const broken = new Map<string, readonly Move[]>();
  const seen = new Set<string>();
  const start: Node = {
    world: newWorld(system, scope.fingerprints),
    asks: 0,
    waits: 0,
    lifts: 0,
    models: 0,
  };
  let layer: Node[] = [start];
  seen.add(keyOf(start));
  let steps = 0;
  while (layer.length > 0) {
    const next: Node[] = [];
    for (const node of layer) {
      for (const [what, budget] of movesOf(node, scope)) {
        const moved = move(system, node.world, what, 0);
        steps += 1;
        const child: Node = { ...node, ...budget, world: moved.world, by: { from: node, move: what } };
        for (const law of moved.broken) if (!broken.has(law)) broken.set(law, wayTo(child));
        if (stopAt !== undefined && broken.has(stopAt)) return { states: seen.size, steps, broken };
        const key = keyOf(child);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(child);
      }
    }
    layer = next;
  }
  return { states: seen.size, steps, broken };
}

function* movesOf(node: Node, scope: Scope): Generator<[Move, Partial<Node>]> {
  const { world } = node;
  const asks = node.asks + 1;
  // Sessions are alike, and so are models: which of those that have done nothing yet comes next makes no difference.
  const sessions = scope.sessions.slice(0, Object.keys(world.tried).length + 1);
  for (const session of asks > scope.asks ? [] : sessions) {
    for (const [at, model] of scope.models.slice(0, node.models + 1).entries()) {
      const models = Math.max(node.models, at + 1);
      const hasTried = (world.tried[session]?.length ?? 0) > 0;
      for (const isNewTurn of hasTried ? [false, true] : [true]) {
        yield [
          { type: "ask", session, model, isNewTurn, strategy: "fill_first" },
          { asks, models },
        ];
      }
    }
  }
  for (const { lease, reports } of world.held) {
    if (reports >= 2) continue;
    for (const outcome of scope.outcomes) yield [{ type: "report", lease, outcome }, {}];
    if (reports === 0) yield [{ type: "release", lease }, {}];
  }
  if (node.lifts < scope.lifts) {
    const lifts = node.lifts + 1;
    yield [{ type: "lift" }, { lifts }];
    for (const { id } of scope.fingerprints) yield [{ type: "lift", credential: id }, { lifts }];
  }
  if (node.waits < scope.waits) {
    for (const ms of waitsOf(world)) yield [{ type: "wait", ms }, { waits: node.waits + 1 }];
  }
}

/** The instants that can matter: inside a window and a trial, at the end of the next of either. */
function waitsOf({ now, ledger }: World): number[] {
  const ends = [...ledger.windows, ...ledger.probes].map(({ untilAt }) => untilAt).filter((at) => at > now);
  if (ends.length === 0) return [];
  const first = Math.min(...ends) - now;
  return first > TRIAL_MS / 2 ? [TRIAL_MS / 2, first] : [first];
}

/** Two worlds are one state if they can only go on alike: times count from now, and what merely counts is left out. */
function keyOf({ world, asks, waits, lifts, models }: Node): string {
  const { now, pool, held, tried, ledger, kept, waits: waiting } = world;
  const credentials = pool.credentials.map(({ uses: _, lastUsedAt: __, ...rest }) => rest);
  const { leases, spent, droughts, waiting: told } = pool;
  return JSON.stringify(
    [credentials, leases, spent, droughts, told, held, tried, ledger, kept, waiting, asks, waits, lifts, models],
    (key, value) => (typeof value === "number" && key.toLowerCase().endsWith("at") ? value - now : value),
  );
}

function wayTo(node: Node): Move[] {
  return node.by === undefined ? [] : [...wayTo(node.by.from), node.by.move];
}
