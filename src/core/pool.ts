import type { Verdict } from "./failure.ts";
import type { Choice, Shortage } from "./pool-choice.ts";
import { type Credential, changeEach, isPresent, nextEnd, settleCredential } from "./pool-credential.ts";
import type { Drought } from "./pool-drought.ts";
import { type Holder, LEASE_KEEP_MS, type Lease, lease, release, takeBack } from "./pool-lease.ts";
import { report } from "./pool-report.ts";
import { endWaiting, type Waiter, wake } from "./pool-waiting.ts";
import { type BenchReason, DAY_MS } from "./pool-window.ts";

/**
 * The credential pool of one provider: who may use which key, for which model, until when. `step` decides everything;
 * it must never charge a failure to a credential other than the lease's (and those of its account), believe what was
 * seen before a lift, let out two probes at once, bench anybody for what is not the key's fault, or leave a session with
 * a lease that it no longer honours. It never holds a key: a credential is a fingerprint. Where nothing changes the same
 * pool comes back, so that nothing is written.
 */
export interface Pool {
  /** In the order of the secrets; those that the secrets no longer have come last. */
  readonly credentials: readonly Credential[];
  /**
   * Oldest first; all of them, or those that the event may concern (`reachesOthers` of pool-lease.ts). A report needs none:
   * it says itself which credential and version it is about.
   */
  readonly leases: readonly Lease[];
  /** Leases that ended by a failure, so that the same report twice counts once. Oldest first. */
  readonly spent: readonly string[];
  /** Round robin goes on after this credential. */
  readonly cursor?: string;
  readonly droughts: readonly Drought[];
  /** Sessions that were told a time, oldest first. */
  readonly waiting: readonly Waiter[];
}

export interface Fingerprint {
  readonly id: string;
  readonly account?: string;
}

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly verdict: Verdict };

export type PoolEvent =
  /** What the secrets hold now. */
  | { readonly type: "synced"; readonly fingerprints: readonly Fingerprint[] }
  | ({ readonly type: "leaseAsked"; readonly lease: string; readonly session: string } & Choice)
  | {
      readonly type: "reported";
      readonly lease: string;
      readonly credential: string;
      readonly version: number;
      readonly model: string;
      readonly outcome: Outcome;
    }
  | { readonly type: "released"; readonly lease: string }
  /** A person makes one credential ready, or all. */
  | { readonly type: "lifted"; readonly credential?: string }
  | { readonly type: "ticked" };

/** For the owners' chat; each is said once. */
export type PoolNotice =
  | { readonly kind: "disabled"; readonly credential: string; readonly reason: BenchReason }
  | { readonly kind: "dry"; readonly model: string; readonly untilAt?: number };

export type PoolLog =
  | { readonly event: "credential.leased"; readonly credential: string; readonly model: string }
  | {
      readonly event: "credential.cooling";
      readonly credential: string;
      readonly model?: string;
      readonly reason: BenchReason;
      readonly untilAt: number;
    }
  | { readonly event: "credential.disabled"; readonly credential: string; readonly reason: BenchReason }
  | {
      readonly event: "credential.ready";
      readonly credential: string;
      readonly model?: string;
      readonly reason: "time" | "lifted";
    }
  /** A turn has found nobody to be used. */
  | { readonly event: "pool.exhausted"; readonly model: string; readonly untilAt?: number };

export type PoolEffect =
  | ({ readonly do: "log" } & PoolLog)
  | { readonly do: "notify"; readonly notice: PoolNotice }
  /** These sessions keep leases of the credential that are no longer honoured. */
  | { readonly do: "revoke"; readonly credential: string; readonly holders: readonly Holder[] }
  /** A credential came free before the time that these sessions were told. */
  | { readonly do: "wake"; readonly sessions: readonly string[] };

export type LeaseAnswer =
  /** `isProbe`: the credential has just rested; others wait for what becomes of this lease, so report success early. */
  | {
      readonly ok: true;
      readonly lease: string;
      readonly credential: string;
      readonly version: number;
      readonly isProbe: boolean;
      /** With fill_first: until when it may be kept without asking again; a better choice may be ready then. */
      readonly keepUntilAt?: number;
    }
  | ({ readonly ok: false } & Shortage);

export interface PoolStep {
  readonly pool: Pool;
  readonly effects: readonly PoolEffect[];
  /** To leaseAsked, always. */
  readonly answer?: LeaseAnswer;
  /** To lifted: how many credentials were meant. */
  readonly lifted?: number;
}

export const GONE_KEEP_MS = DAY_MS;
export const GONE_KEPT = 100;

export const emptyPool: Pool = { credentials: [], leases: [], spent: [], droughts: [], waiting: [] };

