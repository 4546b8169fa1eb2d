import {
  type Bench,
  type BenchReason,
  type Cooling,
  DAY_MS,
  openWindow,
  SECOND_MS,
  type Strike,
} from "./pool-window.ts";

/**
 * One credential of a pool: whether it may be used, for which model, and until when it rests. Decides what time, a probe,
 * a success and a failure make of it. Must never let in a second one while a probe is out. All times are epoch
 * milliseconds; a credential is a fingerprint, never a key.
 */

/** `disabled` ends by a person (lift), or because the key in the secrets is another one. */
export type CredentialState =
  | { readonly phase: "ready" }
  | Bench
  | { readonly phase: "disabled"; readonly reason: BenchReason };

export interface ModelBench {
  readonly model: string;
  readonly bench: Bench;
}

export interface Credential {
  /** Fingerprint of the key. */
  readonly id: string;
  /** Keys of one account cool together. */
  readonly account?: string;
  /** Raised by a lift: what was seen before it no longer counts. */
  readonly version: number;
  readonly state: CredentialState;
  /** Windows that hold for one model only, beside `state`. */
  readonly models: readonly ModelBench[];
  /** Leases given. */
  readonly uses: number;
  readonly lastUsedAt?: number;
  /** The secrets no longer have it. Kept for a while: during a deploy old and new secrets take turns. */
  readonly goneAt?: number;
}

/** A refusal comes within seconds; a probe that has not been refused by then is most likely being answered. */
export const TRIAL_MS = 20 * SECOND_MS;
/** A window that ended so long ago says nothing any more. */
export const RETURNING_KEEP_MS = DAY_MS;
const MODELS_KEPT = 32;

/** Where a credential stands for one model. Call on a settled credential only. */
export type Standing =
  | { readonly kind: "free" }
  | { readonly kind: "trial" | "cooling"; readonly untilAt: number; readonly reason: BenchReason }
  | { readonly kind: "disabled" };

export function standing(credential: Credential, model: string): Standing {
  if (credential.state.phase === "disabled") return { kind: "disabled" };
  const closed = benchesFor(credential, model).filter((bench) => bench.phase !== "returning");
  const [first, ...others] = closed;
  if (first === undefined) return { kind: "free" };
  const { untilAt, reason } = others.reduce(
    (latest, bench) => (bench.untilAt > latest.untilAt ? bench : latest),
    first,
  );
  return { kind: closed.some(({ phase }) => phase === "cooling") ? "cooling" : "trial", untilAt, reason };
}

export function isPresent({ goneAt }: Credential): boolean {
  return goneAt === undefined;
}

/** Ends what time ends. `ended`: the models whose window is over (`undefined`: the whole credential's). */
export function settleCredential(
  credential: Credential,
  now: number,
): { readonly credential: Credential; readonly ended: readonly (string | undefined)[] } {
  const ended: (string | undefined)[] = [];
  const pass = (bench: Bench, model: string | undefined): Bench | undefined => {
    if (bench.phase !== "returning" && now < bench.untilAt) return bench;
    if (bench.phase === "cooling") ended.push(model);
    const endedAt = bench.phase === "cooling" ? bench.untilAt : bench.endedAt;
    if (now >= endedAt + RETURNING_KEEP_MS) return undefined;
    return bench.phase === "returning"
      ? bench
      : { phase: "returning", reason: bench.reason, strikes: bench.strikes, endedAt };
  };
  return { credential: mapBenches(credential, pass), ended };
}

