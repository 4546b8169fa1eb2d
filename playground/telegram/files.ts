import { badRequest } from "./refusal.ts";

export interface StoredFile {
  readonly fileId: string;
  readonly uniqueId: string;
  readonly path: string;
  readonly mime: string;
  readonly bytes: Uint8Array;
}

/** Bots may fetch files of up to 20 MB. */
const DOWNLOAD_LIMIT_BYTES = 20 * 1024 * 1024;

/** Files in memory, by file id, and by the path that getFile gives out. */
export class FileStore {
  readonly #files = new Map<string, StoredFile>();
  #count = 0;

  add(kind: string, bytes: Uint8Array, mime: string, name: string): StoredFile {
    this.#count += 1;
    const extension = /\.([a-z0-9]{1,8})$/i.exec(name)?.[1] ?? EXTENSIONS[mime] ?? "bin";
    const fileId = `AgAC-${kind}-${this.#count}`;
    const file = {
      fileId,
      uniqueId: `uq${this.#count}`,
      path: `${kind}s/file_${this.#count}.${extension}`,
      mime,
      bytes,
    };
    this.#files.set(fileId, file);
    return file;
  }

  /** By file id; a photo's smaller sizes are the same bytes. */
  get(fileId: string): StoredFile | undefined {
    return this.#files.get(fileId) ?? this.#files.get(fileId.replace(/-s$/, ""));
  }

  byPath(path: string): StoredFile | undefined {
    return [...this.#files.values()].find((file) => file.path === path);
  }

  getFile(fileId: string | undefined): Record<string, unknown> {
    const file = fileId === undefined ? undefined : this.get(fileId);
    if (!file) throw badRequest("invalid file_id");
    if (file.bytes.length > DOWNLOAD_LIMIT_BYTES) throw badRequest("file is too big");
    return {
      file_id: fileId,
      file_unique_id: file.uniqueId,
      file_size: file.bytes.length,
      file_path: file.path,
    };
  }
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "audio/ogg": "oga",
  "application/pdf": "pdf",
  "text/plain": "txt",
};
