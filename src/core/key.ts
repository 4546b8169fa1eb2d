/**
 * The key of a session: which messages share one conversation. The form is public (contract.md, "A session"): scripts
 * and the maintainers' page quote it. It must never depend on anything but the place and, in a group that asks for it,
 * the person; above all not on `message_thread_id` alone, which a mere reply thread carries too.
 */

/** What of a place the key needs. `threadId` is set only for real topics. */
export interface KeyPlace {
  readonly chatId: number;
  readonly chatType: "private" | "group" | "supergroup" | "channel";
  readonly threadId?: number;
}

export interface KeyParts {
  readonly chatId: number;
  readonly threadId?: number;
  readonly userId?: number;
}

/**
 * `telegram:<chat>`, `telegram:<chat>:topic:<thread>`, or `telegram:<chat>:user:<user>` in a group with
 * GROUP_SESSIONS=per_user. A topic is always shared, a private chat has one person anyway.
 */
export function sessionKey(
  place: KeyPlace,
  from: { readonly id: number } | undefined,
  groupSessions: "shared" | "per_user",
): string {
  const chat = `telegram:${place.chatId}`;
  if (place.threadId !== undefined) return `${chat}:topic:${place.threadId}`;
  const isGroup = place.chatType === "group" || place.chatType === "supergroup";
  return isGroup && groupSessions === "per_user" && from !== undefined ? `${chat}:user:${from.id}` : chat;
}

// Exactly what sessionKey writes: no leading zeros, no "-0", at most the 16 digits of a safe integer. A sender may be a
// chat (an anonymous administrator, a channel), whose id is negative; a topic's id never is.
const KEY = /^telegram:(-?[1-9]\d{0,15})(?::topic:([1-9]\d{0,15})|:user:(-?[1-9]\d{0,15}))?$/;

/** The parts of a key, or undefined where the text is not one that `sessionKey` could have written. */
export function parseSessionKey(key: string): KeyParts | undefined {
  const match = KEY.exec(key);
  if (match === null) return undefined;
  const [, chat, thread, user] = match;
  const parts: KeyParts = {
    chatId: Number(chat),
    ...(thread === undefined ? {} : { threadId: Number(thread) }),
    ...(user === undefined ? {} : { userId: Number(user) }),
  };
  return Object.values(parts).every(Number.isSafeInteger) ? parts : undefined;
}
