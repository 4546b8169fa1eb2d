import type { ModelMessage, UserContent } from "ai";
import type { ToolCall } from "../agent/call.ts";
import { toolMessage } from "../agent/run.ts";
import type { Input } from "../core/session.ts";
import type { TranscriptRow } from "./store.ts";

/**
 * The conversation as a model is to see it, made of transcript rows: what was asked and what came, in order, and sound
 * even where a turn was cut in the middle (every tool call has a result, or no provider takes it).
 */

/** A person's message as it is stored: words, and files by Telegram's id. */
export type StoredUser =
  | { readonly update: number }
  | { readonly role: "user"; readonly content: string | readonly StoredPart[] };

export type StoredPart =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "file";
      readonly fileId: string;
      readonly uniqueId: string;
      readonly mediaType: string;
      readonly name?: string;
    };

export interface ConversationPorts {
  /** A message that was never put to a model, in words. */
  words(update: number): string;
  /** The bytes of a file; undefined: it is no longer to be had. */
  bytes(part: Extract<StoredPart, { type: "file" }>): Promise<Uint8Array | undefined>;
}

/** Of the files in a conversation, so many of the last are shown again; older ones are named. Those of the turn that is on are all shown. */
const FILES_SHOWN = 4;
/** An album has ten; more would come from many messages that steer one turn, and an object has 128 MB. */
const MOST_FILES_SHOWN = 12;

/** `inputs`: what the turn that is on was asked with. */
export async function conversationOf(
  rows: readonly TranscriptRow[],
  summary: string | undefined,
  fresh: readonly StoredUser[],
  ports: ConversationPorts,
  inputs: readonly Input[] = [],
): Promise<ModelMessage[]> {
  const messages: ModelMessage[] = [];
  if (summary) messages.push({ role: "user", content: `[Summary of the conversation so far]\n${summary}` });
  const stored: (StoredUser | ModelMessage)[] = [];
  for (const row of rows) stored.push(...usersOf(row), ...messagesOf(row));
  stored.push(...fresh);

  const files = stored.flatMap((message) => filesOf(message));
  const ofTurn = [...rowsOfTurn(rows, inputs).flatMap(usersOf), ...fresh].flatMap(filesOf).length;
  const shown = new Set(files.slice(-Math.min(Math.max(ofTurn, FILES_SHOWN), MOST_FILES_SHOWN)));
  for (const message of stored) {
    if ("update" in message) messages.push({ role: "user", content: ports.words(message.update) });
    else if (message.role !== "user" || typeof message.content === "string") messages.push(message as ModelMessage);
    else
      messages.push({ role: "user", content: await withFiles(message.content as readonly StoredPart[], shown, ports) });
  }
  return sound(messages);
}

export function usersOf(row: TranscriptRow): StoredUser[] {
  return (row.body.user ?? []) as StoredUser[];
}

export function messagesOf(row: TranscriptRow): ModelMessage[] {
  return (row.body.messages ?? []) as ModelMessage[];
}

function filesOf(message: StoredUser | ModelMessage): StoredPart[] {
  if ("update" in message || message.role !== "user" || typeof message.content === "string") return [];
  return (message.content as readonly StoredPart[]).filter((part) => part.type === "file");
}

async function withFiles(
  parts: readonly StoredPart[],
  shown: ReadonlySet<StoredPart>,
  ports: ConversationPorts,
): Promise<UserContent> {
  const content: Exclude<UserContent, string> = [];
  for (const part of parts) {
    if (part.type === "text") {
      content.push({ type: "text", text: part.text });
      continue;
    }
    const bytes = shown.has(part) ? await ports.bytes(part) : undefined;
    const why = shown.has(part) ? "it cannot be shown" : "shown earlier";
    if (bytes === undefined) content.push({ type: "text", text: `[${part.name ?? part.mediaType}: ${why}]` });
    else
      content.push({
        type: "file",
        data: bytes,
        mediaType: part.mediaType,
        ...(part.name ? { filename: part.name } : {}),
      });
  }
  return content;
}

/** Every tool call gets a result right after its message, and every turn words; a result without its call is dropped. */
export function sound(messages: readonly ModelMessage[]): ModelMessage[] {
  const result: ModelMessage[] = [];
  for (let at = 0; at < messages.length; at += 1) {
    const message = messages[at];
    if (!message || message.role === "tool") continue;
    result.push(worded(message));
    const calls = callsOf(message);
    if (calls.length === 0) continue;
    const answered = new Set<string>();
    for (let next = messages[at + 1]; next?.role === "tool"; next = messages[at + 1]) {
      for (const id of resultIds(next)) answered.add(id);
      if (resultIds(next).every((id) => calls.some((call) => call.id === id))) result.push(next);
      at += 1;
    }
    for (const call of calls) {
      if (!answered.has(call.id)) result.push(toolMessage(call, "[no result: the turn was ended before it]"));
    }
  }
  return result;
}

/**
 * A model may call its tools with a blank before them, and after them say nothing. No provider takes a message without words
 * back: one would refuse every later turn. And one that is left out would put a person's words right after a tool's.
 */
function worded(message: ModelMessage): ModelMessage {
  if (message.role !== "assistant" || textOf(message).trim() !== "") return message;
  if (callsOf(message).length === 0) return { role: "assistant", content: "[nothing more was said]" };
  if (typeof message.content === "string") return message;
  return { ...message, content: message.content.filter((part) => part.type !== "text") };
}

export function callsOf(message: ModelMessage): ToolCall[] {
  if (message.role !== "assistant" || typeof message.content === "string") return [];
  return message.content.flatMap((part) =>
    part.type === "tool-call" ? [{ id: part.toolCallId, name: part.toolName, input: part.input }] : [],
  );
}

export function resultIds(message: ModelMessage): string[] {
  if (message.role !== "tool") return [];
  return message.content.flatMap((part) => (part.type === "tool-result" ? [part.toolCallId] : []));
}

export function textOf(message: ModelMessage): string {
  if (typeof message.content === "string") return message.content;
  return message.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}

/** Where turns begin, by index. */
export function turnStarts(rows: readonly TranscriptRow[]): number[] {
  return startsAmong(
    rows.map((row) => ({ asks: row.body.updates !== undefined, lastRole: messagesOf(row).at(-1)?.role })),
  );
}

/** A message that joined a turn in its middle begins none: it follows a tool's result, while the turn before a new one has ended in words. */
export function startsAmong(
  steps: readonly { readonly asks: boolean; readonly lastRole?: string | undefined }[],
): number[] {
  const starts: number[] = [];
  let role: string | undefined;
  for (const [index, { asks, lastRole }] of steps.entries()) {
    if (asks && role !== "tool") starts.push(index);
    role = lastRole ?? role;
  }
  return starts;
}

/** The rows of the turn that was asked with `inputs`: from the one that holds its first message; an order (/compact) is in none. */
export function rowsOfTurn(rows: readonly TranscriptRow[], inputs: readonly Input[]): readonly TranscriptRow[] {
  for (const { update } of inputs) {
    const at = rows.findLastIndex((row) => row.body.updates?.includes(update));
    if (at >= 0) return rows.slice(at);
  }
  return [];
}
