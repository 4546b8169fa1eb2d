import { describe, expect, it } from "vitest";
import { nextOccurrence, planReminder, REMINDER_TEXT_CHARS } from "../../src/agent/reminders.ts";
import { wallClock, zonedTime } from "../../src/agent/wall-clock.ts";

const BERLIN = "Europe/Berlin";
const NEW_YORK = "America/New_York";
/** Sunday, 22 November 2026, 11:00 in Berlin. */
const NOW = Date.parse("2026-11-22T10:00:00Z");

const at = (written: string, timezone = BERLIN, now = NOW): string => {
  const plan = planReminder({ text: "tea", at: written }, now, timezone);
  return plan.ok ? new Date(plan.row.nextAt).toISOString() : plan.expected;
};

/** The next `count` times of a schedule, as ISO. */
function times(cron: string, timezone: string, from: string, count: number): string[] {
  const found: string[] = [];
  let after = Date.parse(from);
  for (let index = 0; index < count; index++) {
    const next = nextOccurrence({ cron, timezone }, after);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().replace(":00.000Z", "Z"));
    after = next;
  }
  return found;
}

describe("when a reminder comes", () => {
  it.each([
    ["2026-12-01T09:00:00+01:00", "2026-12-01T08:00:00.000Z"],
    ["2026-12-01T09:00Z", "2026-12-01T09:00:00.000Z"],
    ["2026-12-01 09:00:30.5+0100", "2026-12-01T08:00:30.500Z"],
    ["2026-12-01T09:00", "2026-12-01T08:00:00.000Z"],
    ["2026-12-01 09:00", "2026-12-01T08:00:00.000Z"],
    ["2026-12-01 at 6:30 pm", "2026-12-01T17:30:00.000Z"],
    ["2026-12-01", "2026-12-01T08:00:00.000Z"],
    ["2026-07-01 09:00", undefined],
    ["2027-07-01 09:00", "2027-07-01T07:00:00.000Z"],
    ["18:30", "2026-11-22T17:30:00.000Z"],
    ["at 18:30", "2026-11-22T17:30:00.000Z"],
    ["10:59", "2026-11-23T09:59:00.000Z"],
    ["11:00", "2026-11-23T10:00:00.000Z"],
    ["12 am", "2026-11-22T23:00:00.000Z"],
    ["12pm", "2026-11-22T11:00:00.000Z"],
    ["tomorrow 9:00", "2026-11-23T08:00:00.000Z"],
    ["Tomorrow at 9:00", "2026-11-23T08:00:00.000Z"],
    ["today 18:00", "2026-11-22T17:00:00.000Z"],
    ["today 9:00", undefined],
  ])("reads %s in Berlin", (written, expected) => {
    if (expected === undefined) expect(at(written)).toMatch(/has passed; it is 2026-11-22 11:00 in Europe\/Berlin now/);
    else expect(at(written)).toBe(expected);
  });

  it.each([
    "soon",
    "9",
    "25:00",
    "9:60",
    "13:00 pm",
    "2026-13-01 09:00",
    "2026-02-31 09:00",
    "2026-12-32",
    "01/02/2027",
    "",
  ])("does not guess at %j", (written) => {
    expect(planReminder({ text: "tea", at: written }, NOW, BERLIN).ok).toBe(false);
  });

  it("takes tomorrow over the end of a month and of a year", () => {
    expect(at("tomorrow 9:00", BERLIN, Date.parse("2026-12-31T12:00:00Z"))).toBe("2027-01-01T08:00:00.000Z");
    expect(at("00:30", NEW_YORK, Date.parse("2026-12-01T04:00:00Z"))).toBe("2026-12-01T05:30:00.000Z");
  });

  it("counts seconds from now, whatever the clocks do", () => {
    const plan = planReminder({ text: "tea", in_seconds: 86_400 }, Date.parse("2026-03-28T12:00:00Z"), BERLIN);
    expect(plan).toMatchObject({ ok: true, row: { nextAt: Date.parse("2026-03-29T12:00:00Z"), text: "tea" } });
  });

  it.each([
    [{}, "exactly one"],
    [{ in_seconds: 5, at: "18:30" }, "exactly one"],
    [{ at: "18:30", cron: "0 9 * * *" }, "exactly one"],
    [{ in_seconds: 0 }, "1 or more"],
    [{ in_seconds: -5 }, "1 or more"],
    [{ in_seconds: Number.NaN }, "1 or more"],
    [{ in_seconds: 6 * 366 * 86_400 }, "5 years"],
    [{ at: "2040-01-01 09:00" }, "5 years"],
    [{ in_seconds: 5, timezone: "Mars/Olympus" }, "IANA"],
    [{ cron: "* * * * * *" }, "five fields"],
    [{ cron: "*/10 * * * * *" }, "five fields"],
    [{ cron: "99 9 * * *" }, "five fields"],
    [{ cron: "0 0 30 2 *" }, "ever comes"],
    [{ cron: "2027-01-01T09:00:00" }, "five fields"],
    [{ cron: "nonsense" }, "five fields"],
  ])("says what is wrong with %j", (given, expected) => {
    expect(planReminder({ text: "tea", ...given }, NOW, BERLIN)).toMatchObject({
      ok: false,
      expected: expect.stringContaining(expected),
    });
  });

  it("takes a field that is filled with nothing for none, as models do that fill in every field", () => {
    expect(planReminder({ text: "tea", in_seconds: 0, at: "18:30", cron: "" }, NOW, BERLIN)).toMatchObject({
      row: { nextAt: Date.parse("2026-11-22T17:30:00Z") },
    });
    expect(planReminder({ text: "tea", in_seconds: 0, at: " ", cron: "0 9 * * *" }, NOW, BERLIN).ok).toBe(true);
    expect(planReminder({ text: "tea", in_seconds: 60, at: "", cron: "" }, NOW, BERLIN).ok).toBe(true);
  });

  it("refuses an empty and an endless text", () => {
    expect(planReminder({ text: " ", in_seconds: 5 }, NOW).ok).toBe(false);
    expect(planReminder({ text: "x".repeat(REMINDER_TEXT_CHARS + 1), in_seconds: 5 }, NOW).ok).toBe(false);
  });

  it("takes the time zone of the arguments before the person's, and UTC where there is none", () => {
    expect(planReminder({ text: "a", at: "18:30", timezone: NEW_YORK }, NOW, BERLIN)).toMatchObject({
      row: { nextAt: Date.parse("2026-11-22T23:30:00Z"), timezone: NEW_YORK },
    });
    expect(planReminder({ text: "a", at: "18:30" }, NOW)).toMatchObject({ row: { timezone: "UTC" } });
  });
});

