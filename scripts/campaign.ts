import { parseArgs } from "node:util";
import { type CampaignResult, campaign, faultsOf, line } from "../test/e2e/campaign/campaign.ts";
import { command, paint, say, Unmet } from "./terminal.ts";

/** `npm run campaign`: kills the real Worker again and again under traffic, and accounts for every acknowledged update. */
const HELP = `npm run campaign -- --kills 200 --seed 1
  --kills N    how often the Worker is killed (SIGKILL); 200 takes about half an hour
  --seed N     who writes what and when, and when it is killed; a new one each time unless given
  --places N   chats that write at the same time; 12
  --under X    wrangler (as "wrangler dev" runs it) or workerd (alone; starts in a tenth of the time); wrangler
Exit code 1: something acknowledged was lost, or said twice without a mark, or a chat is dead; or the process itself did
not come up, ended or hung without having been killed, which says nothing of the chats.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kills: { type: "string", default: "200" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      places: { type: "string", default: "12" },
      under: { type: "string", default: "wrangler" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  const kills = whole("kills", values.kills);
  const seed = whole("seed", values.seed);
  const { under } = values;
  if (under !== "wrangler" && under !== "workerd") throw new Unmet(`--under ${under}: expected wrangler or workerd.`);
  const result = await campaign({ kills, seed, places: whole("places", values.places), under, tell: say });
  const again = `--kills ${kills} --seed ${seed} --places ${values.places} --under ${under}`;
  for (const told of [...result.stories, ...report(result, again)]) say(told);
  return faultsOf(result).length === 0 ? 0 : 1;
}

function whole(name: string, written: string): number {
  const number = Number(written);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Unmet(`--${name} ${written}: expected a whole number from 1.`);
  return number;
}

function report(result: CampaignResult, again: string): string[] {
  const { kills, seed, acknowledged, answered, said, marked, remindersKept, growing } = result;
  const { lost, wrong, dead, mishaps } = result;
  const faults = faultsOf(result);
  return [
    "",
    `kills survived   ${kills}`,
    `acknowledged     ${acknowledged}`,
    `answered         ${answered}`,
    `fate said        ${said}`,
    `marked copies    ${marked}`,
    `reminders kept   ${remindersKept}`,
    `still growing    ${growing}`,
    `lost             ${lost.length}`,
    `wrong            ${wrong.length}`,
    `chats dead       ${dead.length}`,
    `process mishaps  ${mishaps.length}`,
    `seed             ${seed}, ${Math.round(result.tookMs / 1000)} s`,
    ...faults.map((fault) => paint("red", `✗ ${fault}`)),
    faults.length === 0 ? paint("green", "✓ Nothing acknowledged is lost.") : paint("red", `✗ ${line(result)}`),
    `again: npm run campaign -- ${again}`,
  ];
}

if (import.meta.main) await command(main);
