import { parseArgs } from "node:util";
import { AdminClient, sessionKeyOf, withChatsAsKeys } from "./admin-client.ts";
import { type Journal, readJournal, writeJournal } from "./journal-file.ts";
import { readLocalSettings } from "./local-settings.ts";
import { command, say, Unmet } from "./terminal.ts";

/** `npm run -s journal -- <chat> > journal.json`: exports a session's journal, which holds no words. */
const HELP = `npm run -s journal -- <chat or session key> > journal.json
  --url URL            where the bot runs (found at Telegram if the bot's token is known)
  --admin-token TOKEN  instead of ADMIN_TOKEN in the environment or .dev.vars`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: withChatsAsKeys(process.argv.slice(2)),
    options: { url: { type: "string" }, "admin-token": { type: "string" }, help: { type: "boolean" } },
    allowPositionals: true,
  });
  const [chat] = positionals;
  if (values.help) {
    say(HELP);
    return 0;
  }
  if (chat === undefined) throw new Unmet("Which session? Expected a chat's id or a session key.");
  const client = await AdminClient.find(values, readLocalSettings());
  process.stdout.write(writeJournal(await fetchJournal(client, sessionKeyOf(chat))));
  return 0;
}

export async function fetchJournal(client: AdminClient, key: string): Promise<Journal> {
  const read = readJournal(await client.get(`/admin/sessions/${encodeURIComponent(key)}/journal`));
  if (!read.ok) throw new Unmet(`What ${client.url} gave as a journal cannot be used: ${read.problem}.`);
  return read.journal;
}

if (import.meta.main) await command(main);
