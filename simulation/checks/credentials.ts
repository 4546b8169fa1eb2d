import type { Check } from "../facts.ts";
import { HEARS, type ModelCall } from "../model.ts";
import type { SessionHost } from "../session-host.ts";

/** Keys: who failed is charged, nobody else; who is known to rest is left alone. */
const CHARGEABLE: ReadonlySet<string> = new Set(["rate", "quota", "billing", "auth"]);

export const CREDENTIALS: readonly Check[] = [
  {
    name: "30: the credential that failed is the one that is charged",
    watch: () => {
      const last = new Map<SessionHost, ModelCall>();
      return {
        modelEnded: (call) => {
          if (call.life.state === "alive") last.set(call.host, call);
          return undefined;
        },
        reported: ({ host, credential, ok, reason, run }) => {
          if (ok) return undefined;
          const call = last.get(host);
          if (call?.key.id !== credential) return `${credential} is charged for what ${call?.key.id} met`;
          if (call.run !== run) return `${run} reports what ${call.run} met`;
          return CHARGEABLE.has(reason) ? undefined : `${credential} is charged for ${reason}, which is no key's fault`;
        },
      };
    },
  },
  {
    name: "30: what was met before a lift is not charged after it",
    watch: () => ({
      charged: ({ credential, isOfBeforeLift }) =>
        isOfBeforeLift ? `${credential} is charged for a lease of before it was lifted` : undefined,
    }),
  },
  {
    name: "31: a key is charged only with what it did",
    watch: () => {
      const last = new Map<SessionHost, ModelCall>();
      return {
        modelEnded: (call) => void last.set(call.host, call),
        reported: ({ host, ok, credential }) => {
          const call = last.get(host);
          if (ok || !call || call.key.id !== credential) return undefined;
          return call.outcome === "failed" ? undefined : `${credential} is charged for a call that was ${call.outcome}`;
        },
      };
    },
  },
  {
    name: "33: a lease that was taken back, or whose key has failed, is not kept",
    watch: () => {
      const failed = new Map<SessionHost, Set<string>>();
      return {
        revoked: ({ host, credential, model }) => {
          const kept = host.value()?.lease;
          return kept?.credential === credential && (model === undefined || kept.model === model)
            ? `${host.key} keeps its lease of ${credential} after it was taken back`
            : undefined;
        },
        reported: ({ host, credential, model, ok }) => {
          if (!ok) failed.set(host, (failed.get(host) ?? new Set()).add(`${credential} ${model}`));
          return undefined;
        },
        touched: ({ host }) => {
          const mine = failed.get(host);
          if (!mine) return undefined;
          failed.delete(host);
          const kept = host.value()?.lease;
          return kept && mine.has(`${kept.credential} ${kept.model}`)
            ? `${host.key} keeps a lease of ${kept.credential}, which has just failed it`
            : undefined;
        },
      };
    },
  },
  {
    name: "33: a turn tries a credential once",
    watch: () => {
      const charged = new Map<SessionHost, { run: string; credentials: Set<string> }>();
      return {
        reported: ({ host, run, credential, model, ok }) => {
          if (ok) return undefined;
          const known = charged.get(host);
          const credentials = known?.run === run ? known.credentials : new Set<string>();
          credentials.add(triedAs(credential, model));
          charged.set(host, { run, credentials });
          return undefined;
        },
        // After a wait the same run may ask anew: what it waited for is that a key comes back.
        transition: ({ host, before, after }) => {
          if (before.turn.phase === "waiting" || after.turn.phase === "waiting") charged.delete(host);
          return undefined;
        },
        modelCalled: (call) => {
          const known = charged.get(call.host);
          return known !== undefined &&
            known.run === call.run &&
            known.credentials.has(triedAs(call.key.id, call.model))
            ? `${call.run} calls ${call.key.id} again, which has failed it`
            : undefined;
        },
      };
    },
  },
];

/** A recording is heard before the answer is asked for: a key that is refused for the one may be tried for the other. */
function triedAs(credential: string, model: string): string {
  return model === HEARS ? `${credential} hears` : credential;
}
