import { type Credential, isPresent, standing } from "./pool-credential.ts";

/**
 * Which credential a lease gets, and what can be said when there is none. Decides among those that may be used; must
 * never name one that rests, is being tried by another, is disabled, is gone, or was tried by this turn already.
 */

export type Strategy = "fill_first" | "round_robin" | "least_used" | "random";

export interface Choice {
  readonly model: string;
  readonly strategy: Strategy;
  /** Tried in this turn already: a turn tries each credential once at the most. */
  readonly exclude: readonly string[];
  /** The one the session used last; kept while it is well, because prompt caches are per key. */
  readonly prefer?: string;
}

/** Settled credentials in the order of the secrets. `cursor`: the one that was leased last. */
export function choose(
  credentials: readonly Credential[],
  cursor: string | undefined,
  { model, strategy, exclude, prefer }: Choice,
  dice: number,
): Credential | undefined {
  const present = credentials.filter(isPresent);
  const free = present.filter(({ id }) => !exclude.includes(id)).filter((one) => standing(one, model).kind === "free");
  const preferred = free.find(({ id }) => id === prefer);
  if (preferred !== undefined) return preferred;
  switch (strategy) {
    case "fill_first":
      return free[0];
    case "round_robin": {
      const last = present.findIndex(({ id }) => id === cursor);
      return free.find((one) => present.indexOf(one) > last) ?? free[0];
    }
    case "least_used":
      return free.reduce<Credential | undefined>(
        (least, one) => (least === undefined || one.uses < least.uses ? one : least),
        undefined,
      );
    case "random":
      return free[Math.min(Math.floor(dice * free.length), free.length - 1)];
    default:
      return strategy satisfies never;
  }
}

export interface Shortage {
  /** When the first credential that rests or is being tried may be used for this model. Absent: waiting brings nobody. */
  readonly earliestAt?: number;
  /** One is being tried: what becomes of it may be known long before `earliestAt`. */
  readonly isOnTrial?: true;
  /** Every credential there is waits for a person or for another key. */
  readonly allDisabled: boolean;
  /** The secrets have no key. */
  readonly empty: boolean;
}

/**
 * Why nobody was chosen. A credential that this turn has tried counts for `earliestAt` while it rests: a turn that waits
 * until then begins anew. One that was tried and does not rest does not count, or the turn would go round for ever.
 */
export function shortage(credentials: readonly Credential[], model: string): Shortage {
  const present = credentials.filter(isPresent);
  const standings = present.map((one) => standing(one, model));
  const ends = standings.flatMap((one) => (one.kind === "cooling" || one.kind === "trial" ? [one.untilAt] : []));
  return {
    ...(ends.length > 0 ? { earliestAt: Math.min(...ends) } : {}),
    ...(standings.some(({ kind }) => kind === "trial") ? { isOnTrial: true } : {}),
    allDisabled: present.length > 0 && standings.every(({ kind }) => kind === "disabled"),
    empty: present.length === 0,
  };
}

/** There are keys, none may be used for this model, and none is being tried. */
export function isDry(credentials: readonly Credential[], model: string): boolean {
  const kinds = credentials.filter(isPresent).map((one) => standing(one, model).kind);
  return kinds.length > 0 && kinds.every((kind) => kind === "cooling" || kind === "disabled");
}
