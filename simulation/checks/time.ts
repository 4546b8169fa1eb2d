import { HEARTBEAT_MS, nextAlarm } from "../../src/core/session.ts";
import { WATCH_EVERY_MS } from "../../src/session/pauses.ts";
import type { Check } from "../facts.ts";
import { ALARM_AGAIN_MS, type SessionHost } from "../session-host.ts";

/** Telegram's answer takes no longer. */
const ANSWER_MS = 20_000;

/** What time owes a session: whatever is not over has an alarm, and the alarm comes in time. */
export const TIME: readonly Check[] = [
  {
    name: "3: a session is busy only with a run that ends by itself",
    watch: () => ({
      transition: ({ after, at }) => {
        const { turn } = after;
        if (turn.phase !== "running" && turn.phase !== "waiting") return undefined;
        const end = turn.phase === "running" ? turn.deadlineAt : turn.untilAt;
        return Number.isFinite(end) ? undefined : `${turn.phase} until ${end}, at ${at}`;
      },
    }),
  },
  {
    name: "4: what is not over has an alarm, and in time",
    watch: ({ now, floodUntil, chatNow }) => ({
      touched: ({ host }) => {
        if (host.disk.isNew) return undefined;
        const due = dueOf(host, now(), Math.max(floodUntil(host.chatId), floodUntil(chatNow(host.chatId))));
        if (due === undefined) return undefined;
        const { alarmAt } = host.disk;
        if (alarmAt === undefined) return `${host.key}: ${due.what}, and no alarm is set`;
        return alarmAt <= Math.max(due.at, now()) + (host.alarmFailed ? ALARM_AGAIN_MS : 1)
          ? undefined
          : `${host.key}: ${due.what} at ${due.at - now()} ms from now, and the alarm comes ${alarmAt - due.at} ms later`;
      },
    }),
  },
  {
    name: "10: a run whose process died is taken up again within a minute",
    watch: ({ now }) => {
      const deadSince = new Map<SessionHost, number>();
      return {
        crashed: ({ host }) => {
          if (host.value()?.turn.phase === "running" && !deadSince.has(host)) deadSince.set(host, now());
          return undefined;
        },
        transition: ({ host }) => void deadSince.delete(host),
        wiped: ({ host }) => void deadSince.delete(host),
        touched: ({ host }) => {
          const since = deadSince.get(host);
          if (since === undefined) return undefined;
          const mostMs = HEARTBEAT_MS + 35_000;
          return now() - since > mostMs ? `${host.key} has been dead for ${now() - since} ms` : undefined;
        },
      };
    },
  },
  {
    name: "33: a turn waits for a credential so long and no longer",
    watch: () => ({
      transition: ({ after, at }) => {
        const { turn, policy } = after;
        if (turn.phase !== "waiting" || turn.why !== "credential") return undefined;
        const endsAt = turn.poolWaitEndsAt ?? at + policy.poolWaitMs;
        return turn.untilAt <= endsAt ? undefined : `it waits until ${turn.untilAt}, and may until ${endsAt}`;
      },
    }),
  },
];

/** When rows of a session are due; read again when one has changed. */
interface Rows {
  readonly age: number;
  readonly deliveryAt: number | undefined;
  readonly reminderAt: number | undefined;
}

const known = new WeakMap<SessionHost, Rows>();

function rowsOf(host: SessionHost): Rows {
  const { disk } = host;
  const age = disk.age("outbox") + disk.age("reminders") + disk.age("facts");
  const before = known.get(host);
  if (before?.age === age) return before;
  const head = disk.rows<{ due_at: number }>("SELECT due_at FROM outbox ORDER BY id LIMIT 1")[0];
  // While a session of another name is to get them, they rest.
  const rests = disk.rows("SELECT 1 FROM facts WHERE name = 'heir'").length > 0;
  const first = disk.rows<{ next: number | null }>("SELECT MIN(next_at) AS next FROM reminders")[0]?.next;
  const rows: Rows = { age, deliveryAt: head?.due_at, reminderAt: rests ? undefined : (first ?? undefined) };
  known.set(host, rows);
  return rows;
}

function dueOf(host: SessionHost, now: number, floodUntil: number): { at: number; what: string } | undefined {
  const value = host.value();
  const { deliveryAt, reminderAt } = rowsOf(host);
  const turn = value ? nextAlarm(value, now) : undefined;
  const dues: { at: number; what: string }[] = [];
  if (value && turn !== undefined) dues.push({ at: turn, what: value.turn.phase });
  // The courier may be under way, or wait out a fault of its own or a flood; then it is looked after this often. How long a
  // flood lasts it counts from when it was told.
  const floodEndsAt = floodUntil > 0 ? floodUntil + ANSWER_MS : 0;
  if (deliveryAt !== undefined) {
    dues.push({ at: Math.max(deliveryAt, floodEndsAt, now + WATCH_EVERY_MS), what: "a delivery waits" });
  }
  if (reminderAt !== undefined) dues.push({ at: Math.max(reminderAt, now), what: "a reminder waits" });
  return dues.sort((one, other) => one.at - other.at)[0];
}
