import { parseModelName } from "../core/model-name.ts";
import { modelFacts, PRICES_AS_OF } from "../models/catalog.ts";
import { safe } from "../words/styled.ts";
import { words } from "../words/words.ts";
import type { Accepting } from "./accept.ts";
import { startsAmong } from "./conversation.ts";
import { type StepRow, stepsOf } from "./whole-epoch.ts";

/**
 * /usage: what the last turn, the conversation and the day took, and by which model. It is reckoned from the transcript:
 * a reset ends a conversation but no day, and what was shortened or forgotten was paid for all the same.
 */
const DAY_MS = 86_400_000;

interface Sum {
  readonly tokens: number;
  readonly usd: number;
  /** Tokens of models whose price is not known. */
  readonly unpriced: number;
}

export async function usageWords(accepting: Accepting): Promise<string> {
  const { door, ports, from } = accepting;
  const { language } = from;
  const { epoch } = door.session;
  const midnight = Math.floor(ports.now() / DAY_MS) * DAY_MS;
  const steps = stepsOf(ports.sql, epoch, midnight);
  const own = steps.filter((step) => step.epoch === epoch);
  const starts = startsAmong(own);
  const lastRuns = new Set(own.slice(starts.at(-1) ?? own.length).map(({ run }) => run));
  const turn = sumOf(own.filter(({ run }) => lastRuns.has(run)));
  const conversation = sumOf(own);
  const today = sumOf(steps.filter(({ at }) => at >= midnight));
  const models = new Set(own.flatMap(({ usage }) => usage?.model ?? []));
  const budget = await budgetWords(accepting);
  return [
    words(language, "usage_turn", { tokens: turn.tokens, cost: costOf(turn) }),
    words(language, "usage_table", {
      turns: starts.length,
      tokens: conversation.tokens,
      cost: costOf(conversation),
      today_tokens: today.tokens,
      today_cost: costOf(today),
    }),
    ...budget,
    ...[...models].map((model) => {
      const sum = sumOf(own.filter(({ usage }) => usage?.model === model));
      return words(language, "usage_model", { model: safe(model), tokens: sum.tokens, cost: costOf(sum) });
    }),
    words(language, "usage_prices", { date: PRICES_AS_OF }),
  ].join("\n");
}

/** The budget is the person's, in all chats together; one that cannot be read hides nothing else. */
async function budgetWords({ door, ports, from }: Accepting): Promise<string[]> {
  const budget = ports.settings.userDailyBudgetUsd;
  // A channel is nobody, and spends nobody's.
  if (budget === 0 || from.id <= 0) return [];
  try {
    const { spentTodayUsd } = await ports.person(from.id).profile();
    return [words(from.language, "usage_budget", { spent: dollars(spentTodayUsd), budget: dollars(budget) })];
  } catch (error) {
    door.log("internal.error", { where: "usage", name: error instanceof Error ? error.name : "unknown" });
    return [];
  }
}

function sumOf(steps: readonly StepRow[]): Sum {
  let tokens = 0;
  let usd = 0;
  let unpriced = 0;
  for (const { usage } of steps) {
    if (!usage) continue;
    const taken = usage.input + usage.output;
    tokens += taken;
    usd += usage.usd;
    if (!hasPrice(usage.model)) unpriced += taken;
  }
  return { tokens, usd, unpriced };
}

function hasPrice(written: string): boolean {
  const model = parseModelName(written);
  return model !== undefined && modelFacts(model).price !== undefined;
}

/** What is not known is not nothing. */
function costOf({ tokens, usd, unpriced }: Sum): string {
  if (unpriced === 0) return dollars(usd);
  return unpriced === tokens ? "? US$" : `≥ ${dollars(usd)}`;
}

function dollars(usd: number): string {
  return `${usd.toFixed(usd < 0.1 ? 4 : 2)} US$`;
}
