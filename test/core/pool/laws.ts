import type { Pool, PoolEffect } from "../../../src/core/pool.ts";
import { GONE_KEPT } from "../../../src/core/pool.ts";
import type { Credential } from "../../../src/core/pool-credential.ts";
import { LEASES_KEPT } from "../../../src/core/pool-lease.ts";
import { SPENT_KEPT } from "../../../src/core/pool-report.ts";
import { WAITING_KEPT } from "../../../src/core/pool-waiting.ts";
import { DAY_MS } from "../../../src/core/pool-window.ts";
import { bears, believable, type Facts, isFree, isLayer, type Layer } from "./ledger.ts";

/** What a person may rely on, by name. Each returns whether it holds for one step. */
export const LAWS: Readonly<Record<string, (facts: Facts) => boolean>> = {
  "cooling always carries its end": ({ done, now }) =>
    coolings(done.effects).every(({ untilAt }) => untilAt > now && untilAt <= now + 35 * DAY_MS) &&
    done.pool.credentials.every((one) => benches(one).every((bench) => Number.isFinite(bench.endAt))),

  "a failure is charged to the credential that failed": ({ before, event, done }) => {
    const touched = benched(done.effects);
    if (event.type !== "reported") return touched.length === 0;
    const held = before.held.find(({ lease }) => lease === event.lease);
    if (held === undefined) return touched.length === 0;
    const account = before.ledger.accounts[held.credential];
    const isWide = !event.outcome.ok && ["rate", "quota", "billing"].includes(event.outcome.verdict.class);
    return touched.every(
      (id) => id === held.credential || (isWide && account !== undefined && before.ledger.accounts[id] === account),
    );
  },

  "a report from before a lift changes nothing": (facts) => {
    const { before, event } = facts;
    if (event.type !== "reported") return true;
    const held = before.held.find(({ lease }) => lease === event.lease);
    const isOld = held !== undefined && before.ledger.versions[held.credential] !== held.version;
    return !isOld || changesNothing(facts);
  },

  "the same failure reported twice changes nothing": (facts) => {
    const { before, event } = facts;
    if (event.type !== "reported") return true;
    return !before.held.some(({ lease, isSpent }) => lease === event.lease && isSpent) || changesNothing(facts);
  },

  "only rate, quota, billing and auth touch a credential": (facts) => {
    const { event } = facts;
    if (event.type !== "reported" || event.outcome.ok) return true;
    return ["rate", "quota", "billing", "auth"].includes(event.outcome.verdict.class) || changesNothing(facts);
  },

  "a failure that is the key's fault takes it out of use": (facts) => {
    const { event, done, now, system } = facts;
    const held = believable(facts);
    if (held === undefined || event.type !== "reported" || event.outcome.ok) return true;
    if (!["rate", "quota", "billing", "auth"].includes(event.outcome.verdict.class)) return true;
    const ask = {
      type: "leaseAsked",
      lease: "what-if",
      session: "what-if",
      model: event.model,
      strategy: "fill_first",
    } as const;
    const { answer } = system.step(done.pool, { ...ask, exclude: [], prefer: held.credential }, now, 0);
    return answer?.ok !== true || answer.credential !== held.credential;
  },

  "auth disables at once": (facts) => {
    const { before, event, done } = facts;
    const held = believable(facts);
    if (held === undefined || event.type !== "reported" || event.outcome.ok) return true;
    if (event.outcome.verdict.class !== "auth" || before.ledger.disabled.includes(held.credential)) return true;
    return done.effects.some((effect) => isLog(effect, "credential.disabled") && effect.credential === held.credential);
  },

  "billing rests for hours": (facts) => {
    const { event, done, now } = facts;
    if (event.type !== "reported" || event.outcome.ok || event.outcome.verdict.class !== "billing") return true;
    return coolings(done.effects).every(({ untilAt }) => untilAt >= now + 3_600_000);
  },

  "a failure inside a window does not push its end out": ({ before, event, done, now }) =>
    coolings(done.effects).every((cooling) => {
      const window = before.ledger.windows.find((one) => isLayer(one, cooling));
      if (window === undefined || window.untilAt <= now) return true;
      if (cooling.untilAt < window.untilAt) return false;
      if (RANK[cooling.reason] > RANK[window.reason]) return true;
      const isExplicit = event.type === "reported" && !event.outcome.ok && event.outcome.verdict.explicit === true;
      return isExplicit && !window.isExplicit && cooling.reason === window.reason;
    }),

  "what rests inside is what was announced": (facts) => {
    const { before, done } = facts;
    const said = coolings(done.effects);
    return done.pool.credentials.every((one) =>
      benches(one)
        .filter(({ isCooling }) => isCooling)
        .every((bench) => {
          const layer: Layer = { credential: one.id, ...(bench.model === undefined ? {} : { model: bench.model }) };
          const window = said.find((cooling) => isLayer(cooling, layer));
          const known = window ?? before.ledger.windows.find((cooling) => isLayer(cooling, layer));
          return known?.untilAt === bench.endAt;
        }),
    );
  },

  "nobody is given a credential that rests or is disabled": ({ before, event, done, now }) => {
    if (event.type !== "leaseAsked" || !done.answer?.ok) return true;
    const { credential } = done.answer;
    const { present, disabled, windows } = before.ledger;
    return (
      present.includes(credential) &&
      !disabled.includes(credential) &&
      !windows.some((window) => bears(window, credential, event.model) && window.untilAt > now)
    );
  },

  "one probe at a time after a rest": ({ before, event, done, now }) => {
    if (event.type !== "leaseAsked" || !done.answer?.ok) return true;
    const { credential } = done.answer;
    return !before.ledger.probes.some((probe) => bears(probe, credential, event.model) && probe.untilAt > now);
  },

  "a turn is not given what it has tried": ({ event, done }) =>
    event.type !== "leaseAsked" || !done.answer?.ok || !event.exclude.includes(done.answer.credential),

  "nobody is refused while a credential is free": ({ before, event, done, now }) => {
    if (event.type !== "leaseAsked" || done.answer?.ok !== false) return true;
    return before.ledger.present.every(
      (id) => event.exclude.includes(id) || !isFree(before.ledger, id, event.model, now),
    );
  },

  "a refusal names the time at which it ends": ({ before, event, done, now, system }) => {
    if (event.type !== "leaseAsked" || done.answer?.ok !== false) return true;
    const { earliestAt, allDisabled, empty } = done.answer;
    const { present, disabled } = before.ledger;
    if (empty !== (present.length === 0)) return false;
    if (allDisabled !== (present.length > 0 && present.every((id) => disabled.includes(id)))) return false;
    const later = (at: number, exclude: readonly string[]) => {
      const ticked = system.step(done.pool, { type: "ticked" }, at, 0).pool;
      const { model } = event;
      return system.step(
        ticked,
        { type: "leaseAsked", lease: "what-if", session: "what-if", model, strategy: "fill_first", exclude },
        at,
        0,
      );
    };
    if (earliestAt === undefined) return later(now + 36 * DAY_MS, event.exclude).answer?.ok === false;
    return earliestAt > now && later(earliestAt, []).answer?.ok === true;
  },

  "the end of a rest is said once, at its time": ({ before, event, done, now }) =>
    done.effects.every((effect) => {
      if (!isLog(effect, "credential.ready")) return true;
      const window = before.ledger.windows.find((one) => isLayer(one, effect));
      if (effect.reason === "lifted") {
        const isDisabled = effect.model === undefined && before.ledger.disabled.includes(effect.credential);
        return event.type === "lifted" && (isDisabled || (window !== undefined && window.untilAt > now));
      }
      return window !== undefined && !window.isAnnounced && window.untilAt <= now;
    }),

  "a credential is disabled once, and the owners hear of it": ({ before, done }) => {
    const disabled = done.effects.flatMap((effect) =>
      isLog(effect, "credential.disabled") ? [effect.credential] : [],
    );
    const told = done.effects.flatMap((effect) =>
      effect.do === "notify" && effect.notice.kind === "disabled" ? [effect.notice.credential] : [],
    );
    return (
      disabled.every((id) => !before.ledger.disabled.includes(id)) && JSON.stringify(told) === JSON.stringify(disabled)
    );
  },

  "that a pool ran dry is told once until it recovers, and only when it did": ({ before, done, now, system }) =>
    done.effects.every((effect) => {
      if (effect.do !== "notify" || effect.notice.kind !== "dry") return true;
      const { model } = effect.notice;
      if (before.ledger.told.some((one) => one.model === model && now < one.at + DAY_MS)) return false;
      const ask = {
        type: "leaseAsked",
        lease: "what-if",
        session: "what-if",
        model,
        strategy: "fill_first",
        exclude: [],
      } as const;
      return system.step(done.pool, ask, now, 0).answer?.ok === false;
    }),

  "a lifted credential may be used at once": ({ before, event, done, now, system }) => {
    if (event.type !== "lifted") return true;
    return before.ledger.present
      .filter((id) => event.credential === undefined || event.credential === id)
      .every((id) => {
        const ask = {
          type: "leaseAsked",
          lease: "what-if",
          session: "what-if",
          model: "m1",
          strategy: "fill_first",
          exclude: [],
        } as const;
        const { answer } = system.step(done.pool, { ...ask, prefer: id }, now, 0);
        return answer?.ok === true && answer.credential === id && !answer.isProbe;
      });
  },

  "the pool stays small": ({ before, done }) =>
    done.pool.leases.length <= LEASES_KEPT &&
    done.pool.waiting.length <= WAITING_KEPT &&
    done.pool.spent.length <= SPENT_KEPT &&
    done.pool.credentials.length <= before.ledger.present.length + GONE_KEPT + 16,

  "every ask is answered": ({ event, done }) => event.type !== "leaseAsked" || done.answer !== undefined,
};

