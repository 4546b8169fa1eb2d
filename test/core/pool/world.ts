import type { Verdict } from "../../../src/core/failure.ts";
import {
  emptyPool,
  type Fingerprint,
  nextAlarm,
  type Outcome,
  type Pool,
  type PoolEvent,
  type PoolStep,
  step,
} from "../../../src/core/pool.ts";
import type { Strategy } from "../../../src/core/pool-choice.ts";
import { judge } from "./laws.ts";
import { believable, emptyLedger, type Facts, type Ledger, passTime, remember } from "./ledger.ts";
import { afterwards, type Kept, LAWS_OF_SESSIONS, type Wait } from "./sessions.ts";

/**
 * A pool with the sessions around it: what they hold, what they tried, what time it is. `move` makes one thing happen
 * and asks every law (laws.ts) about it. The laws look at a ledger of their own, kept from what went in and came out,
 * not at the pool's inside; so a mutant that corrupts the inside cannot hide there.
 */
export interface System {
  readonly step: (pool: Pool, event: PoolEvent, now: number, dice: number) => PoolStep;
  readonly nextAlarm: (pool: Pool) => number | undefined;
}

export const realSystem: System = { step, nextAlarm };

export interface Held {
  readonly lease: string;
  readonly session: string;
  readonly credential: string;
  readonly version: number;
  readonly model: string;
  readonly grantedAt: number;
  /** How often it was reported, and whether a report was a failure that is the key's fault. */
  readonly reports: number;
  readonly isSpent: boolean;
}

export interface World {
  readonly now: number;
  readonly pool: Pool;
  readonly held: readonly Held[];
  /** Per session: what it has failed with in this turn. */
  readonly tried: Readonly<Record<string, readonly string[]>>;
  readonly leasesGiven: number;
  readonly ledger: Ledger;
  /** What sessions would call with next, without asking the pool. */
  readonly kept: readonly Kept[];
  /** Sessions that were told a time and have heard nothing since. */
  readonly waits: readonly Wait[];
}

export type Move =
  | { readonly type: "sync"; readonly fingerprints: readonly Fingerprint[] }
  | {
      readonly type: "ask";
      readonly session: string;
      readonly model: string;
      readonly isNewTurn: boolean;
      readonly strategy: Strategy;
      readonly prefer?: string;
    }
  | { readonly type: "report"; readonly lease: string; readonly outcome: OutcomeName }
  | { readonly type: "release"; readonly lease: string }
  | { readonly type: "lift"; readonly credential?: string }
  | { readonly type: "wait"; readonly ms: number };

export type OutcomeName = keyof typeof OUTCOMES;

export const OUTCOMES = {
  ok: undefined,
  rate: { class: "rate", retryable: true },
  rateNamed: { class: "rate", retryable: true, explicit: true, afterMs: 45_000 },
  rateWhole: { class: "rate", retryable: true, scope: "credential" },
  rateAccount: { class: "rate", retryable: true, scope: "account" },
  quota: { class: "quota", retryable: false, explicit: true, afterMs: 7_200_000 },
  quotaModel: { class: "quota", retryable: false, scope: "model" },
  billing: { class: "billing", retryable: false, explicit: true, afterMs: 5_000 },
  auth: { class: "auth", retryable: false },
  overload: { class: "overload", retryable: true, explicit: true, afterMs: 9_000 },
  network: { class: "network", retryable: true },
  context: { class: "context", retryable: false },
  bad: { class: "bad", retryable: false },
  blocked: { class: "blocked", retryable: false },
  missing: { class: "model_missing", retryable: false },
} as const satisfies Record<string, (Verdict & { afterMs?: number }) | undefined>;

export function outcomeOf(name: OutcomeName, now: number): Outcome {
  const verdict: (Verdict & { afterMs?: number }) | undefined = OUTCOMES[name];
  if (verdict === undefined) return { ok: true };
  const { afterMs, ...rest } = verdict;
  return { ok: false, verdict: afterMs === undefined ? rest : { ...rest, untilAt: now + afterMs } };
}

export const START_AT = 1_000_000;

export function newWorld(system: System, fingerprints: readonly Fingerprint[]): World {
  const world: World = {
    now: START_AT,
    pool: emptyPool,
    held: [],
    tried: {},
    leasesGiven: 0,
    ledger: emptyLedger,
    kept: [],
    waits: [],
  };
  return move(system, world, { type: "sync", fingerprints }, 0).world;
}

export interface Moved {
  readonly world: World;
  /** Names of the laws that were broken. */
  readonly broken: readonly string[];
}

