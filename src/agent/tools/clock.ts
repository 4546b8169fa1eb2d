import * as z from "zod";
import { isTimezone, wallClock, weekday } from "../wall-clock.ts";
import { refused, said, short, type Tool } from "./tool.ts";

export const now: Tool<{ timezone?: string | undefined }> = {
  name: "now",
  description: "The date and time now, in the person's time zone or in the one given.",
  arguments: z.object({ timezone: z.string().optional().describe("IANA name such as Europe/Berlin") }),
  repeatable: true,
  limitMs: 1000,
  status: (given) => ({ key: "tool.now", params: given.timezone ? { timezone: short(given.timezone) } : {} }),
  async run(given, context) {
    const timezone = given.timezone?.trim() || context.timezone || "UTC";
    if (!isTimezone(timezone))
      return refused("That time zone is not known; expected an IANA name such as Europe/Berlin.");
    const known = given.timezone || context.timezone ? "" : " The person's time zone is not known.";
    const utc = new Date(context.now).toISOString();
    return said(
      `${weekday(context.now, timezone)}, ${wallClock(context.now, timezone)} (${timezone}); UTC ${utc}.${known}`,
    );
  },
};
