import * as z from "zod";
import type { ReminderPlan } from "../agent/reminders.ts";
import { isTimezone } from "../agent/wall-clock.ts";
import type { Session } from "../core/session.ts";
import type { Inbound } from "../telegram/message.ts";
import type { Content, Progress } from "./outbox.ts";
import type { TranscriptBody } from "./store.ts";

/**
 * The border to what lies in storage: rows that this version wrote, an older one, during a deploy a newer one, or that
 * something has damaged. Each reader gives the value, or undefined where the row cannot be one; none throws, because a
 * session that cannot read a row of its own would be dead to every later message. Fields are only ever added, so those
 * that are not known are kept. The only place that casts stored JSON.
 */

/** No run, wait or pause of ours reaches further: a time beyond it was never written by `step`. */
const FURTHEST_MS = 40 * 86_400_000;

const at = z.number().nonnegative();
const input = z.looseObject({ update: z.int(), messageId: z.int(), from: z.int(), acceptedAt: at });
const inputs = z.array(input);
const someInputs = inputs.min(1);
const run = {
  run: z.string().min(1),
  startedAt: at,
  attempt: z.int().positive(),
  inputs,
  fresh: inputs,
  steers: inputs,
  resetWhenDone: z.boolean(),
  steps: z.number(),
  tokens: z.number(),
  modelOnce: z.string().optional(),
  poolWaitEndsAt: at.optional(),
};
const turn = z.discriminatedUnion("phase", [
  z.looseObject({ phase: z.literal("idle") }),
  z.looseObject({ phase: z.literal("gathering"), untilAt: at, inputs: someInputs }),
  z.looseObject({ phase: z.literal("running"), ...run, progressAt: at, deadlineAt: at }),
  z.looseObject({
    phase: z.literal("waiting"),
    ...run,
    untilAt: at,
    why: z.enum(["credential", "person"]),
    question: z.string().optional(),
    remainingMs: z.number().max(FURTHEST_MS),
  }),
]);
const busyMode = z.enum(["queue", "steer", "interrupt"]);
const value = z.looseObject({
  v: z.int().positive(),
  session: z.looseObject({
    epoch: z.int().positive(),
    turn,
    queue: z.array(someInputs),
    activeAt: at,
    spoken: z.boolean(),
    choices: z.looseObject({
      busyMode: busyMode.optional(),
      model: z.string().optional(),
      modelOnce: z.string().optional(),
    }),
    lease: z
      .looseObject({
        lease: z.string(),
        provider: z.string(),
        model: z.string(),
        credential: z.string(),
        version: z.number(),
        untilAt: at.optional(),
      })
      .optional(),
    policy: z.looseObject({}),
  }),
});

/** One upgrade a version: rows of every older shape are readable. `now`: no time in it may lie further off than any wait of ours. */
export function readValue(json: string, now?: number): Session | undefined {
  const session = read<{ session: Session }>(value, json)?.session;
  if (session === undefined || now === undefined) return session;
  const times = timesOf(session.turn);
  return times.every((time) => time <= now + FURTHEST_MS) ? session : undefined;
}

function timesOf(current: Session["turn"]): number[] {
  switch (current.phase) {
    case "idle":
      return [];
    case "gathering":
      return [current.untilAt];
    case "running":
      return [current.progressAt, current.deadlineAt];
    case "waiting":
      return [current.untilAt];
    default:
      return current satisfies never;
  }
}

const sender = z.looseObject({ id: z.int(), name: z.string(), language: z.string().optional() });
const place = z.looseObject({ chatId: z.int(), chatType: z.enum(["private", "group", "supergroup", "channel"]) });
const attachment = z.looseObject({ kind: z.string(), fileId: z.string(), uniqueId: z.string() });
const reply = z.looseObject({ messageId: z.int(), from: z.string(), text: z.string(), quote: z.string().optional() });
const message = z.looseObject({
  kind: z.literal("message"),
  update: z.int(),
  place,
  from: sender,
  message: z.looseObject({
    messageId: z.int(),
    text: z.string(),
    attachments: z.array(attachment),
    notes: z.array(z.string()),
    reply: reply.optional(),
    forwardedFrom: z.string().optional(),
    command: z.looseObject({ name: z.string(), words: z.string() }).optional(),
  }),
});

/** A message of the inbox, with its words. */
export function readMessage(json: string): Extract<Inbound, { kind: "message" }> | undefined {
  return read(message, json);
}

