import { runOf } from "../../src/core/session.ts";
import type { Check } from "../facts.ts";
import type { ModelCall } from "../model.ts";
import type { SessionHost } from "../session-host.ts";

/** Who works in a session: one run at the most, and the one that the value names. */
export const RUNS: readonly Check[] = [
  {
    name: "5: a report is of the run that has the session",
    watch: () => ({
      transition: ({ event, before, seq }) => {
        if (!("run" in event) || event.run === undefined) return undefined;
        const run = runOf(before)?.run;
        return run === event.run
          ? undefined
          : `event ${seq} (${event.type}) of ${event.run} changed a session of ${run}`;
      },
    }),
  },
  {
    name: "6: a run that is not the session's writes nothing",
    watch: ({ chatNow }) => {
      /** Whose each run was: a group that has moved takes its conversation with it. */
      const owners = new Map<string, SessionHost>();
      const runs = new Map<SessionHost, Set<string>>();
      return {
        transition: ({ host, before, after }) => {
          const known = runs.get(host) ?? new Set<string>();
          for (const run of [runOf(before)?.run, runOf(after)?.run]) {
            if (run === undefined) continue;
            known.add(run);
            owners.set(run, host);
          }
          runs.set(host, known);
          return undefined;
        },
        transcript: ({ host, rows }) => {
          const known = runs.get(host);
          const isHeir = (run: string) => chatNow(owners.get(run)?.chatId ?? 0) === host.chatId;
          const stale = rows.find(({ run }) => !known?.has(run) && !(isHeir(run) && owners.get(run) !== host));
          return stale ? `row ${stale.seq} of the transcript is of ${stale.run}` : undefined;
        },
        touched: ({ host }) => {
          runs.delete(host);
          const now = host.isAwake ? runOf(host.value() ?? EMPTY)?.run : undefined;
          if (now !== undefined) runs.set(host, new Set([now]));
          return undefined;
        },
      };
    },
  },
  {
    name: "7: the end of a run cuts its work",
    watch: () => {
      const calls = new Map<SessionHost, Set<ModelCall>>();
      return {
        modelCalled: (call) => {
          calls.set(call.host, (calls.get(call.host) ?? new Set()).add(call));
          return call.signal ? undefined : "a model is called that cannot be cut";
        },
        modelEnded: (call) => {
          calls.get(call.host)?.delete(call);
          return undefined;
        },
        touched: ({ host }) => {
          const mine = calls.get(host);
          if (!mine || mine.size === 0) return undefined;
          const run = runOf(host.value() ?? EMPTY);
          for (const call of mine) {
            if (!call.life.isAwake) mine.delete(call);
            else if (call.life.state === "alive" && (run?.phase !== "running" || run.run !== call.run)) {
              return `${host.key}: a model works for ${call.run}, and the session is ${run?.phase ?? "idle"} with ${run?.run}`;
            }
          }
          return undefined;
        },
      };
    },
  },
  {
    name: "8: at most one run is alive in a session",
    watch: () => {
      const calls = new Set<ModelCall>();
      return {
        modelCalled: (call) => {
          for (const other of calls) if (!other.life.isAwake) calls.delete(other);
          const rival = [...calls].find(
            (other) =>
              other.host === call.host && other.life.state === "alive" && call.life.state === "alive" && other !== call,
          );
          calls.add(call);
          return rival ? `${call.host.key}: two models work at once, for ${rival.run} and ${call.run}` : undefined;
        },
        modelEnded: (call) => void calls.delete(call),
      };
    },
  },
  {
    name: "15: a reset opens an epoch, and 17: none comes back",
    watch: () => ({
      transition: ({ event, before, after }) => {
        if (after.epoch < before.epoch) return `epoch ${before.epoch} is followed by ${after.epoch}`;
        return event.type === "resetAsked" && after.epoch !== before.epoch + 1 ? "a reset opened no epoch" : undefined;
      },
    }),
  },
  {
    name: "12: /stop and /new leave no run of before",
    watch: () => ({
      transition: ({ event, before, after }) => {
        if (event.type !== "resetAsked" && (event.type !== "stopped" || event.run !== undefined)) return undefined;
        const was = runOf(before)?.run;
        if (was !== undefined && runOf(after)?.run === was) return "the run goes on";
        return event.type === "stopped" && after.turn.phase !== "idle" ? `it is ${after.turn.phase}` : undefined;
      },
    }),
  },
  {
    name: "17: a model sees nothing of an ended conversation",
    watch: () => {
      const epochs = new Map<string, number>();
      return {
        transition: ({ host, after }) => {
          const { turn } = after;
          if (turn.phase !== "running") return undefined;
          for (const { update } of turn.inputs) epochs.set(`${host.key} ${update}`, after.epoch);
          return undefined;
        },
        modelCalled: (call) => {
          if (call.life.state !== "alive") return undefined;
          const epoch = call.host.value()?.epoch;
          const old = call.tokens.find((update) => {
            const known = epochs.get(`${call.host.key} ${update}`);
            return known !== undefined && known !== epoch;
          });
          return old === undefined
            ? undefined
            : `message ${old} of an earlier epoch is in the prompt of epoch ${epoch}`;
        },
      };
    },
  },
  {
    name: "18: turns come in the order in which they were written",
    watch: () => {
      /** Which session took a message first: once a deploy sends a chat's words elsewhere, Telegram's late repetition of one is news there. */
      const takenBy = new Map<string, SessionHost>();
      return {
        transition: ({ host, after, before, event }) => {
          const { queue, turn } = after;
          const inputs = [...queue.flat(), ...(turn.phase === "running" ? turn.inputs : [])];
          const isOwn = (id: number) => takenBy.get(`${host.chatId} ${id}`) === host;
          for (const { messageId = 0 } of inputs) {
            const name = `${host.chatId} ${messageId}`;
            if (!takenBy.has(name)) takenBy.set(name, host);
          }
          const first = queue.map((waiting) => waiting[0]?.messageId ?? 0).filter(isOwn);
          if (first.some((id, index) => id < (first[index - 1] ?? 0))) return `the queue is out of order: ${first}`;
          if (turn.phase !== "running" || runOf(before)?.run === turn.run || event.type === "woken") return undefined;
          const started = turn.inputs[0]?.messageId ?? 0;
          return isOwn(started) && first.some((id) => id < started)
            ? `turn ${started} has overtaken ${first}`
            : undefined;
        },
      };
    },
  },
];

const EMPTY = {
  epoch: 0,
  turn: { phase: "idle" },
  queue: [],
  activeAt: 0,
  spoken: false,
  choices: {},
  policy: {
    busyMode: "queue",
    queueLimit: 0,
    runIdleTimeoutMs: 0,
    runTimeoutMs: 0,
    poolWaitMs: 0,
    idleResetMs: 0,
    clockOffsetMs: 0,
  },
} as const;
