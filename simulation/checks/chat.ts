import { en } from "../../src/words/en.ts";
import type { Check, OutboxRow } from "../facts.ts";
import type { SessionHost } from "../session-host.ts";

/** What people see: the right words, in the right place, once. */
const MARK = en.recovered;

export const CHAT: readonly Check[] = [
  {
    name: "20: an answer is of its own question, and replies to it",
    watch: ({ chatNow }) => {
      const asked = new Map<string, { first: number; updates: Set<number> }>();
      return {
        transition: ({ host, before }) => {
          const { turn } = before;
          if (turn.phase === "running") {
            asked.set(`${host.key} ${turn.run}`, {
              first: turn.inputs[0]?.messageId ?? 0,
              updates: new Set(turn.inputs.map(({ update }) => update)),
            });
          }
          return undefined;
        },
        outbox: ({ host, put }) => {
          for (const row of put) {
            if (row.content.kind !== "answer" || row.run === null) continue;
            const turn = asked.get(`${host.key} ${row.run}`);
            if (!turn) return `an answer of ${row.run}, which had no turn`;
            const strange = [...row.content.markdown.matchAll(/zq(\d+)z/g)].find(
              ([, update]) => !turn.updates.has(Number(update)),
            );
            // A side question reads the conversation that it stands beside.
            if (strange && !host.key.includes(":btw:"))
              return `the answer of ${row.run} is to ${strange[0]}, which it was not asked`;
            const hasMoved = row.chat !== host.chatId || chatNow(row.chat) !== row.chat;
            if (turn.first > 0 && row.replyTo !== turn.first && !hasMoved) {
              return `the answer of ${row.run} replies to ${row.replyTo}, not to ${turn.first}`;
            }
          }
          return undefined;
        },
      };
    },
  },
  {
    name: "12: after /stop and /new nothing new of the old answer comes",
    watch: () => {
      const ended = new Map<string, number>();
      const shown = new Map<string, number>();
      return {
        transition: ({ host, event, before, at }) => {
          const { turn } = before;
          if (event.type !== "stopped" && event.type !== "resetAsked") return undefined;
          if (turn.phase === "running" || turn.phase === "waiting") ended.set(`${host.key} ${turn.run}`, at);
          return undefined;
        },
        outbox: ({ host, put }) => {
          const late = put.find((row) => row.content.kind === "answer" && ended.has(`${host.key} ${row.run}`));
          return late ? `an answer of ${late.run} is put into the outbox after its end` : undefined;
        },
        modelCalled: (call) => void shown.set(`${call.host.key} ${call.startedAt}`, call.startedAt),
      };
    },
  },
  {
    name: "21: an update has one effect",
    watch: () => {
      const brought = new Set<string>();
      return {
        transition: ({ host, event }) => {
          // /retry asks an old message again, by its number.
          if (event.type !== "received" || event.rest) return undefined;
          const name = `${host.key} ${event.input.update}`;
          if (brought.has(name)) return `update ${event.input.update} was taken in twice`;
          brought.add(name);
          return undefined;
        },
      };
    },
  },
  {
    name: "25: one final for a turn; what may stand twice says so",
    watch: ({ stands }) => {
      const finals = new Map<string, Map<number, string>>();
      const ends = new Map<string, readonly string[]>();
      return {
        stood: ({ chat, id, text }) => {
          const unmarked = !text.includes(MARK) && !text.includes(MARK.replace(/;/g, "\\;"));
          for (const end of ends.get(`${chat} ${id}`) ?? []) finals.get(`${chat} ${end}`)?.delete(id);
          ends.set(`${chat} ${id}`, text.match(/end\d+e/g) ?? []);
          for (const [end] of text.matchAll(/end\d+e/g)) {
            const standing = finals.get(`${chat} ${end}`) ?? new Map<number, string>();
            finals.set(`${chat} ${end}`, standing);
            if (unmarked) standing.set(id, text);
            else standing.delete(id);
            for (const other of standing.keys()) if (!stands(chat, other)) standing.delete(other);
            if (standing.size > 1)
              return `${end} stands in chat ${chat} in messages ${[...standing.keys()].join(" and ")}, unmarked`;
          }
          return undefined;
        },
      };
    },
  },
  {
    name: "20: what is said in a group that has moved replies to nothing of before",
    watch: () => ({
      called: ({ host, method, payload }) =>
        Number(payload["chat_id"]) !== host.chatId && payload["reply_parameters"] !== undefined
          ? `${host.key} says ${method} in ${payload["chat_id"]} in reply to a message of ${host.chatId}`
          : undefined,
    }),
  },
  {
    name: "28: what a session says is said in its own chat and thread",
    watch: ({ chatNow }) => ({
      called: ({ host, method, payload }) => {
        if (method === "answerCallbackQuery" || method === "getFile") return undefined;
        const chat = Number(payload["chat_id"]);
        if (chat !== host.chatId && chat !== chatNow(host.chatId))
          return `${host.key} calls ${method} in chat ${payload["chat_id"]}`;
        const isSend = method.startsWith("send");
        return isSend && payload["message_thread_id"] !== host.threadId
          ? `${host.key} says ${method} in thread ${payload["message_thread_id"]}`
          : undefined;
      },
    }),
  },
  {
    name: "28: a session changes only what it has said itself",
    watch: () => ({
      stood: ({ by, session, id, chat, text, wasPressed }) =>
        by === session || wasPressed
          ? undefined
          : `${session} changes message ${id} of ${by} in ${chat}: ${text.slice(0, 40)}`,
    }),
  },
  {
    name: "29: what is delivered stands in the chat",
    watch: ({ chatNow }) => {
      const standing = new Map<number, string[]>();
      const failed = new Set<string>();
      return {
        stood: ({ chat, text }) => {
          const texts = standing.get(chat) ?? [];
          standing.set(chat, texts);
          texts.push(text);
          if (texts.length > 400) texts.splice(0, 100);
          return undefined;
        },
        log: ({ event, fields }) => {
          if (event === "delivery.failed") failed.add(String(fields.session));
          return undefined;
        },
        // Who dies between giving up a row and saying so has given it up all the same.
        crashed: ({ host }) => void failed.add(host.key),
        touched: ({ host }) => void failed.delete(host.key),
        outbox: ({ host, gone }) => {
          for (const row of gone) {
            if (failed.has(host.key) || row.content.kind === "freeze") continue;
            const texts = [...(standing.get(row.chat) ?? []), ...(standing.get(chatNow(row.chat)) ?? [])];
            const missing = expected(row).find((words) => !texts.some((text) => text.includes(words)));
            if (missing === undefined) continue;
            if (row.content.kind !== "notice" && texts.some((text) => text.includes(en.undeliverable))) continue;
            return `${host.key}: delivery ${row.id} is done, and «${missing}» stands nowhere`;
          }
          return undefined;
        },
      };
    },
  },
  {
    name: "23: a run that starts ends once",
    watch: () => {
      const on = new Map<string, string>();
      return {
        crashed: () => undefined,
        transition: ({ host, before, after }: { host: SessionHost; before: Turned; after: Turned }) => {
          const was = runName(before);
          const is = runName(after);
          if (was === is) return undefined;
          if (is !== undefined && on.get(host.key) === is) return `${is} starts twice`;
          if (is !== undefined) on.set(host.key, is);
          return undefined;
        },
      };
    },
  },
];

type Turned = { readonly turn: { readonly phase: string; readonly run?: string } };

function runName({ turn }: Turned): string | undefined {
  return turn.run;
}

function expected(row: OutboxRow): string[] {
  const { content } = row;
  switch (content.kind) {
    case "answer":
      return [...content.markdown.matchAll(/(?:ans|end)\d+[ae]/g)].map(([mark]) => mark);
    case "notice":
      return [content.text.slice(0, 30)];
    case "file":
      return [`[file ${content.name}`];
    case "freeze":
      return [];
    default:
      return content satisfies never;
  }
}
