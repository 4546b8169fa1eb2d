import type { LocalSettings } from "../local-settings.ts";
import { Unmet } from "../terminal.ts";
import type { Asker } from "./asker.ts";
import { type Bot, describe, findOwner, offerToDeleteWebhook } from "./bot.ts";

/** Who may use the bot: its owner, and whom the owner lets in. */

export interface PeopleFlags {
  readonly owner: string | undefined;
  readonly allow: string | undefined;
  readonly mayDeleteWebhook: boolean;
  readonly waitMs: number;
}

const IDS = /^\d{1,16}([\s,]+\d{1,16})*$/;

export async function choosePeople(
  asker: Asker,
  bot: Bot,
  known: LocalSettings,
  flags: PeopleFlags,
): Promise<LocalSettings> {
  const owners = await chooseOwners(asker, bot, known, flags);
  return { OWNERS: owners, ALLOWED_USERS: await chooseAllowed(asker, known, flags) };
}

async function chooseOwners(asker: Asker, bot: Bot, known: LocalSettings, flags: PeopleFlags): Promise<string> {
  if (flags.owner !== undefined) return ids("--owner", flags.owner);
  const { OWNERS: before } = known;
  if (before && (await asker.confirm(`The owner is ${before}, as before. Keep that?`, true))) return before;
  const why = "To read here what you write to it, that must end; deploying sets it again.";
  if (await offerToDeleteWebhook(asker, bot, why, flags.mayDeleteWebhook)) {
    const found = await findOwner(asker, bot, flags.waitMs);
    asker.done(`The owner is ${describe(found)}.`);
    return String(found.id);
  }
  return asker.text({
    message: "The owner's user id (a number; @userinfobot tells it)",
    otherwise: "Who the owner is cannot be found while a webhook is set: expected --owner ID, or --delete-webhook.",
    check: (answer) => (IDS.test(answer) ? undefined : "Expected one or more whole numbers, separated by commas."),
  });
}

async function chooseAllowed(asker: Asker, known: LocalSettings, flags: PeopleFlags): Promise<string> {
  const before = flags.allow ?? known.ALLOWED_USERS ?? "";
  if (flags.allow !== undefined) return before === "*" || before === "" ? before : ids("--allow", before);
  const initial = before === "" ? "owners" : before === "*" ? "everybody" : "these";
  const who = await asker.choose(
    "Who else may use it?",
    [
      { value: "owners", label: "Nobody: only the owner", hint: "others can ask to be let in; the owner decides" },
      { value: "these", label: "Certain people, by user id" },
      { value: "everybody", label: "Everybody", hint: "anybody on Telegram can spend your credit" },
    ],
    initial,
  );
  if (who === "everybody") return "*";
  if (who === "owners") return "";
  if (!asker.isPerson) return before;
  return asker.text({
    message: "Their user ids, separated by commas",
    otherwise: "--allow: expected user ids separated by commas, or *.",
    initial: before === "*" ? "" : before,
    check: (answer) => (IDS.test(answer) ? undefined : "Expected whole numbers, separated by commas."),
  });
}

function ids(flag: string, written: string): string {
  if (!IDS.test(written.trim())) throw new Unmet(`${flag}: expected user ids (whole numbers) separated by commas.`);
  return written.trim();
}
