import { runOf, type Session } from "../src/core/session.ts";
import type { SessionPorts } from "../src/session/ports.ts";
import { SessionShell } from "../src/session/shell.ts";
import { JOURNAL_SLOTS } from "../src/session/store.ts";
import { Disk } from "./disk.ts";
import { Gone } from "./gone.ts";
import { Life } from "./life.ts";
import type { World } from "./world.ts";

/** So long after an alarm that failed the next one is tried, as src/session/object.ts does it. */
export const ALARM_AGAIN_MS = 5_000;
/** After this the platform calls an alarm again whose process died. */
const ALARM_RETRY_MS = 2_000;
const MOST_ZOMBIES = 3;

/** A session object: the real shell, one process after the other, on a disk that outlives them. */
export class SessionHost {
  readonly #world: World;
  readonly #portsOf: (host: SessionHost, life: Life) => SessionPorts;
  readonly key: string;
  readonly name: string;
  readonly chatId: number;
  readonly threadId: number | undefined;
  readonly disk = new Disk();
  /** Its stored value was made older by a deploy; whoever remembers it reads it again. */
  wasRewritten = false;
  /** The last alarm was not carried out; the platform tries again after a while. */
  alarmFailed = false;
  #life: Life;
  #shell: SessionShell | undefined;
  #lives = 0;
  readonly #zombies: Life[] = [];
  #cancelAlarm: () => void = () => {};
  #newestSeq = 0;
  #known: { readonly journalAge: number; readonly value: Session | undefined } | undefined;

  constructor(world: World, key: string, portsOf: (host: SessionHost, life: Life) => SessionPorts) {
    this.#world = world;
    this.#portsOf = portsOf;
    this.key = key;
    this.name = key.replace("telegram:", "");
    this.chatId = Number(/^telegram:(-?\d+)/.exec(key)?.[1] ?? 0);
    const thread = /:topic:(\d+)/.exec(key)?.[1];
    this.threadId = thread === undefined ? undefined : Number(thread);
    this.#life = this.#born();
    this.disk.onAlarm = () => this.#plan();
  }

  get life(): Life {
    return this.#life;
  }

