/**
 * The table of the commands: what each is called, who may use it, where it acts, and the key of its line in /help and
 * in Telegram's menu. Data only; what a command does lies with whoever `acts`. The names are public (contract.md).
 */

export interface CommandEntry {
  readonly name: string;
  readonly aliases: readonly string[];
  /** What comes after the name, as /help shows it: `<required>`, `[optional]`. Empty: nothing. */
  readonly hint: string;
  /** Key of the one-line description in the table of words. */
  readonly help: `help_${string}`;
  readonly who: "anyone" | "owner";
  /** Whether Telegram's menu offers it in groups, too. It is understood everywhere. */
  readonly menu: "everywhere" | "private" | "hidden";
  /** Whose value it reads or changes: the session's, the person's (across sessions), the pools', the whole bot's. */
  readonly acts: "session" | "person" | "pool" | "bot";
}

export const COMMANDS = [
  entry("new", { aliases: ["reset"], hint: "[words]" }),
  entry("stop"),
  entry("status"),
  entry("retry"),
  entry("undo", { hint: "[count]" }),
  entry("queue", { aliases: ["q"], hint: "<words>" }),
  entry("steer", { hint: "<words>" }),
  entry("bg", { hint: "<words>" }),
  entry("btw", { hint: "<question>" }),
  entry("busy", { hint: "[queue|steer|interrupt]" }),
  entry("model", { hint: "[provider/model]" }),
  entry("usage"),
  entry("compact", { aliases: ["compress"], hint: "[focus]" }),
  entry("persona", { hint: "[words|off]" }),
  entry("remind", { hint: "[when words]", acts: "person" }),
  entry("timezone", { hint: "[Area/City]", menu: "private", acts: "person" }),
  entry("memory", { menu: "private", acts: "person" }),
  entry("forget", { hint: "[id|all]", menu: "private", acts: "person" }),
  entry("skills"),
  entry("export"),
  entry("whoami", { acts: "bot" }),
  entry("pair", { hint: "[code]", menu: "private", acts: "bot" }),
  entry("pool", { hint: "[reset]", who: "owner", acts: "pool" }),
  entry("help", { acts: "bot" }),
  entry("version", { aliases: ["v"], menu: "private", acts: "bot" }),
  // Telegram's own first button; a menu line for it would be noise.
  entry("start", { menu: "hidden", acts: "bot" }),
] as const satisfies readonly CommandEntry[];

function entry<const Name extends string>(
  name: Name,
  more: Partial<Omit<CommandEntry, "name" | "help">> = {},
): CommandEntry & { readonly name: Name; readonly help: `help_${Name}` } {
  return {
    name,
    help: `help_${name}` as const,
    aliases: [],
    hint: "",
    who: "anyone",
    menu: "everywhere",
    acts: "session",
    ...more,
  };
}

/** The name of a built-in command, never an alias: `switch` on it to carry commands out. */
export type CommandName = (typeof COMMANDS)[number]["name"];
export type BuiltinCommand = CommandEntry & { readonly name: CommandName; readonly help: `help_${CommandName}` };

export type FoundCommand =
  | { readonly kind: "builtin"; readonly command: BuiltinCommand }
  /** The skill's own name, which may contain hyphens that Telegram's menu cannot. */
  | { readonly kind: "skill"; readonly name: string }
  | { readonly kind: "unknown"; readonly nearest?: string };

const BY_NAME: ReadonlyMap<string, BuiltinCommand> = new Map(
  COMMANDS.flatMap((command) => [command.name, ...command.aliases].map((name) => [name, command] as const)),
);

/** `name` without slash and bot, in any case. A built-in command wins over a skill of the same name. No prefix matching. */
export function findCommand(name: string, skills: readonly string[]): FoundCommand {
  const wanted = name.toLowerCase();
  const builtin = BY_NAME.get(wanted);
  if (builtin !== undefined) return { kind: "builtin", command: builtin };
  const skill = skills.find((candidate) => menuName(candidate) === menuName(wanted));
  if (skill !== undefined) return { kind: "skill", name: skill };
  const nearest = nearestOf(wanted, [...BY_NAME.keys(), ...skills]);
  return nearest === undefined ? { kind: "unknown" } : { kind: "unknown", nearest };
}

/** A skill's name as Telegram takes it in its menu: only a–z, 0–9 and _. */
export function menuName(skill: string): string {
  return skill.toLowerCase().replaceAll("-", "_");
}

/** What a skill does, for people: its first sentence. Those after it tell the model when to use it. */
export function shownDescription(description: string): string {
  return /^[\s\S]*?[.!?。！？](?=\s|$)/.exec(description)?.[0] ?? description;
}

/** The candidate that one or two slips of the finger away; a short name forgives one slip only. */
function nearestOf(wanted: string, candidates: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const name of candidates) {
    if (Math.abs(name.length - wanted.length) > 2) continue;
    const distance = editDistance(wanted, name.toLowerCase());
    const most = Math.min(wanted.length, name.length) <= 3 ? 1 : 2;
    if (distance <= most && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** Insertions, deletions, replacements, and swaps of neighbours (optimal string alignment). */
export function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const replace = (last[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      let least = Math.min(replace, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      if (left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1] && row > 1 && column > 1) {
        least = Math.min(least, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}

// Phones turn "--" into a dash. Only a word that then is a known flag is taken as one; every other word stays as written.
const DASHES = /^(?:-{1,2}|[\u2010-\u2015\u2212\uFE58\uFE63\uFF0D]{1,2})(?=[a-z])/iu;

/** Takes the known flags (`--yes`, `-y`; named without dashes) out of a command's words, in whatever dash they came. */
export function splitFlags(
  words: string,
  known: readonly string[],
): { readonly flags: readonly string[]; readonly rest: string } {
  const flags: string[] = [];
  const kept = words.split(/(\s+)/).filter((part) => {
    const flag = DASHES.test(part) ? part.replace(DASHES, "").toLowerCase() : "";
    if (!known.includes(flag)) return true;
    flags.push(flag);
    return false;
  });
  return { flags, rest: kept.join("").trim() };
}
