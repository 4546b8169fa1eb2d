import { escapeHtml, renderFormatted, renderRich } from "./render-html.ts";
import type { Chat, Draft, StoredMessage } from "./telegram/chats.ts";
import { GENERAL_TOPIC } from "./telegram/chats.ts";
import type { TelegramStandIn } from "./telegram.ts";

/** What the page shows, as JSON; `html` fields are safe to insert. */
export interface ChatView {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly people: readonly { readonly id: number; readonly name: string }[];
  readonly topics: readonly { readonly id: number | null; readonly name: string; readonly closed: boolean }[];
  readonly forbidden: string | null;
  readonly messages: readonly MessageView[];
  readonly drafts: readonly DraftView[];
  readonly typing: readonly { readonly threadId: number | null; readonly action: string; readonly until: number }[];
}

export interface MessageView {
  readonly id: number;
  readonly chatId: number;
  readonly threadId: number | null;
  readonly fromId: number;
  readonly name: string;
  readonly bot: boolean;
  readonly date: number;
  readonly edits: number;
  readonly html: string;
  /** For the editor, and for the list of chats. */
  readonly text: string;
  readonly keyboard: readonly (readonly {
    readonly text: string;
    readonly data: string | null;
    readonly url: string | null;
  }[])[];
  readonly reply: { readonly id: number; readonly name: string; readonly text: string } | null;
  readonly media: { readonly kind: string; readonly name: string; readonly url: string } | null;
  readonly service: string | null;
  readonly deleted: boolean;
  readonly pinned: boolean;
  readonly reactions: readonly string[];
}

export interface DraftView {
  readonly draftId: number;
  readonly threadId: number | null;
  readonly html: string;
  readonly canStop: boolean;
  readonly until: number;
}

export function viewChat(chat: Chat, telegram: TelegramStandIn): ChatView {
  const general = chat.isForum ? [{ id: null, name: "General", closed: false }] : [];
  const topics = [...chat.topics.values()].filter(({ id }) => id !== GENERAL_TOPIC);
  return {
    id: chat.id,
    title: chat.title,
    type: chat.type,
    people: chat.people.map(({ id, first_name }) => ({ id, name: first_name })),
    topics: [...general, ...topics],
    forbidden: chat.forbidden ?? null,
    messages: chat.visible().map((message) => viewMessage(message, telegram)),
    drafts: viewDrafts(chat),
    typing: viewTyping(chat),
  };
}

export function viewMessage(message: StoredMessage, telegram: TelegramStandIn): MessageView {
  const chat = telegram.chat(message.chatId);
  const reply = message.replyTo === undefined ? undefined : chat.messages.get(message.replyTo);
  const { media } = message;
  return {
    id: message.id,
    chatId: message.chatId,
    threadId: message.threadId ?? null,
    fromId: message.from.id,
    name: message.from.first_name,
    bot: message.from.is_bot,
    date: message.date,
    edits: message.history.length,
    html: message.rich ? renderRich(message.rich) : renderFormatted(message),
    text: message.rich ? message.rich.plain : message.text,
    keyboard: (message.keyboard ?? []).map((row) =>
      row.map(({ text, callback_data, url }) => ({ text, data: callback_data ?? null, url: url ?? null })),
    ),
    reply: reply
      ? {
          id: reply.id,
          name: reply.from.first_name,
          text: (message.quote ?? wordsOf(reply)).slice(0, 140),
        }
      : null,
    media: media
      ? { kind: media.kind, name: media.name ?? media.kind, url: `/file/${encodeURIComponent(media.fileId)}` }
      : null,
    service: message.service ? viewService(message.service) : null,
    deleted: message.deleted,
    pinned: message.pinned,
    reactions: message.reactions,
  };
}

/** Of a file without words its name, as Telegram shows it. */
function wordsOf({ rich, text, media }: StoredMessage): string {
  return (rich?.plain ?? text) || (media?.name ?? media?.kind ?? "");
}

export function viewDrafts(chat: Chat): DraftView[] {
  return [...chat.drafts.values()].map((draft) => ({
    draftId: draft.draftId,
    threadId: draft.threadId ?? null,
    html: draftHtml(draft),
    canStop: draft.canStop,
    until: draft.until,
  }));
}

function draftHtml(draft: Draft): string {
  if (draft.rich) return renderRich(draft.rich);
  return draft.text === "" ? "<em>Thinking…</em>" : renderFormatted(draft);
}

export function viewTyping(chat: Chat): ChatView["typing"] {
  return [...chat.typing.values()].map(({ action, threadId, until }) => ({
    action,
    threadId: threadId ?? null,
    until,
  }));
}

function viewService(service: Readonly<Record<string, unknown>>): string {
  const [name = "something"] = Object.keys(service);
  return escapeHtml(name.replaceAll("_", " "));
}
