import type { SqlValue } from "../src/session/outbox.ts";
import type { Disk } from "./disk.ts";
import { Gone, StorageFault } from "./gone.ts";
import type { Cancel, Timeline } from "./timeline.ts";

/**
 * One process's time with an object. While it is alive its ports work. When it is dead nothing of it has any effect: its
 * storage throws, what it waits for never comes, its timers do not go off. A zombie is one that the platform has replaced
 * and that does not know it: it may still compute and talk, but its storage throws as well.
 */
export interface LifePorts {
  readonly disk: Disk;
  readonly timeline: Timeline;
  /** The fuse has burnt down: the process dies here, at this port. */
  readonly onFuse: (life: Life, at: string) => void;
  /** Storage is looked at, and perhaps written. */
  readonly onTouch: () => void;
  /** Storage fails at this port. */
  readonly onStorageFault: (port: string) => void;
  /** Work that nobody awaits ended with an error in a process that lives. */
  readonly onFault: (error: unknown) => void;
}

const NEVER = new Promise<never>(() => {});

export class Life {
  readonly #ports: LifePorts;
  readonly number: number;
  #state: "alive" | "zombie" | "dead" = "alive";
  /** So many more calls of ports until it dies; undefined: it does not die by itself. */
  fuse: number | undefined;
  /** So many more uses of storage until one fails; undefined: none does. */
  fault: number | undefined;

  constructor(number: number, ports: LifePorts) {
    this.number = number;
    this.#ports = ports;
  }

  get state(): "alive" | "zombie" | "dead" {
    return this.#state;
  }

  /** It computes and talks. */
  get isAwake(): boolean {
    return this.#state !== "dead";
  }

  end(as: "zombie" | "dead"): void {
    this.#state = as;
    this.fuse = undefined;
    this.fault = undefined;
  }

  /** Every port passes here, so that a crash may happen between any two effects. */
  pass(port: string): void {
    if (this.fuse === undefined || this.#state !== "alive") return;
    this.fuse -= 1;
    if (this.fuse <= 0) this.#ports.onFuse(this, port);
  }

  /** A port that touches storage. */
  touch(port: string): Disk {
    this.pass(port);
    if (this.#state !== "alive") throw new Gone();
    this.#ports.onTouch();
    this.#mayFail(port);
    return this.#ports.disk;
  }

  #mayFail(port: string): void {
    if (this.fault === undefined) return;
    this.fault -= 1;
    if (this.fault > 0) return;
    this.fault = undefined;
    this.#ports.onStorageFault(port);
    throw new StorageFault();
  }

  exec<Row extends Record<string, SqlValue>>(query: string, bindings: readonly SqlValue[]) {
    const disk = this.touch("sql");
    const rows = disk.rows<Row>(query, ...bindings);
    return {
      rowsWritten: 0,
      toArray: () => rows,
      one: () => {
        const [only] = rows;
        if (only === undefined || rows.length !== 1) throw new Error(`expected exactly one row, got ${rows.length}`);
        return only;
      },
    };
  }

  transaction<T>(work: () => T): T {
    const disk = this.touch("begin");
    const result = disk.transaction(work, () => {
      this.pass("commit");
      if (this.#state === "alive") this.#mayFail("commit");
      return this.#state === "alive";
    });
    this.pass("committed");
    return result;
  }

  /** What comes from outside comes only to the living. */
  async<T>(port: string, begin: () => Promise<T>): Promise<T> {
    this.pass(port);
    if (!this.isAwake) return NEVER;
    return begin().then(
      (value) => (this.isAwake ? value : NEVER),
      (error: unknown) => {
        if (!this.isAwake) return NEVER;
        throw error;
      },
    );
  }

  after(ms: number, act: () => void): Cancel {
    this.pass("after");
    if (!this.isAwake) return () => {};
    return this.#ports.timeline.after(ms, "timer", () => {
      if (this.isAwake) act();
    });
  }

  detach(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (this.#state === "alive" && !(error instanceof StorageFault)) this.#ports.onFault(error);
    });
  }
}
