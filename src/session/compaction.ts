import type { ModelMessage } from "ai";
import type { Failover } from "../agent/failover.ts";
import { estimateTokens } from "../agent/prompt.ts";
import { conversationOf } from "./conversation.ts";
import type { Door } from "./door.ts";
import type { TranscriptRow } from "./store.ts";

/**
 * Shortening a conversation: the older part becomes a summary, the last turns stand as they were. The rows stay in
 * storage until their age; what changes is where the prompt begins.
 */

/** What is kept word for word, as a share of the window. */
const KEEP_SHARE = 0.3;
/** Rows that are always kept, so that the talk does not lose its thread. */
const KEEP_ROWS = 6;

export interface Compaction {
  readonly run: string;
  /** How much of a conversation is shown at the most. */
  readonly windowTokens: number;
  readonly failover: Failover;
  readonly signal: AbortSignal;
  /** What the person wants kept above all; "" where nothing was said. */
  readonly focus: string;
}

/** False: there is nothing to shorten, or no model to do it. */
export async function compactConversation(
  door: Door,
  rows: readonly TranscriptRow[],
  { run, windowTokens, failover, signal, focus }: Compaction,
): Promise<boolean> {
  const kept = keptFrom(rows, windowTokens * KEEP_SHARE);
  const dropped = rows.slice(0, kept);
  const first = rows[kept];
  if (dropped.length === 0 || !first) return false;
  const earlier = door.store.summary(door.session.epoch);
  const plain = { words: () => "[a message]", bytes: async () => undefined };
  const conversation = await conversationOf(dropped, earlier, [], plain);
  const instruction: ModelMessage = {
    role: "user",
    content: `Summarise the conversation above for your own later use: facts, decisions, names, numbers, open questions, what the person wants and likes. Be complete and terse; at most 600 words.${focus ? ` Keep above all: ${focus}` : ""}`,
  };
  const asked = await failover.ask(
    {
      system: "You shorten conversations without losing what matters. Write only the summary.",
      messages: [...within(conversation, windowTokens), instruction],
      tools: [],
      wordsOnly: true,
      onText: () => {},
      onProgress: () => {},
    },
    0,
  );
  if (signal.aborted || asked.kind !== "reply" || asked.reply.text.trim() === "") return false;
  const summary = `${asked.reply.text.trim()}\n(${dropped.length} earlier exchanges were dropped and are known only from this summary.)`;
  door.pass({ type: "compacted", run, entry: summary, keepFrom: first.seq });
  return true;
}

/** The first row that is kept: the last rows that fit, from the beginning of a turn. */
function keptFrom(rows: readonly TranscriptRow[], budgetTokens: number): number {
  let tokens = 0;
  let at = rows.length;
  while (at > 0) {
    const row = rows[at - 1];
    if (!row) break;
    tokens += JSON.stringify(row.body).length / 3.5;
    if (rows.length - at >= KEEP_ROWS && tokens > budgetTokens) break;
    at -= 1;
  }
  // Everything fits: a person who asks for it, or a provider that counts otherwise, still gets half of it shortened.
  if (at === 0) at = Math.max(0, rows.length - KEEP_ROWS);
  while (at < rows.length && !rows[at]?.body.updates) at += 1;
  return at;
}

/** The newest messages that fit. */
function within(messages: readonly ModelMessage[], tokens: number): readonly ModelMessage[] {
  let from = 0;
  while (from < messages.length - 1 && estimateTokens(messages.slice(from)) > tokens) {
    from += Math.max(1, Math.floor((messages.length - from) / 4));
  }
  // A tool's result without its call is taken by no provider.
  while (messages[from]?.role === "tool") from += 1;
  return messages.slice(from);
}
