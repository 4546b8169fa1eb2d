import type { ModelMessage } from "ai";
import type { Asked, Failover } from "../agent/failover.ts";
import { CHARS_A_TOKEN, estimateTokens } from "../agent/prompt.ts";
import { type Compacted, type CompactReason, type Spend, spendOf } from "../agent/run.ts";
import { type Input, runOf } from "../core/session.ts";
import { callsOf, conversationOf, rowsOfTurn, textOf, turnStarts } from "./conversation.ts";
import type { Door } from "./door.ts";
import type { TranscriptRow } from "./store.ts";

/**
 * Shortening a conversation: the older part becomes a summary, the last turns stand as they were, and the turn that is
 * on is never touched. The rows stay in storage until their age; what changes is where the prompt begins.
 */

/** What is kept word for word, as a share of the window. */
const KEEP_SHARE = 0.3;
/** Turns that stand as they were: the talk must not lose its thread. */
const KEEP_TURNS = 2;
/** A summary that is itself refused as too long is asked for of half as much, so often. */
const MOST_HALVINGS = 4;

export interface Compaction {
  readonly run: string;
  readonly why: CompactReason;
  /** What the turn that is on was asked with. */
  readonly inputs: readonly Input[];
  /** How much of a conversation is shown at the most. */
  readonly windowTokens: number;
  readonly failover: Failover;
  readonly signal: AbortSignal;
  /** What the person wants kept above all; "" where nothing was said. */
  readonly focus: string;
  now(): number;
  progress(): void;
  spent(usage: Spend): void;
}

export async function compactConversation(
  door: Door,
  rows: readonly TranscriptRow[],
  compaction: Compaction,
): Promise<Compacted> {
  const { run, why, inputs, windowTokens, signal, now } = compaction;
  const kept = keptFrom(rows, rows.length - rowsOfTurn(rows, inputs).length, why, windowTokens * KEEP_SHARE);
  const dropped = rows.slice(0, kept);
  const last = dropped.at(-1);
  const turns = turnStarts(dropped).length;
  if (!last || turns === 0) return { kind: "nothing" };
  const earlier = door.store.summary(door.session.epoch);
  const plain = { words: () => "[a message]", bytes: async () => undefined };
  const conversation = (await conversationOf(dropped, earlier, [], plain)).map(inWords);
  const asked = await summarised(conversation, compaction);
  if (signal.aborted || asked.kind === "cut") return { kind: "nothing" };
  const said = asked.kind === "reply" ? asked.reply.text.trim() : "";
  const isRefused = why === "refused" || why === "refused_again";
  const hasNoWords = asked.kind === "too_long" || (asked.kind === "reply" && said === "");
  // No model will sum it up, and with it no model will answer: to go on without it is all that is left.
  const summary =
    hasNoWords && isRefused
      ? `${earlier ? `${earlier}\n` : ""}(${turns} earlier turns were dropped without a summary.)`
      : said && `${said}\n(${turns} earlier turns were dropped and are known only from this summary.)`;
  if (summary === "") return { kind: "failed", asked: asked.kind === "reply" ? "empty" : asked };
  const keepFrom = rows[kept]?.seq ?? last.seq + 1;
  const usage = asked.kind === "reply" ? spendOf(asked) : undefined;
  door.pass(
    { type: "compacted", run, entry: summary, keepFrom },
    () => {
      // A run that is not the session's writes nothing.
      if (usage && runOf(door.session)?.run === run) door.store.write(door.session.epoch, run, { at: now(), usage });
    },
    () => {
      if (usage) compaction.spent(usage);
    },
  );
  return { kind: "done", turns };
}

