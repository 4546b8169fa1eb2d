import type { Pool } from "./pool.ts";
import { type Credential, isPresent } from "./pool-credential.ts";

/** One credential as `GET /admin/pools` and /pool show it. */
export interface CredentialView {
  readonly id: string;
  readonly state: "ready" | "cooling" | "disabled";
  /** Epoch milliseconds. */
  readonly until: number | null;
  readonly reason: string | null;
  /** How many leases of it are out. */
  readonly leases: number;
  readonly uses: number;
  readonly lastUsedAt: number | null;
}

/** The present credentials of a settled pool, in the order of the secrets. `leases`: how many are out, by credential. */
export function view(pool: Pool, leases: ReadonlyMap<string, number> = counted(pool)): CredentialView[] {
  return pool.credentials.filter(isPresent).map((credential) => ({
    id: credential.id,
    ...condition(credential),
    leases: leases.get(credential.id) ?? 0,
    uses: credential.uses,
    lastUsedAt: credential.lastUsedAt ?? null,
  }));
}

function counted({ leases }: Pool): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { credential } of leases) counts.set(credential, (counts.get(credential) ?? 0) + 1);
  return counts;
}

/** A credential that rests for one model only shows as cooling, until the last of its windows ends. */
function condition({ state, models }: Credential): Pick<CredentialView, "state" | "until" | "reason"> {
  if (state.phase === "disabled") return { state: "disabled", until: null, reason: state.reason };
  const all = [...(state.phase === "ready" ? [] : [state]), ...models.map(({ bench }) => bench)];
  const resting = all.filter((bench) => bench.phase !== "returning").sort((one, other) => other.untilAt - one.untilAt);
  const last = resting[0];
  if (last === undefined) return { state: "ready", until: null, reason: null };
  return { state: "cooling", until: last.untilAt, reason: last.reason };
}
