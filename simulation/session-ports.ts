import type { Settings } from "../src/config.ts";
import type { Verdict } from "../src/core/failure.ts";
import type { PoolPort, SessionPorts } from "../src/session/ports.ts";
import type { Life } from "./life.ts";
import type { Remote } from "./remote.ts";
import type { SessionHost } from "./session-host.ts";
import type { World } from "./world.ts";

/** A session's ports in this world, for one life: what the platform hands over in src/session/platform.ts. */
export function portsOf(world: World, remote: Remote, settings: () => Settings) {
  return (host: SessionHost, life: Life): SessionPorts => {
    const { timeline, chance, bus } = world;
    const current = settings();
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
      pool: (provider) => poolOf(world, remote, host, life, provider),
      keyOf: (provider, credential) =>
        life.async("keyOf", async () => world.providers.of(provider).find(({ id }) => id === credential)?.secret),
      credentials: (provider) =>
        life.async("credentials", async () => world.providers.of(provider).map(({ id }) => id)),
      model: (name, secret) =>
        life.async("model", async () => {
          const key = world.providers.keys.find((candidate) => candidate.secret === secret);
          if (!key) throw new Error("no such key");
          return world.models.model(host, life, name.model, key);
        }),
      person: (userId) => remote.person(life, userId),
      touch: () => life.async("touch", () => remote.hop(() => {})),
      bot: {
        skills: () => life.async("skills", () => remote.hop((): string[] => [])),
        addSkill: () => life.async("addSkill", () => remote.hop(() => "it is not simulated")),
        pools: () => life.async("pools", () => remote.hop(() => remote.poolViews())),
        lift: (provider, credential) => life.async("lift", () => remote.hop(() => remote.lift(provider, credential))),
        approvePair: () => life.async("approvePair", () => remote.hop(() => ({ kind: "wrong" as const }))),
      },
      handOver: () => life.async("handOver", () => Promise.reject(new Error("migration is not simulated"))),
      parentContext: async () => [],
    };
  };
}

function poolOf(world: World, remote: Remote, host: SessionHost, life: Life, provider: string): PoolPort {
  const fingerprints = world.providers.of(provider).map(({ id }) => ({ id }));
  return {
    lease: (request) =>
      life.async("lease", () =>
        remote.hop(() => remote.pool(provider).lease({ ...request, fingerprints, strategy: "fill_first" })),
      ),
    report: (report) =>
      life.async("report", () => {
        const { credential, model, run, outcome } = report;
        const reason = outcome.ok ? "ok" : classOf(outcome.verdict);
        world.bus.emit("reported", { host, provider, credential, model, run, ok: outcome.ok, reason });
        return remote.hop(() => void remote.pool(provider).report(report));
      }),
  };
}

function classOf(verdict: Verdict): string {
  return verdict.class;
}
