import type { Args } from "./args.ts";
import { isRecord } from "./args.ts";
import { type Method, type Office, shown } from "./office.ts";
import { badRequest } from "./refusal.ts";

const getMe: Method = (_args, office) => ({
  ...office.chats.bot,
  can_join_groups: true,
  can_read_all_group_messages: true,
  supports_inline_queries: false,
  can_connect_to_business: false,
  has_main_web_app: false,
  has_topics_enabled: false,
  allows_users_to_create_topics: false,
  can_manage_bots: false,
  supports_join_request_queries: false,
});

const getChat: Method = (args, office) => {
  const chat = office.chats.addressed(args.text("chat_id"));
  return { ...chat.toApi(), accent_color_id: 0, max_reaction_count: 11 };
};

const getChatMember: Method = (args, office) => {
  const chat = office.chats.addressed(args.text("chat_id"));
  const id = args.number("user_id");
  if (id === office.chats.bot.id) return { status: "member", user: office.chats.bot };
  const index = chat.people.findIndex((person) => person.id === id);
  if (index < 0) throw badRequest("PARTICIPANT_ID_INVALID");
  return { status: index === 0 && chat.type !== "private" ? "creator" : "member", user: chat.people[index] };
};

const getChatAdministrators: Method = (args, office) => {
  const chat = office.chats.addressed(args.text("chat_id"));
  if (chat.type === "private") throw badRequest("there are no administrators in the private chat");
  return [{ status: "creator", user: chat.people[0], is_anonymous: false }];
};

const getFile: Method = (args, office) => office.files.getFile(args.text("file_id"));

const createForumTopic: Method = (args, office) => {
  const chat = office.chats.addressed(args.text("chat_id"));
  if (!chat.isForum) throw badRequest("the chat is not a forum");
  const name = args.text("name") ?? "";
  if (name === "" || name.length > 128) throw badRequest("TOPIC_TITLE_EMPTY");
  const service = { forum_topic_created: { name, icon_color: 7322096 } };
  const message = office.chats.post(chat, office.chats.bot, { service });
  chat.topics.set(message.id, { id: message.id, name, closed: false });
  office.changed({ kind: "topic", chat });
  return { message_thread_id: message.id, name, icon_color: 7322096 };
};

function changeTopic(change: "close" | "reopen" | "delete" | "edit"): Method {
  return (args, office) => {
    const chat = office.chats.addressed(args.text("chat_id"));
    const topic = chat.topics.get(args.number("message_thread_id") ?? 0);
    if (!topic) throw badRequest("message thread not found");
    if (change === "delete") chat.topics.delete(topic.id);
    else if (change === "edit") topic.name = args.text("name") ?? topic.name;
    else topic.closed = change === "close";
    office.changed({ kind: "topic", chat });
    return true;
  };
}

const COMMANDS_LIMIT = 100;
const SCOPES =
  /^(default|all_private_chats|all_group_chats|all_chat_administrators|chat|chat_administrators|chat_member)$/;

const setMyCommands: Method = (args, office) => {
  const commands = args.list("commands") ?? [];
  if (commands.length > COMMANDS_LIMIT) throw badRequest("BOT_COMMANDS_TOO_MUCH");
  for (const command of commands) {
    if (!isRecord(command) || !/^[a-z0-9_]{1,32}$/.test(String(command.command)))
      throw badRequest("BOT_COMMAND_INVALID");
    const description = typeof command.description === "string" ? command.description : "";
    if (description.length < 1 || description.length > 256) throw badRequest("BOT_COMMAND_DESCRIPTION_INVALID");
  }
  office.settings.commands.set(scopeKey(args), commands);
  return true;
};

function scopeKey(args: Args): string {
  const scope = args.object("scope") ?? { type: "default" };
  if (!SCOPES.test(String(scope.type))) throw badRequest("can't parse BotCommandScope: Unsupported type specified");
  return [scope.type, scope.chat_id, scope.user_id, args.text("language_code") ?? ""].join(":");
}

const setWebhook: Method = (args, office) => {
  const url = args.text("url") ?? "";
  const secret = args.text("secret_token");
  if (secret !== undefined && !/^[\w-]{1,256}$/.test(secret)) {
    throw badRequest("secret token contains unallowed characters");
  }
  const connections = args.number("max_connections");
  if (connections !== undefined && (connections < 1 || connections > 100)) {
    throw badRequest("max_connections must be between 1 and 100");
  }
  const allowed = args.list("allowed_updates")?.map(String);
  // Telegram wants https; the stand-in takes http on this machine, where there are no certificates.
  if (url !== "" && !/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/])/.test(url)) {
    throw badRequest("bad webhook: An HTTPS URL must be provided for webhook");
  }
  if (args.flag("drop_pending_updates")) office.updates.drop();
  office.updates.setWebhook(url === "" ? undefined : { url, ...(secret ? { secret } : {}) }, allowed);
  return true;
};

const deleteWebhook: Method = (args, office) => {
  if (args.flag("drop_pending_updates")) office.updates.drop();
  office.updates.setWebhook(undefined);
  return true;
};

const getWebhookInfo: Method = (_args, office) => office.updates.info();

const getUpdates: Method = (args, office) =>
  office.updates.take({
    offset: args.number("offset"),
    limit: args.number("limit"),
    timeoutSeconds: args.number("timeout"),
    allowed: args.list("allowed_updates")?.map(String),
  });

function setting(write: (args: Args, office: Office) => void): Method {
  return (args, office) => {
    write(args, office);
    return true;
  };
}

const copyMessage: Method = (args, office) => {
  const chat = office.chats.addressed(args.text("chat_id"));
  const source = office.chats.addressed(args.text("from_chat_id")).messages.get(args.number("message_id") ?? 0);
  if (!source || source.deleted) throw badRequest("message to copy not found");
  const { text, entities, rich, media } = source;
  const content = { text, entities, ...(rich ? { rich } : {}), ...(media ? { media } : {}) };
  const message = office.chats.post(chat, office.chats.bot, content);
  office.changed({ kind: "message", chat, message });
  return { message_id: shown(message, office).message_id };
};

const leaveChat: Method = (args, office) => {
  const chat = office.chats.addressed(args.text("chat_id"));
  chat.forbidden = `bot is not a member of the ${chat.type === "group" ? "group" : "supergroup"} chat`;
  office.changed({ kind: "chat", chat });
  return true;
};

export const BOT_METHODS: Readonly<Record<string, Method>> = {
  getMe,
  getChat,
  getChatMember,
  getChatAdministrators,
  getFile,
  createForumTopic,
  editForumTopic: changeTopic("edit"),
  closeForumTopic: changeTopic("close"),
  reopenForumTopic: changeTopic("reopen"),
  deleteForumTopic: changeTopic("delete"),
  setMyCommands,
  getMyCommands: (args, office) => office.settings.commands.get(scopeKey(args)) ?? [],
  deleteMyCommands: setting((args, office) => void office.settings.commands.delete(scopeKey(args))),
  setMyName: setting((args, office) => {
    office.settings.name = args.text("name") ?? "";
  }),
  setMyDescription: setting((args, office) => {
    office.settings.description = args.text("description") ?? "";
  }),
  setMyShortDescription: setting((args, office) => {
    office.settings.shortDescription = args.text("short_description") ?? "";
  }),
  setChatMenuButton: setting((args, office) => {
    office.settings.menuButton = args.object("menu_button");
  }),
  setWebhook,
  deleteWebhook,
  getWebhookInfo,
  getUpdates,
  copyMessage,
  leaveChat,
  logOut: () => true,
  close: () => true,
};
