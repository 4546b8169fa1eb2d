import type { Args } from "./args.ts";
import type { Chat, Media, StoredMessage } from "./chats.ts";
import {
  CAPTION_LIMIT_CHARS,
  readFormatted,
  readKeyboard,
  requireCaption,
  requireText,
  TEXT_LIMIT_CHARS,
} from "./markup.ts";
import { type Method, type Office, shown } from "./office.ts";
import { badRequest } from "./refusal.ts";
import { readRich } from "./rich.ts";

const sendMessage: Method = (args, office) => {
  const place = readPlace(args, office);
  const { text, entities } = requireText(
    readFormatted(args.text("text") ?? "", args.text("parse_mode"), args.list("entities")),
  );
  return post(place, { text, entities }, office);
};

const sendRichMessage: Method = (args, office) => {
  const place = readPlace(args, office);
  return post(place, { rich: readRich(args.object("rich_message")) }, office);
};

function sendFile(kind: Media["kind"]): Method {
  return (args, office) => {
    const place = readPlace(args, office);
    const upload = args.upload(kind);
    const named = args.text(kind);
    if (!upload && !named) throw badRequest(`there is no ${kind} in the request`);
    if (upload && upload.bytes.length === 0) throw badRequest("file must be non-empty");
    if (upload && upload.bytes.length > (kind === "photo" ? PHOTO_LIMIT_BYTES : UPLOAD_LIMIT_BYTES)) {
      throw badRequest("file is too big");
    }
    const stored = upload
      ? office.files.add(kind, upload.bytes, upload.mime, upload.name)
      : office.files.get(named ?? "");
    if (!stored) throw badRequest("wrong file identifier/HTTP URL specified");
    const caption = requireCaption(
      readFormatted(args.text("caption") ?? "", args.text("parse_mode"), args.list("caption_entities")),
    );
    const media = { kind, fileId: stored.fileId, mime: stored.mime, ...(upload ? { name: upload.name } : {}) };
    return post(place, { ...caption, media }, office);
  };
}

const PHOTO_LIMIT_BYTES = 10 * 1024 * 1024;
const UPLOAD_LIMIT_BYTES = 50 * 1024 * 1024;

const sendMessageDraft: Method = (args, office) => {
  const { text, entities } = readFormatted(args.text("text") ?? "", args.text("parse_mode"), args.list("entities"));
  if (text.length > TEXT_LIMIT_CHARS) throw badRequest("message is too long");
  return draft(args, office, { text, entities });
};

const sendRichMessageDraft: Method = (args, office) =>
  draft(args, office, { text: "", entities: [], rich: readRich(args.object("rich_message")) });

/** A draft is a preview of about half a minute. */
const DRAFT_LIFE_MS = 30_000;

function draft(args: Args, office: Office, content: Pick<StoredMessage, "text" | "entities" | "rich">): true {
  const chat = office.chats.addressed(args.number("chat_id"));
  if (chat.type !== "private") throw badRequest("message drafts can be sent only to private chats");
  const draftId = args.number("draft_id");
  if (draftId === undefined || draftId === 0 || !Number.isInteger(draftId)) {
    throw badRequest("invalid draft_id specified");
  }
  const threadId = chat.thread(args.number("message_thread_id"));
  const key = String(threadId ?? 0);
  const before = chat.drafts.get(key);
  chat.drafts.set(key, {
    draftId,
    ...(threadId === undefined ? {} : { threadId }),
    ...content,
    canStop: args.flag("can_stop"),
    keepOnStop: args.flag("keep_on_stop"),
    until: office.now() + DRAFT_LIFE_MS,
    versions: before?.draftId === draftId ? before.versions + 1 : 1,
  });
  office.changed({ kind: "draft", chat });
  return true;
}

const ACTIONS =
  /^(typing|upload_(photo|video|voice|document|video_note)|record_(video|voice|video_note)|choose_sticker|find_location)$/;
/** A chat action is shown for five seconds at the most. */
const ACTION_LIFE_MS = 5000;

const sendChatAction: Method = (args, office) => {
  const chat = office.chats.addressed(args.text("chat_id"));
  const threadId = chat.thread(args.number("message_thread_id"));
  const action = args.text("action") ?? "";
  if (!ACTIONS.test(action)) throw badRequest("wrong parameter action in request");
  chat.typing.set(String(threadId ?? 0), {
    action,
    ...(threadId === undefined ? {} : { threadId }),
    until: office.now() + ACTION_LIFE_MS,
  });
  office.changed({ kind: "typing", chat });
  return true;
};

export const SEND_METHODS: Readonly<Record<string, Method>> = {
  sendMessage,
  sendRichMessage,
  sendPhoto: sendFile("photo"),
  sendDocument: sendFile("document"),
  sendVoice: sendFile("voice"),
  sendAudio: sendFile("audio"),
  sendVideo: sendFile("video"),
  sendAnimation: sendFile("animation"),
  sendMessageDraft,
  sendRichMessageDraft,
  sendChatAction,
};

interface SendPlace {
  readonly chat: Chat;
  readonly rest: Partial<StoredMessage>;
}

/** Where a message goes and what comes with it: topic, reply, quote, keyboard. */
function readPlace(args: Args, office: Office): SendPlace {
  const chat = office.chats.addressed(args.text("chat_id"));
  const threadId = chat.thread(args.number("message_thread_id"));
  const keyboard = readKeyboard(args.object("reply_markup"));
  const reply = args.object("reply_parameters");
  const replyTo = reply === undefined ? args.number("reply_to_message_id") : Number(reply.message_id);
  const target = replyTo === undefined ? undefined : chat.messages.get(replyTo);
  if (replyTo !== undefined && (!target || target.deleted)) {
    if (reply?.allow_sending_without_reply !== true && !args.flag("allow_sending_without_reply")) {
      throw badRequest("message to be replied not found");
    }
  }
  const quote = typeof reply?.quote === "string" ? reply.quote : undefined;
  if (quote !== undefined && target) {
    if (quote.length > CAPTION_LIMIT_CHARS) throw badRequest("QUOTE_TEXT_INVALID");
    if (!(target.rich?.plain ?? target.text).includes(quote)) throw badRequest("QUOTE_TEXT_INVALID");
  }
  return {
    chat,
    rest: {
      ...(threadId === undefined ? {} : { threadId }),
      ...(keyboard ? { keyboard } : {}),
      ...(target && !target.deleted ? { replyTo: target.id } : {}),
      ...(quote === undefined || !target ? {} : { quote }),
    },
  };
}

function post({ chat, rest }: SendPlace, content: Partial<StoredMessage>, office: Office): Record<string, unknown> {
  // Counted here, after every check: a refused message costs no pace.
  office.pace.spend(chat);
  const message = office.chats.post(chat, office.chats.bot, { ...rest, ...content });
  office.changed({ kind: "message", chat, message });
  return shown(message, office);
}
