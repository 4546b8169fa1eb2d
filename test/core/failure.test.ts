import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classify, type FailureClass, type RawFailure, reasonWord, touchesCredential } from "../../src/core/failure.ts";
import { anthropic } from "./fixtures/failures/anthropic.ts";
import { deepseek } from "./fixtures/failures/deepseek.ts";
import { generic } from "./fixtures/failures/generic.ts";
import { google } from "./fixtures/failures/google.ts";
import { groq } from "./fixtures/failures/groq.ts";
import { mistral } from "./fixtures/failures/mistral.ts";
import { openai } from "./fixtures/failures/openai.ts";
import { openrouter } from "./fixtures/failures/openrouter.ts";
import { AT, type Recorded } from "./fixtures/failures/recorded.ts";
import { workersai } from "./fixtures/failures/workersai.ts";
import { xai } from "./fixtures/failures/xai.ts";

const RECORDED: Readonly<Record<string, readonly Recorded[]>> = {
  openai,
  anthropic,
  google,
  openrouter,
  groq,
  mistral,
  xai,
  deepseek,
  workersai,
  constructor: generic,
};
const TOUCHING: readonly FailureClass[] = ["rate", "quota", "billing", "auth"];

function rawOf(provider: string, recorded: Recorded): RawFailure {
  const { says: _, source: __, expect: ___, ...raw } = recorded;
  return { provider, at: AT, ...raw };
}

for (const [provider, all] of Object.entries(RECORDED)) {
  describe(provider === "constructor" ? "any other provider" : provider, () => {
    for (const recorded of all) {
      test(recorded.says, () => {
        const verdict = classify(rawOf(provider, recorded));
        const { until, ...rest } = recorded.expect;
        expect(verdict).toMatchObject(rest);
        const untilAt = typeof until === "number" ? AT + until : until === undefined ? undefined : Date.parse(until);
        expect(verdict.untilAt).toBe(untilAt);
        expect(touchesCredential(verdict)).toBe(TOUCHING.includes(verdict.class));
        expect(verdict.retryable).toBe(verdict.class === "overload" || verdict.class === "network");
        if (rest.scope === undefined && !TOUCHING.includes(verdict.class)) expect(verdict.scope).toBeUndefined();
      });

      test(`${recorded.says}, also when the body comes as text`, () => {
        const raw = rawOf(provider, recorded);
        const asText = typeof raw.body === "object" ? { ...raw, body: JSON.stringify(raw.body) } : raw;
        expect(classify(asText)).toEqual(classify(raw));
      });
    }
  });
}

test("there are at least 150 recorded failures and no two of a provider say the same", () => {
  const all = Object.values(RECORDED).flat();
  expect(all.length).toBeGreaterThanOrEqual(150);
  for (const list of Object.values(RECORDED)) expect(new Set(list.map((item) => item.says)).size).toBe(list.length);
});

describe("whatever a provider sends", () => {
  const word = fc.constantFrom(
    "rate_limit_exceeded",
    "insufficient_quota",
    "try again in 0s",
    "resets at 1970-01-01T00:00:00Z",
    "resets at 9999-12-31",
    "retry after 99999999 days",
    "API key",
    "credit balance is too low",
    "sk-proj-secret",
    "4006: used up your daily free allocation",
  );
  const text = fc.oneof(
    fc.string(),
    word,
    fc.array(word).map((words) => words.join(" ")),
  );
  const field = fc.oneof(
    fc.constantFrom(
      "error",
      "code",
      "type",
      "status",
      "message",
      "details",
      "metadata",
      "raw",
      "retryDelay",
      "reset_at",
      "quotaId",
    ),
    fc.string(),
  );
  const { body } = fc.letrec((tie) => ({
    body: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("body"), { maxLength: 4 }),
    object: fc.dictionary(field, tie("body"), { maxKeys: 6 }),
  }));
  const headers = fc.dictionary(
    fc.constantFrom(
      "retry-after",
      "retry-after-ms",
      "x-ratelimit-reset",
      "x-ratelimit-reset-tokens",
      "x-ratelimit-remaining-tokens",
      "x-request-id",
    ),
    fc.oneof(
      text,
      fc.integer().map(String),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    ),
  );
  const failure = fc.record(
    {
      provider: fc.oneof(fc.constantFrom(...Object.keys(RECORDED), "__proto__", "toString"), fc.string()),
      status: fc.oneof(fc.integer({ min: 0, max: 700 }), fc.double()),
      headers,
      body,
      message: text,
      midStream: fc.boolean(),
      at: fc.integer({ min: Date.parse("2020-01-01"), max: Date.parse("2100-01-01") }),
    },
    { requiredKeys: ["provider", "at"] },
  );

  test("the verdict comes without a throw, its time lies ahead and is bounded, and its code is of the safe alphabet", () => {
    fc.assert(
      fc.property(failure, (generated) => {
        // exactOptionalPropertyTypes: fast-check's record types absent keys as undefined.
        const raw: RawFailure = JSON.parse(JSON.stringify({ ...generated, status: Number(generated.status ?? 429) }));
        const verdict = classify(raw);
        if (verdict.untilAt !== undefined) {
          expect(verdict.untilAt).toBeGreaterThanOrEqual(raw.at + 1_000);
          expect(verdict.untilAt).toBeLessThanOrEqual(raw.at + (verdict.class === "billing" ? 32 : 1) * 86_400_000);
        }
        if (["rate", "quota", "billing"].includes(verdict.class)) expect(verdict.untilAt).toBeDefined();
        expect(verdict.code ?? "").toMatch(/^[a-z0-9_.-]{0,64}$/);
      }),
      { numRuns: 2_000, seed: 28_686 },
    );
  });

  test("nothing it wrote is the code: an invented code of the safe alphabet never comes out", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^zq[a-z0-9_.-]{4,40}$/), fc.integer({ min: 400, max: 599 }), (secret, status) => {
        const verdict = classify({
          provider: "openai",
          status,
          body: { error: { code: secret, type: secret, message: secret } },
          at: AT,
        });
        expect(JSON.stringify(verdict)).not.toContain(secret);
      }),
      { seed: 28_686 },
    );
  });

  test("a hostile body is an overload", () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
      },
    );
    expect(classify({ provider: "openai", status: 429, body: hostile, at: AT })).toEqual({
      class: "overload",
      retryable: true,
    });
  });

  test("a body of a million items is read only at its beginning", () => {
    let reads = 0;
    const items = new Proxy(
      Array.from({ length: 1_000_000 }, () => "rate limit"),
      {
        get: (target, field) => {
          reads += 1;
          return Reflect.get(target, field);
        },
      },
    );
    expect(classify({ provider: "openai", status: 429, body: items, at: AT })).toMatchObject({ class: "rate" });
    expect(reads).toBeLessThan(2_000);
  });

  test("a key in the place of a request id is not shown", () => {
    expect(
      classify({ provider: "openai", status: 500, headers: { "x-request-id": "sk-proj-abcdef123456" }, at: AT })
        .requestId,
    ).toBeUndefined();
  });
});

test("every class has a reason that a person can act on, and none names a code", () => {
  const classes: readonly FailureClass[] = [
    "rate",
    "quota",
    "billing",
    "auth",
    "overload",
    "context",
    "bad",
    "blocked",
    "network",
    "model_missing",
  ];
  const reasons = classes.map((klass) => reasonWord({ class: klass, retryable: false }));
  expect(new Set(reasons).size).toBe(classes.length);
  for (const reason of reasons) expect(reason).toMatch(/^[a-z][a-z ,']{15,90}$/);
});