/** The end of the first window that has one to announce. */
export function nextEnd(credential: Credential): number | undefined {
  const ends = allBenches(credential).flatMap((bench) => (bench.phase === "cooling" ? [bench.untilAt] : []));
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

/** Everything that is returning for the model is tried by this lease, alone. */
export function beginTrial(credential: Credential, model: string, lease: string, now: number): Credential {
  return mapBenches(credential, (bench, of) =>
    bench.phase === "returning" && (of === undefined || of === model)
      ? { ...bench, phase: "trial", lease, untilAt: now + TRIAL_MS }
      : bench,
  );
}

/** A trial that came to no verdict is free for the next. */
export function endTrial(credential: Credential, lease: string): Credential {
  return mapBenches(credential, (bench) =>
    bench.phase === "trial" && bench.lease === lease
      ? { phase: "returning", reason: bench.reason, strikes: bench.strikes, endedAt: bench.endedAt }
      : bench,
  );
}

/**
 * A success. It clears what its own lease was trying, and what ended before the lease was taken (`takenAt`; a probe that
 * outlived its trial proves as much). It never shortens a window: it may be the answer to a call older than the failure.
 */
export function prove(credential: Credential, model: string, lease: string, takenAt: number | undefined): Credential {
  return mapBenches(credential, (bench, of) => {
    if (bench.phase === "cooling" || (of !== undefined && of !== model)) return bench;
    if (bench.phase === "trial" && bench.lease === lease) return undefined;
    return takenAt !== undefined && takenAt >= bench.endedAt ? undefined : bench;
  });
}

/** Opens a window. `opened` is absent where the failure changes nothing: a window stands already. */
export function strike(
  credential: Credential,
  blow: Strike,
  now: number,
): { readonly credential: Credential; readonly opened?: Cooling & { readonly model?: string } } {
  const { state } = credential;
  if (state.phase === "disabled") return { credential };
  const model = widens(credential, blow) ? undefined : blow.model;
  const before = model === undefined ? (state.phase === "ready" ? undefined : state) : modelBench(credential, model);
  const bench = openWindow(before, blow, now);
  if (bench === undefined) return { credential };
  if (model === undefined) return { credential: { ...credential, state: bench }, opened: bench };
  const others = credential.models.filter((other) => other.model !== model).slice(-(MODELS_KEPT - 1));
  return {
    credential: { ...credential, models: [...others, { model, bench }] },
    opened: { ...bench, model },
  };
}

/** A second model that is limited while the first still rests, or while the whole credential has not proved itself. */
function widens(credential: Credential, blow: Strike): boolean {
  if (blow.model === undefined || blow.reason !== "rate") return false;
  if (credential.state.phase !== "ready") return true;
  return credential.models.some(
    ({ model, bench }) => model !== blow.model && bench.phase === "cooling" && bench.reason === "rate",
  );
}

function modelBench(credential: Credential, model: string): Bench | undefined {
  return credential.models.find((entry) => entry.model === model)?.bench;
}

function benchesFor({ state, models }: Credential, model: string): Bench[] {
  const own = models.filter((entry) => entry.model === model).map(({ bench }) => bench);
  return state.phase === "ready" || state.phase === "disabled" ? own : [state, ...own];
}

function allBenches({ state, models }: Credential): Bench[] {
  const own = models.map(({ bench }) => bench);
  return state.phase === "ready" || state.phase === "disabled" ? own : [state, ...own];
}

/** Changes benches one by one; `undefined` clears one. The same credential comes back where nothing changed. */
function mapBenches(
  credential: Credential,
  change: (bench: Bench, model: string | undefined) => Bench | undefined,
): Credential {
  const { state, models } = credential;
  const nextState: CredentialState =
    state.phase === "ready" || state.phase === "disabled" ? state : (change(state, undefined) ?? { phase: "ready" });
  const nextModels = models.flatMap((entry) => {
    const bench = change(entry.bench, entry.model);
    return bench === undefined ? [] : [bench === entry.bench ? entry : { ...entry, bench }];
  });
  const same =
    nextState === state &&
    nextModels.length === models.length &&
    nextModels.every((entry, index) => entry === models[index]);
  return same ? credential : { ...credential, state: nextState, models: nextModels };
}

/** Changes credentials one by one; the same pool comes back where none changed. */
export function changeEach<P extends { readonly credentials: readonly Credential[] }>(
  pool: P,
  change: (credential: Credential) => Credential,
): P {
  const credentials = pool.credentials.map(change);
  return credentials.every((one, index) => one === pool.credentials[index]) ? pool : { ...pool, credentials };
}
