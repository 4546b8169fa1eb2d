import { DurableObject } from "cloudflare:workers";
import type { Environment } from "../environment.ts";
import { log, unhurried } from "../log.ts";
import { sessionsOf } from "./sessions.ts";
import {
  type LeaseReply,
  type LeaseRequest,
  type LiftReply,
  type LiftRequest,
  type ListReply,
  type ListRequest,
  PoolShell,
  type ReleaseRequest,
  type ReportReply,
  type ReportRequest,
} from "./shell.ts";

/** The credential pool of one provider, named by it. Only the platform; what it does is shell.ts, why is core/pool.ts. */
export class Pool extends DurableObject<Environment> {
  readonly #shell: PoolShell;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    const { storage } = ctx;
    const provider = ctx.id.name ?? "unknown";
    this.#shell = new PoolShell({
      provider,
      storage: {
        exec: (query, ...bindings) => storage.sql.exec(query, ...bindings).toArray(),
        transactionSync: (body) => storage.transactionSync(body),
        setAlarm: (at) => void storage.setAlarm(at),
        deleteAlarm: () => void storage.deleteAlarm(),
      },
      now: Date.now,
      newId: () => crypto.randomUUID(),
      dice: Math.random,
      // Behind the lines of the session that asks.
      log: unhurried(log),
      ...sessionsOf(ctx, env, provider),
    });
  }

  lease(request: LeaseRequest): LeaseReply {
    return this.#shell.lease(request);
  }

  report(request: ReportRequest): ReportReply {
    return this.#shell.report(request);
  }

  release(request: ReleaseRequest): { readonly ok: true } {
    return this.#shell.release(request);
  }

  lift(request: LiftRequest): LiftReply {
    return this.#shell.lift(request);
  }

  list(request: ListRequest): ListReply {
    return this.#shell.list(request);
  }

  override alarm(): void {
    this.#shell.alarm();
  }
}
