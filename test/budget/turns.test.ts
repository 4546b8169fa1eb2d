import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build } from "../../bench/build.ts";
import { type Cost, costs, KINDS, type Kind, MEANING } from "../../bench/kinds.ts";
import { Outside } from "../../bench/outside.ts";
import { OURS, Stage } from "../../bench/stage.ts";
import { BUDGETS } from "./budgets.ts";

describe("what a turn costs", () => {
  const directory = mkdtempSync(join(tmpdir(), "turnkeeper-budget-"));
  let found: ReadonlyMap<Kind, Cost> = new Map();

  beforeAll(async () => {
    const bundle = build("wrangler.toml", directory, "bench/counted.ts");
    const outside = await Outside.start();
    const stage = await Stage.open({ bundle: bundle.file, objects: OURS }, outside);
    try {
      found = await costs(stage, outside);
    } finally {
      await stage.close();
      outside.close();
    }
  }, 180_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(KINDS.map((kind) => [kind, MEANING[kind]] as const))("%s: %s", (kind) => {
    const cost = found.get(kind);
    if (!cost) throw new Error(`${kind} was not measured`);
    const budget = BUDGETS[kind];
    for (const what of [
      "rowsWritten",
      "statements",
      "alarmsSet",
      "modelCalls",
      "telegramCalls",
      "typingCalls",
    ] as const) {
      expect(cost[what], `${what}; the budget is for ${budget.because}`).toBeLessThanOrEqual(budget[what]);
    }
    for (const [name, times] of Object.entries(cost.objectCalls)) {
      expect(times, name).toBeLessThanOrEqual(budget.objectCalls[name] ?? 0);
    }
    // Something was counted at all.
    expect(cost.rowsWritten).toBeGreaterThan(0);
    expect(cost.telegramCalls).toBeGreaterThan(0);
  });

  it("asks no pool while the lease is well, writes at most eight rows and says one or two things in a plain turn", () => {
    const plain = found.get("plain");
    expect(Object.keys(plain?.objectCalls ?? {}).filter((name) => name.startsWith("POOL"))).toEqual([]);
    expect(plain?.rowsWritten).toBeLessThanOrEqual(8);
    expect(plain?.modelCalls).toBe(1);
    expect(plain?.telegramCalls).toBeLessThanOrEqual(2);
  });
});
