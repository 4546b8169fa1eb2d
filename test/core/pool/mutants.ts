import type { Pool, PoolEffect, PoolEvent, PoolStep } from "../../../src/core/pool.ts";
import type { Bench } from "../../../src/core/pool-window.ts";
import { realSystem, type System } from "./world.ts";

/** Historic mistakes of credential pools, each put into the real step from outside, with the laws that must find it. */
export interface Mutant {
  readonly mistake: string;
  readonly system: System;
  /** Where a shortest way to it lies; see pool-mutants.test.ts. */
  readonly scope?: "one key";
  readonly foundBy: readonly string[];
}

const { step, nextAlarm } = realSystem;

const HELD = "a benched credential is held by no session after the revocations are delivered";
const LOSES = "nobody loses a lease that is well, and who has reported it is not told";
const FIRST_CHOICE = "after its rest the first choice is asked for again";
const WOKEN = "who waits is woken when a credential comes free before its time, and nobody else";

export const MUTANTS: readonly Mutant[] = [
  {
    mistake: "the failure is charged to the credential leased last (Hermes #43747)",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        if (event.type !== "reported") return step(pool, event, now, dice);
        const credential = pool.cursor ?? event.credential;
        const version = pool.credentials.find(({ id }) => id === credential)?.version ?? event.version;
        const leases = pool.leases.filter(({ lease }) => lease !== event.lease);
        return step({ ...pool, leases }, { ...event, credential, version }, now, dice);
      },
    },
    foundBy: [
      "a failure is charged to the credential that failed",
      "a failure that is the key's fault takes it out of use",
    ],
  },
  {
    mistake: "a lift leaves the leases of before it",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        const done = step(pool, event, now, dice);
        if (event.type !== "lifted") return done;
        const effects = done.effects.filter((effect) => effect.do !== "revoke");
        return { ...done, pool: { ...done.pool, leases: pool.leases }, effects };
      },
    },
    foundBy: ["no lease is of an older version than its credential"],
  },
  {
    mistake: "a report from before a lift counts (#93853)",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        if (event.type !== "reported") return step(pool, event, now, dice);
        const version = pool.credentials.find(({ id }) => id === event.credential)?.version ?? event.version;
        return step(pool, { ...event, version }, now, dice);
      },
    },
    foundBy: ["a report from before a lift changes nothing"],
  },
  {
    mistake: "a window has no end",
    system: {
      nextAlarm,
      step: afterwards((bench) => (bench.phase === "cooling" ? { ...bench, untilAt: 1e15 } : bench)),
    },
    foundBy: ["what rests inside is what was announced"],
  },
  {
    mistake: "the alarm is forgotten",
    system: { nextAlarm: () => undefined, step },
    foundBy: ["the end of every window is announced by the alarm"],
  },
  {
    mistake: "the end of a rest is never said",
    system: { nextAlarm, step: saying((effect) => effect.do !== "log" || effect.event !== "credential.ready") },
    foundBy: ["the end of every window is announced by the alarm"],
  },
  {
    mistake: "endless rotation: what the turn has tried is forgotten (#70401)",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) =>
        step(pool, event.type === "leaseAsked" ? { ...event, exclude: [] } : event, now, dice),
    },
    foundBy: ["a turn is not given what it has tried"],
  },
  {
    mistake: "each failure pushes the window out",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        const done = step(pool, event, now, dice);
        if (event.type !== "reported" || event.outcome.ok || done.pool.spent === pool.spent) return done;
        const effects: PoolEffect[] = [...done.effects];
        const push = (bench: Bench, model: string | undefined): Bench => {
          if (bench.phase !== "cooling" || bench.sinceAt === now) return bench;
          const untilAt = bench.untilAt + 30_000;
          const of = model === undefined ? {} : { model };
          const { reason } = bench;
          effects.push({
            do: "log",
            event: "credential.cooling",
            credential: event.credential,
            ...of,
            reason,
            untilAt,
          });
          return { ...bench, untilAt };
        };
        return { ...done, pool: changeBenches(done.pool, push, event.credential), effects };
      },
    },
    foundBy: ["a failure inside a window does not push its end out"],
  },
  {
    mistake: "a stampede after the rest: everybody is let in at once",
    system: {
      nextAlarm,
      step: afterwards((bench) =>
        bench.phase === "trial"
          ? { phase: "returning", reason: bench.reason, strikes: bench.strikes, endedAt: bench.endedAt }
          : bench,
      ),
    },
    scope: "one key",
    foundBy: ["one probe at a time after a rest"],
  },
  {
    mistake: "a probe that nobody speaks of holds the credential for ever",
    system: {
      nextAlarm,
      step: afterwards((bench) => (bench.phase === "trial" ? { ...bench, untilAt: bench.endedAt + 1e12 } : bench)),
    },
    scope: "one key",
    foundBy: ["nobody is refused while a credential is free"],
  },
  {
    mistake: "an overload benches the key (#14038)",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        if (event.type !== "reported" || event.outcome.ok || event.outcome.verdict.class !== "overload") {
          return step(pool, event, now, dice);
        }
        const verdict = { ...event.outcome.verdict, class: "rate" } as const;
        return step(pool, { ...event, outcome: { ok: false, verdict } }, now, dice);
      },
    },
    foundBy: ["only rate, quota, billing and auth touch a credential"],
  },
  {
    mistake: "the same report counts twice",
    system: { nextAlarm, step: (pool, event, now, dice) => step({ ...pool, spent: [] }, event, now, dice) },
    foundBy: ["the same failure reported twice changes nothing"],
  },
  {
    mistake: "billing is taken for a rate limit",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        if (event.type !== "reported" || event.outcome.ok || event.outcome.verdict.class !== "billing") {
          return step(pool, event, now, dice);
        }
        const verdict = { ...event.outcome.verdict, class: "rate" } as const;
        return step(pool, { ...event, outcome: { ok: false, verdict } }, now, dice);
      },
    },
    foundBy: ["billing rests for hours"],
  },
  {
    mistake: "a revoked key comes back by itself (#32849)",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        const done = step(pool, event, now, dice);
        if (event.type !== "ticked") return done;
        const credentials = done.pool.credentials.map((one) =>
          one.state.phase === "disabled" ? { ...one, state: { phase: "ready" } as const } : one,
        );
        return { ...done, pool: { ...done.pool, credentials } };
      },
    },
    scope: "one key",
    foundBy: ["a refusal names the time at which it ends"],
  },
  {
    mistake: "a lift is undone by the older state (#93853)",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        const done = step(pool, event, now, dice);
        return event.type === "lifted" ? { ...done, pool } : done;
      },
    },
    foundBy: ["a lifted credential may be used at once"],
  },
  {
    mistake: "the owners are told at every refusal that the pool is dry",
    system: { nextAlarm, step: (pool, event, now, dice) => step({ ...pool, droughts: [] }, event, now, dice) },
    scope: "one key",
    foundBy: ["that a pool ran dry is told once until it recovers, and only when it did"],
  },
  {
    mistake: "a success during a rest ends the rest",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        const done = step(pool, event, now, dice);
        if (event.type !== "reported" || !event.outcome.ok) return done;
        return { ...done, pool: changeBenches(done.pool, () => undefined, event.credential) };
      },
    },
    foundBy: ["nobody is given a credential that rests or is disabled"],
  },
  {
    mistake: "a refusal without a time though one is known",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        const done = step(pool, event, now, dice);
        if (done.answer?.ok !== false) return done;
        const { allDisabled, empty } = done.answer;
        return { ...done, answer: { ok: false, allDisabled, empty } };
      },
    },
    scope: "one key",
    foundBy: ["a refusal names the time at which it ends"],
  },
  {
    mistake: "the others go on with the key that failed: revocation is forgotten",
    system: { nextAlarm, step: saying((effect) => effect.do !== "revoke") },
    foundBy: [HELD],
  },
  {
    mistake: "the one who reported is told instead of the others",
    system: {
      nextAlarm,
      step: changing((effect, pool, event) => {
        if (effect.do !== "revoke" || event.type !== "reported") return effect;
        return { ...effect, holders: pool.leases.filter(({ lease }) => lease === event.lease) };
      }),
    },
    foundBy: [HELD, LOSES],
  },
  {
    mistake: "everybody loses the lease, whichever it is",
    system: {
      nextAlarm,
      step: changing((effect, pool) => (effect.do === "revoke" ? { ...effect, holders: pool.leases } : effect)),
    },
    foundBy: [LOSES],
  },
  {
    mistake: "a session stays with its second choice for ever: keepUntilAt is forgotten",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        const done = step(pool, event, now, dice);
        if (done.answer?.ok !== true) return done;
        const { keepUntilAt: _, ...answer } = done.answer;
        return { ...done, answer };
      },
    },
    foundBy: [FIRST_CHOICE],
  },
  {
    mistake: "the first choice is asked for long after its rest",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        const done = step(pool, event, now, dice);
        if (done.answer?.ok !== true || done.answer.keepUntilAt === undefined) return done;
        return { ...done, answer: { ...done.answer, keepUntilAt: now + 43_200_000 } };
      },
    },
    foundBy: [FIRST_CHOICE],
  },
  {
    mistake: "who waits sleeps through the lift",
    system: { nextAlarm, step: saying((effect) => effect.do !== "wake") },
    scope: "one key",
    foundBy: [WOKEN],
  },
  {
    mistake: "who waits is woken at everything that happens",
    system: {
      nextAlarm,
      step: (pool, event, now, dice) => {
        const done = step(pool, event, now, dice);
        const wake: PoolEffect = { do: "wake", sessions: done.pool.waiting.map(({ session }) => session) };
        return { ...done, effects: [...done.effects, wake] };
      },
    },
    scope: "one key",
    foundBy: [WOKEN],
  },
];

