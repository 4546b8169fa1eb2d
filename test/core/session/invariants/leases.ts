import { isDeepStrictEqual } from "node:util";
import type { Transition } from "../model/world.ts";
import type { Check } from "./check.ts";

/** What the pool's word does to a session. Not of reference/hermes.md: the ancestor's sessions never heard of a benched key. */
export const LEASES: readonly Check[] = [
  { name: "L1: a lease that the pool takes back is not kept, and nothing else changes", holds: lostIsLost },
  { name: "L2: a lease is kept until its run, a reset or the pool says otherwise", holds: keptIsKept },
];

function lostIsLost({ before, after, event, effects }: Transition): string | undefined {
  if (event?.type !== "leaseLost") return undefined;
  const { lease: was, ...rest } = before.session;
  const { lease: is, ...restAfter } = after.session;
  if (effects.length > 0 || !isDeepStrictEqual(rest, restAfter)) return "more than the lease was changed";
  const isMeant =
    was?.provider === event.provider &&
    was.credential === event.credential &&
    (event.model === undefined || event.model === was.model);
  if (isMeant) return is === undefined ? undefined : "a lease that is lost is kept";
  return is === was ? undefined : "another lease was let go";
}

function keptIsKept({ before, after, event }: Transition): string | undefined {
  if (before.session.lease === after.session.lease || event?.type === "leaseLost") return undefined;
  if (event !== undefined && "lease" in event) {
    const isOwn = "run" in event && !before.stale.includes(event.run);
    return isOwn ? undefined : "a stale run changed the lease";
  }
  return before.session.epoch === after.session.epoch ? `${event?.type ?? "nothing"} changed the lease` : undefined;
}
