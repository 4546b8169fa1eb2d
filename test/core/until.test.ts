import { describe, expect, test } from "vitest";
import {
  clampUntil,
  firstOfNextMonthUtc,
  nextMidnightPacific,
  nextMidnightUtc,
  parseDurationMs,
  parseInstant,
  parseRetryAfter,
  parseRetryAfterMs,
  untilFromText,
} from "../../src/core/until.ts";

const AT = Date.parse("2026-11-22T10:00:00Z");
const utc = (text: string) => Date.parse(text);

describe("a moment", () => {
  test.each([
    [1_795_341_600, utc("2026-11-22T10:00:00Z")],
    [1_795_341_600_000, utc("2026-11-22T10:00:00Z")],
    ["1795341600", utc("2026-11-22T10:00:00Z")],
    ["1795341600000", utc("2026-11-22T10:00:00Z")],
    ["2026-11-22T10:00:00Z", utc("2026-11-22T10:00:00Z")],
    ["2026-11-22T10:00:00.250Z", utc("2026-11-22T10:00:00.250Z")],
    ["2026-11-22T12:00:00+02:00", utc("2026-11-22T10:00:00Z")],
    ["2026-11-22 10:00 UTC", utc("2026-11-22T10:00:00Z")],
    ["2026-11-22T10:00:00", utc("2026-11-22T10:00:00Z")],
    ["2026-12-01", utc("2026-12-01T00:00:00Z")],
    ["Sun, 22 Nov 2026 10:00:00 GMT", utc("2026-11-22T10:00:00Z")],
  ])("is read from %j", (value, expected) => {
    expect(parseInstant(value)).toBe(expected);
  });

  test.each([30, "30", "", "soon", "May", "1", null, {}, Number.NaN, Number.POSITIVE_INFINITY, 1e18, "2026-13-45"])(
    "is not in %j",
    (value) => {
      expect(parseInstant(value)).toBeUndefined();
    },
  );
});

describe("a duration", () => {
  test.each([
    ["12ms", 12],
    ["46s", 46_000],
    ["5.289s", 5_289],
    ["6m0s", 360_000],
    ["1m47.5854s", 107_585.4],
    ["10h17m", 37_020_000],
    ["1h2m3.5s", 3_723_500],
    ["4hr 5min", 14_700_000],
    ["2 days and 3 hours", 183_600_000],
    ["20 seconds", 20_000],
    ["1 minute, 30 seconds", 90_000],
    ["3600s", 3_600_000],
  ])("%s is read", (text, expectedMs) => {
    expect(parseDurationMs(text)).toBeCloseTo(expectedMs, 3);
  });

  test.each(["", "s", "5", "5 apples", "in 5s", "5mins-worth", 5, null])("is not in %j", (value) => {
    expect(parseDurationMs(value)).toBe(value === "5mins-worth" ? 300_000 : undefined);
  });
});

describe("retry-after", () => {
  test.each([
    ["7", 7_000],
    ["0", 0],
    ["1.5", 1_500],
    [64.57, 64_570],
    ["Sun, 22 Nov 2026 10:00:30 GMT", 30_000],
    ["2m", 120_000],
  ])("%j is read", (value, expectedMs) => {
    expect(parseRetryAfter(value, AT)).toBe(AT + expectedMs);
  });

  test("in milliseconds is read", () => {
    expect(parseRetryAfterMs("1250", AT)).toBe(AT + 1_250);
    expect(parseRetryAfterMs("soon", AT)).toBeUndefined();
  });

  test("that is no time is none", () => {
    expect(parseRetryAfter("-5", AT)).toBeUndefined();
    expect(parseRetryAfter("later", AT)).toBeUndefined();
    expect(parseRetryAfter(-5, AT)).toBeUndefined();
  });
});

describe("prose", () => {
  test.each([
    ["Please try again in 5.289s. Visit https://x", AT + 5_289],
    ["Please try again in 6m0s.", AT + 360_000],
    ["Please retry in 46.123s.", AT + 46_123],
    ["Please retry after 20 seconds.", AT + 20_000],
    ["Your limit resets in 4hr 5min", AT + 14_700_000],
    ["Your quota will reset after 8h44m7s.", AT + 31_447_000],
    ["You will regain access on 2026-12-01 at 00:00 UTC.", utc("2026-12-01T00:00:00Z")],
    ["resets at 2026-11-22T15:30:00Z", utc("2026-11-22T15:30:00Z")],
    ["Weekly limit reached, resets tomorrow", utc("2026-11-23T00:00:00Z")],
  ])("%s", (text, expected) => {
    expect(untilFromText(text, AT)).toBeCloseTo(expected, 0);
  });

  test.each(["Please try again later.", "try again in a moment", "Limit 5000, Used 20s", ""])(
    "without a time: %s",
    (text) => {
      expect(untilFromText(text, AT)).toBeUndefined();
    },
  );
});

describe("calendars", () => {
  test("midnight UTC is always ahead", () => {
    expect(nextMidnightUtc(AT)).toBe(utc("2026-11-23T00:00:00Z"));
    expect(nextMidnightUtc(utc("2026-11-23T00:00:00Z"))).toBe(utc("2026-11-24T00:00:00Z"));
  });

  test("the first of the next month goes over the year's end", () => {
    expect(firstOfNextMonthUtc(AT)).toBe(utc("2026-12-01T00:00:00Z"));
    expect(firstOfNextMonthUtc(utc("2026-12-31T23:59:59Z"))).toBe(utc("2027-01-01T00:00:00Z"));
  });

  test.each([
    ["in winter", "2026-11-22T10:00:00Z", "2026-11-23T08:00:00Z"],
    ["in summer", "2026-07-04T12:00:00Z", "2026-07-05T07:00:00Z"],
    ["late in the evening there, when UTC is a day ahead", "2026-07-05T06:59:59Z", "2026-07-05T07:00:00Z"],
    ["on the day summer time begins", "2026-03-08T09:00:00Z", "2026-03-09T07:00:00Z"],
    ["on the eve of it", "2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"],
    ["on the day summer time ends", "2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"],
    ["on the eve of that", "2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z"],
    ["at the year's end", "2026-12-31T20:00:00Z", "2027-01-01T08:00:00Z"],
  ])("midnight in Los Angeles %s", (_, at, expected) => {
    expect(nextMidnightPacific(utc(at))).toBe(utc(expected));
  });
});

describe("the clamp", () => {
  test("keeps a time between a second and a day ahead", () => {
    expect(clampUntil(AT - 5, AT)).toBe(AT + 1_000);
    expect(clampUntil(AT + 5_000, AT)).toBe(AT + 5_000);
    expect(clampUntil(AT + 1e12, AT)).toBe(AT + 86_400_000);
    expect(clampUntil(Number.NaN, AT)).toBe(AT + 1_000);
  });
});
