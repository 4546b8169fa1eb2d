import { type IncomingMessage, userWords } from "../agent/prompt.ts";
import { messagesOf, textOf, usersOf } from "./conversation.ts";
import type { TranscriptRow } from "./store.ts";

/** A delivery is one row of at most 2 MB; a character may be four bytes. */
const MOST_CHARS = 450_000;

interface Said {
  readonly at: number;
  readonly role: "user" | "assistant" | "note";
  readonly text: string;
}

/**
 * /export: the conversation as a file for people (Markdown) or for programs (JSON), from its beginning, also where a model
 * is shown a summary by now. `rows` come newest first; undefined: nothing was said.
 */
export function exported(
  rows: Iterable<TranscriptRow>,
  form: "md" | "json",
  message: (update: number) => IncomingMessage | undefined,
): { readonly name: string; readonly mime: string; readonly text: string } | undefined {
  const kept = newest(rows, message);
  if (kept.length === 0) return undefined;
  if (form === "json") {
    const text = JSON.stringify(
      kept.map(({ at, ...rest }) => ({ at: new Date(at).toISOString(), ...rest })),
      null,
      2,
    );
    return { name: "conversation.json", mime: "application/json", text };
  }
  const text = kept
    .map(
      ({ at, role, text }) =>
        `**${role === "user" ? "You" : role === "note" ? "Note" : "Bot"}** · ${new Date(at).toISOString()}\n\n${text}\n`,
    )
    .join("\n---\n\n");
  return { name: "conversation.md", mime: "text/markdown", text };
}

/** What fits, from the end; the file says so where its beginning is missing. */
function newest(rows: Iterable<TranscriptRow>, message: (update: number) => IncomingMessage | undefined): Said[] {
  const kept: Said[] = [];
  let chars = 0;
  for (const row of rows) {
    for (const said of saidIn(row, message).toReversed()) {
      chars += said.text.length + 100;
      if (chars > MOST_CHARS) {
        const note = "What was said before this is too long for one file.";
        return [...kept, { at: said.at, role: "note" as const, text: note }].toReversed();
      }
      kept.push(said);
    }
  }
  return kept.toReversed();
}

function saidIn(row: TranscriptRow, message: (update: number) => IncomingMessage | undefined): Said[] {
  const { at } = row.body;
  return [
    ...usersOf(row).map((user) => ({ at, role: "user" as const, text: wordsOf(user, message) })),
    ...messagesOf(row)
      .filter((reply) => reply.role === "assistant")
      .map((reply) => ({ at, role: "assistant" as const, text: textOf(reply) })),
  ].filter(({ text }) => text.trim() !== "");
}

function wordsOf(
  user: ReturnType<typeof usersOf>[number],
  message: (update: number) => IncomingMessage | undefined,
): string {
  if ("update" in user) {
    const inbound = message(user.update);
    return inbound ? userWords(inbound, false) : "";
  }
  if (typeof user.content === "string") return user.content;
  return user.content.map((part) => (part.type === "text" ? part.text : `[${part.name ?? part.mediaType}]`)).join("\n");
}
