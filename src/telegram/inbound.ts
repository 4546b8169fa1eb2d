import * as z from "zod";
import { messageOf, placeOf, senderFrom, senderOf } from "./inbound-message.ts";
import { draftStoppedSchema, membershipSchema, pressSchema, readMessage } from "./inbound-schema.ts";
import type { Inbound } from "./message.ts";

/**
 * One update of Telegram → one Inbound, or the reason why there is none. It never throws, whatever came: an update that
 * ends in an exception is answered with 5xx, sent again, and holds up its chat for a day.
 */

export type ParsedUpdate =
  | { readonly kind: "inbound"; readonly inbound: Inbound }
  /** An update, but nothing for us: answer 200, log `update.ignored` with the reason (snake_case, never people's words). */
  | {
      readonly kind: "ignored";
      readonly update: number;
      readonly reason: string;
      readonly chatId?: number;
      readonly query?: LostQuery;
    }
  /** Not an update at all: answer 400. */
  | { readonly kind: "invalid"; readonly expected: string };

/** A press of a button that cannot be told apart; whoever pressed it is to hear so. */
export interface LostQuery {
  readonly id: string;
  readonly language?: string;
}

/** The kinds that are read, and thereby Telegram's `allowed_updates`. */
export const ALLOWED_UPDATES = [
  "message",
  "edited_message",
  "callback_query",
  "my_chat_member",
  "stopped_message_generation",
] as const;

const envelopeSchema = z.looseObject({ update_id: z.int().nonnegative() });

/** `receivedAt` (epoch milliseconds) stands in for the date of a message that has none. */
export function parseUpdate(body: unknown, receivedAt = 0): ParsedUpdate {
  const envelope = envelopeSchema.safeParse(body);
  if (!envelope.success) return { kind: "invalid", expected: "an object with an integer update_id" };
  const update = envelope.data.update_id;
  const ignored: Ignore = (reason, chatId) => ({
    kind: "ignored",
    update,
    reason,
    ...(chatId === undefined ? {} : { chatId }),
  });

  const part = (kind: string): unknown => (Object.hasOwn(envelope.data, kind) ? envelope.data[kind] : undefined);
  const kind = ALLOWED_UPDATES.find((candidate) => part(candidate) !== undefined);
  switch (kind) {
    case "message":
    case "edited_message":
      return parseMessage(update, kind, part(kind), receivedAt, ignored);
    case "callback_query":
      return parsePress(update, part(kind), ignored);
    case "my_chat_member":
      return parseMembership(update, part(kind), ignored);
    case "stopped_message_generation":
      return parseDraftStopped(update, part(kind), ignored);
    case undefined:
      return ignored(OTHER_KINDS.find((other) => part(other) !== undefined) ?? "unknown_kind");
    default:
      return kind satisfies never;
  }
}

type Ignore = (reason: string, chatId?: number) => Extract<ParsedUpdate, { kind: "ignored" }>;

/** Kinds that exist and are left alone. Named here because a reason in the log must never be a word from outside. */
const OTHER_KINDS = [
  "channel_post",
  "edited_channel_post",
  "business_connection",
  "business_message",
  "edited_business_message",
  "deleted_business_messages",
  "guest_message",
  "message_reaction",
  "message_reaction_count",
  "inline_query",
  "chosen_inline_result",
  "shipping_query",
  "pre_checkout_query",
  "purchased_paid_media",
  "poll",
  "poll_answer",
  "chat_member",
  "chat_join_request",
  "chat_boost",
  "removed_chat_boost",
  "managed_bot",
  "subscription",
] as const;

