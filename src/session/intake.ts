import { type IncomingMessage, userWords } from "../agent/prompt.ts";
import { fetchFile } from "../telegram/media.ts";
import { inlineText, textOf } from "../telegram/media-text.ts";
import type { Attachment } from "../telegram/message.ts";
import type { StoredPart, StoredUser } from "./conversation.ts";
import type { HeldFiles } from "./held-files.ts";
import type { Recording, SessionPorts } from "./ports.ts";
import { nameOf, toldToModel, type Unusable, unusableAtSight } from "./unusable.ts";

/**
 * What a person sent, in the form in which a model takes it: pictures and PDFs as files, voice as its words, documents as
 * their text. What cannot be used becomes one clear sentence, to the model and to the person.
 */

export interface Abilities {
  readonly images: boolean;
  readonly pdf: boolean;
}

export interface Taken {
  readonly stored: StoredUser;
  /** What the person is to be told. */
  readonly unusable: readonly Unusable[];
}

export async function intake(
  inbound: IncomingMessage,
  ports: SessionPorts,
  hear: (recording: Recording) => Promise<string | undefined>,
  abilities: Abilities,
  shared: boolean,
  signal: AbortSignal,
  held: HeldFiles,
  ordered?: string,
): Promise<Taken> {
  const extra: string[] = [];
  const files: StoredPart[] = [];
  const unusable: Unusable[] = [];
  for (const attachment of inbound.message.attachments) {
    const taken = await take(attachment, ports, hear, abilities, signal, held);
    if (typeof taken === "string") extra.push(taken);
    else if ("fileId" in taken) {
      files.push(taken);
      // What a sticker means is its emoji as much as its picture.
      if (attachment.emoji) extra.push(stickerWords(attachment.emoji));
    } else {
      unusable.push(taken);
      extra.push(toldToModel(taken));
    }
  }
  const text = userWords(inbound, shared, extra, ordered);
  const words = text.trim() === "" ? [] : [{ type: "text" as const, text }];
  return { stored: { role: "user", content: files.length === 0 ? text : [...words, ...files] }, unusable };
}

type FilePart = Extract<StoredPart, { type: "file" }>;

async function take(
  attachment: Attachment,
  ports: SessionPorts,
  hear: (recording: Recording) => Promise<string | undefined>,
  abilities: Abilities,
  signal: AbortSignal,
  held: HeldFiles,
): Promise<FilePart | string | Unusable> {
  const seen = unusableAtSight(attachment, ports.transcribe !== undefined);
  if (seen) return seen;
  const name = nameOf(attachment);
  const { settings } = ports;
  const file = await fetchFile(ports.call, settings.telegramApiRoot, settings.botToken, attachment, {
    signal,
    pause: (ms) => new Promise((resolve) => void ports.after(ms, resolve)),
    fetch: (url, init) => ports.fetch(url, { redirect: "manual", ...(init.signal ? { signal: init.signal } : {}) }),
  });
  const emoji = attachment.emoji ? stickerWords(attachment.emoji) : undefined;
  if (!file.ok) {
    return emoji ?? { key: file.reason === "too_big" ? "refused_too_big" : "file_gone", name, kind: attachment.kind };
  }
  if (isSpoken(attachment)) {
    const heard = await hear({
      bytes: file.bytes,
      name: attachment.name ?? `${attachment.kind}.ogg`,
      mime: file.mime,
    });
    return heard === undefined ? { key: "voice_failed", name, kind: attachment.kind } : `🎙 ${heard}`;
  }
  const isImage = /^image\/(jpeg|png|webp|gif)$/.test(file.mime);
  const isPdf = file.mime === "application/pdf";
  if ((isImage && abilities.images) || (isPdf && abilities.pdf)) {
    if (!held.hold(attachment.uniqueId, file.bytes)) return { key: "files_too_much", name, kind: file.mime };
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
  return { key: "file_unreadable", name, kind: file.mime };
}

function isSpoken({ kind }: Attachment): boolean {
  return kind === "voice" || kind === "audio" || kind === "video_note";
}

function stickerWords(emoji: string): string {
  return `[sticker ${emoji}]`;
}
