import type { Count, Counts } from "./counted.ts";
import { END, type Outside } from "./outside.ts";
import { KEYS, type Stage } from "./stage.ts";

/** What one turn of each kind costs in what is billed or limited: the same on every machine. */

export interface Cost {
  /** In the chat's own session and in the objects that are no session, together; `setAlarm` and `deleteAlarm` count as one each. */
  readonly rowsWritten: number;
  readonly rowsRead: number;
  readonly statements: number;
  readonly alarmsSet: number;
  readonly alarmsFired: number;
  readonly modelCalls: number;
  /** Beside "typing…". */
  readonly telegramCalls: number;
  readonly typingCalls: number;
  /** Calls from one object, or the Worker, to another. */
  readonly objectCalls: Readonly<Record<string, number>>;
}

export const KINDS = [
  "new",
  "plain",
  "woken",
  "streamed",
  "tool",
  "command",
  "reset",
  "queued",
  "rotated",
  "waiting",
] as const;
export type Kind = (typeof KINDS)[number];

/** What was measured under each name, for whoever reads the table. */
export const MEANING: Readonly<Record<Kind, string>> = {
  new: "the first message of a chat: its object is made",
  plain: "a message and a short answer",
  woken: "the same in an object that had been put to sleep",
  streamed: "an answer that grows for three seconds",
  tool: "an answer that needed one tool",
  command: "/status",
  reset: "/new",
  queued: "two messages, the second while the first is worked on",
  rotated: "a key is refused with 429, the next one answers",
  waiting: "both keys are refused, the turn waits two seconds and is answered",
};

/** An object without events is put to sleep after ten seconds. */
const ASLEEP_AFTER_MS = 11_500;
/** Telegram takes about a message a second in one chat, and so does the courier. */
const PACE_MS = 1_100;

export async function costs(stage: Stage, outside: Outside, kinds: readonly Kind[] = KINDS): Promise<Map<Kind, Cost>> {
  outside.manners.set("slow", { firstMs: 0, pieces: 20, pieceMs: 150 });
  outside.manners.set("busy", { firstMs: 600, pieces: 1, pieceMs: 0 });
  // The pool and the first isolate have begun.
  await stage.turn(1, "hello");
  const found = new Map<Kind, Cost>();
  for (const [index, kind] of kinds.entries()) {
    const chat = 10_000 + index;
    if (kind !== "new") {
      await stage.turn(chat, "hello");
      await pause(PACE_MS);
      await stage.turn(chat, "hello");
      await pause(kind === "woken" ? ASLEEP_AFTER_MS : PACE_MS);
    }
    found.set(kind, await one(kind, chat, stage, outside));
  }
  return found;
}

async function one(kind: Kind, chat: number, stage: Stage, outside: Outside): Promise<Cost> {
  await countsOf(stage);
  outside.take();
  await act(kind, chat, stage, outside);
  // The delivery's own row is deleted after the answer is seen.
  await pause(250);
  const counts = await countsOf(stage);
  const { calls, modelCalls } = outside.take();
  const typing = calls.filter(({ method }) => method === "sendChatAction").length;
  const theirs = Object.entries(counts.objects).filter(
    ([object]) => !object.startsWith("session ") || object === `session telegram:${chat}`,
  );
  const sum = (pick: (count: Count) => number) => theirs.reduce((total, [, count]) => total + pick(count), 0);
  return {
    rowsWritten: sum(({ written }) => written),
    rowsRead: sum(({ read }) => read),
    statements: sum(({ statements }) => statements),
    alarmsSet: sum(({ alarmsSet }) => alarmsSet),
    alarmsFired: sum(({ alarmsFired }) => alarmsFired),
    modelCalls,
    telegramCalls: calls.length - typing,
    typingCalls: typing,
    objectCalls: Object.fromEntries(Object.entries(counts.calls).filter(([name]) => /^[A-Z]+\./.test(name))),
  };
}

async function act(kind: Kind, chat: number, stage: Stage, outside: Outside): Promise<void> {
  switch (kind) {
    case "new":
    case "plain":
    case "woken":
      await stage.turn(chat, "hello");
      return;
    case "streamed":
      await stage.turn(chat, "slow");
      return;
    case "tool":
      await stage.turn(chat, "tool");
      return;
    case "command":
    case "reset": {
      const said = next(outside, chat, () => true);
      await stage.write(chat, kind === "reset" ? "/new" : "/status");
      await said;
      return;
    }
    case "queued": {
      const second = next(outside, chat, (body) => body.includes("second") && body.includes(END));
      await stage.write(chat, "busy first");
      await stage.write(chat, "second");
      await second;
      return;
    }
    case "rotated": {
      outside.refused.set(KEYS[0], 1);
      await stage.turn(chat, "hello");
      outside.refused.clear();
      await pause(1_200);
      return;
    }
    case "waiting": {
      for (const key of KEYS) outside.refused.set(key, 2);
      const answered = stage.turn(chat, "hello");
      await pause(1_000);
      outside.refused.clear();
      await answered;
      return;
    }
    default:
      kind satisfies never;
  }
}

/** The next call that puts such words into the chat. */
function next(outside: Outside, chat: number, fits: (body: string) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const forget = outside.onCall((call) => {
      if (call.chatId !== chat || call.method === "sendChatAction" || !fits(call.body)) return;
      forget();
      resolve();
    });
  });
}

/** Counted since this was asked last. */
export async function countsOf(stage: Stage): Promise<Counts> {
  const response = await fetch(`http://127.0.0.1:${stage.workerd.port}/bench/counts`);
  const counts: Counts = JSON.parse(await response.text());
  return counts;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
