import type { Environment } from "../environment.ts";
import { log } from "../log.ts";
import type { PoolPorts } from "./shell.ts";

/**
 * The pool's word to sessions that did not ask: a lease is no longer honoured, a wait is over. Sent once, so many at a time,
 * and not waited for: a session that misses it learns the same from the provider's refusal, or at the time that it was told.
 */
const AT_A_TIME = 16;

export function sessionsOf(
  ctx: DurableObjectState,
  env: Environment,
  provider: string,
): Pick<PoolPorts, "revoke" | "wake"> {
  const each = <T>(where: string, told: readonly T[], nameOf: (one: T) => string, tell: (one: T) => Promise<unknown>) =>
    ctx.waitUntil(
      inBatches(told, (one) =>
        tell(one).catch((error: unknown) => {
          const name = error instanceof Error ? error.name : "unknown";
          log("pool.unreachable", { provider, session: nameOf(one), where, name });
        }),
      ),
    );
  return {
    revoke: (holders, credential) =>
      each(
        "leaseLost",
        holders,
        ({ session }) => session,
        async ({ session, model }) => env.SESSION.getByName(session).leaseLost({ provider, credential, model }),
      ),
    wake: (sessions) =>
      each(
        "poolChanged",
        sessions,
        (session) => session,
        async (session) => env.SESSION.getByName(session).poolChanged({}),
      ),
  };
}

async function inBatches<T>(all: readonly T[], act: (one: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < all.length; at += AT_A_TIME) await Promise.all(all.slice(at, at + AT_A_TIME).map(act));
}
