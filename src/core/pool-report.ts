import type { Verdict } from "./failure.ts";
import type { Pool, PoolEffect, PoolEvent, PoolStep } from "./pool.ts";
import { changeEach, endTrial, isPresent, prove, strike } from "./pool-credential.ts";
import { dryOut, forgetDroughts } from "./pool-drought.ts";
import type { BenchReason } from "./pool-window.ts";

/**
 * What a report changes. A report is believed when its lease is of that credential, its version is the credential's,
 * and the same lease has not failed before; then a failure that is the key's own fault is charged to the credential
 * that failed, whatever the session uses by now. Every other report changes nothing at all.
 */

export const SPENT_KEPT = 256;

type Report = Extract<PoolEvent, { type: "reported" }>;

export function report(pool: Pool, event: Report, now: number, dice: number): PoolStep {
  const { outcome, model } = event;
  const nothing: PoolStep = { pool, effects: [] };
  const held = pool.leases.find((one) => one.lease === event.lease);
  // The lease is the proof of who was used. Where it has been dropped, the report's own word stands for it.
  if (held !== undefined && held.credential !== event.credential) return nothing;
  const failing = pool.credentials.find(({ id }) => id === event.credential);
  if (failing === undefined || !isPresent(failing) || failing.version !== event.version) return nothing;
  if (pool.spent.includes(event.lease)) return nothing;

  if (outcome.ok) {
    const proved = prove(failing, model, event.lease, held?.takenAt);
    if (proved === failing) return nothing;
    const next = changeEach(pool, (one) => (one === failing ? proved : one));
    return { pool: forgetDroughts(next, model), effects: [] };
  }

  const reason = benchReason(outcome.verdict);
  if (reason === undefined) return nothing;
  const effects: PoolEffect[] = [];
  const { isAccountWide, isModelOnly } = reach(reason, outcome.verdict);
  const isSole = pool.credentials.filter((one) => isPresent(one) && one.state.phase !== "disabled").length === 1;
  const charged = changeEach(pool, (one) => {
    const isMate = isAccountWide && isPresent(one) && one.account !== undefined && one.account === failing.account;
    if (one !== failing && !isMate) return one;
    if (reason === "auth" && !isModelOnly) {
      if (one.state.phase === "disabled") return one;
      effects.push({ do: "log", event: "credential.disabled", credential: one.id, reason });
      effects.push({ do: "notify", notice: { kind: "disabled", credential: one.id, reason } });
      return { ...one, state: { phase: "disabled", reason }, models: [] };
    }
    const blow = { reason, verdict: outcome.verdict, model: isModelOnly ? model : undefined, isSole, dice };
    const { credential, opened } = strike(one, blow, now);
    if (opened !== undefined) {
      const of = opened.model === undefined ? {} : { model: opened.model };
      const { untilAt } = opened;
      effects.push({ do: "log", event: "credential.cooling", credential: one.id, ...of, reason, untilAt });
    }
    return endTrial(credential, event.lease);
  });
  const leases = charged.leases.filter((one) => one.lease !== event.lease);
  const spent = [...charged.spent, event.lease].slice(-SPENT_KEPT);
  const dried = dryOut({ ...charged, leases, spent }, model, now);
  return { pool: dried.pool, effects: [...effects, ...dried.effects] };
}

/** The causes that are the key's; every other failure (overload, network, context, bad, blocked …) touches nobody. */
function benchReason(verdict: Verdict): BenchReason | undefined {
  switch (verdict.class) {
    case "rate":
    case "quota":
    case "billing":
    case "auth":
      return verdict.class;
    default:
      return undefined;
  }
}

/** How far a failure reaches where the evidence does not say: a rate limit one model, quota and billing the account. */
function reach(reason: BenchReason, { scope }: Verdict): { isAccountWide: boolean; isModelOnly: boolean } {
  switch (reason) {
    case "rate":
      return { isAccountWide: scope === "account", isModelOnly: scope === undefined || scope === "model" };
    case "quota":
      return { isAccountWide: scope !== "credential", isModelOnly: scope === "model" };
    case "billing":
      return { isAccountWide: scope !== "credential", isModelOnly: false };
    case "auth":
      return { isAccountWide: false, isModelOnly: scope === "model" };
    default:
      return reason satisfies never;
  }
}
