import type { Refusal } from "../telegram/outbound.ts";
import type { Delivery } from "./outbox.ts";
import type { Step } from "./shipment.ts";

/**
 * A server that fails may be down, or failing on one message alone, which must not hold up its chat for a day. Which of the
 * two it is only another message can tell: so simpler forms are tried at once, and hold only once one of them was accepted.
 */

/** Nobody waits longer for what is behind it. A row that was hastened has its first attempts again. */
const STUBBORN_AFTER_MS = 45_000;
const STUBBORN_AFTER_ATTEMPTS = 3;

/** Refusals that say nothing of the message: it is wanted as it was. */
const PASSING: ReadonlySet<Refusal["kind"]> = new Set(["unavailable", "flood", "unauthorized"]);

export function isPassing({ kind }: Refusal): boolean {
  return PASSING.has(kind);
}

/** The server says itself that it failed, and goes on failing. An answer that was lost says nothing of the message. */
export function isStubborn(row: Delivery, refusal: Refusal, now: number): boolean {
  if (refusal.kind !== "unavailable" || refusal.maybeAccepted) return false;
  return row.attempt >= STUBBORN_AFTER_ATTEMPTS && now - row.createdAt >= STUBBORN_AFTER_MS;
}

/** What only tidies up (a button, a message too many) keeps nobody waiting for long who has words to hear. */
export function letsOthersPass(row: Delivery, { what }: Step, now: number): boolean {
  const isTidying = what === "freeze" || what === "surplus" || what === "outdated";
  return isTidying && now - row.createdAt >= STUBBORN_AFTER_MS;
}
