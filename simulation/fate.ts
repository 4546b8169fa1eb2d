import { memberBody, migratedBody } from "./bodies.ts";
import type { Hosts } from "./hosts.ts";
import { type Spot, STRANGER } from "./places.ts";
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
  readonly #hosts: Hosts;
  readonly #spots: readonly Spot[];
  readonly #deploy: () => void;
  #isOver = false;

  constructor(
    world: World,
    remote: Remote,
    updates: Updates,
    hosts: Hosts,
    spots: readonly Spot[],
    deploy: () => void,
  ) {
    this.#world = world;
    this.#remote = remote;
    this.#updates = updates;
    this.#hosts = hosts;
    this.#spots = spots;
    this.#deploy = deploy;
    const weather = world.weather();
    const threaten = (host: SessionHost) => {
      this.#again("process", weather.crashEveryMs, () => host.crash("by itself"));
      // An object that nobody has needed for a while is put away.
      this.#again("eviction", 6 * 60_000, () => this.#evict(host));
    };
    for (const host of hosts.all) threaten(host);
    hosts.onNew = threaten;
    this.#again("pool process", weather.crashEveryMs, () => remote.crashPool());
    this.#again("deploy", weather.deployEveryMs, () => this.#deployed());
    this.#again("keys", weather.keyTroubleEveryMs, () => world.note("keys", "trouble", world.providers.trouble()));
    this.#again("operator", 60_000, () => this.#operator());
    this.#again("people", weather.blockEveryMs, () => this.#block());
    this.#again("deletion", 40_000, () => this.#delete());
    world.onKeyRefused = (key) => this.#watchful(key);
    this.#again("topic", weather.blockEveryMs, () => this.#topic());
    this.#again("outage", weather.outageEveryMs, () => remote.outage());
    this.#again("move", weather.moveEveryMs, () => this.#move());
  }

  /** The faults end; what was closed is open again, and the keys are lifted. */
  end(): void {
    this.#isOver = true;
    for (const chat of this.#world.telegram.chats.values()) {
      chat.closedThreads.clear();
      if (chat.isBlocked) this.#member(chat.id, true);
    }
    this.#remote.endOutages();
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
    for (const host of this.#hosts.all) {
      host.crash("deploy");
      if (this.#world.chance.hit(0.5) && older(host)) this.#world.count("rows made older");
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
    const host = chance.pick(this.#hosts.all);
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
        this.#remote.hop("pool", () => this.#remote.lift(key.provider, key.id)).catch(() => {});
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
    this.#updates.send(
      { chatId },
      memberBody(this.#updates.nextId(), chatId, member),
      chatId === STRANGER ? "any" : "in",
    );
  }

  /** A group becomes a supergroup: both ends say so, and nobody knows which is heard first. */
  #move(): void {
    const { chance, telegram } = this.#world;
    const spot = chance.pick(this.#spots.filter(({ type }) => type === "group"));
    if (!spot) return;
    const from = spot.chatId;
    const to = -1_000_000 + from;
    telegram.move(telegram.chat(from), to);
    spot.chatId = to;
    spot.type = "supergroup";
    this.#world.note(String(from), "moved", `to ${to}`);
    for (const side of chance.pick(SIDES)) {
      const chatId = side === "to" ? from : to;
      this.#updates.send({ chatId }, migratedBody(this.#updates.nextId(), side, from, to));
    }
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
    const spot = this.#world.chance.pick(this.#spots.filter(({ threadId }) => threadId !== undefined));
    if (spot?.threadId === undefined) return;
    const { closedThreads } = this.#world.telegram.chat(spot.chatId);
    if (!closedThreads.delete(spot.threadId)) closedThreads.add(spot.threadId);
    this.#world.note(
      String(spot.chatId),
      "topic",
      `${spot.threadId} ${closedThreads.has(spot.threadId) ? "closed" : "opened"}`,
    );
  }
}

const SIDES: readonly [readonly ("to" | "from")[], ...(readonly ("to" | "from")[])[]] = [
  ["to", "from"],
  ["from", "to"],
  ["to"],
];

/** The value as an older version would have left it: without what was added to it later. */
function older(host: SessionHost): boolean {
  if (host.disk.isNew) return false;
  const row = host.disk.rows<{ slot: number; value: string }>(
    "SELECT slot, value FROM journal ORDER BY seq DESC LIMIT 1",
  )[0];
  if (!row) return false;
  const stored: { v: number; session: { turn: Record<string, unknown> } } = JSON.parse(row.value);
  for (const added of ["saidQueued", "saidWaiting"]) delete stored.session.turn[added];
  host.disk.rows("UPDATE journal SET value = ? WHERE slot = ?", JSON.stringify(stored), row.slot);
  host.wasRewritten = true;
  // A question of before it was noted who may answer, a file of before it was base64, a screen of before doubts were.
  host.disk.rows(
    "UPDATE facts SET body = json_remove(body, '$.askers') WHERE name >= 'question:' AND name < 'question;'",
  );
  const [growing] = host.disk.rows<{ sql: string }>("SELECT sql FROM sqlite_master WHERE name = 'growing'");
  const knowsDoubt = growing?.sql.includes("sending") === true;
  if (knowsDoubt && host.disk.rows("SELECT 1 FROM growing WHERE sending = 1").length === 0) {
    host.disk.rows("ALTER TABLE growing DROP COLUMN sending");
  }
  return true;
}
