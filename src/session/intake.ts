import { type IncomingMessage, userWords } from "../agent/prompt.ts";
import { describeAttachment, FILE_LIMIT_BYTES, fetchFile } from "../telegram/media.ts";
import { inlineText, textOf } from "../telegram/media-text.ts";
import type { Attachment } from "../telegram/message.ts";
import { words } from "../words/words.ts";
import type { StoredPart, StoredUser } from "./conversation.ts";
import type { SessionPorts } from "./ports.ts";

/**
 * What a person sent, in the form in which a model takes it: pictures and PDFs as files, voice as its words, documents as
 * their text. What cannot be used becomes one clear sentence, to the model and, through its answer, to the person.
 */

export interface Abilities {
  readonly images: boolean;
  readonly pdf: boolean;
}

export async function intake(
  inbound: IncomingMessage,
  ports: SessionPorts,
  abilities: Abilities,
  shared: boolean,
  signal: AbortSignal,
  loaded: (uniqueId: string, bytes: Uint8Array) => void,
): Promise<StoredUser> {
  const { attachments } = inbound.message;
  if (attachments.length === 0) return { role: "user", content: userWords(inbound, shared) };
  const extra: string[] = [];
  const files: StoredPart[] = [];
  for (const attachment of attachments) {
    const taken = await take(attachment, inbound, ports, abilities, signal, loaded);
    if (typeof taken === "string") extra.push(taken);
    else files.push(taken);
  }
  const text = userWords(inbound, shared, extra);
  if (files.length === 0) return { role: "user", content: text };
  return { role: "user", content: [...(text.trim() === "" ? [] : [{ type: "text" as const, text }]), ...files] };
}

async function take(
  attachment: Attachment,
  inbound: IncomingMessage,
  ports: SessionPorts,
  abilities: Abilities,
  signal: AbortSignal,
  loaded: (uniqueId: string, bytes: Uint8Array) => void,
): Promise<StoredPart | string> {
  const language = inbound.from.language;
  const name = attachment.name ?? describeAttachment(attachment);
  if ((attachment.bytes ?? 0) > FILE_LIMIT_BYTES) return words(language, "refused_too_big", { name });
  const { settings } = ports;
  const load = () =>
    fetchFile(ports.call, settings.telegramApiRoot, settings.botToken, attachment, {
      signal,
      fetch: (url, init) => ports.fetch(url, { redirect: "manual", ...(init.signal ? { signal: init.signal } : {}) }),
    });
  switch (attachment.kind) {
    case "voice":
    case "audio":
    case "video_note": {
      if (!ports.transcribe) return words(language, "voice_unheard");
      const file = await load();
      if (!file.ok) return notFetched(file.reason, name, language);
      const heard = await ports.transcribe(file.bytes, attachment.name ?? `${attachment.kind}.ogg`, file.mime, signal);
      return heard === undefined ? words(language, "voice_failed", { name }) : `🎙 ${heard}`;
    }
    case "photo":
    case "sticker":
    case "document":
    case "animation":
    case "video": {
      const emoji = attachment.kind === "sticker" && attachment.emoji ? `[sticker ${attachment.emoji}]` : undefined;
      if (attachment.kind === "video" || attachment.kind === "animation") {
        return words(language, "file_unreadable", { name, kind: attachment.kind });
      }
      const file = await load();
      if (!file.ok) return emoji ?? notFetched(file.reason, name, language);
      const isImage = /^image\/(jpeg|png|webp|gif)$/.test(file.mime);
      const isPdf = file.mime === "application/pdf";
      if ((isImage && abilities.images) || (isPdf && abilities.pdf)) {
        loaded(attachment.uniqueId, file.bytes);
        return {
          type: "file",
          fileId: attachment.fileId,
          uniqueId: attachment.uniqueId,
          mediaType: file.mime,
          name,
        };
      }
      if (emoji) return emoji;
      const text = textOf(file.bytes, { mime: file.mime, name: attachment.name });
      if (text) return inlineText(attachment.name, text);
      return words(language, "file_unreadable", { name, kind: file.mime });
    }
    default:
      return attachment.kind satisfies never;
  }
}

function notFetched(reason: "too_big" | "gone" | "network", name: string, language: string | undefined): string {
  return words(language, reason === "too_big" ? "refused_too_big" : "file_gone", { name });
}
