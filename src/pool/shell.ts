import {
  emptyPool,
  type Fingerprint,
  type LeaseAnswer,
  nextAlarm,
  type Outcome,
  type Pool,
  type PoolEffect,
  type PoolEvent,
  type PoolNotice,
  type PoolStep,
  step,
} from "../core/pool.ts";
import type { Strategy } from "../core/pool-choice.ts";
import { type Holder, LEASE_KEEP_MS, type Lease, reachesOthers } from "../core/pool-lease.ts";
import { type CredentialView, view } from "../core/pool-view.ts";
import type { Log, LogEvent, LogFields } from "../log.ts";
import { type Holding, LeaseRows, nameOf } from "./leases.ts";
import { POOL_SCHEMA, readPool, type StoredPool, writePool } from "./value.ts";

/**
 * Everything of the pool object that is not the platform: load the value, make an event of a call, commit the value and
 * its alarm in one transaction, then log and tell the sessions. No rule lives here, and no key enters. Driven by object.ts
 * in a Worker and by the simulation in plain Node.
 */
export interface PoolPorts {
  readonly provider: string;
  readonly storage: {
    exec(query: string, ...bindings: (string | number)[]): Record<string, unknown>[];
    transactionSync<T>(body: () => T): T;
    setAlarm(at: number): void;
    deleteAlarm(): void;
  };
  readonly now: () => number;
  /** Unguessable. */
  readonly newId: () => string;
  /** In [0, 1). */
  readonly dice: () => number;
  readonly log: Log;
  /** Tells sessions that their leases of the credential are no longer honoured. Neither waited for nor able to fail. */
  revoke(holders: readonly Holder[], credential: string): void;
  /** Tells sessions that wait for a credential to ask again. Neither waited for nor able to fail. */
  wake(sessions: readonly string[]): void;
}

export interface LeaseRequest {
  readonly session: string;
  readonly run: string;
  /** For the log. */
  readonly epoch?: number;
  readonly model: string;
  /** Of the keys as the secrets hold them now, in their order. */
  readonly fingerprints: readonly Fingerprint[];
  readonly strategy: Strategy;
  /** Credentials that this turn has tried. */
  readonly exclude: readonly string[];
  /** The credential that the session used last. */
  readonly prefer?: string;
}

/** `notices` are for the owners' chat; each is handed out once. */
export type LeaseReply = LeaseAnswer & { readonly notices: readonly PoolNotice[] };

export interface ReportRequest {
  readonly lease: string;
  readonly credential: string;
  readonly version: number;
  readonly model: string;
  readonly session: string;
  readonly run: string;
  /** For the log. */
  readonly epoch?: number;
  readonly outcome: Outcome;
}

export interface ReportReply {
  readonly ok: true;
  readonly notices: readonly PoolNotice[];
}

export interface ReleaseRequest {
  readonly lease: string;
}

export interface LiftRequest {
  /** Absent: all. */
  readonly credential?: string;
  /** Of the keys as they are set: those that nobody has used yet are known by it, too. */
  readonly fingerprints?: readonly Fingerprint[];
}

export interface LiftReply {
  readonly ok: true;
  /** How many credentials were made ready; 0: there is none of that name. */
  readonly lifted: number;
}

export interface ListRequest {
  readonly fingerprints: readonly Fingerprint[];
}

export interface ListReply {
  readonly ok: true;
  readonly credentials: readonly CredentialView[];
}

/** So many sessions are told at once that their leases are lost; the alarm brings the next. An invocation may make 1,000 calls. */
export const TOLD_AT_ONCE = 900;
const NO_POOL: StoredPool = { pool: emptyPool, sweptAt: 0, isOld: false };
/** Leases are long forgotten by their sessions when they are found to be old. */
const SWEEP_EVERY_MS = 3_600_000;

export class PoolShell {
  readonly #ports: PoolPorts;
  readonly #leases: LeaseRows;
  /** Without its leases: they are read as they are needed. */
  #pool: Pool;
  #sweptAt: number;
  /** Sessions are still to be told that their leases are lost; the alarm is set for it. */
  #hasToTell = false;

  constructor(ports: PoolPorts) {
    this.#ports = ports;
    this.#leases = new LeaseRows(ports.storage.exec);
    const { pool, sweptAt } = this.#load();
    this.#pool = pool;
    this.#sweptAt = sweptAt;
  }

