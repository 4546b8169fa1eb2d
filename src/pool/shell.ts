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
import type { Holder } from "../core/pool-lease.ts";
import { type CredentialView, view } from "../core/pool-view.ts";
import type { Log, LogEvent, LogFields } from "../log.ts";
import { POOL_SCHEMA, readPool } from "./value.ts";

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

export class PoolShell {
  readonly #ports: PoolPorts;
  #pool: Pool;

  constructor(ports: PoolPorts) {
    this.#ports = ports;
    this.#pool = this.#load();
  }

  lease(request: LeaseRequest): LeaseReply {
    const { session, run, epoch, fingerprints, ...choice } = request;
    const { answer, effects } = this.#perform(
      [
        { type: "synced", fingerprints },
        { type: "leaseAsked", lease: this.#ports.newId(), session, ...choice },
      ],
      { session, run, ...(epoch === undefined ? {} : { epoch }) },
    );
    if (answer === undefined) throw new Error("Cannot lease: the pool gave no answer to leaseAsked, expected one.");
    return { ...answer, notices: noticesOf(effects) };
  }

  report({ session, run, epoch, ...report }: ReportRequest): ReportReply {
    const fields = { session, run, ...(epoch === undefined ? {} : { epoch }) };
    const { effects } = this.#perform([{ type: "reported", ...report }], fields);
    return { ok: true, notices: noticesOf(effects) };
  }

  release({ lease }: ReleaseRequest): { readonly ok: true } {
    this.#perform([{ type: "released", lease }]);
    return { ok: true };
  }

  lift({ credential }: LiftRequest): LiftReply {
    const event: PoolEvent = { type: "lifted", ...(credential === undefined ? {} : { credential }) };
    return { ok: true, lifted: this.#perform([event]).lifted ?? 0 };
  }

  /** Writes nothing: looking costs no row. */
  list({ fingerprints }: ListRequest): ListReply {
    const now = this.#ports.now();
    return { ok: true, credentials: view(step(this.#pool, { type: "synced", fingerprints }, now, 0).pool) };
  }

  /** The platform's alarm is spent when this is called, so it is always set anew while something is due. */
  alarm(): void {
    this.#ports.log("alarm.fired", { provider: this.#ports.provider });
    this.#perform([{ type: "ticked" }], {}, true);
  }

  /** The one door: value, row and alarm in one transaction; the log after it. */
  #perform(events: readonly PoolEvent[], fields: LogFields = {}, isAlarmSpent = false): PoolStep {
    const { storage, now, dice } = this.#ports;
    const before = this.#pool;
    const at = now();
    let done: PoolStep = { pool: before, effects: [] };
    for (const event of events) {
      const next = step(done.pool, event, at, dice());
      done = { ...next, effects: [...done.effects, ...next.effects] };
    }
    const alarmAt = nextAlarm(done.pool);
    const isAlarmOld = !isAlarmSpent && alarmAt === nextAlarm(before);
    if (done.pool !== before || !isAlarmOld) {
      storage.transactionSync(() => {
        if (done.pool !== before) this.#save(done.pool);
        if (isAlarmOld) return;
        if (alarmAt !== undefined) storage.setAlarm(alarmAt);
        else if (!isAlarmSpent) storage.deleteAlarm();
      });
    }
    this.#pool = done.pool;
    for (const effect of done.effects) this.#carryOut(effect, fields);
    return done;
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

  #load(): Pool {
    const { storage, log, provider } = this.#ports;
    storage.exec(
      "CREATE TABLE IF NOT EXISTS pool (id INTEGER PRIMARY KEY, schema INTEGER NOT NULL, json TEXT NOT NULL) STRICT",
    );
    const row = storage.exec("SELECT schema, json FROM pool WHERE id = 1")[0];
    if (row === undefined) return emptyPool;
    const pool = readPool(row.schema, row.json);
    if (pool === undefined) log("internal.error", { provider, reason: "stored pool cannot be read; it begins anew" });
    return pool ?? emptyPool;
  }

  #save(pool: Pool): void {
    this.#ports.storage.exec(
      "INSERT INTO pool (id, schema, json) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET schema = excluded.schema, json = excluded.json",
      POOL_SCHEMA,
      JSON.stringify(pool),
    );
  }
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
