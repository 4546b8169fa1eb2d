import { GONE_KEEP_MS, type PoolEvent, type PoolStep } from "../../../src/core/pool.ts";
import { RETURNING_KEEP_MS, TRIAL_MS } from "../../../src/core/pool-credential.ts";
import { TELL_AGAIN_MS } from "../../../src/core/pool-drought.ts";
import { LEASE_KEEP_MS } from "../../../src/core/pool-lease.ts";
import type { BenchReason } from "../../../src/core/pool-window.ts";
import type { Held, System, World } from "./world.ts";

/** What an onlooker knows of a pool from what went in and what came out: written down apart from the pool itself. */
export interface Ledger {
  readonly present: readonly string[];
  readonly accounts: Readonly<Record<string, string | undefined>>;
  readonly versions: Readonly<Record<string, number>>;
  readonly windows: readonly Window[];
  readonly disabled: readonly string[];
  /** Layers that failed and have not proved well since. */
  readonly wounds: readonly Layer[];
  readonly probes: readonly (Layer & { readonly lease: string; readonly untilAt: number })[];
  /** Since when a credential is not in the secrets. */
  readonly gone: Readonly<Record<string, number>>;
  /** Models of which the owners were told that the pool is dry. */
  readonly told: readonly { readonly model: string; readonly at: number }[];
  /** Leases of which the pool still knows when they were taken: a session's latest for a model, until it is taken back. */
  readonly known: readonly {
    readonly lease: string;
    readonly session: string;
    readonly model: string;
    readonly credential: string;
    readonly takenAt: number;
  }[];
}

export interface Layer {
  readonly credential: string;
  readonly model?: string;
}

export interface Window extends Layer {
  readonly reason: BenchReason;
  readonly isExplicit: boolean;
  readonly untilAt: number;
  readonly isAnnounced: boolean;
}

export interface Facts {
  readonly before: World;
  readonly event: PoolEvent;
  readonly done: PoolStep;
  readonly now: number;
  readonly system: System;
}

export const emptyLedger: Ledger = {
  present: [],
  accounts: {},
  versions: {},
  windows: [],
  disabled: [],
  wounds: [],
  probes: [],
  gone: {},
  told: [],
  known: [],
};

export function isLayer(one: Layer, other: Layer): boolean {
  return one.credential === other.credential && one.model === other.model;
}

/** Does the layer stand in the way of this model? */
export function bears(layer: Layer, credential: string, model: string): boolean {
  return layer.credential === credential && (layer.model === undefined || layer.model === model);
}

/** The lease as its holder knows it, if a report of it is to be believed. */
export function believable({ before, event }: Pick<Facts, "before" | "event">): Held | undefined {
  if (event.type !== "reported") return undefined;
  const held = before.held.find(({ lease }) => lease === event.lease);
  if (held === undefined || held.isSpent) return undefined;
  const { present, versions } = before.ledger;
  return present.includes(held.credential) && versions[held.credential] === held.version ? held : undefined;
}

/** Whether somebody could be given this credential for the model, as far as anybody outside can know. */
export function isFree(ledger: Ledger, credential: string, model: string, now: number): boolean {
  return (
    ledger.present.includes(credential) &&
    !ledger.disabled.includes(credential) &&
    !ledger.windows.some((window) => bears(window, credential, model) && window.untilAt > now) &&
    !ledger.probes.some((probe) => bears(probe, credential, model) && probe.untilAt > now)
  );
}

export function remember(facts: Facts): Ledger {
  const { before, event, done, now } = facts;
  let ledger = passTime(before.ledger, now);
  if (event.type === "synced") {
    const present = [...new Set(event.fingerprints.map(({ id }) => id))];
    const accounts = { ...ledger.accounts };
    const versions = { ...ledger.versions };
    for (const { id, account } of event.fingerprints) accounts[id] = account;
    for (const id of present) versions[id] ??= 1;
    const isNew = present.some((id) => ledger.versions[id] === undefined);
    const away = Object.keys(versions).filter((id) => !present.includes(id));
    const gone = Object.fromEntries(away.map((id) => [id, ledger.gone[id] ?? now]));
    ledger = { ...ledger, present, accounts, versions, gone, told: isNew ? [] : ledger.told };
  }
  if (event.type === "lifted") {
    const isMeant = (id: string) =>
      ledger.present.includes(id) && (event.credential === undefined || event.credential === id);
    const others = <T extends Layer>(layers: readonly T[]) => layers.filter(({ credential }) => !isMeant(credential));
    const versions = Object.entries(ledger.versions).map(([id, version]) => [id, isMeant(id) ? version + 1 : version]);
    ledger = {
      ...ledger,
      versions: Object.fromEntries(versions),
      windows: others(ledger.windows),
      wounds: others(ledger.wounds),
      probes: others(ledger.probes),
      disabled: ledger.disabled.filter((id) => !isMeant(id)),
      told: (done.lifted ?? 0) > 0 ? [] : ledger.told,
    };
  }
  if (event.type === "reported") ledger = rememberReport(ledger, facts);
  if (event.type === "released") ledger = dropLease(dropProbes(ledger, event.lease), event.lease);
  for (const effect of done.effects) ledger = rememberEffect(ledger, facts, effect);
  if (event.type === "leaseAsked" && done.answer?.ok) {
    const { credential, lease } = done.answer;
    const untilAt = now + TRIAL_MS;
    const tried = ledger.wounds.filter((wound) => bears(wound, credential, event.model));
    const probes = ledger.probes.filter((probe) => !tried.some((wound) => isLayer(wound, probe)));
    const { session, model } = event;
    const others = ledger.known.filter((one) => one.session !== session || one.model !== model);
    ledger = {
      ...ledger,
      probes: [...probes, ...tried.map((wound) => ({ ...wound, lease, untilAt }))],
      known: [...others, { lease, session, model, credential, takenAt: now }],
    };
  }
  return ledger;
}