export function move(system: System, before: World, what: Move, dice: number): Moved {
  if (what.type === "wait") return wait(system, before, what.ms, dice);
  const event = eventOf(before, what);
  const done = system.step(before.pool, event, before.now, dice);
  const facts = { before, event, done, now: before.now, system };
  const { world: after, broken } = settled(facts);
  let world: World = after;
  if (what.type === "ask") {
    const tried = what.isNewTurn ? [] : (before.tried[what.session] ?? []);
    world = { ...world, tried: { ...before.tried, [what.session]: tried } };
    if (done.answer?.ok) {
      const { lease, credential, version } = done.answer;
      const held: Held = {
        lease,
        session: what.session,
        credential,
        version,
        model: what.model,
        grantedAt: before.now,
        reports: 0,
        isSpent: false,
      };
      world = { ...world, held: [...world.held, held], leasesGiven: before.leasesGiven + 1 };
    }
  }
  if (what.type === "report") {
    const isFailure = what.outcome !== "ok";
    const isBelieved = believable(facts) !== undefined;
    world = {
      ...world,
      held: world.held.map((one) =>
        one.lease === what.lease
          ? { ...one, reports: one.reports + 1, isSpent: one.isSpent || (isBelieved && isKeysFault(what.outcome)) }
          : one,
      ),
    };
    const holder = before.held.find(({ lease }) => lease === what.lease);
    if (isFailure && holder !== undefined) {
      const tried = [...new Set([...(world.tried[holder.session] ?? []), holder.credential])];
      world = { ...world, tried: { ...world.tried, [holder.session]: tried } };
    }
  }
  if (what.type === "release") world = { ...world, held: world.held.filter(({ lease }) => lease !== what.lease) };
  return { world, broken };
}

/** One step of the pool: what the onlooker writes down, what the sessions are told, and every law about it. */
function settled(facts: Facts): Moved {
  const { before, done } = facts;
  const ledger = remember(facts);
  const world = { ...before, pool: done.pool, ledger, ...afterwards(facts) };
  const broken = Object.entries(LAWS_OF_SESSIONS).flatMap(([name, holds]) => (holds(facts, world) ? [] : [name]));
  return { world, broken: [...judge(facts), ...broken] };
}

/** Time passes as on the platform: the alarm fires when the pool says it is due, and at no other time. */
function wait(system: System, before: World, ms: number, dice: number): Moved {
  const endAt = before.now + ms;
  let world = before;
  const broken: string[] = [];
  for (let fired = 0; ; fired += 1) {
    const dueAt = system.nextAlarm(world.pool);
    if (dueAt === undefined || dueAt > endAt) break;
    if (fired > 100) return { world, broken: [...broken, "the alarm comes to rest"] };
    const now = Math.max(world.now, dueAt);
    const event: PoolEvent = { type: "ticked" };
    const done = system.step(world.pool, event, now, dice);
    const moved = settled({ before: world, event, done, now, system });
    broken.push(...moved.broken);
    world = { ...moved.world, now };
  }
  const waits = world.waits.filter(({ untilAt }) => untilAt > endAt);
  const kept = world.kept.filter(({ untilAt }) => untilAt > endAt);
  world = { ...world, now: endAt, ledger: passTime(world.ledger, endAt), kept, waits };
  const late = world.ledger.windows.some((window) => window.untilAt <= endAt && !window.isAnnounced);
  if (late) broken.push("the end of every window is announced by the alarm");
  return { world, broken };
}

function eventOf(world: World, what: Exclude<Move, { type: "wait" }>): PoolEvent {
  switch (what.type) {
    case "sync":
      return { type: "synced", fingerprints: what.fingerprints };
    case "ask": {
      const exclude = what.isNewTurn ? [] : (world.tried[what.session] ?? []);
      const { session, model, strategy, prefer } = what;
      const lease = `lease-${world.leasesGiven}`;
      return {
        type: "leaseAsked",
        lease,
        session,
        model,
        strategy,
        exclude,
        ...(prefer === undefined ? {} : { prefer }),
      };
    }
    case "report": {
      const held = world.held.find(({ lease }) => lease === what.lease);
      if (held === undefined) throw new Error(`Cannot report ${what.lease}: nobody holds it.`);
      const { lease, credential, version, model } = held;
      return { type: "reported", lease, credential, version, model, outcome: outcomeOf(what.outcome, world.now) };
    }
    case "release":
      return { type: "released", lease: what.lease };
    case "lift":
      return { type: "lifted", ...(what.credential === undefined ? {} : { credential: what.credential }) };
    default:
      return what satisfies never;
  }
}

export function isKeysFault(outcome: OutcomeName): boolean {
  return ["rate", "quota", "billing", "auth"].includes(OUTCOMES[outcome]?.class ?? "");
}
