import { attachmentsOf, cut, nameOfChat, nameOfOrigin, nameOfUser, notesOf } from "./inbound-content.ts";
import { richToMarkdown } from "./inbound-rich.ts";
import type { RawChat, RawMessage, RawUser, Replied } from "./inbound-schema.ts";
import { findCommandIn, findMentions, toMarkdown } from "./inbound-text.ts";
import { describeAttachment } from "./media.ts";
import type { Mention, Message, Place, Reply, Sender } from "./message.ts";

/** A Telegram message, already checked by its schema → our own Message, Place and Sender. */

/** Undefined: there is nothing in it a turn could be about (a service message, or a kind still to come). */
export function messageOf(raw: RawMessage, receivedAt: number): Message | undefined {
  const written = wordsOf(raw);
  const attachments = attachmentsOf(raw);
  const notes = notesOf(raw);
  if (raw.reply_to_story) notes.push("This replies to a story, which bots cannot open");
  if (written.text === "" && attachments.length === 0 && notes.length === 0) return undefined;

  const reply = replyOf(raw);
  const isForwarded = raw.forward_origin !== undefined;
  // What somebody else once wrote is handed on, not ordered: a forwarded "/new" must not reset, nor "@bot" call.
  const { command, mentions } = isForwarded ? { command: undefined, mentions: [] } : written;
  return {
    messageId: raw.message_id,
    writtenAt: raw.date === undefined || raw.date > MAX_SECONDS ? receivedAt : raw.date * 1000,
    text: written.text,
    textChars: written.chars,
    ...(command === undefined ? {} : { command }),
    ...(reply === undefined ? {} : { reply }),
    ...(raw.forward_origin === undefined ? {} : { forwardedFrom: nameOfOrigin(raw.forward_origin) }),
    ...(raw.media_group_id ? { albumId: raw.media_group_id } : {}),
    attachments,
    notes,
    ...(mentions.length === 0 ? {} : { mentions }),
  };
}

/** Dates of Telegram are 32-bit; a larger one is absurd, and as milliseconds might not even be a date. */
const MAX_SECONDS = 2 ** 32;

function wordsOf(raw: RawMessage) {
  const [words, entities] = raw.text === undefined ? [raw.caption, raw.caption_entities] : [raw.text, raw.entities];
  if (words === undefined && raw.rich_message !== undefined) {
    const rich = richToMarkdown(raw.rich_message.blocks);
    return { text: rich.text, chars: rich.text.length, command: findCommandIn(rich.text, []), mentions: rich.mentions };
  }
  const text = words ?? "";
  const marked = entities ?? [];
  const mentions: readonly Mention[] = findMentions(text, marked);
  return { text: toMarkdown(text, marked), chars: text.length, command: findCommandIn(text, marked), mentions };
}

const REPLY_CHARS = 2000;

function replyOf(raw: RawMessage): Reply | undefined {
  const replied = raw.reply_to_message;
  const quote = raw.quote && raw.quote.text !== "" ? { quote: cut(raw.quote.text, REPLY_CHARS) } : {};
  if (replied !== undefined) {
    // In a topic every message that replies to nothing "replies" to the message that opened the topic.
    const opensTopic = raw.is_topic_message === true && replied.message_id === raw.message_thread_id;
    if (opensTopic || replied.forum_topic_created !== undefined) return undefined;
    const fromId = replied.sender_chat?.id ?? replied.from?.id;
    const button = replied.reply_markup?.inline_keyboard?.[0]?.[0]?.callback_data;
    return {
      messageId: replied.message_id,
      from: authorOf(replied),
      ...(fromId === undefined ? {} : { fromId }),
      text: repliedText(replied, replied.text ?? replied.caption),
      ...quote,
      ...(button === undefined ? {} : { button }),
    };
  }
  const elsewhere = raw.external_reply;
  if (elsewhere !== undefined) {
    const from = elsewhere.origin === undefined ? "somebody unknown" : nameOfOrigin(elsewhere.origin);
    return { messageId: 0, from, text: repliedText(elsewhere, undefined), ...quote };
  }
  return undefined;
}

function repliedText(content: Parameters<typeof attachmentsOf>[0], words: string | undefined): string {
  const rich = content.rich_message === undefined ? undefined : richToMarkdown(content.rich_message.blocks).text;
  const files = attachmentsOf(content).map((file) => `[${describeAttachment(file)}]`);
  const notes = notesOf(content).map((note) => `[${note}]`);
  const text = [...files, ...notes, words ?? rich ?? ""].filter((part) => part !== "").join(" ");
  return cut(text, REPLY_CHARS);
}

function authorOf(replied: Replied): string {
  if (replied.sender_chat) return nameOfChat(replied.sender_chat);
  return replied.from ? nameOfUser(replied.from) : "somebody unknown";
}

/** A thread is a topic only where Telegram says so: `message_thread_id` alone is a mere reply thread. */
export function placeOf(raw: {
  readonly chat: RawChat;
  readonly is_topic_message?: boolean | undefined;
  readonly message_thread_id?: number | undefined;
}): Place {
  const isTopic = raw.is_topic_message === true && raw.message_thread_id !== undefined;
  return {
    chatId: raw.chat.id,
    chatType: raw.chat.type,
    ...(isTopic ? { threadId: raw.message_thread_id } : {}),
    ...(raw.chat.title ? { title: nameOfChat(raw.chat) } : {}),
  };
}

/**
 * Who wrote. On behalf of a chat (an anonymous administrator, a channel) it is that chat, with its negative id: the user
 * Telegram puts beside it is a stand-in shared by all of them, and a bot at that.
 */
export function senderOf(raw: RawMessage): Sender | undefined {
  if (raw.sender_chat !== undefined) {
    const { id, username } = raw.sender_chat;
    const name = raw.author_signature
      ? `${nameOfChat(raw.sender_chat)} (${raw.author_signature})`
      : nameOfChat(raw.sender_chat);
    return { id, name: cut(name, 128), ...(username ? { username } : {}) };
  }
  return raw.from && senderFrom(raw.from);
}

export function senderFrom(user: RawUser): Sender {
  return {
    id: user.id,
    name: nameOfUser(user),
    ...(user.username ? { username: user.username } : {}),
    ...(user.language_code ? { language: user.language_code } : {}),
    ...(user.is_bot === true ? { isBot: true } : {}),
  };
}
