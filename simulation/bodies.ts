import type { Spot } from "./places.ts";

/** Updates as Telegram posts them: the bodies of its webhook, as the Bot API documents them. */
export type Body = Readonly<Record<string, unknown>>;

export const BOT_NAME = "turnkeeper_bot";
export const BOT_ID = 123_456;

export interface WrittenMessage {
  readonly messageId: number;
  readonly writtenAt: number;
  readonly text: string;
  /** Instead of being a text it is the caption of these. */
  readonly media?: Body;
  readonly albumId?: string;
  /** The number of a message of the bot. */
  readonly replyTo?: number;
}

export function userOf(id: number): Body {
  return { id, is_bot: false, first_name: `Person ${id}`, language_code: "en" };
}

export function messageBody(
  update: number,
  kind: "message" | "edited_message",
  spot: Spot,
  from: number,
  written: WrittenMessage,
): Body {
  const { text, media } = written;
  const entities = entitiesOf(text);
  const words = media
    ? { ...media, ...(text === "" ? {} : { caption: text, caption_entities: entities }) }
    : { text, entities };
  return {
    update_id: update,
    [kind]: {
      message_id: written.messageId,
      date: Math.floor(written.writtenAt / 1000),
      from: userOf(from),
      ...whereOf(spot),
      ...words,
      ...(written.albumId ? { media_group_id: written.albumId } : {}),
      ...(written.replyTo === undefined ? {} : { reply_to_message: replied(spot, written.replyTo) }),
    },
  };
}

export function pressBody(update: number, spot: Spot, from: number, data: string, messageId: number): Body {
  const message = { message_id: messageId, date: 1, ...whereOf(spot) };
  return {
    update_id: update,
    callback_query: { id: `query-${update}`, from: userOf(from), chat_instance: "1", data, message },
  };
}

export function memberBody(update: number, chatId: number, member: boolean): Body {
  const status = member ? "member" : "kicked";
  return {
    update_id: update,
    my_chat_member: {
      chat: { id: chatId, type: "private", first_name: `Person ${chatId}` },
      from: userOf(chatId),
      date: 1,
      old_chat_member: { status: member ? "kicked" : "member", user: { id: BOT_ID } },
      new_chat_member: { status, user: { id: BOT_ID } },
    },
  };
}

/** The stop button of a draft names no person. */
export function draftStoppedBody(update: number, { chatId, threadId }: Spot, draftId: number): Body {
  const chat = { id: chatId, type: "private", first_name: `Person ${chatId}` };
  return {
    update_id: update,
    stopped_message_generation: {
      chat,
      draft_id: draftId,
      ...(threadId === undefined ? {} : { message_thread_id: threadId }),
    },
  };
}

/** Both ends say it, in one update each. */
export function migratedBody(update: number, side: "to" | "from", fromChatId: number, toChatId: number): Body {
  const chat =
    side === "to"
      ? { id: fromChatId, type: "group", title: "A group" }
      : { id: toChatId, type: "supergroup", title: "A group" };
  const word = side === "to" ? { migrate_to_chat_id: toChatId } : { migrate_from_chat_id: fromChatId };
  return { update_id: update, message: { message_id: update, date: 1, chat, from: userOf(1_000), ...word } };
}

/** Kinds of updates that exist and are none of the bot's business. */
export function strangeBody(update: number, { chatId, type }: Spot): Body {
  const chat = { id: chatId, type, title: "A group" };
  const kinds: readonly Body[] = [
    { poll: { id: "1", question: "?", options: [] } },
    { message: { message_id: 1, date: 1, chat, from: userOf(1_000), new_chat_title: "Another" } },
    { channel_post: { message_id: 1, date: 1, chat: { ...chat, type: "channel" }, text: "news" } },
    { message: { message_id: "one", chat } },
  ];
  return { update_id: update, ...kinds[update % kinds.length] };
}

function whereOf({ chatId, type, threadId }: Spot): Body {
  const chat = type === "private" ? { first_name: `Person ${chatId}` } : { title: "A group" };
  return {
    chat: { id: chatId, type, ...chat },
    ...(threadId === undefined ? {} : { message_thread_id: threadId, is_topic_message: true }),
  };
}

function replied(spot: Spot, messageId: number): Body {
  const from = { id: BOT_ID, is_bot: true, first_name: "Turnkeeper", username: BOT_NAME };
  return { message_id: messageId, date: 1, from, ...whereOf(spot), text: "a question" };
}

function entitiesOf(text: string): Body[] {
  const command = /^\/[a-z_]+(?:@\w+)?/.exec(text)?.[0];
  const marked = [...text.matchAll(/@\w+/g)].filter(({ index }) => command === undefined || index >= command.length);
  return [
    ...(command === undefined ? [] : [{ type: "bot_command", offset: 0, length: command.length }]),
    ...marked.map(([name, ..._], at) => ({ type: "mention", offset: marked[at]?.index ?? 0, length: name.length })),
  ];
}
