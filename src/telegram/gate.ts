import type { Settings } from "../config.ts";
import { findCommand } from "../core/commands.ts";
import type { Command, Inbound, Mention, Message } from "./message.ts";

/**
 * The gate: what is for us, and who may. Every way in (message, edit, press, draft stop, membership) passes it, and what
 * is not let in changes nothing. Default deny. In private a stranger hears once why, and how to be let in; in a group
 * the bot says nothing to strangers, because a group could make it talk without end. Pure: no settings are read here, no
 * clock; whether somebody is paired is asked before.
 */

export type GateSettings = Pick<Settings, "allowedUsers" | "owners" | "allowedBots">;

/** Who we are. `username` comes from getMe and may not be known yet. */
export interface BotIdentity {
  readonly id: number;
  readonly username?: string;
}

export type Admission =
  | {
      readonly ok: true;
      readonly owner: boolean /** Written by another bot: count it in the loop guard. */;
      readonly bot: boolean;
    }
  | {
      readonly ok: false;
      /** `update.ignored`: it was not for us. `update.refused`: it was, from somebody who may not. */
      readonly event: "update.ignored" | "update.refused";
      readonly reason: RefusalReason;
      /** Key of what the person is told; once in a while, not for every message (see AccessBook). */
      readonly tell?: "refused_stranger";
      /** A stranger sent /pair in private: ask the Directory for a code and show it to them. */
      readonly pairing?: true;
    };

export type RefusalReason =
  | "own_message"
  | "bot_not_allowed"
  | "other_bot_command"
  | "other_bot_mention"
  | "not_for_us"
  | "not_allowed";

