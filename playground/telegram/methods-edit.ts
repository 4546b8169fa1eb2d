import type { Args } from "./args.ts";
import { type Chat, type StoredMessage, words } from "./chats.ts";
import { type Keyboard, readFormatted, readKeyboard, requireCaption, requireText } from "./markup.ts";
import { type Method, type Office, shown } from "./office.ts";
import { badRequest } from "./refusal.ts";
import { readRich } from "./rich.ts";

const editMessageText: Method = (args, office) => {
  const { chat, message } = ownMessage(args, office);
  const richValue = args.object("rich_message");
  const keyboard = readKeyboard(args.object("reply_markup"));
  if (richValue) {
    return change(chat, message, { text: "", entities: [], rich: readRich(richValue) }, keyboard, office);
  }
  const { text, entities } = requireText(
    readFormatted(args.text("text") ?? "", args.text("parse_mode"), args.list("entities")),
  );
  if (message.media) throw badRequest("there is no text in the message to edit");
  return change(chat, message, { text, entities }, keyboard, office);
};

const editMessageCaption: Method = (args, office) => {
  const { chat, message } = ownMessage(args, office);
  if (!message.media) throw badRequest("there is no caption in the message to edit");
  const caption = requireCaption(
    readFormatted(args.text("caption") ?? "", args.text("parse_mode"), args.list("caption_entities")),
  );
  return change(chat, message, caption, readKeyboard(args.object("reply_markup")), office);
};

const editMessageReplyMarkup: Method = (args, office) => {
  const { chat, message } = ownMessage(args, office);
  const { text, entities, rich } = message;
  const same = { text, entities, ...(rich ? { rich } : {}) };
  return change(chat, message, same, readKeyboard(args.object("reply_markup")), office);
};

type Content = Pick<StoredMessage, "text" | "entities" | "rich">;

function change(
  chat: Chat,
  message: StoredMessage,
  content: Content,
  keyboard: Keyboard | undefined,
  office: Office,
): Record<string, unknown> {
  const before = JSON.stringify([message.text, message.entities, message.rich, message.keyboard ?? []]);
  const after = JSON.stringify([content.text, content.entities, content.rich, keyboard ?? []]);
  if (before === after) {
    throw badRequest(
      "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
    );
  }
  office.pace.spend(chat);
  message.history.push({ at: office.now(), text: words(message) });
  message.text = content.text;
  message.entities = content.entities;
  if (content.rich) message.rich = content.rich;
  else delete message.rich;
  // A keyboard that is not sent again is gone.
  if (keyboard) message.keyboard = keyboard;
  else delete message.keyboard;
  message.editDate = Math.floor(office.now() / 1000);
  office.changed({ kind: "edit", chat, message });
  return shown(message, office);
}

function ownMessage(args: Args, office: Office): { chat: Chat; message: StoredMessage } {
  const chat = office.chats.addressed(args.text("chat_id"));
  const message = chat.messages.get(args.number("message_id") ?? 0);
  if (!message || message.deleted) throw badRequest("message to edit not found");
  if (message.from.id !== office.chats.bot.id || message.service) throw badRequest("message can't be edited");
  return { chat, message };
}

const deleteMessage: Method = (args, office) => {
  const chat = office.chats.addressed(args.text("chat_id"));
  remove(chat, args.number("message_id") ?? 0, office);
  return true;
};

const deleteMessages: Method = (args, office) => {
  const chat = office.chats.addressed(args.text("chat_id"));
  for (const id of args.list("message_ids") ?? []) {
    if (chat.messages.has(Number(id))) remove(chat, Number(id), office);
  }
  return true;
};

/** Messages can be deleted for two days; other people's only in private chats (the stand-in's bot is nowhere an admin). */
const DELETE_WITHIN_SECONDS = 48 * 3600;

function remove(chat: Chat, id: number, office: Office): void {
  const message = chat.messages.get(id);
  if (!message || message.deleted) throw badRequest("message to delete not found");
  const foreign = message.from.id !== office.chats.bot.id && chat.type !== "private";
  if (foreign || message.date < office.now() / 1000 - DELETE_WITHIN_SECONDS) {
    throw badRequest("message can't be deleted");
  }
  message.deleted = true;
  office.changed({ kind: "delete", chat, message });
}

function pin(pinned: boolean): Method {
  return (args, office) => {
    const chat = office.chats.addressed(args.text("chat_id"));
    const message = chat.messages.get(args.number("message_id") ?? 0);
    if (!message || message.deleted) throw badRequest(`message to ${pinned ? "pin" : "unpin"} not found`);
    message.pinned = pinned;
    office.changed({ kind: "edit", chat, message });
    return true;
  };
}

/** The reactions any chat allows; bots may give one. */
const REACTIONS = new Set(
  "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 💯 🤣 ⚡ 🏆 💔 🤨 😐 🍓 🍾 😈 😴 😭 🤓 👻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷 😡".split(
    " ",
  ),
);

const setMessageReaction: Method = (args, office) => {
  const chat = office.chats.addressed(args.text("chat_id"));
  const message = chat.messages.get(args.number("message_id") ?? 0);
  if (!message || message.deleted) throw badRequest("message to react not found");
  const reactions = (args.list("reaction") ?? []).map((value) => {
    const emoji = typeof value === "object" && value !== null && "emoji" in value ? String(value.emoji) : "";
    if (!REACTIONS.has(emoji.replace(/\ufe0f/g, ""))) throw badRequest("REACTION_INVALID");
    return emoji;
  });
  if (reactions.length > 1) throw badRequest("REACTIONS_TOO_MANY");
  message.reactions = reactions;
  office.changed({ kind: "reaction", chat, message });
  return true;
};

/** How long Telegram waits for the answer to a pressed button, and how long that answer may be. */
const QUERY_LIFE_MS = 15_000;
const QUERY_TEXT_LIMIT_CHARS = 200;

const answerCallbackQuery: Method = (args, office) => {
  const query = office.queries.get(args.text("callback_query_id") ?? "");
  if (!query || query.answered || office.now() > query.at + QUERY_LIFE_MS) {
    throw badRequest("query is too old and response timeout expired or query ID is invalid");
  }
  const text = args.text("text") ?? "";
  if (text.length > QUERY_TEXT_LIMIT_CHARS) throw badRequest("MESSAGE_TOO_LONG");
  query.answered = { text, alert: args.flag("show_alert") };
  office.changed({ kind: "answer", queryId: query.id, ...query.answered });
  return true;
};

export const EDIT_METHODS: Readonly<Record<string, Method>> = {
  editMessageText,
  editMessageCaption,
  editMessageReplyMarkup,
  deleteMessage,
  deleteMessages,
  pinChatMessage: pin(true),
  unpinChatMessage: pin(false),
  setMessageReaction,
  answerCallbackQuery,
};
