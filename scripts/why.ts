import { parseArgs } from "node:util";
import { z } from "zod";
import { AdminClient, sessionKeyOf, withChatsAsKeys } from "./admin-client.ts";
import { fetchJournal } from "./journal.ts";
import { type Journal, readJournal, textOf } from "./journal-file.ts";
import { readLocalSettings } from "./local-settings.ts";
import { type Outbox, type Story, tell, type Wanted } from "./story.ts";
import { stamp } from "./story-words.ts";
import { command, say, Unmet } from "./terminal.ts";

/** `npm run why -- <chat> [time|number]`: the story of one message, from the journal of its session. */
const HELP = `npm run why -- <chat or session key> [which]
  which                nothing: the last message; 14:03 or 2026-11-22T14:03 (UTC): the last one up to then;
                       a number: of the message in its chat, or of its update
  --url URL            where the bot runs (found at Telegram if the bot's token is known)
  --admin-token TOKEN  instead of ADMIN_TOKEN in the environment or .dev.vars
  --journal FILE       read an exported journal instead of asking the bot`;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: withChatsAsKeys(process.argv.slice(2)),
    options: {
      url: { type: "string" },
      "admin-token": { type: "string" },
      journal: { type: "string" },
      help: { type: "boolean" },
    },
    allowPositionals: true,
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  const now = Date.now();
  const [chat, which] = values.journal === undefined ? positionals : ["", positionals.at(-1)];
  if (chat === undefined) throw new Unmet("Which session? Expected a chat's id or a session key; --help says more.");
  const wanted = wantedOf(which, now);
  const { journal, story } =
    values.journal === undefined ? await ask(values, chat, wanted, now) : fromFile(values.journal, wanted, now);
  say(`${journal.key}, times in UTC, today is ${stamp(now).slice(0, 10)}`);
  for (const line of story.lines) say(line);
  return story.found ? 0 : 1;
}

const lostSchema = z.object({ at: z.number(), kind: z.string(), reason: z.string(), run: z.string().nullable() });
const viewSchema = z.object({
  deliveries: z.object({
    count: z.number(),
    oldestAt: z.number().nullable(),
    // A Worker of before does not say.
    lost: lostSchema.nullable().optional(),
  }),
});

async function ask(
  options: { readonly url?: string | undefined; readonly "admin-token"?: string | undefined },
  chat: string,
  wanted: Wanted,
  now: number,
): Promise<{ readonly journal: Journal; readonly story: Story }> {
  const key = sessionKeyOf(chat);
  const client = await AdminClient.find(options, readLocalSettings());
  const view = viewSchema.safeParse(JSON.parse(await client.get(`/admin/sessions/${encodeURIComponent(key)}`)));
  const outbox: Outbox | undefined = view.success ? view.data.deliveries : undefined;
  const journal = await fetchJournal(client, key);
  return { journal, story: tell(journal, wanted, now, outbox) };
}

function fromFile(path: string, wanted: Wanted, now: number): { readonly journal: Journal; readonly story: Story } {
  const read = readJournal(textOf(path));
  if (!read.ok) throw new Unmet(`${path} cannot be used: ${read.problem}.`);
  return { journal: read.journal, story: tell(read.journal, wanted, now) };
}

/** A time without a day is the last such time that has been. A minute counts to its end, a second likewise. */
export function wantedOf(which: string | undefined, now: number): Wanted {
  if (which === undefined) return { by: "last" };
  if (/^\d+$/.test(which)) return { by: "number", number: Number(which) };
  const ofDay = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(which);
  if (ofDay) {
    const [hours = 0, minutes = 0, seconds] = ofDay
      .slice(1)
      .map((part) => (part === undefined ? undefined : Number(part)));
    const midnight = Math.floor(now / DAY_MS) * DAY_MS;
    const at = midnight + ((hours * 60 + minutes) * 60 + (seconds ?? 0)) * 1000;
    const end = at + (seconds === undefined ? MINUTE_MS : 1000) - 1;
    return { by: "time", at: at > now ? end - DAY_MS : end };
  }
  const parsed = /^\d{4}-\d\d-\d\dT/.test(which)
    ? Date.parse(/Z|[+-]\d\d:\d\d$/.test(which) ? which : `${which}Z`)
    : Number.NaN;
  if (Number.isNaN(parsed))
    throw new Unmet(`${which} is no time and no number: expected 14:03, 2026-11-22T14:03 or the message's number.`);
  return { by: "time", at: parsed + (/T\d\d:\d\d(Z|[+-]\d\d:\d\d)?$/.test(which) ? MINUTE_MS : 1000) - 1 };
}

if (import.meta.main) await command(main);