const words = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]);
const userPart = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text"), text: z.string() }),
  z.looseObject({ type: z.literal("file"), fileId: z.string(), uniqueId: z.string(), mediaType: z.string() }),
]);
const user = z.union([
  z.looseObject({ update: z.int() }),
  z.looseObject({ role: z.literal("user"), content: z.union([z.string(), z.array(userPart)]) }),
]);
const toolPart = { toolCallId: z.string(), toolName: z.string() };
const assistantPart = z.union([
  z.looseObject({ type: z.literal("tool-call"), ...toolPart }),
  z.looseObject({ type: z.literal("text"), text: z.string() }),
  z.looseObject({ type: z.enum(["reasoning", "file", "tool-result", "source", "custom"]) }),
]);
const reported = z.discriminatedUnion("role", [
  z.looseObject({ role: z.literal("assistant"), content: z.union([z.string(), z.array(assistantPart)]) }),
  z.looseObject({
    role: z.literal("tool"),
    content: z.array(
      z.looseObject({ type: z.literal("tool-result"), ...toolPart, output: z.looseObject({ type: z.string() }) }),
    ),
  }),
  z.looseObject({ role: z.enum(["user", "system"]), content: words }),
]);
const usage = z.looseObject({ model: z.string(), input: z.number(), output: z.number(), usd: z.number() });
const transcript = z.looseObject({
  at,
  updates: z.array(z.int()).optional(),
  user: z.array(user).optional(),
  messages: z.array(reported).optional(),
  summary: z.string().optional(),
  ended: z.string().optional(),
  asked: z.boolean().optional(),
  usage: usage.optional(),
});

export function readTranscript(json: string): TranscriptBody | undefined {
  return read(transcript, json);
}

export function readUsage(json: string): TranscriptBody["usage"] {
  return read(usage, json);
}

const keyboard = z.array(z.array(z.looseObject({ text: z.string() })));
const named = { name: z.string(), mime: z.string().optional(), caption: z.string().optional() };
const content = z.union([
  z.looseObject({ kind: z.literal("answer"), markdown: z.string(), goesOn: z.boolean().optional() }),
  z.looseObject({
    kind: z.literal("notice"),
    text: z.string(),
    entities: z.array(z.looseObject({ type: z.string(), offset: z.int(), length: z.int() })).optional(),
    keyboard: keyboard.optional(),
    editOf: z.int().optional(),
  }),
  z.looseObject({ kind: z.literal("freeze"), goesOn: z.boolean().optional() }),
  z.looseObject({ kind: z.literal("file"), ...named, base64: z.base64() }),
  z.looseObject({ kind: z.literal("file"), ...named, text: z.string() }),
]);

export function readContent(json: string): Content | undefined {
  return read(content, json);
}

const progress = z.looseObject({
  form: z.enum(["rich", "entities"]),
  ids: z.array(z.int()),
  done: z.int().nonnegative(),
  lowered: z.array(z.looseObject({ at: z.int(), to: z.enum(["entities", "plain", "pieces", "apology"]) })),
  threadTries: z.int().optional(),
  migrations: z.int().optional(),
});

export function readProgress(json: string): Progress | undefined {
  return read(progress, json);
}

export function readIds(json: string): readonly number[] | undefined {
  return read(z.array(z.int()), json);
}

const reminder = z.looseObject({
  text: z.string(),
  nextAt: at,
  cron: z.string().optional(),
  timezone: z.string().refine(isTimezone).optional(),
});

export function readReminder(json: string): ReminderPlan | undefined {
  return read(reminder, json);
}

/** What the facts beside the value must be; a fact of another name is any JSON. */
const FACTS: readonly (readonly [string, z.ZodType])[] = [
  [
    "whereabouts",
    z.looseObject({
      chatId: z.int(),
      chatType: z.enum(["private", "group", "supergroup", "channel"]),
      threadId: z.int().optional(),
      language: z.string().optional(),
      userId: z.int().optional(),
      userName: z.string().optional(),
      timezone: z.string().refine(isTimezone).optional(),
    }),
  ],
  ["began", z.looseObject({ epoch: z.int(), seq: z.int() })],
  ["compacted", z.looseObject({ epoch: z.int(), seq: z.int(), summary: z.string() })],
  ["persona", z.string()],
  ["mcp_down", z.record(z.string(), at)],
  ["undelivered", z.looseObject({ at, kind: z.string(), reason: z.string(), run: z.string().nullable() })],
  ["heir", z.looseObject({ key: z.string(), at, reminders: z.array(z.int()) })],
  [
    "question:",
    z.looseObject({
      id: z.string(),
      call: z.looseObject({ id: z.string(), name: z.string() }),
      question: z.string(),
      options: z.array(z.string()),
      untilAt: at,
      askers: z.array(z.int()).optional(),
      messageId: z.int().optional(),
    }),
  ],
];

/** A fact of the form that its name stands for; the caller says which that is. */
export function readFact<T>(name: string, json: string): T | undefined {
  const [, schema = z.unknown()] =
    FACTS.find(([known]) => name === known || (known.endsWith(":") && name.startsWith(known))) ?? [];
  return read<T>(schema, json);
}

export function readJson(json: string): unknown {
  return read(z.unknown(), json);
}

function read<T>(schema: z.ZodType, json: string): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(json));
    // Checked above; what the types say besides (optional fields, literals) is what was written.
    return parsed.success ? (parsed.data as T) : undefined;
  } catch {
    return undefined;
  }
}
