import type { Input, Session } from "../../src/core/session.ts";
import type { Check, OutboxRow, Transition } from "../facts.ts";
import type { SessionHost } from "../session-host.ts";

/** What became of messages, seen from storage: every one that leaves a session's value leaves it with a word to its writer. */
const ENDS = ["answer", "leave", "say:stopped", "say:reset", "say:failed", "say:exhausted", "say:queue_full"];

/** An update that could not be stored so often is given up aloud: it would hold its chat up for a day. */
const MOST_FAILURES = 8;

export const FATES: readonly Check[] = [
  {
    name: "1: an accepted message ends answered, or refused aloud",
    watch: () => {
      const open = new Map<SessionHost, Map<number, Input>>();
      return {
        transition: (transition) => {
          const { host, effects, after } = transition;
          const known = open.get(host) ?? new Map<number, Input>();
          for (const input of broughtBy(transition)) known.set(input.update, input);
          const kept = new Set(unsettled(after).map(({ update }) => update));
          const lost = [...known.keys()].filter((update) => !kept.has(update));
          for (const update of lost) known.delete(update);
          open.set(host, known);
          const isAloud = effects.some((effect) => ENDS.includes(effect) || effect.startsWith("say:timed_out"));
          return lost.length > 0 && !isAloud ? `messages ${lost.join(", ")} are gone, and nobody was told` : undefined;
        },
        wiped: ({ host }) => void open.delete(host),
        end: ({ hosts }) => {
          for (const host of hosts) {
            const value = host.value();
            if (value && value.turn.phase !== "idle") return `${host.key} is still ${value.turn.phase}`;
            if (value && value.queue.length > 0)
              return `${host.key} still has ${value.queue.length} turns in its queue`;
            const left = [...(open.get(host)?.keys() ?? [])];
            if (left.length > 0) return `${host.key}: messages ${left.join(", ")} have no end`;
            const owed = host.disk.isNew ? [] : host.disk.rows("SELECT id FROM outbox");
            if (owed.length > 0) return `${host.key} still owes ${owed.length} deliveries`;
          }
          return undefined;
        },
      };
    },
  },
  {
    name: "1: what an update brings is taken in, or is a command, an answer or a refusal",
    watch: () => {
      const brought = new Set<number>();
      return {
        transition: (transition) => {
          for (const input of broughtBy(transition)) brought.add(input.update);
          return undefined;
        },
        acknowledged: ({ host, inbound, outcome }) => {
          const row = host.disk.isNew
            ? undefined
            : host.disk.rows<{ body: string | null }>("SELECT body FROM inbox WHERE update_id = ?", inbound.update)[0];
          if (!row) return `update ${inbound.update} has its 200 and is not in storage`;
          if (inbound.kind !== "message" || outcome === "ignored" || inbound.message.command) return undefined;
          if (brought.has(inbound.update)) return undefined;
          const { text, reply, attachments } = inbound.message;
          // Files that no model will see are refused at once, and a skill is learnt.
          const isOther = text.trim() === "yes" || reply !== undefined || attachments.length > 0;
          return isOther ? undefined : `message ${inbound.update} is accepted, and no turn knows of it`;
        },
      };
    },
  },
  {
    name: "1: what is meant for the bot comes in, and nothing else does",
    watch: ({ isPaired }) => ({
      entered: ({ update, wanted, attempts, inside, reason }) => {
        if (wanted === "out" && inside) return `update ${update} came in, and was none of the bot's business`;
        if (wanted === "any" && inside && inside.inbound.kind !== "migrated" && !isPaired(inside.inbound.from.id)) {
          return `update ${update} came in, and its writer was let in by nobody`;
        }
        if (wanted !== "in" || inside) return undefined;
        const isExcused = reason === "rate" || (attempts >= MOST_FAILURES && reason !== undefined);
        return isExcused ? undefined : `update ${update} was kept out: ${reason}`;
      },
    }),
  },
  {
    name: "25: one final for a turn, whatever its runs are called",
    watch: () => {
      const turnOf = new Map<string, string>();
      const answered = new Set<string>();
      return {
        transition: ({ host, before, event }) => {
          // /retry asks for another answer to an old message.
          if (event.type === "received" && event.rest) answered.delete(`${host.key} ${event.input.update}`);
          const { turn } = before;
          if (turn.phase === "running") turnOf.set(turn.run, `${host.key} ${turn.inputs[0]?.update}`);
          return undefined;
        },
        outbox: ({ put }) => {
          for (const { run, content } of put) {
            const turn = content.kind === "answer" && run !== null ? turnOf.get(run) : undefined;
            if (turn === undefined) continue;
            if (answered.has(turn)) return `the turn of ${turn} is answered again`;
            answered.add(turn);
          }
          return undefined;
        },
      };
    },
  },
  {
    name: "2: queued is said only of what is queued",
    watch: () => ({
      transition: ({ event, effects, after }) => {
        if (event.type !== "received" || !effects.some((effect) => effect === "say:queued")) return undefined;
        const isQueued = after.queue.flat().some(({ update }) => update === event.input.update);
        return isQueued ? undefined : `message ${event.input.update} is said to be queued, and is not`;
      },
    }),
  },
  {
    name: "9: what a transition owes lies in the outbox with it",
    watch: () => {
      let owed: { transition: Transition; effects: string[] }[] = [];
      const put = new Map<SessionHost, OutboxRow[]>();
      const givenUp = new Set<string>();
      return {
        log: ({ event, fields }) => {
          if (event === "delivery.failed") givenUp.add(String(fields.session));
          return undefined;
        },
        transition: (transition) => {
          const effects = transition.effects.filter((effect) => effect === "answer" || effect.startsWith("say:"));
          if (effects.length > 0) owed.push({ transition, effects });
          return undefined;
        },
        outbox: ({ host, put: rows, gone }) => {
          put.set(host, [...rows, ...gone]);
          return undefined;
        },
        touched: ({ host }) => {
          const mine = owed.filter(({ transition }) => transition.host === host);
          const rows = put.get(host) ?? [];
          owed = owed.filter(({ transition }) => transition.host !== host);
          put.delete(host);
          if (givenUp.delete(host.key)) return undefined;
          for (const { transition, effects } of mine) {
            const missing = effects.find((effect) => !rows.some((row) => carries(row, effect, transition)));
            if (missing !== undefined) return `${missing} of event ${transition.seq} is in no row of the outbox`;
          }
          return undefined;
        },
      };
    },
  },
];

function carries(row: OutboxRow, effect: string, { before }: Transition): boolean {
  if (effect !== "answer") return row.content.kind === "notice";
  const run = before.turn.phase === "running" ? before.turn.run : undefined;
  return row.content.kind === "answer" && row.run === run;
}

export function unsettled({ turn, queue }: Session): readonly Input[] {
  const inTurn = turn.phase === "idle" ? [] : turn.inputs;
  const steers = turn.phase === "running" || turn.phase === "waiting" ? turn.steers : [];
  return [...inTurn, ...steers, ...queue.flat()];
}

export function broughtBy({ event }: Transition): readonly Input[] {
  if (event.type === "received") return [event.input, ...(event.rest ?? [])];
  return event.type === "resetAsked" && event.first ? [event.first] : [];
}
