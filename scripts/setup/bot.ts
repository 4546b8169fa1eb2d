import { randomInt } from "node:crypto";
import { z } from "zod";
import { ALLOWED_UPDATES } from "../../src/telegram/inbound.ts";
import { BotApi, userSchema, webhookInfoSchema } from "../bot-api.ts";
import { apiRootOf, type LocalSettings } from "../local-settings.ts";
import { Unmet } from "../terminal.ts";
import type { Asker } from "./asker.ts";

/** The bot's token, proved by asking Telegram whose it is; and who its owner is, found by what that person writes to it. */

export interface Bot {
  readonly api: BotApi;
  readonly token: string;
  readonly username: string;
}

export async function chooseBot(asker: Asker, known: LocalSettings): Promise<Bot> {
  let token = known.TELEGRAM_BOT_TOKEN;
  for (let isGiven = token !== undefined; ; isGiven = false) {
    token ??= await asker.secret({
      message: "The bot's token (BotFather gives it: /newbot, or /mybots for one that exists)",
      otherwise:
        "TELEGRAM_BOT_TOKEN is not set: expected the token that BotFather gave, in the environment or .dev.vars.",
      check: (answer) => (/^\d+:[\w-]+$/.test(answer) ? undefined : "A token is like 123456:ABC-def…"),
    });
    const api = new BotApi(apiRootOf(known), token);
    const me = await api.call("getMe");
    if (me.ok) {
      const username = userSchema.safeParse(me.result).data?.username ?? "unknown";
      if (!isGiven || (await asker.confirm(`The bot is @${username}, as before. Keep it?`, true))) {
        asker.done(`The token is good: it is @${username}'s.`);
        return { api, token, username };
      }
    } else {
      if (!asker.isPerson) throw new Unmet(`TELEGRAM_BOT_TOKEN cannot be used: ${me.problem}.`);
      asker.warn(`${me.problem}. Try again.`);
    }
    token = undefined;
  }
}

/** Where updates go now, if not here. */
export async function webhookOf(bot: Bot): Promise<string> {
  const answer = await bot.api.call("getWebhookInfo");
  return answer.ok ? (webhookInfoSchema.safeParse(answer.result).data?.url ?? "") : "";
}

/** True when none is set any more. What is pending stays pending. */
export async function offerToDeleteWebhook(asker: Asker, bot: Bot, why: string, isAllowed: boolean): Promise<boolean> {
  const url = await webhookOf(bot);
  if (url === "") return true;
  asker.warn(`Telegram sends @${bot.username}'s updates to ${url}. ${why}`);
  if (!(await asker.confirm("Delete that webhook? What is pending is kept.", isAllowed))) return false;
  const deleted = await bot.api.call("deleteWebhook", { drop_pending_updates: false });
  if (!deleted.ok) throw new Unmet(`The webhook could not be deleted: ${deleted.problem}.`);
  asker.done("The webhook is deleted.");
  return true;
}

const updatesSchema = z.array(
  z.object({
    update_id: z.number(),
    message: z
      .object({ date: z.number(), text: z.string().catch(""), from: userSchema, chat: z.object({ type: z.string() }) })
      .optional()
      .catch(undefined),
  }),
);

const POLL_SECONDS = 10;
const MOST_UPDATES = 100;
/** Clocks differ; what was written before that is not an answer to us. */
const TOLERANCE_MS = 5_000;

/** The person who sends the code; or who writes anything, and says at the terminal that it was them. */
export async function findOwner(asker: Asker, bot: Bot, waitMs: number): Promise<z.infer<typeof userSchema>> {
  const code = String(randomInt(100_000, 1_000_000));
  const startedAt = Date.now();
  const refused = new Set<number>();
  let offset: number | undefined;
  asker.announce("Write to your bot now", [
    `Open https://t.me/${bot.username}?start=${code} and press Start,`,
    `or send it: /start ${code}`,
    `Waiting for ${Math.round(waitMs / 1000)} seconds. What others wrote meanwhile stays for the bot.`,
  ]);
  while (Date.now() - startedAt < waitMs) {
    const pollSeconds = Math.min(POLL_SECONDS, Math.ceil((startedAt + waitMs - Date.now()) / 1000));
    const answer = await bot.api.call(
      "getUpdates",
      {
        timeout: pollSeconds,
        limit: MOST_UPDATES,
        allowed_updates: ALLOWED_UPDATES,
        ...(offset === undefined ? {} : { offset }),
      },
      pollSeconds * 1000,
    );
    if (!answer.ok)
      throw new Unmet(
        answer.code === 409
          ? "Something else takes this bot's updates: stop it (npm run dev -- --telegram?) and try again."
          : `Updates cannot be read: ${answer.problem}.`,
      );
    const updates = updatesSchema.safeParse(answer.result).data ?? [];
    for (const { message } of updates) {
      if (message?.chat.type !== "private" || refused.has(message.from.id)) continue;
      if (message.text.includes(code)) return message.from;
      if (!asker.isPerson || message.date * 1000 < startedAt - TOLERANCE_MS) continue;
      if (await asker.confirm(`${describe(message.from)} wrote to the bot just now. Is that you?`, true))
        return message.from;
      refused.add(message.from.id);
    }
    // Only a full page hides what comes after it; else nothing is taken, so that the bot will still answer it.
    if (updates.length >= MOST_UPDATES) offset = (updates.at(-1)?.update_id ?? 0) + 1;
    else if (updates.length > 0) await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Unmet(
    `Nobody sent the code within ${Math.round(waitMs / 1000)} seconds: run it again, or give the owner's user id (--owner).`,
  );
}

export function describe({ id, first_name: first, last_name: last, username }: z.infer<typeof userSchema>): string {
  const name = [first, last]
    .filter(Boolean)
    .join(" ")
    .replace(/[\p{Cc}\p{Cf}]/gu, "");
  return `${name}${username ? ` (@${username})` : ""}, user id ${id}`;
}
