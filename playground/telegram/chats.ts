import type { Entity } from "./entities.ts";
import type { Keyboard } from "./markup.ts";
import { badRequest, Refusal } from "./refusal.ts";
import type { Rich } from "./rich.ts";

/** A person or a bot, as the Bot API shows them. */
export interface User {
  readonly id: number;
  readonly is_bot: boolean;
  readonly first_name: string;
  readonly last_name?: string;
  readonly username?: string;
  readonly language_code?: string;
}

export interface Media {
  readonly kind: "photo" | "document" | "voice" | "audio" | "video" | "animation";
  readonly fileId: string;
  readonly name?: string;
  readonly mime?: string;
  readonly seconds?: number;
}

/** One message as the chat shows it now. What it showed before is in `history`, the oldest first. */
export interface StoredMessage {
  readonly id: number;
  readonly chatId: number;
  readonly threadId?: number;
  readonly from: User;
  /** Seconds, as Telegram counts. */
  readonly date: number;
  editDate?: number;
  text: string;
  entities: readonly Entity[];
  rich?: Rich;
  media?: Media;
  keyboard?: Keyboard;
  readonly replyTo?: number;
  readonly quote?: string;
  readonly albumId?: string;
  /** Said by Telegram itself: a topic was made, a message pinned. */
  readonly service?: Readonly<Record<string, unknown>>;
  deleted: boolean;
  pinned: boolean;
  reactions: readonly string[];
  readonly history: { readonly at: number; readonly text: string }[];
}

export interface Draft {
  readonly draftId: number;
  readonly threadId?: number;
  readonly text: string;
  readonly entities: readonly Entity[];
  readonly rich?: Rich;
  readonly canStop: boolean;
  readonly keepOnStop: boolean;
  /** Epoch ms at which it vanishes unless refreshed. */
  readonly until: number;
  readonly versions: number;
}

export interface Topic {
  readonly id: number;
  name: string;
  closed: boolean;
}

export interface Typing {
  readonly action: string;
  readonly threadId?: number;
  readonly until: number;
}

/** One chat and all that a person sees in it. */
export class Chat {
  readonly id: number;
  readonly type: "private" | "group" | "supergroup";
  readonly title: string;
  readonly isForum: boolean;
  readonly people: readonly User[];
  readonly topics = new Map<number, Topic>();
  readonly messages = new Map<number, StoredMessage>();
  readonly drafts = new Map<string, Draft>();
  readonly typing = new Map<string, Typing>();
  /** Why the bot may not write here ("bot was blocked by the user"); undefined: it may. */
  forbidden: string | undefined;
  migratedTo: number | undefined;

  constructor(options: ChatOptions) {
    this.id = options.id;
    this.type = options.type;
    this.title = options.title;
    this.isForum = options.isForum ?? false;
    this.people = options.people;
    for (const [id, name] of Object.entries(options.topics ?? {})) {
      this.topics.set(Number(id), { id: Number(id), name, closed: false });
    }
  }

  /** The chat as in `message.chat`. */
  toApi(): Record<string, unknown> {
    if (this.type === "private") {
      const [person] = this.people;
      return {
        id: this.id,
        type: this.type,
        first_name: person?.first_name ?? this.title,
        ...(person?.last_name ? { last_name: person.last_name } : {}),
        ...(person?.username ? { username: person.username } : {}),
      };
    }
    return { id: this.id, type: this.type, title: this.title, ...(this.isForum ? { is_forum: true } : {}) };
  }

  /** Messages that are there to be seen, the oldest first. */
  visible(threadId?: number): StoredMessage[] {
    return [...this.messages.values()].filter(
      (message) => !message.deleted && (threadId === undefined || message.threadId === threadId),
    );
  }

  /** The topic a message is sent to, checked; the General topic is named by leaving it out. */
  thread(threadId: number | undefined): number | undefined {
    if (threadId === undefined || threadId === 0) return undefined;
    const topic = this.topics.get(threadId);
    if (!topic || (this.type === "supergroup" && threadId === GENERAL_TOPIC)) {
      throw badRequest("message thread not found");
    }
    if (topic.closed) throw badRequest("TOPIC_CLOSED");
    return threadId;
  }
}

export const GENERAL_TOPIC = 1;

export interface ChatOptions {
  readonly id: number;
  readonly type: "private" | "group" | "supergroup";
  readonly title: string;
  readonly isForum?: boolean;
  readonly people: readonly User[];
  /** Topic names by thread id. */
  readonly topics?: Readonly<Record<number, string>>;
}

/** All chats. Whatever a method reads or changes is here. */
export class Chats {
  readonly bot: User;
  readonly all = new Map<number, Chat>();
  readonly #now: () => number;
  #lastMessageId: number;

  constructor(bot: User, firstMessageId: number, now: () => number) {
    this.bot = bot;
    this.#lastMessageId = firstMessageId - 1;
    this.#now = now;
  }

  add(options: ChatOptions): Chat {
    const chat = new Chat(options);
    this.all.set(chat.id, chat);
    return chat;
  }

  get(id: number): Chat {
    const chat = this.all.get(id);
    if (!chat) throw new Error(`there is no chat ${id} in the stand-in; known are ${[...this.all.keys()].join(", ")}`);
    return chat;
  }

  /** The chat a method names, if the bot may write there. */
  addressed(id: number | string | undefined): Chat {
    if (id === undefined || id === "") throw badRequest("chat_id is empty");
    const chat =
      typeof id === "string" && id.startsWith("@")
        ? [...this.all.values()].find((candidate) => candidate.people[0]?.username === id.slice(1))
        : this.all.get(Number(id));
    if (!chat) throw badRequest("chat not found");
    if (chat.migratedTo !== undefined) {
      throw badRequest("group chat was upgraded to a supergroup chat", { migrate_to_chat_id: chat.migratedTo });
    }
    if (chat.forbidden) throw new Refusal(403, `Forbidden: ${chat.forbidden}`);
    return chat;
  }

  newId(): number {
    this.#lastMessageId += 1;
    return this.#lastMessageId;
  }

  post(
    chat: Chat,
    from: User,
    content: Partial<Omit<StoredMessage, "id" | "chatId" | "from" | "date" | "history">>,
  ): StoredMessage {
    const message: StoredMessage = {
      text: "",
      entities: [],
      deleted: false,
      pinned: false,
      reactions: [],
      ...content,
      id: this.newId(),
      chatId: chat.id,
      from,
      date: Math.floor(this.#now() / 1000),
      history: [],
    };
    chat.messages.set(message.id, message);
    if (from.is_bot) {
      // A message ends the draft and the typing before it.
      chat.drafts.delete(String(message.threadId ?? 0));
      chat.typing.delete(String(message.threadId ?? 0));
    }
    return message;
  }
}

/** What a message says, whatever its form. */
export function words(message: Pick<StoredMessage, "text" | "rich">): string {
  return message.rich ? (message.rich.markdown ?? message.rich.html ?? message.rich.plain) : message.text;
}