/** The older part in a model's words; as much of it as the model takes. */
async function summarised(
  conversation: readonly ModelMessage[],
  { failover, windowTokens, focus, signal, progress }: Compaction,
): Promise<Asked> {
  const instruction: ModelMessage = {
    role: "user",
    content: `Summarise the conversation above for your own later use: facts, decisions, names, numbers, open questions, what the person wants and likes. Be complete and terse; at most 600 words.${focus ? ` Keep above all: ${focus}` : ""}`,
  };
  let shown = within(conversation, windowTokens);
  let halvings = 0;
  let wasEmpty = false;
  for (;;) {
    const asked = await failover.ask(
      {
        system: "You shorten conversations without losing what matters. Write only the summary.",
        messages: [...shown, instruction],
        tools: [],
        wordsOnly: true,
        onText: progress,
        onProgress: progress,
      },
      0,
    );
    if (signal.aborted) return asked;
    if (asked.kind === "reply" && asked.reply.text.trim() === "" && !wasEmpty) {
      wasEmpty = true;
      continue;
    }
    if (asked.kind !== "too_long" || shown.length < 2 || halvings === MOST_HALVINGS) return asked;
    halvings += 1;
    shown = within(shown, estimateTokens(shown) / 2);
  }
}

/** The first row that is kept: that of the last turns which fit, before `current`, where the turn that is on begins. */
function keptFrom(rows: readonly TranscriptRow[], current: number, why: CompactReason, budgetTokens: number): number {
  const { tokens: most, least, turns } = keeping(why, budgetTokens, tokensOf(rows.slice(0, current)));
  let at = current;
  let tokens = 0;
  for (const [count, start] of turnStarts(rows.slice(0, current)).toReversed().entries()) {
    tokens += tokensOf(rows.slice(start, at));
    if (count >= turns || (count >= least && tokens > most)) break;
    at = start;
  }
  return at;
}

/** So many tokens of the last turns, whatever they are `least` so many turns, and at the most `turns`. */
function keeping(
  why: CompactReason,
  budgetTokens: number,
  allTokens: number,
): { readonly tokens: number; readonly least: number; readonly turns: number } {
  switch (why) {
    case "near_limit":
      return { tokens: budgetTokens, least: KEEP_TURNS, turns: Number.POSITIVE_INFINITY };
    case "asked":
      return { tokens: budgetTokens, least: 1, turns: KEEP_TURNS };
    // Whoever refuses counts otherwise than we do, or takes less than we know: half of what it was, then nothing.
    case "refused":
      return { tokens: Math.min(budgetTokens, allTokens / 2), least: 0, turns: Number.POSITIVE_INFINITY };
    case "refused_again":
      return { tokens: 0, least: 0, turns: 0 };
    default:
      return why satisfies never;
  }
}

function tokensOf(rows: readonly TranscriptRow[]): number {
  return rows.reduce((sum, { body }) => sum + JSON.stringify(body).length, 0) / CHARS_A_TOKEN;
}

/** The newest messages that fit, one at the least. */
function within(messages: readonly ModelMessage[], tokens: number): readonly ModelMessage[] {
  let from = 0;
  while (from < messages.length - 1 && estimateTokens(messages.slice(from)) > tokens) {
    from += Math.max(1, Math.floor((messages.length - from) / 4));
  }
  return messages.slice(from);
}

/** Calls and results in words: whoever is offered no tools may refuse a conversation that has them. */
function inWords(message: ModelMessage): ModelMessage {
  if (message.role === "tool") {
    const results = message.content.flatMap((part) =>
      part.type === "tool-result" ? [`[${part.toolName} gave: ${resultWords(part.output)}]`] : [],
    );
    return { role: "user", content: results.join("\n") };
  }
  const calls = callsOf(message).map(({ name, input }) => `[called ${name} with ${JSON.stringify(input)}]`);
  return calls.length === 0
    ? message
    : { role: "assistant", content: [textOf(message), ...calls].filter((line) => line !== "").join("\n") };
}

function resultWords(output: { readonly type: string; readonly value?: unknown }): string {
  return typeof output.value === "string" ? output.value : JSON.stringify(output.value ?? "");
}