/** Changes every bench after each step. */
function afterwards(change: (bench: Bench) => Bench): System["step"] {
  return (pool, event, now, dice) => {
    const done = step(pool, event, now, dice);
    return { ...done, pool: changeBenches(done.pool, change) };
  };
}

function saying(keeps: (effect: PoolEffect) => boolean): System["step"] {
  return (pool, event, now, dice): PoolStep => {
    const done = step(pool, event, now, dice);
    return { ...done, effects: done.effects.filter(keeps) };
  };
}

function changing(change: (effect: PoolEffect, before: Pool, event: PoolEvent) => PoolEffect): System["step"] {
  return (pool, event, now, dice): PoolStep => {
    const done = step(pool, event, now, dice);
    return { ...done, effects: done.effects.map((effect) => change(effect, pool, event)) };
  };
}

function changeBenches(
  pool: Pool,
  change: (bench: Bench, model: string | undefined) => Bench | undefined,
  only?: string,
): Pool {
  const credentials = pool.credentials.map((one) => {
    if (only !== undefined && one.id !== only) return one;
    const { state } = one;
    const whole =
      state.phase === "ready" || state.phase === "disabled"
        ? state
        : (change(state, undefined) ?? ({ phase: "ready" } as const));
    const models = one.models.flatMap(({ model, bench }) => {
      const next = change(bench, model);
      return next === undefined ? [] : [{ model, bench: next }];
    });
    return { ...one, state: whole, models };
  });
  return { ...pool, credentials };
}