  lease(request: LeaseRequest): LeaseReply {
    const { session, run, epoch, fingerprints, ...choice } = request;
    const isSweepDue = this.#ports.now() >= this.#sweptAt + SWEEP_EVERY_MS;
    const { answer, effects } = this.#perform(
      [
        ...(isSweepDue ? [{ type: "ticked" } as const] : []),
        { type: "synced", fingerprints },
        { type: "leaseAsked", lease: this.#ports.newId(), session, ...choice },
      ],
      isSweepDue ? "all" : { session, model: request.model },
      { fields: { session, run, ...(epoch === undefined ? {} : { epoch }) }, isSweep: isSweepDue },
    );
    if (answer === undefined) throw new Error("Cannot lease: the pool gave no answer to leaseAsked, expected one.");
    return { ...answer, notices: noticesOf(effects) };
  }

  report({ session, run, epoch, ...report }: ReportRequest): ReportReply {
    const fields = { session, run, ...(epoch === undefined ? {} : { epoch }) };
    const { effects } = this.#perform([{ type: "reported", ...report }], { session, model: report.model }, { fields });
    return { ok: true, notices: noticesOf(effects) };
  }

  release({ lease }: ReleaseRequest): { readonly ok: true } {
    this.#perform([{ type: "released", lease }], "all");
    return { ok: true };
  }

  lift({ credential, fingerprints }: LiftRequest): LiftReply {
    const events: PoolEvent[] = [{ type: "lifted", ...(credential === undefined ? {} : { credential }) }];
    if (fingerprints !== undefined) events.unshift({ type: "synced", fingerprints });
    return { ok: true, lifted: this.#perform(events, "all").lifted ?? 0 };
  }

  /** Writes nothing: looking costs no row. */
  list({ fingerprints }: ListRequest): ListReply {
    const now = this.#ports.now();
    const { pool } = step(this.#pool, { type: "synced", fingerprints }, now, 0);
    return { ok: true, credentials: view(pool, this.#leases.counts(now - LEASE_KEEP_MS)) };
  }

  /** The platform's alarm is spent when this is called, so it is always set anew while something is due. */
  alarm(): void {
    this.#ports.log("alarm.fired", { provider: this.#ports.provider });
    this.#perform([{ type: "ticked" }], "all", { isAlarmSpent: true });
  }

  /**
   * The one door: value, rows and alarm in one transaction; the log after it. `whose`: the leases that the events are
   * about. Where they turn out to be about others, too, it is decided again with all of them in view: deciding is pure.
   */
  #perform(events: readonly PoolEvent[], whose: Holding | "all", options: Performing = {}): PoolStep {
    const { fields = {}, isAlarmSpent = false, isSweep = false } = options;
    const { storage, now, dice } = this.#ports;
    const before = this.#pool;
    const at = now();
    const draws = events.map(() => dice());
    const decide = (leases: readonly Lease[]): PoolStep => {
      let done: PoolStep = { pool: { ...before, leases }, effects: [] };
      for (const [index, event] of events.entries()) {
        const next = step(done.pool, event, at, draws[index] ?? 0);
        done = { ...next, effects: [...done.effects, ...next.effects] };
      }
      return done;
    };
    let known = whose === "all" ? this.#leases.all() : this.#leases.of(whose);
    let done = decide(known);
    if (whose !== "all" && reachesOthers(before, done.pool)) {
      known = this.#leases.all();
      done = decide(known);
    }
    const { pool } = done;
    const { effects, left } = toldAtOnce(done.effects, known);
    const sweptAt = isSweep ? at : this.#sweptAt;
    const isSame = isSameValue(before, pool) && sweptAt === this.#sweptAt;
    const alarmAt = left.length > 0 ? at : nextAlarm(pool);
    const isAlarmOld = !isAlarmSpent && left.length === 0 && (this.#hasToTell || alarmAt === nextAlarm(before));
    if (!isSame || pool.leases !== known || !isAlarmOld) {
      storage.transactionSync(() => {
        if (!isSame) this.#save(pool, sweptAt);
        if (pool.leases !== known) this.#leases.change(known, [...pool.leases, ...left]);
        if (isAlarmOld) return;
        if (alarmAt !== undefined) storage.setAlarm(alarmAt);
        else if (!isAlarmSpent) storage.deleteAlarm();
      });
    }
    this.#pool = { ...pool, leases: [] };
    this.#sweptAt = sweptAt;
    if (isAlarmSpent || left.length > 0) this.#hasToTell = left.length > 0;
    for (const effect of effects) this.#carryOut(effect, fields);
    return { ...done, effects };
  }

  #carryOut(effect: PoolEffect, fields: LogFields): void {
    switch (effect.do) {
      case "log": {
        const { do: _, event, ...facts } = effect;
        const { log, provider } = this.#ports;
        return log(event, { provider, ...logFields(event, facts), ...(BY_THE_CALLER.has(event) ? fields : {}) });
      }
      case "revoke":
        return this.#ports.revoke(effect.holders, effect.credential);
      case "wake":
        return this.#ports.wake(effect.sessions);
      case "notify":
        // The reply carries it.
        return;
      default:
        return effect satisfies never;
    }
  }

  #load(): StoredPool {
    const { storage, log, provider } = this.#ports;
    storage.exec(
      "CREATE TABLE IF NOT EXISTS pool (id INTEGER PRIMARY KEY, schema INTEGER NOT NULL, json TEXT NOT NULL) STRICT",
    );
    const row = storage.exec("SELECT schema, json FROM pool WHERE id = 1")[0];
    if (row === undefined) return NO_POOL;
    const stored = readPool(row.schema, row.json);
    if (stored === undefined) {
      log("internal.error", { provider, where: "stored", what: "pool" });
      return NO_POOL;
    }
    const { pool, sweptAt, isOld } = stored;
    if (isOld) {
      // Its leases lie in its value. Rows that are here already are of an upgrade that was taken back.
      storage.transactionSync(() => {
        this.#leases.change(this.#leases.all(), pool.leases);
        this.#save(pool, sweptAt);
      });
    }
    return { pool: { ...pool, leases: [] }, sweptAt, isOld };
  }

  #save(pool: Pool, sweptAt: number): void {
    this.#ports.storage.exec(
      "INSERT INTO pool (id, schema, json) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET schema = excluded.schema, json = excluded.json",
      POOL_SCHEMA,
      writePool(pool, sweptAt),
    );
  }
}

