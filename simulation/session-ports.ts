import type { Settings } from "../src/config.ts";
import type { Verdict } from "../src/core/failure.ts";
import type { PoolNotice } from "../src/core/pool.ts";
import type { PoolPort, Recording, SessionPorts } from "../src/session/ports.ts";
import type { Hosts } from "./hosts.ts";
import type { Life } from "./life.ts";
import type { Key } from "./providers.ts";
import type { Remote } from "./remote.ts";
import type { SessionHost } from "./session-host.ts";
import type { World } from "./world.ts";

/** A session's ports in this world, for one life: what the platform hands over in src/session/platform.ts. */
export function portsOf(world: World, remote: Remote, hosts: Hosts, settings: () => Settings) {
  return (host: SessionHost, life: Life): SessionPorts => {
    const { timeline, chance, bus } = world;
    const current = settings();
    const parent = /^(.*):btw:\d+$/.exec(host.key)?.[1];
    return {
      key: host.key,
      sql: { exec: (query, ...bindings) => life.exec(query, bindings) },
      transactionSync: (work) => life.transaction(work),
      setAlarm: (at) => life.touch("setAlarm").setAlarm(at),
      deleteAlarm: () => life.touch("deleteAlarm").setAlarm(undefined),
      wipe: () => host.wipe(life),
      now: () => timeline.now,
      newId: () => chance.id(),
      chance: () => chance.next(),
      after: (ms, callback) =>
        life.after(ms, () => {
          world.touched.add(host);
          callback();
        }),
      detach: (work) => life.detach(work),
      settings: current,
      log: (event, fields = {}) => {
        life.pass("log");
        if (life.state === "alive") world.log(host.name, event, fields);
      },
      call: (method, payload, signal) =>
        life.async(`call ${method}`, () => {
          bus.emit("called", { host, life: life.number, isZombie: life.state === "zombie", method, payload });
          return world.telegram.call(host, method, payload, signal).finally(() => void world.touched.add(host));
        }),
      fetch: (url, init) => life.async("fetch", () => remote.fetch(url, init?.signal)),
      pool: (provider) => poolOf(world, remote, current, host, life, provider),
      keyOf: (provider, credential) =>
        life.async("keyOf", async () => world.providers.of(provider).find(({ id }) => id === credential)?.secret),
      credentials: (provider) =>
        life.async("credentials", async () => world.providers.of(provider).map(({ id }) => id)),
      model: (name, secret) =>
        life.async("model", async () => {
          return world.models.model(host, life, name.model, keyOf(world, secret));
        }),
      person: (userId) => remote.person(life, userId),
      ...(current.transcriptionModel
        ? {
            transcribe: (_recording: Recording, key: string, signal: AbortSignal) =>
              life.async("transcribe", async () => world.models.hear(host, life, keyOf(world, key), signal)),
          }
        : {}),
      touch: (at) => life.async("touch", async () => void (await remote.touch(host.key, at))),
      bot: {
        skills: () => life.async("skills", () => remote.skills()),
        addSkill: (name, text) => life.async("addSkill", () => remote.addSkill(name, text)),
        pools: () => life.async("pools", () => remote.hop("pool", () => remote.poolViews())),
        lift: (provider, credential) =>
          life.async("lift", () => remote.hop("pool", () => remote.lift(provider, credential))),
        approvePair: (code, by) => life.async("approvePair", () => remote.approvePair(code, by)),
      },
      handOver: (toKey, heritage) =>
        life.async("handOver", () => {
          const crossed = structuredClone(heritage);
          return remote.hop("session", () => hosts.of(toKey).call("adopt", (shell) => shell.adopt(crossed)));
        }),
      former: (key) => ({
        stop: () =>
          life.async("stop", () =>
            remote.hop("session", () => hosts.of(key).call("stop", (shell) => shell.stopIfBusy())),
          ),
        press: (inbound) =>
          life.async("press", async () => {
            const crossed = structuredClone(inbound);
            await remote.hop("session", () => hosts.of(key).call("accept", (shell) => shell.accept(crossed)));
          }),
      }),
      parentContext: () =>
        life.async("parentContext", async () => {
          const host = parent === undefined ? undefined : hosts.find(parent);
          if (!host || host.disk.isNew) return { messages: [] };
          const context = await remote.hop("session", () => host.call("context", (shell) => shell.context()));
          return JSON.parse(JSON.stringify(context));
        }),
    };
  };
}

function poolOf(
  world: World,
  remote: Remote,
  { poolStrategy, owners }: Settings,
  host: SessionHost,
  life: Life,
  provider: string,
): PoolPort {
  /** As src/session/platform.ts does it: once, in each owner's private chat. */
  const tellOwners = (notices: readonly PoolNotice[]) => {
    for (const owner of owners) {
      for (const notice of notices) {
        const told =
          notice.kind === "disabled"
            ? remote.tell(`telegram:${owner}`, "pool_notice_disabled", {
                provider,
                id: notice.credential,
                reason: notice.reason,
              })
            : remote.tell(`telegram:${owner}`, "pool_notice_dry_unknown", { provider });
        told.catch(() => {});
      }
    }
  };
  const fingerprints = world.providers.of(provider).map(({ id }) => ({ id }));
  return {
    lease: (request) =>
      life.async("lease", () =>
        remote.hop("pool", () => {
          const { notices, ...answer } = remote
            .pool(provider)
            .lease({ ...request, fingerprints, strategy: poolStrategy });
          tellOwners(notices);
          return answer;
        }),
      ),
    report: (report) =>
      life.async("report", () => {
        const { credential, model, run, outcome } = report;
        const reason = outcome.ok ? "ok" : classOf(outcome.verdict);
        world.bus.emit("reported", { host, provider, credential, model, run, ok: outcome.ok, reason });
        return remote.hop("pool", () => tellOwners(remote.pool(provider).report(report).notices));
      }),
  };
}

function keyOf(world: World, secret: string): Key {
  const key = world.providers.keys.find((candidate) => candidate.secret === secret);
  if (!key) throw new Error("no such key");
  return key;
}

function classOf(verdict: Verdict): string {
  return verdict.class;
}