/** The id of a bot is the number before the colon of its token; undefined where there is no usable token. */
export function botId(token: string): number | undefined {
  const [, digits] = /^(\d{1,16}):/.exec(token) ?? [];
  const id = Number(digits);
  return digits !== undefined && Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

/**
 * `paired`: whether pairing let the sender in (needed only where `needsPairing` says so). `skills`: the names of the
 * skills, since their commands are ours in a group, too. `isPiece`: it goes with a message that was for us.
 */
export function admit(
  inbound: Inbound,
  settings: GateSettings,
  bot: BotIdentity,
  paired: boolean,
  skills: readonly string[] = [],
  isPiece = false,
): Admission {
  // Telegram itself says it, not a person: a group became a supergroup.
  if (inbound.kind === "migrated") return { ok: true, owner: false, bot: false };
  const { from } = inbound;
  if (from.id === bot.id) return ignored("own_message");

  const notForUs = whyNotForUs(inbound, bot, skills, isPiece);
  if (notForUs !== undefined) return ignored(notForUs);

  if (from.isBot === true) {
    // ALLOWED_USERS=* means people: a bot gets in by name only.
    return settings.allowedBots.includes(from.id) ? { ok: true, owner: false, bot: true } : refused("bot_not_allowed");
  }
  const owner = settings.owners.includes(from.id);
  if (owner || paired || isAllowed(settings, from.id)) return { ok: true, owner, bot: false };

  // Whoever threw the bot out of a group: it is out, and must learn it. In private only the person can do that.
  const isPrivate = inbound.place.chatType === "private";
  if (inbound.kind === "membership" && !inbound.member && !isPrivate) return { ok: true, owner: false, bot: false };
  if (!isPrivate || inbound.kind !== "message") return refused("not_allowed");
  if (inbound.message.command?.name === "pair") return { ...refused("not_allowed"), pairing: true };
  return { ...refused("not_allowed"), tell: "refused_stranger" };
}

/** Whether `admit` depends on pairing for this sender; if not, the Directory need not be asked. */
export function needsPairing(inbound: Inbound, settings: GateSettings): boolean {
  if (inbound.kind === "migrated" || inbound.from.isBot === true || inbound.from.id < 0) return false;
  return !isAllowed(settings, inbound.from.id) && !settings.owners.includes(inbound.from.id);
}

function isAllowed(settings: GateSettings, userId: number): boolean {
  return settings.allowedUsers === "*" || settings.allowedUsers.includes(userId);
}

function ignored(reason: RefusalReason): Admission & { ok: false } {
  return { ok: false, event: "update.ignored", reason };
}

function refused(reason: RefusalReason): Admission & { ok: false } {
  return { ok: false, event: "update.refused", reason };
}

function whyNotForUs(
  inbound: Inbound,
  bot: BotIdentity,
  skills: readonly string[],
  isPiece: boolean,
): RefusalReason | undefined {
  // A press is on a button of ours, a stop on a draft of ours, a membership is our own.
  if (inbound.kind !== "message" && inbound.kind !== "edit") return undefined;
  const { message, place } = inbound;
  const isPrivate = place.chatType === "private";
  const command = message.command;
  if (command?.bot !== undefined) {
    // Before our own name is known, a command that names somebody is ours in private only.
    const isOurs = bot.username === undefined ? isPrivate : command.bot === bot.username.toLowerCase();
    return isOurs ? undefined : "other_bot_command";
  }
  if (isPrivate) return undefined;

  const mentions = message.mentions ?? [];
  if (mentions.some((mention) => isUs(mention, bot))) return undefined;
  // "@weatherbot and you?" in reply to our message is for the bot that is named.
  if (mentions.some(({ username }) => username?.endsWith("bot"))) return "other_bot_mention";
  if (isPiece || message.reply?.fromId === bot.id) return undefined;
  if (command !== undefined && findCommand(command.name, skills).kind !== "unknown") return undefined;
  return "not_for_us";
}

function isUs(mention: Mention, bot: BotIdentity): boolean {
  return mention.userId === bot.id || (bot.username !== undefined && mention.username === bot.username.toLowerCase());
}

/**
 * The message as it is meant for us: without the mention that called us, and with the command that follows it
 * ("@ourbot /stop"). A mention that is all there is stays: it is then what was said.
 */
export function withoutOurMention(message: Message, bot: BotIdentity): Message {
  if (!(message.mentions ?? []).some((mention) => isUs(mention, bot))) return message;
  const text = stripMention(message.text, bot);
  if (text === "" || text === message.text) return message;
  const { command: written, ...rest } = message;
  const command =
    written === undefined ? commandAtStart(text, bot) : { ...written, words: stripMention(written.words, bot) };
  return command === undefined ? { ...rest, text } : { ...rest, text, command };
}

function stripMention(text: string, bot: BotIdentity): string {
  const byName = bot.username === undefined ? [] : [`(?<![\\w@/\`])@${bot.username.replace(/\W/g, "")}(?![\\w\`])`];
  const byId = `\\[[^\\]\\n]*\\]\\(tg://user\\?id=${bot.id}\\)`;
  const mention = new RegExp(
    `(?<before>^|[^\\S\\n]*)(?:${[...byName, byId].join("|")})(?<after>[,:]?[^\\S\\n]*)`,
    "gi",
  );
  return text
    .replace(mention, (whole, _before, _after, offset: number) => {
      const isAtEdge = offset === 0 || text[offset - 1] === "\n" || /[\n]|^$/.test(text.charAt(offset + whole.length));
      // Between words one space stays; before a comma or a full stop none.
      return isAtEdge || /[.,;:!?)]/.test(text.charAt(offset + whole.length)) ? "" : " ";
    })
    .trim();
}

function commandAtStart(text: string, bot: BotIdentity): Command | undefined {
  const [, name, named, words] = /^\/([a-z0-9_][a-z0-9_-]{0,63})(?:@(\w{1,64}))?(?:\s+([\s\S]*))?$/i.exec(text) ?? [];
  if (name === undefined || (named !== undefined && named.toLowerCase() !== bot.username?.toLowerCase()))
    return undefined;
  return { name: name.toLowerCase(), words: (words ?? "").trim() };
}
