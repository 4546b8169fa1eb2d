import * as z from "zod";
import { describeReminder, planReminder, type ReminderArguments } from "../reminders.ts";
import { refused, said, short, type Tool } from "./tool.ts";

/** Not repeatable: a second one with the same words would be a second reminder. */
export const remind: Tool<ReminderArguments> = {
  name: "remind",
  description:
    "Sends the person a message later: once (in_seconds or at) or again and again (cron). Exactly one of the three. Tell the person the time that the result states.",
  arguments: z.object({
    text: z.string().describe("what to remind of, as the person shall read it"),
    in_seconds: z.coerce.number().optional().describe("from now, in seconds"),
    at: z
      .string()
      .optional()
      .describe("2026-12-01T09:00 (the person's time zone unless it has an offset), 18:30, tomorrow 9:00"),
    cron: z.string().optional().describe("five fields: minute hour day month weekday"),
    timezone: z.string().optional().describe("IANA name; the person's own if left out"),
  }),
  repeatable: false,
  limitMs: 5000,
  status: (given) => ({ key: "tool.remind", params: { text: short(given.text) } }),
  async run(given, context) {
    const plan = planReminder(given, context.now, context.timezone);
    if (!plan.ok) return refused(`The reminder was not set: ${plan.expected}`);
    const added = await context.reminders.add(plan.row);
    if ("refused" in added) return refused(`The reminder was not set: ${added.refused}`);
    const guess =
      context.timezone || given.timezone || given.in_seconds !== undefined
        ? ""
        : " The person's time zone is not known, so UTC was taken.";
    return said(`Set. ${describeReminder({ id: added.id, ...plan.row })}${guess}`);
  },
};

export const reminders: Tool<Record<string, never>> = {
  name: "reminders",
  description: "Lists the reminders of this chat with their ids and times.",
  arguments: z.object({}),
  repeatable: true,
  limitMs: 5000,
  status: () => ({ key: "tool.reminders", params: {} }),
  async run(_given, context) {
    const rows = await context.reminders.list();
    return said(rows.length === 0 ? "There are no reminders." : rows.map(describeReminder).join("\n"));
  },
};

export const cancelReminder: Tool<{ id: number }> = {
  name: "cancel_reminder",
  description: "Cancels a reminder by its id.",
  arguments: z.object({ id: z.coerce.number().int() }),
  repeatable: true,
  limitMs: 5000,
  status: (given) => ({ key: "tool.cancel_reminder", params: { id: String(given.id) } }),
  async run(given, context) {
    return (await context.reminders.cancel(given.id))
      ? said(`Reminder ${given.id} is cancelled.`)
      : refused(`There is no reminder ${given.id} (any more).`);
  },
};