const RANK = { rate: 0, quota: 1, billing: 2, auth: 3 };

/** The names of the laws that this step breaks. */
export function judge(facts: Facts): string[] {
  return Object.entries(LAWS).flatMap(([name, holds]) => (holds(facts) ? [] : [name]));
}

function changesNothing({ before, done, now, system }: Facts): boolean {
  const idle = system.step(before.pool, { type: "ticked" }, now, 0);
  return sameValue(idle.pool, done.pool) && JSON.stringify(idle.effects) === JSON.stringify(done.effects);
}

function sameValue(one: Pool, other: Pool): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

type LogOf<E extends string> = Extract<PoolEffect, { do: "log"; event: E }>;

function isLog<E extends Extract<PoolEffect, { do: "log" }>["event"]>(
  effect: PoolEffect,
  event: E,
): effect is LogOf<E> {
  return effect.do === "log" && effect.event === event;
}

function coolings(effects: readonly PoolEffect[]) {
  return effects.flatMap((effect) => (isLog(effect, "credential.cooling") ? [effect] : []));
}

function benched(effects: readonly PoolEffect[]): string[] {
  return effects.flatMap((effect) =>
    isLog(effect, "credential.cooling") || isLog(effect, "credential.disabled") ? [effect.credential] : [],
  );
}

function benches({ state, models }: Credential): { model?: string; isCooling: boolean; endAt: number }[] {
  const all = models.map(({ model, bench }) => ({ model, bench }));
  const whole = state.phase === "ready" || state.phase === "disabled" ? [] : [{ bench: state }];
  return [...whole, ...all].map(({ bench, ...of }) => ({
    ...of,
    isCooling: bench.phase === "cooling",
    endAt: bench.phase === "returning" ? bench.endedAt : bench.untilAt,
  }));
}
