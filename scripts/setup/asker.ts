import * as clack from "@clack/prompts";
import { say, Unmet } from "../terminal.ts";

/** Whom the wizard asks: a person at a terminal, or with --yes nobody, when flags, environment and .dev.vars have every answer. */
export interface Asker {
  readonly isPerson: boolean;
  tell(line: string): void;
  done(line: string): void;
  warn(line: string): void;
  /** What a step will do, before it does it. */
  announce(title: string, lines: readonly string[]): void;
  /** `otherwise` is what --yes is told when there is no answer. */
  text(question: Question & { readonly initial?: string }): Promise<string>;
  secret(question: Question): Promise<string>;
  choose<Value extends string>(message: string, options: readonly Option<Value>[], initial: Value): Promise<Value>;
  confirm(message: string, initial: boolean): Promise<boolean>;
}

export interface Question {
  readonly message: string;
  readonly otherwise: string;
  /** What is wrong with an answer. */
  readonly check?: (answer: string) => string | undefined;
}

export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: string;
}

const STOPPED = "Stopped here. What was done stays; npm run setup can be run again at any time.";

export function person(): Asker {
  return {
    isPerson: true,
    tell: (line) => clack.log.info(line),
    done: (line) => clack.log.success(line),
    warn: (line) => clack.log.warn(line),
    announce: (title, lines) => clack.note(lines.join("\n"), title),
    text: async ({ message, check, initial }) =>
      answered(
        await clack.text({
          message,
          ...(initial === undefined ? {} : { initialValue: initial }),
          validate: (answer) => check?.((answer ?? "").trim()),
        }),
      ).trim(),
    secret: async ({ message, check }) =>
      answered(await clack.password({ message, validate: (answer) => check?.((answer ?? "").trim()) })).trim(),
    choose: async <Value extends string>(message: string, options: readonly Option<Value>[], initial: Value) => {
      const shown = options.map(({ value, label, hint }) => ({
        value: String(value),
        label,
        ...(hint ? { hint } : {}),
      }));
      const chosen = answered(await clack.select({ message, options: shown, initialValue: String(initial) }));
      return options.find(({ value }) => value === chosen)?.value ?? initial;
    },
    confirm: async (message, initial) => answered(await clack.confirm({ message, initialValue: initial })),
  };
}

export function nobody(): Asker {
  const unanswered = async ({ otherwise }: Question): Promise<never> => {
    throw new Unmet(otherwise);
  };
  return {
    isPerson: false,
    tell: say,
    done: (line) => say(`✓ ${line}`),
    warn: (line) => say(`⚠ ${line}`),
    announce: (title, lines) => {
      say(title);
      for (const line of lines) say(`  ${line}`);
    },
    text: unanswered,
    secret: unanswered,
    choose: async (_message, _options, initial) => initial,
    confirm: async (_message, initial) => initial,
  };
}

function answered<Value>(answer: Value | typeof clack.CANCEL_SYMBOL): Value {
  if (clack.isCancel(answer)) throw new Unmet(STOPPED);
  return answer;
}
