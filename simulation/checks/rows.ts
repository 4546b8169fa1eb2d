import type { Check, ReminderRow } from "../facts.ts";
import type { SessionHost } from "../session-host.ts";

/** Reminders and questions: rows that outlive whoever wrote them. */
export const ROWS: readonly Check[] = [
  {
    name: "21: a reminder comes once, when its time has come",
    watch: ({ now, chatNow }) => {
      /** What a group that has moved is to hand over: the numbers of its rows. */
      const owed = new Map<SessionHost, readonly number[]>();
      const said = new Map<string, number>();
      let gone: { host: SessionHost; row: ReminderRow }[] = [];
      const bequeathed: { readonly text: string; readonly host: SessionHost }[] = [];
      const arrived = new Set<string>();
      return {
        outbox: ({ put }) => {
          for (const row of put) {
            if (row.content.kind !== "notice") continue;
            const mark = /rem-call-\d+-r/.exec(row.content.text)?.[0];
            if (!mark || !row.content.text.startsWith("⏰")) continue;
            said.set(mark, (said.get(mark) ?? 0) + 1);
            if ((said.get(mark) ?? 0) > 1) return `${mark} is said for the second time`;
          }
          return undefined;
        },
        reminders: ({ host, put, gone: rows }) => {
          for (const { text } of put) arrived.add(`${host.chatId} ${text}`);
          gone.push(...rows.map((row) => ({ host, row })));
          return undefined;
        },
        touched: ({ host }) => {
          const mine = gone.filter((one) => one.host === host);
          gone = gone.filter((one) => one.host !== host);
          const heir = chatNow(host.chatId) === host.chatId ? undefined : heirOf(host);
          if (heir) owed.set(host, heir);
          for (const { row } of mine) {
            const left = owed.get(host) ?? [];
            if (!heir && left.includes(row.id)) {
              bequeathed.push({ text: row.text, host });
              // The next row may get its number.
              owed.set(
                host,
                left.filter((id) => id !== row.id),
              );
              continue;
            }
            const isSaid = said.has(row.text);
            // The model may cancel one that is due and has not come yet, for alarms are late.
            if (!isSaid && row.nextAt <= now() && !isCancelling(host)) return `${row.text} is gone, and was not said`;
            if (isSaid && row.nextAt > now()) return `${row.text} is said ${row.nextAt - now()} ms before its time`;
          }
          return undefined;
        },
        end: ({ hosts }) => {
          const lost = bequeathed.find(({ text, host }) => !arrived.has(`${chatNow(host.chatId)} ${text}`));
          if (lost) return `${lost.text} was lost when its group moved`;
          for (const host of hosts) {
            if (host.disk.isNew) continue;
            const late = host.disk.rows<{ next_at: number }>(
              "SELECT next_at FROM reminders WHERE next_at < ?",
              now() - 60_000,
            );
            if (late.length > 0) return `${host.key}: ${late.length} reminders are late`;
          }
          return undefined;
        },
      };
    },
  },
  {
    name: "19: what a group has goes on under its new id",
    watch: () => ({
      end: ({ hosts }) => {
        const undone = hosts.find(
          ({ disk }) => !disk.isNew && disk.rows("SELECT 1 FROM facts WHERE name = 'heir'").length > 0,
        );
        return undone ? `${undone.key} has not been able to hand over what it had` : undefined;
      },
    }),
  },
  {
    name: "34: a question that stands has a run that waits for it",
    watch: () => ({
      touched: ({ host }) => {
        if (!host.disk.written.has("facts") && host.disk.alarmAt !== undefined) return undefined;
        return strayQuestion(host);
      },
      transition: ({ host }) => strayQuestion(host),
    }),
  },
  {
    name: "34: a late press is told the truth",
    watch: () => {
      const chosen = new Set<string>();
      return {
        transition: ({ event, before }) => {
          if (event.type !== "chosen") return undefined;
          if (before.turn.phase !== "waiting" || before.turn.question !== event.question) {
            return `question ${event.question} was not open`;
          }
          if (chosen.has(event.question)) return `question ${event.question} is answered twice`;
          chosen.add(event.question);
          return undefined;
        },
      };
    },
  },
];

function heirOf(host: SessionHost): readonly number[] | undefined {
  if (host.disk.isNew) return undefined;
  const [row] = host.disk.rows<{ body: string }>("SELECT body FROM facts WHERE name = 'heir'");
  if (!row) return undefined;
  const heir: { reminders: readonly number[] } = JSON.parse(row.body);
  return heir.reminders;
}

/** While a run works it may be about to say that the question's time is over, and to close it. */
function strayQuestion(host: SessionHost): string | undefined {
  if (host.disk.isNew) return undefined;
  const names = host.disk.rows<{ name: string }>(
    "SELECT name FROM facts WHERE name >= 'question:' AND name < 'question;'",
  );
  if (names.length === 0) return undefined;
  const turn = host.value()?.turn;
  if (turn?.phase === "running") return undefined;
  const stray = names.find(({ name }) => turn?.phase !== "waiting" || name !== `question:${turn.question}`);
  return stray ? `${host.key}: ${stray.name} stands, and the session is ${turn?.phase ?? "new"}` : undefined;
}

/** What the transcript ends with is a call to cancel a reminder. */
function isCancelling(host: SessionHost): boolean {
  const [last] = host.disk.rows<{ body: string }>("SELECT body FROM transcript ORDER BY seq DESC LIMIT 1");
  return last?.body.includes("cancel_reminder") === true;
}
