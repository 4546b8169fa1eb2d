/**
 * Skills: SKILL.md texts (the public Agent Skills format) that say how to do one kind of thing. Each is a command of the
 * bot; the model sees names and descriptions and loads the one that fits.
 *
 * Those that ship lie in skills/<name>/SKILL.md and are read at build time (scripts/bundle-skills.ts writes
 * skills/index.ts), so starting up parses nothing. One that an owner sends in the chat is read by `parseSkill`.
 */

export interface Skill {
  /** The command: lower case, digits and _; "-" in the file's name has become "_". */
  readonly name: string;
  readonly description: string;
  /** The command first does what /new does. */
  readonly reset: boolean;
  /** The instructions, Markdown. */
  readonly body: string;
}

export type ParsedSkill =
  | { readonly ok: true; readonly skill: Skill }
  /** One line that says what is wrong and what was expected. */
  | { readonly ok: false; readonly problem: string };

const NAME = /^[a-z0-9_-]{1,32}$/;
/** Telegram takes 256 characters of a command's description; the format allows 1024. */
const DESCRIPTION_CHARS = 1024;
const BODY_CHARS = 50_000;
/** Where the words of the person go in a skill's text. */
const WORDS = "$ARGUMENTS";

/**
 * Reads one SKILL.md: front matter between two lines of ---, then the instructions. Fields it does not know are left
 * alone. Asynchronous because the YAML reader is loaded only when one is read.
 */
export async function parseSkill(text: string): Promise<ParsedSkill> {
  const parts = /^\uFEFF?\s*---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n([\s\S]*))?$/.exec(text);
  if (!parts) return broken("expected a first line of ---, then name and description, then a line of --- again");
  const { load } = await import("./yaml.ts");
  let fields: unknown;
  try {
    fields = load(parts[1] ?? "", { maxAliases: 0 });
  } catch (error) {
    const line = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "";
    return broken(`its front matter is no YAML (${line.replace(/:$/, "")})`);
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    return broken("expected name and description in its front matter, one a line");
  }
  return check(new Map(Object.entries(fields)), (parts[2] ?? "").trim());
}

function check(fields: ReadonlyMap<string, unknown>, body: string): ParsedSkill {
  const name = fields.get("name");
  if (typeof name !== "string" || !NAME.test(name)) {
    return broken("expected a name of 1 to 32 lower-case letters, digits, - and _");
  }
  const description = fields.get("description");
  if (typeof description !== "string" || description.trim() === "")
    return broken("expected a description, one sentence");
  if (description.length > DESCRIPTION_CHARS)
    return broken(`its description is longer than ${DESCRIPTION_CHARS} characters`);
  const reset = fields.get("reset") ?? false;
  if (typeof reset !== "boolean") return broken("reset must be true or false");
  if (body === "" && !reset) return broken("expected instructions below the front matter");
  if (body.length > BODY_CHARS) return broken(`its instructions are longer than ${BODY_CHARS} characters`);
  return {
    ok: true,
    skill: { name: name.replaceAll("-", "_"), description: description.replace(/\s+/g, " ").trim(), reset, body },
  };
}

function broken(problem: string): ParsedSkill {
  return { ok: false, problem: `${problem}.` };
}

/** The skill of a command, owners' own before those that ship. */
export function findSkill(skills: readonly Skill[], command: string): Skill | undefined {
  const name = command.toLowerCase().replaceAll("-", "_");
  return skills.find((skill) => skill.name === name);
}

/** Those that the model may load by itself: a reset is the person's to ask for, by the command. */
export function loadableSkills(skills: readonly Skill[]): Skill[] {
  return skills.filter((skill) => !skill.reset);
}

/**
 * What `/<name> words` puts before the model. $ARGUMENTS in the instructions stands for the words; where there is none,
 * they follow. A skill without instructions (`cc`) is its words alone.
 */
export function skillPrompt(skill: Skill, words: string): string {
  const given = words.trim();
  if (skill.body === "" || skill.body === WORDS) return given;
  if (skill.body.includes(WORDS)) return skill.body.replaceAll(WORDS, () => given).trim();
  const instructions = `The person called the skill "${skill.name}". Do as it says:\n\n${skill.body}`;
  return given === "" ? instructions : `${instructions}\n\nThe person's words:\n${given}`;
}

/** What the system prompt says of them; "" where there are none. */
export function describeSkills(skills: readonly Skill[]): string {
  return loadableSkills(skills)
    .map((skill) => `- ${skill.name}: ${skill.description}`)
    .join("\n");
}
