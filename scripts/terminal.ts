import { styleText } from "node:util";

/** How the commands speak to the person at the terminal: one line a fact, and no stack trace for what can be expected. */

/** Something that a person can put right: its message says what is wrong and what was wanted. */
export class Unmet extends Error {
  override readonly name = "Unmet";
}

export function say(line = ""): void {
  process.stdout.write(`${line}\n`);
}

export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Runs a command to its end: its number becomes the exit code, and what it throws becomes one line and exit code 1. */
export async function command(run: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    complain(`✗ ${safeMessage(error)}`);
    process.exitCode = 1;
  }
}

/** The parser of arguments says what it did not know in several lines; the first is enough beside the help. */
function safeMessage(error: unknown): string {
  if (error instanceof Unmet) return error.message;
  if (error instanceof Error && Reflect.get(error, "code") === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    return `${error.message.split(/[.\n]/)[0]}; --help says which there are.`;
  }
  return error instanceof Error ? (error.message.split("\n")[0] ?? error.name) : String(error);
}

/** The text without any of the secrets, whoever wrote it. */
export function without(secrets: readonly (string | undefined)[], text: string): string {
  return secrets.reduce<string>((safe, secret) => (secret ? safe.replaceAll(secret, "…") : safe), text);
}

type Style = Parameters<typeof styleText>[0];

/** Colours where a person looks on, none in a pipe (NO_COLOR and FORCE_COLOR are heeded). */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout, validateStream: true });
}