function parseMessage(
  update: number,
  kind: "message" | "edited_message",
  body: unknown,
  receivedAt: number,
  ignored: Ignore,
): ParsedUpdate {
  const raw = readMessage(body);
  if (raw === undefined) return ignored(`unusable_${kind}`);
  const place = placeOf(raw);

  const { migrate_to_chat_id: toChatId, migrate_from_chat_id: fromChatId } = raw;
  // Both ends of a migration say so, in one update each. Whichever comes first, it is the old chat that moves.
  if (toChatId !== undefined) return inbound({ kind: "migrated", update, place, toChatId });
  if (fromChatId !== undefined) {
    return inbound({
      kind: "migrated",
      update,
      place: { chatId: fromChatId, chatType: "group" },
      toChatId: raw.chat.id,
    });
  }

  // Such chats share ids with ordinary ones and are answered by other methods: they are not this bot's conversations.
  if (raw.business_connection_id !== undefined) return ignored("business_message", raw.chat.id);
  if (raw.guest_query_id !== undefined) return ignored("guest_message", raw.chat.id);
  if (raw.chat.is_direct_messages === true) return ignored("direct_messages_chat", raw.chat.id);
  if (raw.ephemeral_message_id !== undefined) return ignored("ephemeral_message", raw.chat.id);
  if (raw.chat.type === "channel") return ignored("channel_post", raw.chat.id);
  if (raw.is_automatic_forward === true) return ignored("automatic_forward", raw.chat.id);
  if (raw.message_id === 0) return ignored("unusable_message", raw.chat.id);

  const message = messageOf(raw, receivedAt);
  if (message === undefined) return ignored(serviceReason(body), raw.chat.id);
  const from = senderOf(raw);
  if (from === undefined) return ignored("no_sender", raw.chat.id);
  return inbound({ kind: kind === "message" ? "message" : "edit", update, place, from, message });
}

/** Service messages say what happened in a chat, not what somebody wants of the bot. */
const SERVICE_MESSAGES = [
  "forum_topic_created",
  "forum_topic_edited",
  "forum_topic_closed",
  "forum_topic_reopened",
  "general_forum_topic_hidden",
  "general_forum_topic_unhidden",
  "new_chat_members",
  "left_chat_member",
  "new_chat_title",
  "new_chat_photo",
  "delete_chat_photo",
  "pinned_message",
  "group_chat_created",
  "supergroup_chat_created",
  "channel_chat_created",
  "message_auto_delete_timer_changed",
] as const;

function serviceReason(body: unknown): string {
  if (typeof body !== "object" || body === null) return "empty_message";
  const service = SERVICE_MESSAGES.find((name) => Object.hasOwn(body, name));
  return service === undefined ? "empty_message" : `service_${service}`;
}

function parsePress(update: number, body: unknown, ignored: Ignore): ParsedUpdate {
  const parsed = pressSchema.safeParse(body);
  if (!parsed.success) return ignored("unusable_callback_query");
  const { id: queryId, data, message, from } = parsed.data;
  const language = from.language_code;
  const query: LostQuery = { id: queryId, ...(language ? { language } : {}) };
  if (message === undefined) return { ...ignored("press_without_message"), query };
  if (data === undefined) return { ...ignored("press_without_data", message.chat.id), query };
  const messageId = message.message_id;
  return inbound({ kind: "press", update, place: placeOf(message), from: senderFrom(from), queryId, data, messageId });
}

function parseMembership(update: number, body: unknown, ignored: Ignore): ParsedUpdate {
  const parsed = membershipSchema.safeParse(body);
  if (!parsed.success) return ignored("unusable_my_chat_member");
  const { chat, from, new_chat_member: now } = parsed.data;
  const isSilenced = now.status === "restricted" && (now.is_member === false || now.can_send_messages === false);
  const member = now.status !== "left" && now.status !== "kicked" && !isSilenced;
  return inbound({ kind: "membership", update, place: placeOf({ chat }), from: senderFrom(from), member });
}

/** It names no person; but there are drafts only in private chats, and a private chat is its person. */
function parseDraftStopped(update: number, body: unknown, ignored: Ignore): ParsedUpdate {
  const parsed = draftStoppedSchema.safeParse(body);
  if (!parsed.success) return ignored("unusable_stopped_message_generation");
  const { chat, message_thread_id, draft_id: draftId } = parsed.data;
  if (chat.type !== "private" || chat.id < 0) return ignored("unusable_stopped_message_generation", chat.id);
  const { id, first_name, last_name, username } = chat;
  const from = senderFrom({ id, first_name, last_name, username });
  // The thread is the one the draft was sent to, which was a topic.
  const place = placeOf({ chat, message_thread_id, is_topic_message: message_thread_id !== undefined });
  return inbound({ kind: "draft_stopped", update, place, from, draftId });
}

function inbound(value: Inbound): ParsedUpdate {
  return { kind: "inbound", inbound: value };
}