/** `dice` in [0, 1): the draw of the random strategy, and the jitter of a guessed window. */
export function step(before: Pool, event: PoolEvent, now: number, dice: number): PoolStep {
  const settled = settle(before, now);
  const done = decide(settled.pool, event, now, dice);
  const taken = takeBack(before, done.pool, event);
  const woken = wake(before, taken.pool);
  const effects = [...settled.effects, ...done.effects, ...taken.effects, ...woken.effects];
  return { ...done, pool: woken.pool, effects };
}

/** When the alarm is due: the end of the first window, to say that the credential is ready. Derived, never set by hand. */
export function nextAlarm(pool: Pool): number | undefined {
  const ends = pool.credentials.flatMap((one) => nextEnd(one) ?? []);
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

function decide(pool: Pool, event: PoolEvent, now: number, dice: number): PoolStep {
  switch (event.type) {
    case "synced":
      return { pool: sync(pool, event.fingerprints, now), effects: [] };
    case "leaseAsked":
      return lease(pool, event, now, dice);
    case "reported":
      return report(pool, event, now, dice);
    case "released":
      return { pool: release(pool, event.lease), effects: [] };
    case "lifted":
      return lift(pool, event.credential);
    case "ticked":
      return { pool, effects: [] };
    default:
      return event satisfies never;
  }
}

/** What time alone does: windows, trials and waits end, old leases and long-gone credentials are dropped. */
function settle(pool: Pool, now: number): PoolStep {
  const effects: PoolEffect[] = [];
  let next = changeEach(pool, (one) => {
    const { credential, ended } = settleCredential(one, now);
    for (const model of ended) {
      const of = model === undefined ? {} : { model };
      effects.push({ do: "log", event: "credential.ready", credential: one.id, ...of, reason: "time" });
    }
    return credential;
  });
  const oldest = next.leases[0];
  if (oldest !== undefined && now >= oldest.takenAt + LEASE_KEEP_MS) {
    next = { ...next, leases: next.leases.filter(({ takenAt }) => now < takenAt + LEASE_KEEP_MS) };
  }
  if (next.credentials.some(({ goneAt }) => goneAt !== undefined && now >= goneAt + GONE_KEEP_MS)) {
    const kept = next.credentials.filter(({ goneAt }) => goneAt === undefined || now < goneAt + GONE_KEEP_MS);
    next = { ...next, credentials: kept };
  }
  return { pool: endWaiting(next, now), effects };
}

/** A key that is new begins ready; one that comes back is what it was: a deploy shows old and new secrets in turns. */
function sync(pool: Pool, fingerprints: readonly Fingerprint[], now: number): Pool {
  const distinct = new Map(fingerprints.map((fingerprint) => [fingerprint.id, fingerprint]));
  const known = new Map(pool.credentials.map((credential) => [credential.id, credential]));
  const present = [...distinct.values()].map(({ id, account }): Credential => {
    const credential = known.get(id) ?? { id, version: 1, state: { phase: "ready" }, models: [], uses: 0 };
    if (isPresent(credential) && credential.account === account) return credential;
    const { goneAt: _, account: __, ...rest } = credential;
    return { ...rest, ...(account === undefined ? {} : { account }) };
  });
  const gone = pool.credentials
    .filter(({ id }) => !distinct.has(id))
    .map((credential) => (isPresent(credential) ? { ...credential, goneAt: now } : credential))
    .slice(-GONE_KEPT);
  const credentials = [...present, ...gone];
  const isSame =
    credentials.length === pool.credentials.length &&
    credentials.every((credential, index) => credential === pool.credentials[index]);
  if (isSame) return pool;
  const hasNew = present.some(({ id }) => !known.has(id));
  return { ...pool, credentials, droughts: hasNew ? [] : pool.droughts };
}

function lift(pool: Pool, only: string | undefined): PoolStep {
  const effects: PoolEffect[] = [];
  let lifted = 0;
  const next = changeEach(pool, (one) => {
    if (!isPresent(one) || (only !== undefined && one.id !== only)) return one;
    lifted += 1;
    const { state } = one;
    if (state.phase === "cooling" || state.phase === "disabled") {
      effects.push({ do: "log", event: "credential.ready", credential: one.id, reason: "lifted" });
    }
    for (const { model, bench } of one.models) {
      if (bench.phase !== "cooling") continue;
      effects.push({ do: "log", event: "credential.ready", credential: one.id, model, reason: "lifted" });
    }
    return { ...one, version: one.version + 1, state: { phase: "ready" }, models: [] };
  });
  return { pool: lifted > 0 ? { ...next, droughts: [] } : pool, effects, lifted };
}
