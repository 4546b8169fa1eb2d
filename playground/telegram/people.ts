import { type Chat, type Media, type StoredMessage, type User, words } from "./chats.ts";
import { detect, type Entity } from "./entities.ts";
import { type CallbackQuery, type Office, shown } from "./office.ts";
import type { PendingUpdate } from "./updates.ts";

export interface WriteOptions {
  /** Who writes; the chat's first person unless told. */
  readonly from?: User;
  readonly threadId?: number;
  readonly replyTo?: number;
  readonly quote?: string;
  readonly entities?: readonly Entity[];
  readonly albumId?: string;
  /** Further fields of the message: `forward_origin`, `location`, `contact` … */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface Attached {
  readonly kind: Media["kind"];
  readonly bytes: Uint8Array;
  readonly name?: string;
  readonly mime?: string;
  readonly seconds?: number;
  readonly caption?: string;
}

export interface Sent {
  readonly messageId: number;
  readonly updateId: number;
  readonly message: StoredMessage;
  readonly update: PendingUpdate;
}

/** The longest text one message takes; a client cuts longer ones itself. */
const MESSAGE_LIMIT_CHARS = 4096;

/** What people do in the chats: each act changes the chat and becomes an update for the bot. */
export class People {
  readonly #office: Office;
  #albums = 0;
  #queries = 0;

  constructor(office: Office) {
    this.#office = office;
  }

  write(chatId: number, text: string, options: WriteOptions = {}): Sent {
    if (text.length > MESSAGE_LIMIT_CHARS) throw new Error(`a message has at most ${MESSAGE_LIMIT_CHARS} characters`);
    return this.#send(chatId, detect({ text, entities: options.entities ?? [] }), options);
  }

  /** As a client does with a long text: as many messages as it takes, at once. */
  writeLong(chatId: number, text: string, options: WriteOptions = {}): Sent[] {
    const parts = [];
    for (let at = 0; at < text.length; at += MESSAGE_LIMIT_CHARS) parts.push(text.slice(at, at + MESSAGE_LIMIT_CHARS));
    return parts.map((part) => this.write(chatId, part, options));
  }

  attach(chatId: number, file: Attached, options: WriteOptions = {}): Sent {
    const mime = file.mime ?? DEFAULT_MIME[file.kind];
    const stored = this.#office.files.add(file.kind, file.bytes, mime, file.name ?? "");
    const media: Media = {
      kind: file.kind,
      fileId: stored.fileId,
      mime,
      ...(file.name ? { name: file.name } : {}),
      ...(file.seconds === undefined ? {} : { seconds: file.seconds }),
    };
    return this.#send(chatId, detect({ text: file.caption ?? "", entities: options.entities ?? [] }), options, media);
  }

  /** An album: one update per item, of one `media_group_id`. */
  album(chatId: number, files: readonly Attached[], options: WriteOptions = {}): Sent[] {
    this.#albums += 1;
    const albumId = `13${this.#office.now()}${this.#albums}`;
    return files.map((file) => this.attach(chatId, file, { ...options, albumId }));
  }

