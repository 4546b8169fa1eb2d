import { isRecord } from "./args.ts";
import { badRequest } from "./refusal.ts";

/** Offsets and lengths in UTF-16 units, as everywhere in the Bot API. */
export interface Entity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
  readonly language?: string;
  readonly user?: unknown;
  readonly custom_emoji_id?: string;
}

export interface Formatted {
  readonly text: string;
  readonly entities: readonly Entity[];
}

const KNOWN = new Set(
  (
    "mention hashtag cashtag bot_command url email phone_number bold italic underline strikethrough spoiler " +
    "blockquote expandable_blockquote code pre text_link text_mention custom_emoji date_time"
  ).split(" "),
);

/** Entities beyond the hundredth are ignored without a word. */
const ENTITIES_LIMIT = 100;

/**
 * Entities given with a text. Telegram silently splits entities that overlap in part; here they are refused, because a
 * bot that makes them has counted wrongly.
 */
export function checkEntities(text: string, given: readonly unknown[]): Entity[] {
  const entities = given.slice(0, ENTITIES_LIMIT).map((value) => readEntity(value, text));
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const open: Entity[] = [];
  for (const entity of sorted) {
    while (open.length > 0 && end(open.at(-1)) <= entity.offset) open.pop();
    const around = open.at(-1);
    if (around && end(entity) > end(around)) {
      throw badRequest(`can't parse entities: entities overlap at UTF-16 offset ${entity.offset}`);
    }
    open.push(entity);
  }
  return sorted;
}

function end(entity: Entity | undefined): number {
  return entity ? entity.offset + entity.length : 0;
}

function readEntity(value: unknown, text: string): Entity {
  if (!isRecord(value)) throw badRequest("can't parse MessageEntity: expected an Object");
  const { type, offset, length } = value;
  if (typeof type !== "string" || !KNOWN.has(type)) {
    throw badRequest("can't parse MessageEntity: Unsupported type specified");
  }
  if (typeof offset !== "number" || offset < 0 || !Number.isInteger(offset)) {
    throw badRequest(`receive an entity with incorrect offset ${String(offset)}`);
  }
  if (typeof length !== "number" || length <= 0 || !Number.isInteger(length)) {
    throw badRequest(`receive an entity with incorrect length ${String(length)}`);
  }
  if (offset >= text.length) {
    throw badRequest(`entity begins after the end of the text at UTF-16 offset ${offset}`);
  }
  if (offset + length > text.length) {
    throw badRequest(
      `entity beginning at UTF-16 offset ${offset} ends after the end of the text at UTF-16 offset ${offset + length}`,
    );
  }
  if (splitsCharacter(text, offset)) {
    throw badRequest(`entity begins in a middle of a UTF-16 symbol at UTF-16 offset ${offset}`);
  }
  if (splitsCharacter(text, offset + length)) {
    throw badRequest(`entity beginning at UTF-16 offset ${offset} ends in a middle of a UTF-16 symbol`);
  }
  if (type === "text_link" && typeof value.url !== "string") {
    throw badRequest("can't parse MessageEntity: Can't find field \"url\"");
  }
  return {
    type,
    offset,
    length,
    ...(typeof value.url === "string" ? { url: value.url } : {}),
    ...(typeof value.language === "string" ? { language: value.language } : {}),
    ...(value.user === undefined ? {} : { user: value.user }),
    ...(typeof value.custom_emoji_id === "string" ? { custom_emoji_id: value.custom_emoji_id } : {}),
  };
}

function splitsCharacter(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
}

/** Telegram cuts white space at both ends; entities move with the text. */
export function trim({ text, entities }: Formatted): Formatted {
  const lead = text.length - text.trimStart().length;
  const trimmed = text.trim();
  const moved = entities.flatMap((entity) => {
    const from = Math.max(0, entity.offset - lead);
    const to = Math.min(trimmed.length, entity.offset + entity.length - lead);
    return to > from ? [{ ...entity, offset: from, length: to - from }] : [];
  });
  return { text: trimmed, entities: moved };
}

const DETECTED: readonly { readonly type: string; readonly pattern: RegExp }[] = [
  { type: "url", pattern: /\bhttps?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]]/giu },
  { type: "email", pattern: /\b[\w.+-]+@[\w-]+\.[a-z]{2,}\b/giu },
  { type: "bot_command", pattern: /(?<![\w/@.])\/[a-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/])/giu },
  { type: "mention", pattern: /(?<![\w@/.])@[a-z]\w{3,31}\b/giu },
  { type: "hashtag", pattern: /(?<![\w#&])#\p{L}[\p{L}\p{N}_]*/gu },
];

/** What Telegram finds in a text by itself: commands, mentions, links, hashtags; given entities come first. */
export function detect({ text, entities }: Formatted): Formatted {
  const found: Entity[] = [...entities];
  for (const { type, pattern } of DETECTED) {
    for (const match of text.matchAll(pattern)) {
      const entity = { type, offset: match.index, length: match[0].length };
      const taken = found.some((other) => other.offset < end(entity) && entity.offset < end(other));
      if (!taken) found.push(entity);
    }
  }
  return { text, entities: found.sort((a, b) => a.offset - b.offset || b.length - a.length) };
}
