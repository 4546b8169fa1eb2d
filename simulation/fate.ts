import { placeOf } from "./people.ts";
import type { Key } from "./providers.ts";
import type { Remote } from "./remote.ts";
import type { SessionHost } from "./session-host.ts";
import type { Updates } from "./updates.ts";
import type { World } from "./world.ts";

/**
 * What happens to a world without anybody's asking: processes die, code is deployed, keys run dry, an operator lifts,
 * stops and resets, people block the bot, messages are deleted and topics closed.
 */
export class Fate {
  readonly #world: World;
  readonly #remote: Remote;
  readonly #updates: Updates;
  readonly #hosts: readonly SessionHost[];
  readonly #deploy: () => void;
  #isOver = false;

  constructor(world: World, remote: Remote, updates: Updates, hosts: readonly SessionHost[], deploy: () => void) {
    this.#world = world;
    this.#remote = remote;
    this.#updates = updates;
    this.#hosts = hosts;
    this.#deploy = deploy;
    const weather = world.weather();
    for (const host of hosts) {
      this.#again("process", weather.crashEveryMs, () => host.crash("by itself"));
      // An object that nobody has needed for a while is put away.
      this.#again("eviction", 6 * 60_000, () => this.#evict(host));
    }
    this.#again("pool process", weather.crashEveryMs, () => remote.crashPool());
    this.#again("deploy", weather.deployEveryMs, () => this.#deployed());
    this.#again("keys", weather.keyTroubleEveryMs, () => world.note("keys", "trouble", world.providers.trouble()));
    this.#again("operator", 60_000, () => this.#operator());
    this.#again("people", weather.blockEveryMs, () => this.#block());
    this.#again("deletion", 40_000, () => this.#delete());
    world.onKeyRefused = (key) => this.#watchful(key);
    this.#again("topic", weather.blockEveryMs, () => this.#topic());
  }

  /** The faults end; what was closed is open again, and the keys are lifted. */
  end(): void {
    this.#isOver = true;
    for (const chat of this.#world.telegram.chats.values()) {
      chat.closedThreads.clear();
      if (chat.isBlocked) this.#member(chat.id, true);
    }
    for (const provider of ["openai", "anthropic"]) this.#remote.lift(provider);
  }

  #again(what: string, everyMs: number, act: () => void): void {
    if (everyMs === 0) return;
    const { timeline, chance } = this.#world;
    timeline.after(chance.wait(everyMs), what, () => {
      if (this.#isOver) return;
      act();
      this.#again(what, everyMs, act);
    });
  }

  #evict(host: SessionHost): void {
    if (host.value()?.turn.phase !== "running") host.crash("put away");
  }

  #deployed(): void {
    this.#world.count("deploys");
    this.#deploy();
    for (const host of this.#hosts) {
      host.crash("deploy");
      if (this.#world.chance.hit(0.5)) older(host);
    }
  }

  /** An operator who looks on lifts the key at once: the report of what it did may come after that. */
  #watchful({ provider, id }: Key): void {
    const { timeline, chance } = this.#world;
    if (this.#isOver || !chance.hit(0.1)) return;
    timeline.after(chance.below(60), "lift at once", () => void this.#remote.lift(provider, id));
  }

  #operator(): void {
    const { chance, note } = { chance: this.#world.chance, note: this.#world.note.bind(this.#world) };
    const host = chance.pick(this.#hosts);
    if (!host) return;
    switch (chance.below(5)) {
      case 0:
        note(host.name, "admin", "stop");
        host.known("stop", (shell) => shell.stop()).catch(() => {});
        return;
      case 1:
        note(host.name, "admin", "reset");
        host.known("reset", (shell) => shell.reset()).catch(() => {});
        return;
      case 2:
        host.known("view", (shell) => void shell.view(20)).catch(() => {});
        return;
      default: {
        const key = chance.pick(this.#world.providers.keys);
        if (!key) return;
        note("admin", "lift", key.id);
        this.#remote.hop(() => this.#remote.lift(key.provider, key.id)).catch(() => {});
      }
    }
  }

  #block(): void {
    const chat = this.#world.chance.pick([...this.#world.telegram.chats.values()]);
    if (chat && chat.type === "private") this.#member(chat.id, chat.isBlocked);
  }

  #member(chatId: number, member: boolean): void {
    const chat = this.#world.telegram.chat(chatId);
    chat.isBlocked = !member;
    this.#world.note(String(chatId), member ? "unblocked" : "blocked");
    const host = this.#hosts.find((candidate) => candidate.chatId === chatId);
    if (!host) return;
    this.#updates.send(host, {
      kind: "membership",
      update: this.#updates.nextId(),
      place: placeOf(host),
      from: { id: chatId, name: "a person" },
      member,
    });
  }

  #delete(): void {
    const { chance, telegram } = this.#world;
    const chat = chance.pick([...telegram.chats.values()]);
    const id = chat && chance.pick([...chat.messages.keys()].slice(-8));
    if (chat && id !== undefined) {
      chat.messages.delete(id);
      this.#world.note(String(chat.id), "deleted", String(id));
    }
  }

  #topic(): void {
    const host = this.#world.chance.pick(this.#hosts.filter(({ threadId }) => threadId !== undefined));
    if (host?.threadId === undefined) return;
    const { closedThreads } = this.#world.telegram.chat(host.chatId);
    if (!closedThreads.delete(host.threadId)) closedThreads.add(host.threadId);
    this.#world.note(host.name, "topic", closedThreads.has(host.threadId) ? "closed" : "opened");
  }
}

/** The value as an older version would have left it: without what was added to it later. */
function older(host: SessionHost): void {
  if (host.disk.isNew) return;
  const row = host.disk.rows<{ slot: number; value: string }>(
    "SELECT slot, value FROM journal ORDER BY seq DESC LIMIT 1",
  )[0];
  if (!row) return;
  const stored: { v: number; session: { turn: Record<string, unknown> } } = JSON.parse(row.value);
  for (const added of ["saidQueued", "saidWaiting"]) delete stored.session.turn[added];
  host.disk.rows("UPDATE journal SET value = ? WHERE slot = ?", JSON.stringify(stored), row.slot);
  host.wasRewritten = true;
}