/** What time alone changes. A key that is gone for long is forgotten with all that was known of it. */
export function passTime(ledger: Ledger, now: number): Ledger {
  const isKnown = (id: string) => now < (ledger.gone[id] ?? now) + GONE_KEEP_MS;
  const isForgotten = (wound: Layer) =>
    ledger.windows.some((window) => isLayer(window, wound) && window.untilAt + RETURNING_KEEP_MS <= now);
  return {
    ...ledger,
    versions: Object.fromEntries(Object.entries(ledger.versions).filter(([id]) => isKnown(id))),
    gone: Object.fromEntries(Object.entries(ledger.gone).filter(([id]) => isKnown(id))),
    disabled: ledger.disabled.filter(isKnown),
    windows: ledger.windows.filter(({ credential }) => isKnown(credential)),
    wounds: ledger.wounds.filter((wound) => isKnown(wound.credential) && !isForgotten(wound)),
    probes: ledger.probes.filter((probe) => isKnown(probe.credential) && probe.untilAt > now),
    told: ledger.told.filter(({ at }) => now < at + TELL_AGAIN_MS),
    known: ledger.known.filter(({ takenAt }) => now < takenAt + LEASE_KEEP_MS),
  };
}

function rememberReport(ledger: Ledger, facts: Facts): Ledger {
  const held = believable(facts);
  const { event, now } = facts;
  if (held === undefined || event.type !== "reported") return ledger;
  if (!event.outcome.ok) {
    return ["rate", "quota", "billing", "auth"].includes(event.outcome.verdict.class)
      ? dropLease(dropProbes(ledger, held.lease), held.lease)
      : ledger;
  }
  const takenAt = ledger.known.find(({ lease }) => lease === held.lease)?.takenAt ?? 0;
  const isHealed = (wound: Layer) =>
    bears(wound, held.credential, event.model) &&
    ledger.windows.every((window) => !isLayer(window, wound) || window.untilAt <= now) &&
    (ledger.probes.some((probe) => isLayer(probe, wound) && probe.lease === held.lease) ||
      ledger.windows.every((window) => !isLayer(window, wound) || window.untilAt <= takenAt));
  const healed = ledger.wounds.filter(isHealed);
  if (healed.length === 0) return ledger;
  const isGone = (layer: Layer) => healed.some((wound) => isLayer(wound, layer));
  return {
    ...ledger,
    wounds: ledger.wounds.filter((wound) => !isGone(wound)),
    probes: ledger.probes.filter((probe) => !isGone(probe)),
    windows: ledger.windows.filter((window) => !isGone(window)),
    told: ledger.told.filter(({ model }) => model !== event.model),
  };
}

function dropLease(ledger: Ledger, lease: string): Ledger {
  return { ...ledger, known: ledger.known.filter((one) => one.lease !== lease) };
}

function dropProbes(ledger: Ledger, lease: string): Ledger {
  return { ...ledger, probes: ledger.probes.filter((probe) => probe.lease !== lease) };
}

function rememberEffect(ledger: Ledger, { event, now }: Facts, effect: PoolStep["effects"][number]): Ledger {
  if (effect.do === "wake") return ledger;
  if (effect.do === "revoke") {
    const isLost = (one: Ledger["known"][number]) =>
      one.credential === effect.credential &&
      effect.holders.some(({ session, model }) => one.session === session && one.model === model);
    return { ...ledger, known: ledger.known.filter((one) => !isLost(one)) };
  }
  if (effect.do === "notify") {
    if (effect.notice.kind !== "dry") return ledger;
    const { model } = effect.notice;
    return { ...ledger, told: [...ledger.told.filter((one) => one.model !== model), { model, at: now }] };
  }
  switch (effect.event) {
    case "credential.cooling": {
      const { credential, model, reason, untilAt } = effect;
      const layer: Layer = { credential, ...(model === undefined ? {} : { model }) };
      const isExplicit = event.type === "reported" && !event.outcome.ok && event.outcome.verdict.explicit === true;
      const others = <T extends Layer>(layers: readonly T[]) => layers.filter((one) => !isLayer(one, layer));
      return {
        ...ledger,
        windows: [...others(ledger.windows), { ...layer, reason, isExplicit, untilAt, isAnnounced: false }],
        wounds: [...others(ledger.wounds), layer],
        probes: others(ledger.probes),
      };
    }
    case "credential.disabled": {
      const others = <T extends Layer>(layers: readonly T[]) =>
        layers.filter(({ credential }) => credential !== effect.credential);
      return {
        ...ledger,
        disabled: [...ledger.disabled.filter((id) => id !== effect.credential), effect.credential],
        windows: others(ledger.windows),
        wounds: others(ledger.wounds),
        probes: others(ledger.probes),
      };
    }
    case "credential.ready":
      return {
        ...ledger,
        windows: ledger.windows.map((window) => (isLayer(window, effect) ? { ...window, isAnnounced: true } : window)),
      };
    case "credential.leased":
    case "pool.exhausted":
      return ledger;
    default:
      return effect satisfies never;
  }
}