interface Performing {
  /** For the log. */
  readonly fields?: LogFields;
  readonly isAlarmSpent?: boolean;
  /** Old leases are looked for, too. */
  readonly isSweep?: boolean;
}

/** All but the leases. */
function isSameValue(one: Pool, other: Pool): boolean {
  const { credentials, spent, cursor, droughts, waiting } = one;
  return (
    credentials === other.credentials &&
    spent === other.spent &&
    cursor === other.cursor &&
    droughts === other.droughts &&
    waiting === other.waiting
  );
}

/** As many sessions as can be told now that they have lost their leases; the leases of the others are `left` as they are. */
function toldAtOnce(
  effects: readonly PoolEffect[],
  known: readonly Lease[],
): { readonly effects: readonly PoolEffect[]; readonly left: readonly Lease[] } {
  const holders = effects.flatMap((effect) => (effect.do === "revoke" ? effect.holders : []));
  if (holders.length <= TOLD_AT_ONCE) return { effects, left: [] };
  const later = new Set(holders.slice(TOLD_AT_ONCE).map(nameOf));
  return {
    effects: effects.map((effect) =>
      effect.do === "revoke" ? { ...effect, holders: effect.holders.filter((one) => !later.has(nameOf(one))) } : effect,
    ),
    left: known.filter((one) => later.has(nameOf(one))),
  };
}

/** What a session caused carries its name; the end of a window comes by time, whoever happened to call. */
const BY_THE_CALLER: ReadonlySet<LogEvent> = new Set([
  "credential.leased",
  "credential.cooling",
  "credential.disabled",
  "pool.exhausted",
]);

/** The core's `untilAt` is the contract's `until`; null where waiting brings nobody. */
function logFields(event: LogEvent, { untilAt, ...facts }: LogFields & { readonly untilAt?: number }): LogFields {
  if (untilAt !== undefined) return { ...facts, until: untilAt };
  return event === "pool.exhausted" ? { ...facts, until: null } : facts;
}

function noticesOf(effects: readonly PoolEffect[]): PoolNotice[] {
  return effects.flatMap((effect) => (effect.do === "notify" ? [effect.notice] : []));
}
