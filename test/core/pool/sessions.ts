import type { PoolEffect } from "../../../src/core/pool.ts";
import { bears, believable, type Facts, isFree, type Ledger } from "./ledger.ts";
import type { World } from "./world.ts";

/**
 * The sessions' side of the pool: what each would call with next without asking, and who waits. Kept from the answers,
 * and from what the pool tells without being asked; every such word is taken as delivered at once.
 */
export interface Kept extends Leased {
  readonly untilAt: number;
}

interface Leased {
  readonly session: string;
  readonly model: string;
  readonly credential: string;
}

/** No turn is so long; with other strategies than fill_first a lease is kept to the end of its turn. */
const LONGEST_TURN_MS = 3_600_000;

export interface Wait {
  readonly session: string;
  readonly model: string;
  readonly untilAt: number;
}

export function afterwards({ before, event, done, now }: Facts): { kept: readonly Kept[]; waits: readonly Wait[] } {
  let kept = before.kept.filter(({ untilAt }) => untilAt > now);
  let waits = before.waits.filter(({ untilAt }) => untilAt > now);
  if (event.type === "leaseAsked" && done.answer !== undefined) {
    const { session, model } = event;
    const isOther = (one: Kept | Wait) => one.session !== session || one.model !== model;
    if (done.answer.ok) {
      const { credential, keepUntilAt } = done.answer;
      const untilAt = keepUntilAt ?? now + LONGEST_TURN_MS;
      kept = [...kept.filter(isOther), { session, model, credential, untilAt }];
      waits = waits.filter((one) => one.session !== session);
    } else {
      const { earliestAt } = done.answer;
      waits = waits.filter(isOther);
      if (earliestAt !== undefined) waits = [...waits, { session, model, untilAt: earliestAt }];
    }
  }
  const own = ownOf(before, event);
  if (own !== undefined && event.type === "reported" && !event.outcome.ok && isKeysFault(event.outcome.verdict.class)) {
    kept = kept.filter((one) => !isSame(one, own));
  }
  if (own !== undefined && event.type === "released") kept = kept.filter((one) => !isSame(one, own));
  const lost = revoked(done.effects);
  const woken = wokenBy(done.effects);
  return {
    kept: kept.filter((one) => !lost.some((other) => isSame(one, other))),
    waits: waits.filter(({ session }) => !woken.includes(session)),
  };
}

export const LAWS_OF_SESSIONS: Readonly<Record<string, (facts: Facts, after: World) => boolean>> = {
  "a benched credential is held by no session after the revocations are delivered": (_, { kept, ledger }) =>
    kept.every((one) => isUsable(ledger, one)),

  "nobody loses a lease that is well, and who has reported it is not told": ({ before, event, done }, { ledger }) => {
    const own = event.type === "reported" ? ownOf(before, event) : undefined;
    const isOwn = (one: Leased) => own !== undefined && isSame(one, own) && own.isLatest;
    // A lift takes back what is well, too: what is reported of before it counts for nothing.
    return revoked(done.effects).every((one) => (event.type === "lifted" || !isUsable(ledger, one)) && !isOwn(one));
  },

  "no lease is of an older version than its credential": ({ done }) =>
    done.pool.leases.every(
      ({ credential, version }) => done.pool.credentials.find(({ id }) => id === credential)?.version === version,
    ),

  "after its rest the first choice is asked for again": ({ before, event, done, now, system }) => {
    if (event.type !== "leaseAsked" || done.answer?.ok !== true) return true;
    const { keepUntilAt, credential } = done.answer;
    if (event.strategy !== "fill_first") return keepUntilAt === undefined;
    if (keepUntilAt === undefined) return false;
    const { ledger } = before;
    const better = ledger.present.slice(0, ledger.present.indexOf(credential));
    const ends = better.flatMap((id) => {
      if (isFree(ledger, id, event.model, now)) return event.exclude.includes(id) ? [now] : [];
      if (ledger.disabled.includes(id)) return [];
      const layers = [...ledger.windows, ...ledger.probes].filter((one) => bears(one, id, event.model));
      return [Math.max(...layers.map(({ untilAt }) => untilAt))];
    });
    if (ends.length === 0) return keepUntilAt > now;
    const dueAt = Math.min(...ends);
    if (keepUntilAt > dueAt || (keepUntilAt < dueAt && keepUntilAt - now < MINUTES_MS)) return false;
    if (keepUntilAt < dueAt) return true;
    const { model, session } = event;
    const ask = { type: "leaseAsked", lease: "what-if", session, model, strategy: "fill_first", exclude: [] } as const;
    const { answer } = system.step(done.pool, ask, dueAt, 0);
    return answer?.ok === true && better.includes(answer.credential);
  },

  "who waits is woken when a credential comes free before its time, and nobody else": (facts, { ledger }) => {
    const { before, event, done, now } = facts;
    const woken = wokenBy(done.effects);
    const hasFree = (model: string) => ledger.present.some((id) => isFree(ledger, id, model, now));
    const isDue = (session: string) => before.waits.some((one) => one.session === session && hasFree(one.model));
    if (!woken.every(isDue)) return false;
    return before.waits.every(({ session, model, untilAt }) => {
      // It has been told another time just now, or that there is none.
      const isAsker = event.type === "leaseAsked" && event.session === session;
      if (untilAt <= now || isAsker) return true;
      const had = before.ledger.present.some((id) => isFree(before.ledger, id, model, before.now));
      return had || !hasFree(model) || woken.includes(session);
    });
  },
};

const MINUTES_MS = 60_000;

/** Whether a session may call with it: neither resting nor disabled nor gone. One that is being tried is its prober's. */
function isUsable(ledger: Ledger, { credential, model }: Leased): boolean {
  return (
    ledger.present.includes(credential) &&
    !ledger.disabled.includes(credential) &&
    !ledger.windows.some((window) => bears(window, credential, model) && !window.isAnnounced)
  );
}

/** What the lease of the event was of; `isLatest`: its session has taken none for that model since. */
function ownOf(before: World, event: Facts["event"]): (Leased & { readonly isLatest: boolean }) | undefined {
  if (event.type !== "reported" && event.type !== "released") return undefined;
  const held = before.held.find(({ lease }) => lease === event.lease);
  if (held === undefined) return undefined;
  if (event.type === "reported" && believable({ before, event }) === undefined) return { ...held, isLatest: false };
  const latest = before.held.findLast(({ session, model }) => session === held.session && model === held.model);
  return { ...held, isLatest: latest === held };
}

function revoked(effects: readonly PoolEffect[]): Leased[] {
  return effects.flatMap((effect) =>
    effect.do === "revoke" ? effect.holders.map((holder) => ({ ...holder, credential: effect.credential })) : [],
  );
}

function wokenBy(effects: readonly PoolEffect[]): readonly string[] {
  return effects.flatMap((effect) => (effect.do === "wake" ? effect.sessions : []));
}

function isSame(one: Leased, other: Leased): boolean {
  return one.session === other.session && one.model === other.model && one.credential === other.credential;
}

function isKeysFault(failure: string): boolean {
  return ["rate", "quota", "billing", "auth"].includes(failure);
}
