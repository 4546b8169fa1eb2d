import { type BuiltinCommand, COMMANDS, menuName, shownDescription } from "../core/commands.ts";
import { ALLOWED_UPDATES } from "./inbound.ts";

/** What Telegram is told about this bot: where updates go, which kinds, and the command menu. Data; somebody else calls. */

export interface ApiRequest {
  readonly method: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** A refusal is no failure of the whole: an owner who never wrote to the bot has no chat to set a menu for. */
  readonly mayFail?: true;
}

export interface MenuRequest extends ApiRequest {
  readonly method: "setMyCommands";
  readonly payload: {
    readonly commands: readonly { readonly command: string; readonly description: string }[];
    readonly scope: Readonly<Record<string, string | number>>;
    readonly language_code?: string;
  };
}

export interface MenuOptions {
  /** `words` of src/words fits. Undefined language: the default, English. */
  readonly words: (language: string | undefined, key: BuiltinCommand["help"]) => string;
  /** Two-letter codes besides the default, which is sent without a code. */
  readonly languages: readonly string[];
  readonly owners: readonly number[];
  readonly skills: readonly { readonly name: string; readonly description: string }[];
}

const MAX_COMMANDS = 100;
const MAX_NAME_CHARS = 32;
const MAX_DESCRIPTION_CHARS = 256;
/** With 7 languages this makes 1 + 1 + 14 + 4 × 7 = 44 calls, below the 50 subrequests of Workers' free plan. */
export const MAX_OWNER_MENUS = 4;

/** The narrowest scope wins with Telegram, so an owner's own chat repeats what all private chats have. */
export function commandMenus(options: MenuOptions): MenuRequest[] {
  const languages = [undefined, ...options.languages];
  const each = (scope: MenuRequest["payload"]["scope"], isShown: (command: BuiltinCommand) => boolean) =>
    languages.map((language) => menu(options, scope, isShown, language));

  const isPrivate = (command: BuiltinCommand) => command.who === "anyone" && command.menu !== "hidden";
  const isGroup = (command: BuiltinCommand) => command.who === "anyone" && command.menu === "everywhere";
  const isOwners = (command: BuiltinCommand) => command.menu !== "hidden";
  return [
    menu(options, { type: "default" }, isGroup, undefined),
    ...each({ type: "all_private_chats" }, isPrivate),
    ...each({ type: "all_group_chats" }, isGroup),
    ...options.owners
      .slice(0, MAX_OWNER_MENUS)
      .flatMap((owner) => each({ type: "chat", chat_id: owner }, isOwners))
      .map((request) => ({ ...request, mayFail: true as const })),
  ];
}

function menu(
  options: MenuOptions,
  scope: MenuRequest["payload"]["scope"],
  isShown: (command: BuiltinCommand) => boolean,
  language: string | undefined,
): MenuRequest {
  const commands = new Map<string, string>();
  for (const command of COMMANDS) {
    if (!isShown(command)) continue;
    commands.set(command.name, options.words(language, command.help) || command.name);
  }
  const taken = new Set<string>(COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]));
  for (const skill of options.skills) {
    const name = menuName(skill.name);
    if (/^[a-z0-9_]+$/.test(name) && name.length <= MAX_NAME_CHARS && !taken.has(name))
      commands.set(name, shownDescription(skill.description) || name);
  }
  return {
    method: "setMyCommands",
    payload: {
      commands: [...commands]
        .slice(0, MAX_COMMANDS)
        .map(([command, words]) => ({ command, description: description(words) })),
      scope,
      ...(language === undefined ? {} : { language_code: language }),
    },
  };
}

function description(words: string): string {
  const line = words.replace(/\s+/g, " ").trim();
  if (line.length <= MAX_DESCRIPTION_CHARS) return line;
  return `${line
    .slice(0, MAX_DESCRIPTION_CHARS - 1)
    .toWellFormed()
    .replace(/\uFFFD$/, "")}…`;
}

/**
 * Everything that makes Telegram send its updates to `{url}/telegram/webhook` and show the menu, in order. What is
 * pending stays pending: nothing a person wrote while the bot was away is dropped.
 */
export function registerWebhook(url: string, secret: string, options: MenuOptions): ApiRequest[] {
  return [
    {
      method: "setWebhook",
      payload: {
        url: `${url.replace(/\/+$/, "")}/telegram/webhook`,
        secret_token: secret,
        allowed_updates: ALLOWED_UPDATES,
        max_connections: MAX_CONNECTIONS,
        drop_pending_updates: false,
      },
    },
    ...commandMenus(options),
  ];
}

/** Telegram's most. Updates of one chat come one by one anyway; more connections serve more chats at once. */
const MAX_CONNECTIONS = 100;
