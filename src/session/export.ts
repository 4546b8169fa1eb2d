import { type IncomingMessage, userWords } from "../agent/prompt.ts";
import { messagesOf, textOf, usersOf } from "./conversation.ts";
import type { TranscriptRow } from "./store.ts";

/** A delivery is one row of at most 2 MB; a character may be four bytes. */
const MOST_CHARS = 450_000;

/** /export: the conversation as a file for people (Markdown) or for programs (JSON). */
export function exported(
  rows: readonly TranscriptRow[],
  form: "md" | "json",
  message: (update: number) => IncomingMessage | undefined,
): { readonly name: string; readonly mime: string; readonly text: string } {
  const said = rows.flatMap((row) => [
    ...usersOf(row).map((user) => ({ at: row.body.at, role: "user", text: wordsOf(user, message) })),
    ...messagesOf(row)
      .filter((reply) => reply.role === "assistant")
      .map((reply) => ({ at: row.body.at, role: "assistant", text: textOf(reply) })),
  ]);
  const kept = newest(said.filter(({ text }) => text.trim() !== ""));
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
function newest<Said extends { readonly at: number; readonly role: string; readonly text: string }>(
  said: readonly Said[],
) {
  let chars = 0;
  const from = said.findLastIndex(({ text }) => {
    chars += text.length + 100;
    return chars > MOST_CHARS;
  });
  const first = said[from];
  if (!first) return said;
  return [
    { at: first.at, role: "note", text: "What was said before this is too long for one file." },
    ...said.slice(from + 1),
  ];
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
