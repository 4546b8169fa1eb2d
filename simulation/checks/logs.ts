import type { Check } from "../facts.ts";

/** The log: nothing that anybody wrote, no secret, and a line for everything that was taken in. */
const FORBIDDEN =
  /zq\d+z|ans\d+a|end\d+e|rem-call|ask-call|sk-simulated|a-bot-token|a-webhook-secret|Person \d|pirate|a page/i;

export const LOGS: readonly Check[] = [
  {
    name: "40: no words and no secret in the log",
    watch: () => ({
      log: ({ event, fields }) => {
        for (const [name, value] of Object.entries(fields)) {
          if (typeof value === "string" && FORBIDDEN.test(value)) return `${event} has ${name}: ${value}`;
        }
        return undefined;
      },
    }),
  },
  {
    name: "40: what is taken in leaves a line",
    watch: () => {
      const lines = new Set<string>();
      return {
        log: ({ event, fields }) => {
          if (fields["update"] !== undefined && event.startsWith("update."))
            lines.add(`${fields.session} ${fields["update"]}`);
          return undefined;
        },
        acknowledged: ({ host, inbound }) =>
          lines.has(`${host.key} ${inbound.update}`) ? undefined : `update ${inbound.update} left no line`,
      };
    },
  },
  {
    name: "40: what a busy session takes in leaves a line about its run",
    watch: () => {
      const queued = new Set<string>();
      const crashed = new Set<string>();
      return {
        log: ({ event, fields }) => {
          if (event === "turn.queued" || (event === "update.refused" && fields["reason"] === "queue_full")) {
            queued.add(String(fields.session));
          }
          return undefined;
        },
        crashed: ({ host }) => void crashed.add(host.key),
        transition: ({ host, event, before }) => {
          if (event.type !== "received" || crashed.has(host.key)) return undefined;
          const isBusy = before.turn.phase === "running" || before.turn.phase === "waiting";
          return isBusy && !queued.has(host.key)
            ? `message ${event.input.update} met a run, and no line says so`
            : undefined;
        },
        touched: ({ host }) => {
          queued.delete(host.key);
          crashed.delete(host.key);
          return undefined;
        },
      };
    },
  },
];
