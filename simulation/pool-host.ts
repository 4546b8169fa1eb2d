import type { Fingerprint, Outcome } from "../src/core/pool.ts";
import type { Holder } from "../src/core/pool-lease.ts";
import type { Log } from "../src/log.ts";
import { PoolShell } from "../src/pool/shell.ts";
import type { Chance } from "./chance.ts";
import { Disk } from "./disk.ts";
import { Gone } from "./gone.ts";
import { Life } from "./life.ts";
import type { Timeline } from "./timeline.ts";

/** The pool object of one provider: the real shell on a disk that outlives it. */
export interface PoolHostPorts {
  readonly provider: string;
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly log: Log;
  readonly revoke: (holders: readonly Holder[], credential: string) => void;
  readonly wake: (sessions: readonly string[]) => void;
  readonly crashAtPort: () => number;
  readonly crashed: () => void;
  /** A credential was benched; perhaps by a report of a lease that was given before it was lifted. */
  readonly charged: (credential: string, isOfBeforeLift: boolean) => void;
}

export class PoolHost {
  readonly #ports: PoolHostPorts;
  readonly #disk = new Disk();
  #life: Life;
  #shell: PoolShell | undefined;
  #lives = 0;
  /** How often each credential was lifted, and how often it had been when a lease of it was given. */
  readonly #lifts = new Map<string, number>();
  readonly #liftsAtLease = new Map<string, number>();
  readonly #known = new Set<string>();
  #isStale = false;
  #cancelAlarm: () => void = () => {};

  constructor(ports: PoolHostPorts) {
    this.#ports = ports;
    this.#life = this.#born();
    this.#disk.onAlarm = () => this.#plan();
  }

  /** Throws where the object dies in the middle of it. */
  lease(request: Parameters<PoolShell["lease"]>[0]): ReturnType<PoolShell["lease"]> {
    const reply = this.#call((shell) => shell.lease(request));
    if (reply.ok) {
      this.#known.add(reply.credential);
      this.#liftsAtLease.set(reply.lease, this.#lifts.get(reply.credential) ?? 0);
    }
    return reply;
  }

  report(report: Parameters<PoolShell["report"]>[0] & { readonly outcome: Outcome }) {
    const { lease, credential } = report;
    const liftsAtLease = this.#liftsAtLease.get(lease);
    this.#isStale = liftsAtLease !== undefined && liftsAtLease < (this.#lifts.get(credential) ?? 0);
    try {
      return this.#call((shell) => shell.report(report));
    } finally {
      this.#isStale = false;
    }
  }

  lift(credential?: string): number {
    const { lifted } = this.#call((shell) => shell.lift(credential === undefined ? {} : { credential }));
    const known = credential === undefined ? this.#known : [credential];
    if (lifted > 0) for (const id of known) this.#lifts.set(id, (this.#lifts.get(id) ?? 0) + 1);
    return lifted;
  }

  list(fingerprints: readonly Fingerprint[]) {
    return this.#call((shell) => shell.list({ fingerprints })).credentials;
  }

  crash(): void {
    this.#life.end("dead");
    this.#shell = undefined;
    this.#life = this.#born();
    this.#ports.crashed();
  }

  #born(): Life {
    this.#lives += 1;
    return new Life(this.#lives, {
      disk: this.#disk,
      timeline: this.#ports.timeline,
      onFuse: () => this.crash(),
      onTouch: () => {},
      onStorageFault: () => {},
      onFault: () => {},
    });
  }

  #call<T>(act: (shell: PoolShell) => T): T {
    const life = this.#life;
    if (this.#ports.chance.hit(this.#ports.crashAtPort())) life.fuse = this.#ports.chance.between(1, 12);
    const result = act(this.#open());
    life.fuse = undefined;
    if (life.state !== "alive") throw new Gone();
    return result;
  }

  #open(): PoolShell {
    const life = this.#life;
    const { provider, timeline, chance, log, revoke, wake } = this.#ports;
    const living = (port: string, act: () => void) => {
      life.pass(port);
      if (life.state === "alive") act();
    };
    this.#shell ??= new PoolShell({
      provider,
      storage: {
        exec: (query, ...bindings) => life.exec(query, bindings).toArray(),
        transactionSync: (body) => life.transaction(body),
        setAlarm: (at) => life.touch("setAlarm").setAlarm(at),
        deleteAlarm: () => life.touch("deleteAlarm").setAlarm(undefined),
      },
      now: () => timeline.now,
      newId: () => chance.id(),
      dice: () => chance.next(),
      log: (event, fields = {}) => {
        const isCharge = event === "credential.cooling" || event === "credential.disabled";
        if (isCharge) this.#ports.charged(String(fields["credential"]), this.#isStale);
        living("log", () => log(event, fields));
      },
      revoke: (holders, credential) => living("revoke", () => revoke(holders, credential)),
      wake: (sessions) => living("wake", () => wake(sessions)),
    });
    return this.#shell;
  }

  #plan(): void {
    this.#cancelAlarm();
    const at = this.#disk.alarmAt;
    if (at === undefined) return;
    this.#cancelAlarm = this.#ports.timeline.at(at, "pool alarm", () => {
      if (this.#disk.alarmAt !== at) return;
      this.#disk.setAlarm(undefined);
      try {
        this.#call((shell) => shell.alarm());
      } catch (error) {
        if (!(error instanceof Gone) && this.#life.state === "alive") throw error;
        // The platform calls an alarm again that has failed.
        if (this.#disk.alarmAt === undefined) this.#disk.setAlarm(this.#ports.timeline.now + 2_000);
      }
    });
  }
}
