import type { MessageEntity } from "grammy/types";

/**
 * The bot's own words with their two marks, *bold* and `code`, as text with entities: nothing that a person's name or a
 * model's id contains can break it, since values are put in with `safe` and the marks are looked for in the table's words.
 */
export interface Styled {
  readonly text: string;
  readonly entities: readonly MessageEntity[];
}

export function styled(marked: string): Styled {
  const entities: MessageEntity[] = [];
  let text = "";
  let rest = marked;
  for (;;) {
    const match = /\*([^*\n]+)\*|`([^`\n]+)`/.exec(rest);
    if (!match) break;
    text += rest.slice(0, match.index);
    const inner = match[1] ?? match[2] ?? "";
    entities.push({ type: match[1] === undefined ? "code" : "bold", offset: text.length, length: inner.length });
    text += inner;
    rest = rest.slice(match.index + match[0].length);
  }
  text += rest;
  return { text: unsafe(text), entities };
}

/** A value from outside, with look-alikes in place of the marks until `styled` has passed. One unit each, so offsets hold. */
export function safe(value: string): string {
  return value.replaceAll("*", "\uE000").replaceAll("`", "\uE001");
}

function unsafe(text: string): string {
  return text.replaceAll("\uE000", "*").replaceAll("\uE001", "`");
}
