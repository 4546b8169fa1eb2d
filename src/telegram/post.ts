import type { InlineKeyboardButton, MessageEntity } from "grammy/types";
import type { Part } from "./render.ts";

/**
 * A post: the method and the payload that put one part into a chat, or make an existing message say it. The habits of
 * everything we send are here and nowhere else: no link previews, replies that do not fail with their message, the topic.
 */
export interface Post {
  readonly method: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Where a post goes. */
export interface Address {
  readonly chatId: number;
  readonly threadId?: number;
}

export type Keyboard = readonly (readonly InlineKeyboardButton[])[];

export interface SendOptions {
  readonly replyTo?: number | undefined;
  readonly silent?: boolean | undefined;
  readonly keyboard?: Keyboard | undefined;
}

export function sendPart(to: Address, part: Part, options: SendOptions = {}): Post {
  const method = part.form === "rich" ? "sendRichMessage" : "sendMessage";
  return { method, payload: { ...addressed(to), ...wordsOf(part), ...sent(options) } };
}

/** An edit without a keyboard takes the keyboard away; that is Telegram's rule. */
export function editPart(to: Address, messageId: number, part: Part, keyboard?: Keyboard): Post {
  return {
    method: "editMessageText",
    payload: { chat_id: to.chatId, message_id: messageId, ...wordsOf(part), ...buttons(keyboard) },
  };
}

export function takeKeyboard(to: Address, messageId: number): Post {
  return { method: "editMessageReplyMarkup", payload: { chat_id: to.chatId, message_id: messageId } };
}

export function deletion(to: Address, messageId: number): Post {
  return { method: "deleteMessage", payload: { chat_id: to.chatId, message_id: messageId } };
}

export function draftPart(to: Address, draftId: number, part: Part): Post {
  const { link_preview_options: _, ...words } = wordsOf(part);
  return {
    method: part.form === "rich" ? "sendRichMessageDraft" : "sendMessageDraft",
    payload: { ...addressed(to), draft_id: draftId, ...words, can_stop: true },
  };
}

export function typing(to: Address): Post {
  return { method: "sendChatAction", payload: { ...addressed(to), action: "typing" } };
}

export function addressed(to: Address): Record<string, unknown> {
  const isGeneral = to.threadId === GENERAL_TOPIC && to.chatId < 0;
  const thread = to.threadId === undefined || isGeneral ? {} : { message_thread_id: to.threadId };
  return { chat_id: to.chatId, ...thread };
}

/** Id of the General topic of a forum. What is sent there leaves it out: by its id it is refused as "message thread not found". */
const GENERAL_TOPIC = 1;

/** What every send carries besides its words. */
export function sent({ replyTo, silent, keyboard }: SendOptions): Record<string, unknown> {
  return {
    ...(replyTo === undefined ? {} : { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } }),
    ...(silent ? { disable_notification: true } : {}),
    ...buttons(keyboard),
  };
}

/** The words of a part for people who read along: what a message says, whatever its form. */
export function textOf(part: Part): string {
  return part.form === "rich" ? part.markdown : part.text;
}

/** The same part with a line added below, or above, that is no part of the answer. */
export function withLine(part: Part, line: string, where: "above" | "below"): Part {
  const text = textOf(part);
  const gap = text === "" ? "" : "\n\n";
  const styled = part.form === "rich" ? `_${line.replace(/[\\`*_[\]<>~|$=]/g, "\\$&")}_` : line;
  const joined = where === "above" ? `${styled}${gap}${text}` : `${text}${gap}${styled}`;
  if (part.form === "rich") return { form: "rich", markdown: joined };
  if (part.form === "plain") return { form: "plain", text: joined };
  const shift = where === "above" ? styled.length + gap.length : 0;
  const entities: MessageEntity[] = part.entities.map((entity) => ({ ...entity, offset: entity.offset + shift }));
  const offset = where === "above" ? 0 : text.length + gap.length;
  return { form: "entities", text: joined, entities: [...entities, { type: "italic", offset, length: line.length }] };
}

/** Telegram's limits in UTF-16 units after parsing; for rich messages in characters. */
export const TEXT_CHARS = 4096;
export const RICH_CHARS = 32_768;

export function fits(part: Part): boolean {
  return part.form === "rich" ? [...part.markdown].length <= RICH_CHARS : part.text.length <= TEXT_CHARS;
}

function wordsOf(part: Part): Record<string, unknown> {
  if (part.form === "rich") return { rich_message: { markdown: part.markdown } };
  const entities = part.form === "entities" && part.entities.length > 0 ? { entities: part.entities } : {};
  return { text: part.text, ...entities, link_preview_options: { is_disabled: true } };
}

function buttons(keyboard: Keyboard | undefined): Record<string, unknown> {
  return keyboard && keyboard.length > 0 ? { reply_markup: { inline_keyboard: keyboard } } : {};
}
