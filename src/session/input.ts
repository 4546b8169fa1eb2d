import { SPLIT_TEXT_CHARS } from "../core/gather.ts";
import type { Input } from "../core/session.ts";
import type { Inbound } from "../telegram/message.ts";

/** What the core knows of something that a person sent: when, by whom, and whether it may be a piece of a longer message. */
export function inputOf(
  inbound: Extract<Inbound, { kind: "message" | "press" | "draft_stopped" }>,
  now: number,
): Input {
  const base = { update: inbound.update, from: inbound.from.id, acceptedAt: now };
  if (inbound.kind !== "message") return { ...base, messageId: 0 };
  const { messageId, albumId, textChars, command } = inbound.message;
  return {
    ...base,
    messageId,
    ...(albumId ? { album: albumId } : {}),
    ...(command ? { isCommand: true as const } : {}),
    ...(textChars >= SPLIT_TEXT_CHARS ? { maySplit: true } : {}),
  };
}