describe("when a reminder comes again", () => {
  it("does not, without a schedule", () => {
    expect(nextOccurrence({}, NOW)).toBeUndefined();
  });

  it("is strictly later than the time it is asked for", () => {
    expect(times("0 9 * * *", "UTC", "2026-11-22T09:00:00Z", 1)).toEqual(["2026-11-23T09:00Z"]);
  });

  it("stays at nine o'clock in Berlin through both changes of the clocks", () => {
    expect(times("0 9 * * *", BERLIN, "2026-03-27T12:00:00Z", 3)).toEqual([
      "2026-03-28T08:00Z",
      "2026-03-29T07:00Z",
      "2026-03-30T07:00Z",
    ]);
    expect(times("0 9 * * *", BERLIN, "2026-10-23T12:00:00Z", 3)).toEqual([
      "2026-10-24T07:00Z",
      "2026-10-25T08:00Z",
      "2026-10-26T08:00Z",
    ]);
  });

  it("stays at nine o'clock in New York through both changes of the clocks", () => {
    expect(times("0 9 * * *", NEW_YORK, "2026-03-07T00:00:00Z", 3)).toEqual([
      "2026-03-07T14:00Z",
      "2026-03-08T13:00Z",
      "2026-03-09T13:00Z",
    ]);
    expect(times("0 9 * * *", NEW_YORK, "2026-10-31T00:00:00Z", 3)).toEqual([
      "2026-10-31T13:00Z",
      "2026-11-01T14:00Z",
      "2026-11-02T14:00Z",
    ]);
  });

  it("comes right after the hour that is missing, and once in the hour that is repeated", () => {
    expect(times("30 2 * * *", BERLIN, "2026-03-28T12:00:00Z", 2)).toEqual(["2026-03-29T01:00Z", "2026-03-30T00:30Z"]);
    expect(times("30 2 * * *", BERLIN, "2026-10-24T12:00:00Z", 2)).toEqual(["2026-10-25T00:30Z", "2026-10-26T01:30Z"]);
    expect(times("30 1 * * *", NEW_YORK, "2026-10-31T12:00:00Z", 2)).toEqual([
      "2026-11-01T05:30Z",
      "2026-11-02T06:30Z",
    ]);
  });

  it("knows weekdays by name, and @daily", () => {
    expect(times("0 9 * * MON-FRI", NEW_YORK, "2026-11-20T20:00:00Z", 1)).toEqual(["2026-11-23T14:00Z"]);
    expect(planReminder({ text: "a", cron: "@daily" }, NOW, BERLIN)).toMatchObject({
      row: { nextAt: Date.parse("2026-11-22T23:00:00Z"), cron: "@daily" },
    });
  });

  it("never comes twice within a minute", () => {
    const every = times("* * * * *", "UTC", "2026-11-22T10:00:30Z", 10).map((time) => Date.parse(time));
    for (const [index, time] of every.entries()) {
      if (index > 0) expect(time - (every[index - 1] ?? 0)).toBe(60_000);
    }
  });
});

describe("the clock on the wall", () => {
  it("goes there and back for every hour of a year, but for the one that is repeated", () => {
    for (const timezone of [BERLIN, NEW_YORK, "Asia/Kathmandu", "Australia/Lord_Howe"]) {
      let lost = 0;
      for (let hour = 0; hour < 365 * 24; hour++) {
        const moment = Date.UTC(2026, 0, 1, hour);
        const shown = wallClock(moment, timezone).split(/[- :]/).map(Number);
        if (zonedTime(shown, timezone) !== moment) lost++;
      }
      expect(lost, timezone).toBeLessThanOrEqual(1);
    }
  });

  it("takes the first of two and moves what is missing on", () => {
    expect(zonedTime([2026, 10, 25, 2, 30], BERLIN)).toBe(Date.parse("2026-10-25T00:30:00Z"));
    expect(zonedTime([2026, 3, 29, 2, 30], BERLIN)).toBe(Date.parse("2026-03-29T01:30:00Z"));
    expect(zonedTime([2026, 3, 8, 2, 30], NEW_YORK)).toBe(Date.parse("2026-03-08T07:30:00Z"));
  });
});
