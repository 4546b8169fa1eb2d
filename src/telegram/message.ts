/**
 * What arrives from Telegram, in our own words: the one form in which an update travels from the Worker into a session
 * and is stored there. Plain data (it crosses RPC and lies in SQLite as JSON); fields are only ever added.
 */

/** Where a message stands and where its answer goes. `threadId` is set only for real topics (`is_topic_message`). */
export interface Place {
  readonly chatId: number;
  readonly chatType: "private" | "group" | "supergroup" | "channel";
  readonly threadId?: number;
  /** The chat's title, where it has one. */
  readonly title?: string;
}

/** Who wrote. `name` is what the person is called in a transcript ("Ada Lovelace"). */
export interface Sender {
  readonly id: number;
  readonly name: string;
  readonly username?: string;
  readonly language?: string;
  readonly isBot?: boolean;
}

/** A file that Telegram holds and that can be fetched by its id. */
export interface Attachment {
  readonly kind: "photo" | "document" | "voice" | "audio" | "video" | "video_note" | "animation" | "sticker";
  readonly fileId: string;
  readonly uniqueId: string;
  readonly bytes?: number;
  readonly mime?: string;
  readonly name?: string;
  readonly seconds?: number;
  readonly emoji?: string;
}

/** A command as written: `/name@bot words`. `name` is lower case, without slash and bot. */
export interface Command {
  readonly name: string;
  readonly words: string;
  /** The bot it was addressed to, lower case, where one was named. */
  readonly bot?: string;
}

/** Somebody named in a text: by username (lower case, without @), or by id where the person has none. */
export interface Mention {
  readonly username?: string;
  readonly userId?: number;
}

/** One message as a session keeps it. */
export interface Message {
  readonly messageId: number;
  /** Epoch milliseconds at which the person wrote it (Telegram's `date`). */
  readonly writtenAt: number;
  /** Text or caption, as Markdown where entities carried formatting or links. */
  readonly text: string;
  /** UTF-16 length of the text as it was sent: 4096 or close to it means that the client may have split it. */
  readonly textChars: number;
  readonly command?: Command;
  /** The message this one replies to, with the words quoted from it where the person marked some. */
  readonly reply?: Reply;
  readonly forwardedFrom?: string;
  readonly albumId?: string;
  readonly attachments: readonly Attachment[];
  /** What else the message carries, a line each, in words a model can read (location, contact, poll, dice). */
  readonly notes: readonly string[];
  /** Who is named in it; what a forwarded message names does not count. */
  readonly mentions?: readonly Mention[];
}

/** The message that is replied to. One from another chat has messageId 0: it cannot be answered or looked up here. */
export interface Reply {
  readonly messageId: number;
  /** What its author is called. */
  readonly from: string;
  /** Its author's id, where it is known. */
  readonly fromId?: number;
  /** At most 2,000 characters of it; a file is named in brackets. */
  readonly text: string;
  /** The words the person marked in it. */
  readonly quote?: string;
  /** The data of its first button: a question of the bot carries its own name there. */
  readonly button?: string;
}

/** One update, parsed. `update` is Telegram's update_id. */
export type Inbound =
  | {
      readonly kind: "message";
      readonly update: number;
      readonly place: Place;
      readonly from: Sender;
      readonly message: Message;
    }
  | {
      readonly kind: "edit";
      readonly update: number;
      readonly place: Place;
      readonly from: Sender;
      readonly message: Message;
    }
  | {
      readonly kind: "press";
      readonly update: number;
      readonly place: Place;
      readonly from: Sender;
      readonly queryId: string;
      readonly data: string;
      /** The message under which the button stands. */
      readonly messageId: number;
    }
  | {
      readonly kind: "draft_stopped";
      readonly update: number;
      readonly place: Place;
      readonly from: Sender;
      readonly draftId: number;
    }
  /** The bot may (true) or may no longer (false) write here: blocked, kicked, back again. */
  | {
      readonly kind: "membership";
      readonly update: number;
      readonly place: Place;
      readonly from: Sender;
      readonly member: boolean;
    }
  /** The group became a supergroup with another id. */
  | { readonly kind: "migrated"; readonly update: number; readonly place: Place; readonly toChatId: number };
