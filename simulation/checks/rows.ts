import type { Check, ReminderRow } from "../facts.ts";
import type { SessionHost } from "../session-host.ts";

/** Reminders and questions: rows that outlive whoever wrote them. */
export const ROWS: readonly Check[] = [
  {
    name: "21: a reminder comes once, when its time has come",
    watch: ({ now }) => {
      const said = new Map<string, number>();
      let gone: { host: SessionHost; row: ReminderRow }[] = [];
      return {
        outbox: ({ host, put }) => {
          for (const row of put) {
            if (row.content.kind !== "notice") continue;
            const mark = /rem-call-\d+-r/.exec(row.content.text)?.[0];
            if (!mark || !row.content.text.startsWith("⏰")) continue;
            const name = `${host.key} ${mark}`;
            said.set(name, (said.get(name) ?? 0) + 1);
            if ((said.get(name) ?? 0) > 1) return `${mark} is said for the second time`;
          }
          return undefined;
        },
        reminders: ({ host, gone: rows }) => {
          gone.push(...rows.map((row) => ({ host, row })));
          return undefined;
        },
        touched: ({ host }) => {
          const mine = gone.filter((one) => one.host === host);
          gone = gone.filter((one) => one.host !== host);
          for (const { row } of mine) {
            const isSaid = said.has(`${host.key} ${row.text}`);
            if (!isSaid && row.nextAt <= now()) return `${row.text} is gone, and was not said`;
            if (isSaid && row.nextAt > now()) return `${row.text} is said ${row.nextAt - now()} ms before its time`;
          }
          return undefined;
        },
        end: ({ hosts }) => {
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
