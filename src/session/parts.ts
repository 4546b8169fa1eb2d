import type { MessageEntity } from "grammy/types";
import type { Refusal } from "../telegram/outbound.ts";
import { TEXT_CHARS, textOf } from "../telegram/post.ts";
import { type Part, renderParts } from "../telegram/render.ts";
import type { Content, Lowering } from "./outbox.ts";

/**
 * The messages that a delivery consists of. A pure function of the row: the same content, form and refusals give the
 * same parts in every process, so that a delivery which was cut goes on at the part that is missing.
 */
export function partsOf(
  content: Content,
  form: "rich" | "entities",
  lowered: readonly Lowering[],
  apology: string,
): Part[] {
  const parts = firstParts(content, form);
  for (const { at, to } of lowered) {
    const part = parts[at];
    if (part) parts.splice(at, 1, ...lower(part, to, apology));
  }
  return parts;
}

/**
 * What to try in place of a part that Telegram refused as it is: the next simpler form, at last a sentence that says
 * that the answer could not be shown. undefined: there is nothing simpler.
 */
export function nextForm(
  content: Content,
  part: Part,
  refusal: Refusal,
  lowered: readonly Lowering[],
  at: number,
): Lowering["to"] | undefined {
  if (lowered.some((one) => one.to === "apology" && one.at === at)) return undefined;
  if (content.kind === "freeze") return undefined;
  if (content.kind === "file") return "apology";
  if (part.form === "rich") return "entities";
  if (refusal.kind === "too_long" && part.text.length > PIECE_CHARS) return "pieces";
  if (part.form === "entities" && part.entities.length > 0) return "plain";
  // A notice that is refused for good is not worth an apology, but one on which the server fails would hold up all behind it.
  return content.kind === "answer" || refusal.kind === "unavailable" ? "apology" : undefined;
}

/** Well below any limit that a server may have. */
const PIECE_CHARS = 2_000;

function firstParts(content: Content, form: "rich" | "entities"): Part[] {
  switch (content.kind) {
    case "answer":
      return rendered(content.markdown, form);
    case "notice":
      return noticeParts(content.text, content.entities ?? []);
    case "file":
      return [{ form: "plain", text: content.caption ?? "" }];
    case "freeze":
      return [];
    default: {
      const never: never = content;
      return never;
    }
  }
}

/** An answer is delivered even where the renderer fails on it. */
function rendered(markdown: string, form: "rich" | "entities"): Part[] {
  try {
    return renderParts(markdown, form);
  } catch {
    return pieces(markdown, TEXT_CHARS);
  }
}

type Entities = readonly MessageEntity[];

/** Notices are short; one that is not loses its formatting rather than its end. */
function noticeParts(text: string, entities: Entities): Part[] {
  if (text.length > TEXT_CHARS) return pieces(text, TEXT_CHARS);
  return entities.length > 0 ? [{ form: "entities", text, entities: [...entities] }] : [{ form: "plain", text }];
}

function lower(part: Part, to: Lowering["to"], apology: string): Part[] {
  const text = textOf(part);
  switch (to) {
    case "entities":
      return rendered(text, "entities");
    case "plain":
      return [{ form: "plain", text }];
    case "pieces":
      return pieces(text, PIECE_CHARS);
    case "apology":
      return [{ form: "plain", text: apology }];
    default: {
      const never: never = to;
      return never;
    }
  }
}

/** Plain pieces, cut after a line or a word where there is one, never inside a surrogate pair. */
function pieces(text: string, limitChars: number): Part[] {
  const parts: Part[] = [];
  let rest = text;
  while (rest.length > limitChars) {
    const window = rest.slice(0, limitChars);
    const breakAt = Math.max(window.lastIndexOf("\n"), window.lastIndexOf(" "));
    let end = breakAt > limitChars / 2 ? breakAt + 1 : limitChars;
    if (/[\uD800-\uDBFF]$/.test(rest.slice(0, end))) end -= 1;
    parts.push({ form: "plain", text: rest.slice(0, end) });
    rest = rest.slice(end);
  }
  if (rest.trim() !== "") parts.push({ form: "plain", text: rest });
  return parts.filter((part) => textOf(part).trim() !== "");
}
