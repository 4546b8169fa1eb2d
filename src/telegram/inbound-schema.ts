import * as z from "zod";

/**
 * The shapes of an update that are read. What a message cannot do without (its number, chat, sender, text) is strict and
 * makes the update unusable when wrong; everything around it falls away quietly (`soft`), because a message with a
 * broken entity or a new kind of attachment is still a message somebody wrote. Unknown fields are never looked into.
 */

/** A field that is dropped, not fatal, when it is not of the expected shape. */
const soft = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);

/** Every id fits into 52 bits (Bot API, "Chat" and "User"); what does not is no id. */
const id = z.int();
const chatId = id.refine((value) => value !== 0);
const positiveId = z.int().positive();

/** Texts are stored and sent on as UTF-8, where half a surrogate pair or a NUL would not survive; the length stays. */
const words = z.string().transform((text) => text.toWellFormed().replaceAll("\u0000", "\uFFFD"));

export const userSchema = z.object({
  id: positiveId,
  is_bot: soft(z.boolean()),
  first_name: soft(words),
  last_name: soft(words),
  username: soft(words),
  language_code: soft(z.string().regex(/^[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*$/)),
});

export const chatSchema = z.object({
  id: chatId,
  type: z.enum(["private", "group", "supergroup", "channel"]),
  title: soft(words),
  username: soft(words),
  first_name: soft(words),
  last_name: soft(words),
  is_direct_messages: soft(z.boolean()),
});

export const entitySchema = z.object({
  type: z.string(),
  offset: z.int().nonnegative(),
  length: z.int().positive(),
  url: soft(words),
  language: soft(words),
  user: soft(userSchema),
});

/** Bad ones among good ones fall away one by one. Telegram itself ignores more than 100. */
const MAX_ENTITIES = 100;
const entities = soft(
  z.array(soft(entitySchema)).transform((list) => list.filter((entity) => entity !== undefined).slice(0, MAX_ENTITIES)),
);

const file = {
  file_id: z.string().min(1),
  file_unique_id: soft(z.string()),
  file_size: soft(z.int().nonnegative()),
  mime_type: soft(z.string()),
  file_name: soft(words),
  duration: soft(z.number().nonnegative()),
};
export const fileSchema = z.object(file);

export const photoSchema = z
  .array(soft(z.object({ ...file, width: soft(z.number()), height: soft(z.number()) })))
  .transform((sizes) => sizes.filter((size) => size !== undefined));

export const stickerSchema = z.object({
  ...file,
  emoji: soft(words),
  is_animated: soft(z.boolean()),
  is_video: soft(z.boolean()),
});

export const locationSchema = z.object({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  horizontal_accuracy: soft(z.number()),
  live_period: soft(z.number()),
});

/** What a message carries besides words; the same fields stand in a message, a replied one and an external reply. */
const content = {
  rich_message: soft(z.object({ blocks: z.array(z.unknown()) })),
  animation: soft(fileSchema),
  audio: soft(z.object({ ...file, performer: soft(words), title: soft(words) })),
  document: soft(fileSchema),
  live_photo: soft(z.object({ ...file, photo: soft(photoSchema) })),
  photo: soft(photoSchema),
  sticker: soft(stickerSchema),
  video: soft(fileSchema),
  video_note: soft(fileSchema),
  voice: soft(fileSchema),
  contact: soft(
    z.object({ phone_number: words, first_name: soft(words), last_name: soft(words), user_id: soft(positiveId) }),
  ),
  dice: soft(z.object({ emoji: words, value: z.number() })),
  game: soft(z.object({ title: words })),
  giveaway: soft(z.object({})),
  invoice: soft(z.object({ title: words })),
  poll: soft(z.object({ question: words, options: soft(z.array(z.object({ text: words }))), type: soft(z.string()) })),
  venue: soft(z.object({ location: locationSchema, title: words, address: soft(words) })),
  location: soft(locationSchema),
  checklist: soft(
    z.object({ title: words, tasks: soft(z.array(z.object({ text: words, completion_date: soft(z.number()) }))) }),
  ),
  story: soft(z.object({ chat: soft(chatSchema) })),
  paid_media: soft(z.object({})),
  web_app_data: soft(z.object({ data: words, button_text: soft(words) })),
};
export const contentSchema = z.object(content);
export type Content = z.infer<typeof contentSchema>;

/** The kinds are told apart by their fields, so that a kind still to come keeps its name and loses nothing else. */
export const originSchema = z.object({
  sender_user: soft(userSchema),
  sender_user_name: soft(words),
  sender_chat: soft(chatSchema),
  chat: soft(chatSchema),
  author_signature: soft(words),
});
export type Origin = z.infer<typeof originSchema>;

const repliedSchema = z.object({
  ...content,
  message_id: z.int(),
  from: soft(userSchema),
  sender_chat: soft(chatSchema),
  text: soft(words),
  caption: soft(words),
  forum_topic_created: soft(z.object({})),
  reply_markup: soft(
    z.object({ inline_keyboard: soft(z.array(z.array(z.object({ callback_data: soft(z.string().max(64)) })))) }),
  ),
});
export type Replied = z.infer<typeof repliedSchema>;

const messageSchema = z.object({
  ...content,
  message_id: z.int().nonnegative(),
  message_thread_id: soft(positiveId),
  is_topic_message: soft(z.boolean()),
  date: soft(z.int().positive()),
  chat: chatSchema,
  from: userSchema.optional(),
  sender_chat: soft(chatSchema),
  author_signature: soft(words),
  is_automatic_forward: soft(z.boolean()),
  business_connection_id: soft(z.string()),
  guest_query_id: soft(z.string()),
  ephemeral_message_id: soft(z.number()),
  forward_origin: soft(originSchema),
  reply_to_message: soft(repliedSchema),
  external_reply: soft(z.object({ ...content, origin: soft(originSchema) })),
  reply_to_story: soft(z.object({ chat: soft(chatSchema) })),
  quote: soft(z.object({ text: words })),
  media_group_id: soft(z.string().max(64)),
  text: words.optional(),
  entities,
  caption: words.optional(),
  caption_entities: entities,
  migrate_to_chat_id: soft(chatId),
  migrate_from_chat_id: soft(chatId),
});
export type RawMessage = z.infer<typeof messageSchema>;

const REQUIRED = { message_id: true, chat: true } as const;
const narrowed = new Map<string, z.ZodType<RawMessage>>();
const MOST_NARROWED = 100;

/** Of the schema's sixty fields an ordinary message has six, and each takes its time, there or not: only those there are looked at. */
export function readMessage(body: unknown): RawMessage | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const there = Object.keys(body).filter((key) => Object.hasOwn(messageSchema.shape, key));
  const name = there.join();
  let schema = narrowed.get(name);
  if (!schema) {
    schema = messageSchema.pick({ ...Object.fromEntries(there.map((key) => [key, true])), ...REQUIRED });
    if (narrowed.size >= MOST_NARROWED) narrowed.clear();
    narrowed.set(name, schema);
  }
  return schema.safeParse(body).data;
}
export type RawUser = z.infer<typeof userSchema>;
export type RawChat = z.infer<typeof chatSchema>;
export type RawEntity = z.infer<typeof entitySchema>;

/** `callback_data` is 1–64 bytes; the longest of one-byte characters is 64. */
const CALLBACK_DATA_CHARS = 64;

export const pressSchema = z.object({
  id: z.string().min(1).max(64),
  from: userSchema,
  data: soft(z.string().max(CALLBACK_DATA_CHARS)),
  // An old message is "inaccessible": only its chat and number are left of it.
  message: soft(
    z.object({
      message_id: z.int().nonnegative(),
      chat: chatSchema,
      message_thread_id: soft(positiveId),
      is_topic_message: soft(z.boolean()),
    }),
  ),
});

export const membershipSchema = z.object({
  chat: chatSchema,
  from: userSchema,
  new_chat_member: z.object({
    status: z.enum(["creator", "administrator", "member", "restricted", "left", "kicked"]),
    is_member: soft(z.boolean()),
    can_send_messages: soft(z.boolean()),
  }),
});

export const draftStoppedSchema = z.object({
  chat: chatSchema,
  message_thread_id: soft(positiveId),
  draft_id: z.int().refine((value) => value !== 0),
});
