import { describe, expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

/** The same at 2,000 turns under workerd: bench/scale.ts and docs/scale.md. */
const TURNS = 300;
const WORDS = "and a sentence of some length about the weather ".repeat(4);

interface Spent {
  statements: number;
  /** Rows that statements gave back. */
  rows: number;
  promptChars: number;
  modelCalls: number;
  telegramCalls: number;
}

describe("a conversation of many turns", () => {
  it("costs at its end what it cost after twenty", { timeout: 120_000 }, async () => {
    const stage = new Stage({ CONTEXT_TOKENS: "2000" });
    const { sql } = stage.storage;
    const real = sql.exec.bind(sql);
    let spent: Spent = { statements: 0, rows: 0, promptChars: 0, modelCalls: 0, telegramCalls: 0 };
    sql.exec = (query, ...bindings) => {
      const found = real(query, ...bindings);
      spent.statements += 1;
      const toArray = found.toArray.bind(found);
      return Object.assign(found, {
        toArray: () => {
          const rows = toArray();
          spent.rows += rows.length;
          return rows;
        },
      }) as never;
    };
    const turns: Spent[] = [];
    for (let turn = 1; turn <= TURNS; turn += 1) {
      spent = { statements: 0, rows: 0, promptChars: 0, modelCalls: 0, telegramCalls: 0 };
      const [asked, calls] = [stage.asked.length, stage.calls.length];
      await stage.write(`turn ${turn}: ${WORDS}`);
      await stage.hears(`echo of turn ${turn}:`);
      spent.promptChars = JSON.stringify(stage.asked.at(-1)?.body.messages).length;
      spent.modelCalls = stage.asked.length - asked;
      spent.telegramCalls = stage.calls.length - calls;
      turns.push(spent);
      // The pace of a chat, and what would otherwise be looked through again and again.
      await stage.pass(1_500);
      stage.chat.clear();
    }
    /** The mean of forty turns, in which the conversation is shortened some times. */
    const mean = (from: number): Spent => {
      const some = turns.slice(from, from + 40);
      const of = (pick: (one: Spent) => number) => some.reduce((sum, one) => sum + pick(one), 0) / some.length;
      return {
        statements: of(({ statements }) => statements),
        rows: of(({ rows }) => rows),
        promptChars: of(({ promptChars }) => promptChars),
        modelCalls: of(({ modelCalls }) => modelCalls),
        telegramCalls: of(({ telegramCalls }) => telegramCalls),
      };
    };
    const [early, late] = [mean(20), mean(TURNS - 40)];
    console.log(`turns 20 to 60: ${JSON.stringify(early)}; the last forty of ${TURNS}: ${JSON.stringify(late)}`);
    for (const what of ["statements", "rows", "promptChars", "modelCalls", "telegramCalls"] as const) {
      expect(late[what], what).toBeLessThanOrEqual(early[what] * 1.1 + 0.5);
    }
  });
});