  /** The platform calls a method of the object. Rejects, or never comes to an end, where the object dies in it. */
  async call<T>(what: string, act: (shell: SessionShell) => T | Promise<T>): Promise<T> {
    const life = this.#life;
    this.#light(life);
    try {
      const result = await act(this.#open());
      if (life.state !== "alive") throw new Gone();
      return result;
    } catch (error) {
      if (life.state === "alive") this.#world.note(this.name, "threw", `${what} ${String(error)}`);
      throw error;
    } finally {
      // A fuse is for this call: the run that it began has fuses of its own.
      this.#touched();
    }
  }

  /** Nothing is made of a session that has never been. */
  async known(what: string, act: (shell: SessionShell) => void): Promise<void> {
    if (!this.#shell && this.disk.isNew) return;
    await this.call(what, act);
  }

  /** The process dies. It leaves nothing but what is committed, and perhaps a zombie. */
  crash(how: string): void {
    if (!this.#shell) return;
    const { chance, timeline, weather } = this.#world;
    const dead = this.#life;
    if (!this.disk.inTransaction && this.#zombies.length < MOST_ZOMBIES && chance.hit(weather().zombie)) {
      dead.end("zombie");
      this.#zombies.push(dead);
      timeline.after(chance.between(100, 60_000), "zombie dies", () => {
        dead.end("dead");
        this.#zombies.splice(this.#zombies.indexOf(dead), 1);
      });
      this.#world.count("zombies");
    } else dead.end("dead");
    this.#shell = undefined;
    this.#life = this.#born();
    this.#world.count("crashes");
    this.#world.note(this.name, "crash", `${how}${dead.state === "zombie" ? ", zombie" : ""}`);
    this.#world.bus.emit("crashed", { host: this, how });
    this.#touched();
  }

  wipe(life: Life): void {
    life.touch("wipe");
    this.disk.wipe();
    this.#newestSeq = 0;
    this.#shell = undefined;
    life.end("dead");
    this.#life = this.#born();
    this.#world.note(this.name, "wiped");
    this.#world.bus.emit("wiped", { host: this });
  }

  /** What the session's value says; read from storage, as nobody else may be trusted with it. */
  value(): Session | undefined {
    const { journalAge } = this.disk;
    if (this.#known?.journalAge === journalAge) return this.#known.value;
    const value = this.#stored();
    this.#known = { journalAge, value };
    return value;
  }

  #stored(): Session | undefined {
    if (this.disk.isNew) return undefined;
    // On from the one that was the newest: to sort the journal each time would be most of a simulation's work.
    let row = this.#journalRow(this.#newestSeq);
    for (;;) {
      const next = this.#journalRow(this.#newestSeq + 1);
      if (!next) break;
      this.#newestSeq += 1;
      row = next;
    }
    if (!row) return undefined;
    const stored: { session: Session } = JSON.parse(row);
    return stored.session;
  }

  #journalRow(seq: number): string | undefined {
    return this.disk.rows<{ value: string }>(
      "SELECT value FROM journal WHERE slot = ? AND seq = ?",
      seq % JOURNAL_SLOTS,
      seq,
    )[0]?.value;
  }

  /** The run that the living process takes to be on. */
  runNow(): string | undefined {
    return this.#shell ? runOf(this.#shell.door.session)?.run : undefined;
  }

  get isAwake(): boolean {
    return this.#shell !== undefined;
  }

  #born(): Life {
    this.#lives += 1;
    return new Life(this.#lives, {
      disk: this.disk,
      timeline: this.#world.timeline,
      onFuse: (_life, at) => this.crash(`at ${at}`),
      onTouch: () => this.#touched(),
      onStorageFault: (port) => {
        this.#world.count("storage faults");
        this.#world.note(this.name, "storage fault", port);
      },
      onFault: (error) => this.#world.fault(`${this.name}: detached work ended with ${String(error)}`),
    });
  }

  /** It may die at one of the next ports that it passes, in this call or in what the call leaves behind. */
  #light(life: Life): void {
    const { chance, weather } = this.#world;
    if (life.fuse === undefined && chance.hit(weather().crashAtPort)) life.fuse = chance.between(1, 60);
    if (life.fault === undefined && chance.hit(weather().storageFault)) life.fault = chance.between(1, 60);
  }

  #open(): SessionShell {
    this.#shell ??= new SessionShell(this.#portsOf(this, this.#life));
    return this.#shell;
  }

  #touched(): void {
    this.#world.touched.add(this);
  }

  #plan(): void {
    this.#cancelAlarm();
    const at = this.disk.alarmAt;
    if (at === undefined) return;
    const { chance, weather, timeline } = this.#world;
    const lateMs = chance.hit(weather().alarmLate) ? chance.below(30_000) : chance.below(20);
    this.#cancelAlarm = timeline.at(at + lateMs, "alarm", () => {
      if (this.disk.alarmAt === at) this.#ring();
    });
  }

  #ring(): void {
    const { chance, weather, timeline } = this.#world;
    this.disk.setAlarm(undefined);
    this.#world.count("alarms");
    const life = this.#life;
    this.alarmFailed = false;
    const alarm = () =>
      this.call("alarm", (shell) => shell.alarm()).catch(() => {
        const again = timeline.now + (life.state === "alive" ? ALARM_AGAIN_MS : ALARM_RETRY_MS);
        this.alarmFailed = true;
        if (this.disk.alarmAt === undefined || this.disk.alarmAt > again) this.disk.setAlarm(again);
        this.#touched();
      });
    void alarm();
    if (!chance.hit(weather().alarmTwice)) return;
    timeline.after(chance.below(2_000), "alarm again", () => {
      this.#world.count("alarms doubled");
      void alarm();
    });
  }
}
