/** What the tests of rendering share. */
import { type Form, type Part, renderParts } from "../../../src/telegram/render.ts";
import type { Answer } from "./answers.ts";
import { checkPart } from "./telegram-rules.ts";

export const FORMS: readonly Form[] = ["rich", "entities", "plain"];

/** Every answer rendered once in every form. */
const rendered = new Map<string, Part[]>();
export function rendering({ name, markdown }: Answer, form: Form): Part[] {
  const known = rendered.get(`${form} ${name}`) ?? renderParts(markdown, form);
  rendered.set(`${form} ${name}`, known);
  return known;
}

/** What Telegram would object to in these parts. */
export function faults(parts: readonly Part[]): string[] {
  return parts.flatMap((part, index) => checkPart(part).map((fault) => `part ${index}: ${fault}`));
}
