import { type ModelName, parseModelName } from "./model-name.ts";

/**
 * One setting as it was written: read to a value of its kind, or named as a problem. It never throws, and never puts what
 * was written into a problem.
 */

export interface Problem {
  readonly name: string;
  readonly expected: string;
  /** A required setting that is absent; everything else is a value that cannot be used. */
  readonly missing: boolean;
}

const MAX_SECONDS = 7 * 24 * 3600;

export class SettingReader {
  readonly #env: Readonly<Record<string, unknown>>;
  readonly #problems: Problem[];

  constructor(env: Readonly<Record<string, unknown>>, problems: Problem[]) {
    this.#env = env;
    this.#problems = problems;
  }

  text(name: string): string | undefined {
    return textOf(this.#env[name]);
  }

  wrong(name: string, expected: string): void {
    this.#name({ name, expected, missing: false });
  }

  missing(name: string, expected: string): void {
    this.#name({ name, expected, missing: true });
  }

  /** A list with several mistakes is one setting to look at, and so is one that several models need. */
  #name(problem: Problem): void {
    if (!this.isNamed(problem.name)) this.#problems.push(problem);
  }

  isNamed(name: string): boolean {
    return this.#problems.some((problem) => problem.name === name);
  }

  required(name: string, pattern: RegExp, expected: string): string {
    const value = this.text(name);
    if (value === undefined) {
      this.missing(name, expected);
      return "";
    }
    // Used as it is all the same: it may work, and the line says what to look at if it does not.
    if (!pattern.test(value)) this.wrong(name, expected);
    return value;
  }

  /** Used as it is all the same, as a required one is. */
  forHeader(name: string): string | undefined {
    const value = this.text(name);
    if (value !== undefined && !/^[ -~]+$/.test(value))
      this.wrong(name, "characters of ASCII, for it goes into a header");
    return value;
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return fallback;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.wrong(name, `one of ${choices.join(", ")}`);
    return found ?? fallback;
  }

  optionalNumber(name: string, least: number, most: number, whole: boolean): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isFinite(number) || number < least || number > most || (whole && !Number.isInteger(number))) {
      this.wrong(name, `a ${whole ? "whole " : ""}number from ${least} to ${most}`);
      return undefined;
    }
    return number;
  }

  number(name: string, fallback: number, least: number, most: number, whole: boolean): number {
    return this.optionalNumber(name, least, most, whole) ?? fallback;
  }

  /** Seconds in the setting, milliseconds from here on. */
  seconds(name: string, fallback: number, least = 0): number {
    return Math.round(this.number(name, fallback, least, MAX_SECONDS, false) * 1000);
  }

  ids(name: string): number[] {
    const ids: number[] = [];
    for (const part of (this.text(name) ?? "").split(/[\s,]+/)) {
      if (part === "") continue;
      if (/^\d{1,16}$/.test(part)) ids.push(Number(part));
      else this.wrong(name, `user ids (whole numbers) separated by commas${name === "ALLOWED_USERS" ? ", or *" : ""}`);
    }
    return ids;
  }

  /** `name` or `name:port`, as they stand in an address. */
  hosts(name: string): string[] {
    const hosts = (this.text(name) ?? "").split(/[\s,]+/).filter((host) => host !== "");
    if (hosts.some((host) => /[/?#@*]/.test(host)))
      this.wrong(name, "hosts such as localhost:8080, separated by commas");
    return hosts.map((host) => host.toLowerCase());
  }

  url(name: string, fallback: string): string {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const url = parseHttpUrl(value);
    if (url === undefined) this.wrong(name, "an http or https URL without a query");
    return url ?? fallback;
  }

  models(name: string, example: string): ModelName[] {
    const names: ModelName[] = [];
    for (const part of (this.text(name) ?? "").split(/[\s,]+/)) {
      if (part === "") continue;
      const parsed = parseModelName(part);
      if (parsed) names.push(parsed);
      else this.wrong(name, `provider/model, such as ${example}`);
    }
    return names;
  }

  /** The first of several is used; that the others are not is said. */
  model(name: string, example: string): ModelName | undefined {
    const [first, second] = this.models(name, example);
    if (second) this.wrong(name, `one provider/model, such as ${example}`);
    return first;
  }
}

/** A var of wrangler.toml may be any JSON: it is read as it would be written, so that it is used or named, not passed over. */
export function textOf(value: unknown): string | undefined {
  const written: string | undefined = typeof value === "string" ? value : JSON.stringify(value ?? undefined);
  return written?.trim() || undefined;
}

export function parseHttpUrl(text: string): string | undefined {
  try {
    const url = new URL(text);
    if ((url.protocol !== "http:" && url.protocol !== "https:") || /[?#]/.test(text)) return undefined;
    return text.replace(/\/+$/, "");
  } catch {
    return undefined;
  }
}