  edit(chatId: number, messageId: number, text: string): Sent {
    const chat = this.#office.chats.get(chatId);
    const message = this.#message(chat, messageId);
    message.history.push({ at: this.#office.now(), text: words(message) });
    Object.assign(message, detect({ text, entities: [] }));
    message.editDate = Math.floor(this.#office.now() / 1000);
    this.#office.changed({ kind: "edit", chat, message });
    return this.#sent(message, this.#office.updates.add("edited_message", shown(message, this.#office), `m${chatId}`));
  }

  /** Presses a button: by the words on it, or by its callback data. */
  press(
    chatId: number,
    messageId: number,
    button: string,
    from?: User,
  ): { query: CallbackQuery; update: PendingUpdate } {
    const chat = this.#office.chats.get(chatId);
    const message = this.#message(chat, messageId);
    const buttons = (message.keyboard ?? []).flat();
    const found = buttons.find((one) => one.callback_data === button) ?? buttons.find((one) => one.text === button);
    const data = found?.callback_data;
    if (data === undefined) {
      throw new Error(`message ${messageId} has no button "${button}"; it has ${JSON.stringify(buttons)}`);
    }
    return this.pressData(chatId, messageId, data, from);
  }

  /** As `press`, for a button that may be gone from the message by now: people see old keyboards, too. */
  pressData(
    chatId: number,
    messageId: number,
    data: string,
    from?: User,
  ): { query: CallbackQuery; update: PendingUpdate } {
    const chat = this.#office.chats.get(chatId);
    const person = from ?? this.#person(chat);
    this.#queries += 1;
    const query: CallbackQuery = {
      id: `${person.id}${this.#office.now()}${this.#queries}`,
      at: this.#office.now(),
      answered: undefined,
    };
    this.#office.queries.set(query.id, query);
    const update = this.#office.updates.add(
      "callback_query",
      {
        id: query.id,
        from: person,
        message: shown(this.#message(chat, messageId), this.#office),
        chat_instance: String(chatId),
        data,
      },
      `q${person.id}`,
    );
    return { query, update };
  }

  /** Presses the stop button of the draft that is on screen. */
  stopDraft(chatId: number, threadId?: number): PendingUpdate {
    const chat = this.#office.chats.get(chatId);
    const key = String(threadId ?? 0);
    const draft = chat.drafts.get(key);
    if (!draft?.canStop) throw new Error(`there is no draft with a stop button in chat ${chatId}`);
    if (!draft.keepOnStop) chat.drafts.delete(key);
    this.#office.changed({ kind: "draft", chat });
    const thread = threadId === undefined ? {} : { message_thread_id: threadId };
    const body = { chat: chat.toApi(), ...thread, draft_id: draft.draftId };
    return this.#office.updates.add("stopped_message_generation", body, `m${chatId}`);
  }

  /** Blocks the bot (or throws it out of the group). Unblock with `readmit`. */
  ban(chatId: number): PendingUpdate {
    const chat = this.#office.chats.get(chatId);
    const kind = chat.type === "group" ? "group" : "supergroup";
    chat.forbidden = chat.type === "private" ? "bot was blocked by the user" : `bot was kicked from the ${kind} chat`;
    return this.#membership(chat, "member", "kicked");
  }

  readmit(chatId: number): PendingUpdate {
    const chat = this.#office.chats.get(chatId);
    chat.forbidden = undefined;
    return this.#membership(chat, "kicked", "member");
  }

  /** The group becomes a supergroup with another id; its people go with it. */
  migrate(chatId: number, toChatId: number): Chat {
    const { chats } = this.#office;
    const old = chats.get(chatId);
    const next = chats.add({ id: toChatId, type: "supergroup", title: old.title, people: old.people });
    const person = this.#person(old);
    const away = chats.post(old, person, { service: { migrate_to_chat_id: toChatId } });
    const here = chats.post(next, person, { service: { migrate_from_chat_id: chatId } });
    this.#office.updates.add("message", shown(away, this.#office), `m${chatId}`);
    this.#office.updates.add("message", shown(here, this.#office), `m${toChatId}`);
    old.migratedTo = toChatId;
    this.#office.changed({ kind: "chat", chat: next });
    return next;
  }

  #membership(chat: Chat, before: string, after: string): PendingUpdate {
    const { bot } = this.#office.chats;
    this.#office.changed({ kind: "chat", chat });
    const member = (status: string): Record<string, unknown> => ({
      user: bot,
      status,
      ...(status === "kicked" ? { until_date: 0 } : {}),
    });
    return this.#office.updates.add(
      "my_chat_member",
      {
        chat: chat.toApi(),
        from: this.#person(chat),
        date: Math.floor(this.#office.now() / 1000),
        old_chat_member: member(before),
        new_chat_member: member(after),
      },
      `m${chat.id}`,
    );
  }

  #send(chatId: number, content: Pick<StoredMessage, "text" | "entities">, options: WriteOptions, media?: Media): Sent {
    const chat = this.#office.chats.get(chatId);
    if (options.threadId !== undefined && !chat.topics.has(options.threadId)) {
      throw new Error(`there is no topic ${options.threadId} in chat ${chatId}`);
    }
    const message = this.#office.chats.post(chat, options.from ?? this.#person(chat), {
      ...content,
      ...(media ? { media } : {}),
      ...(options.threadId === undefined ? {} : { threadId: options.threadId }),
      ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
      ...(options.quote === undefined ? {} : { quote: options.quote }),
      ...(options.albumId === undefined ? {} : { albumId: options.albumId }),
      ...(options.extra === undefined ? {} : { service: options.extra }),
    });
    this.#office.changed({ kind: "message", chat, message });
    return this.#sent(message, this.#office.updates.add("message", shown(message, this.#office), `m${chatId}`));
  }

  #sent(message: StoredMessage, update: PendingUpdate): Sent {
    return { messageId: message.id, updateId: update.update.update_id, message, update };
  }

  #message(chat: Chat, messageId: number): StoredMessage {
    const message = chat.messages.get(messageId);
    if (!message) throw new Error(`there is no message ${messageId} in chat ${chat.id}`);
    return message;
  }

  #person(chat: Chat): User {
    const [person] = chat.people;
    if (!person) throw new Error(`nobody is in chat ${chat.id}`);
    return person;
  }
}

const DEFAULT_MIME: Readonly<Record<Media["kind"], string>> = {
  photo: "image/jpeg",
  document: "application/octet-stream",
  voice: "audio/ogg",
  audio: "audio/mpeg",
  video: "video/mp4",
  animation: "video/mp4",
};
