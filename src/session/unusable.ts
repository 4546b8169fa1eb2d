import { describeAttachment, FILE_LIMIT_BYTES } from "../telegram/media.ts";
import type { Attachment } from "../telegram/message.ts";
import { safe } from "../words/styled.ts";
import { type WordKey, words } from "../words/words.ts";

/**
 * Files that no model will see: the sentence about each, for the person, who is told by the bot itself whatever the model
 * makes of it, and for the model, which must not pretend to have read them.
 */
export interface Unusable {
  readonly key: Extract<
    WordKey,
    "refused_too_big" | "file_unreadable" | "file_gone" | "files_too_much" | "voice_unheard" | "voice_failed"
  >;
  readonly name: string;
  /** What it is; only `file_unreadable` says so. */
  readonly kind: string;
}

/** What is known before a byte is fetched. `hears`: a transcription is set up. */
export function unusableAtSight(attachment: Attachment, hears: boolean): Unusable | undefined {
  const about = { name: nameOf(attachment), kind: attachment.kind.replace("_", " ") };
  if ((attachment.bytes ?? 0) > FILE_LIMIT_BYTES) return { key: "refused_too_big", ...about };
  switch (attachment.kind) {
    case "voice":
    case "audio":
    case "video_note":
      return hears ? undefined : { key: "voice_unheard", ...about };
    case "video":
    case "animation":
      return { key: "file_unreadable", ...about };
    case "photo":
    case "sticker":
    case "document":
      return undefined;
    default:
      return attachment.kind satisfies never;
  }
}

export function nameOf(attachment: Attachment): string {
  return attachment.name ?? describeAttachment(attachment);
}

/** For `styled`: the name of a file is anybody's text. */
export function toldToPerson({ key, name, kind }: Unusable, language: string | undefined): string {
  return words(language, key, { name: safe(name), kind: safe(kind) });
}

/** In brackets, as everything that the person did not say. */
export function toldToModel({ key, name, kind }: Unusable): string {
  return `[The person was told: ${words("en", key, { name, kind })}]`;
}
