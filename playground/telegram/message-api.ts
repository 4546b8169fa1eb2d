import type { Chats, StoredMessage } from "./chats.ts";
import type { FileStore } from "./files.ts";

/** A stored message as the Bot API writes it: in an update, as a result, or inside `reply_to_message`. */
export function messageToApi(
  message: StoredMessage,
  chats: Chats,
  files: FileStore,
  options: { readonly withReply?: boolean } = {},
): Record<string, unknown> {
  const chat = chats.get(message.chatId);
  const inTopic = message.threadId !== undefined && chat.topics.has(message.threadId);
  const reply =
    options.withReply === false || message.replyTo === undefined ? undefined : chat.messages.get(message.replyTo);
  return {
    message_id: message.id,
    from: message.from,
    chat: chat.toApi(),
    date: message.date,
    ...(message.editDate === undefined ? {} : { edit_date: message.editDate }),
    ...(message.threadId === undefined ? {} : { message_thread_id: message.threadId }),
    ...(inTopic ? { is_topic_message: true } : {}),
    ...(message.albumId ? { media_group_id: message.albumId } : {}),
    ...(reply && !reply.deleted ? { reply_to_message: messageToApi(reply, chats, files, { withReply: false }) } : {}),
    ...(message.quote ? { quote: { text: message.quote, position: 0, is_manual: true } } : {}),
    ...content(message, files),
    ...(message.keyboard && message.keyboard.length > 0 ? { reply_markup: { inline_keyboard: message.keyboard } } : {}),
    ...(message.service ?? {}),
  };
}

function content(message: StoredMessage, files: FileStore): Record<string, unknown> {
  if (message.rich) {
    const blocks = message.rich.blocks ?? [{ type: "paragraph", text: message.rich.plain }];
    return { rich_message: { blocks } };
  }
  const { media } = message;
  const entities = message.entities.length > 0 ? message.entities : undefined;
  if (!media) {
    if (message.service) return {};
    return { text: message.text, ...(entities ? { entities } : {}) };
  }
  const caption =
    message.text === "" ? {} : { caption: message.text, ...(entities ? { caption_entities: entities } : {}) };
  return { ...caption, [media.kind]: mediaToApi(media, files) };
}

function mediaToApi(media: NonNullable<StoredMessage["media"]>, files: FileStore): unknown {
  const file = files.get(media.fileId);
  const common = {
    file_id: media.fileId,
    file_unique_id: file?.uniqueId ?? media.fileId,
    file_size: file?.bytes.length ?? 0,
  };
  if (media.kind === "photo") {
    // Several sizes, the largest last, as Telegram makes them.
    return [
      { ...common, file_id: `${media.fileId}-s`, file_unique_id: `${common.file_unique_id}s`, width: 90, height: 90 },
      { ...common, width: 1280, height: 1280 },
    ];
  }
  return {
    ...common,
    ...(media.name ? { file_name: media.name } : {}),
    ...(media.mime ? { mime_type: media.mime } : {}),
    ...(media.kind === "document" ? {} : { duration: media.seconds ?? 1 }),
    ...(media.kind === "video" || media.kind === "animation" ? { width: 640, height: 480 } : {}),
  };
}
