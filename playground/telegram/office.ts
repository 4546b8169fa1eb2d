import type { Args } from "./args.ts";
import type { Chat, Chats, StoredMessage } from "./chats.ts";
import type { Pace } from "./faults.ts";
import type { FileStore } from "./files.ts";
import { messageToApi } from "./message-api.ts";
import type { Updates } from "./updates.ts";

/** What can be seen to change; listeners look at the state themselves. */
export type Change =
  | { readonly kind: "message" | "edit" | "delete" | "reaction"; readonly chat: Chat; readonly message: StoredMessage }
  | { readonly kind: "draft" | "typing" | "topic" | "chat"; readonly chat: Chat }
  | { readonly kind: "answer"; readonly queryId: string; readonly text: string; readonly alert: boolean }
  | { readonly kind: "call"; readonly call: CallRecord }
  | { readonly kind: "update" };

/** One call of a method, from its arrival to what it was answered. */
export interface CallRecord {
  readonly n: number;
  readonly at: number;
  readonly method: string;
  readonly chatId: number | undefined;
  readonly values: Readonly<Record<string, unknown>>;
  readonly files: readonly { readonly field: string; readonly name: string; readonly bytes: Uint8Array }[];
  /** "flood", "reset after" …: what a rule did to it. */
  fault?: string;
  /** What it was, or would have been, answered. */
  outcome?:
    | { readonly ok: true; readonly result: unknown }
    | {
        readonly ok: false;
        readonly error_code: number;
        readonly description: string;
        readonly parameters?: { readonly retry_after?: number; readonly migrate_to_chat_id?: number };
      };
  endedAt?: number;
}

export interface CallbackQuery {
  readonly id: string;
  readonly at: number;
  answered: { readonly text: string; readonly alert: boolean } | undefined;
}

/** The bot's own settings, as set by its methods. */
export interface BotSettings {
  readonly commands: Map<string, readonly unknown[]>;
  description: string;
  shortDescription: string;
  name: string;
  menuButton: unknown;
}

/** Everything a method may read and change. */
export interface Office {
  readonly chats: Chats;
  readonly files: FileStore;
  readonly pace: Pace;
  readonly updates: Updates;
  readonly queries: Map<string, CallbackQuery>;
  readonly settings: BotSettings;
  readonly now: () => number;
  readonly changed: (change: Change) => void;
}

/** A method of the Bot API: arguments in, `result` out, or a thrown Refusal. */
export type Method = (args: Args, office: Office) => unknown;

export function shown(message: StoredMessage, office: Office): Record<string, unknown> {
  return messageToApi(message, office.chats, office.files);
}
