import type { IncomingMessage } from "node:http";
import { badRequest, Refusal } from "./refusal.ts";

/** A file as it came in a multipart form. */
export interface Upload {
  readonly name: string;
  readonly mime: string;
  readonly bytes: Uint8Array;
}

/**
 * The arguments of one call. The Bot API takes them from JSON, forms, multipart or the query alike, so that a number may
 * come as text and an object as JSON in text; readers here accept both, and refuse anything else.
 */
export class Args {
  readonly values: Readonly<Record<string, unknown>>;
  readonly uploads: ReadonlyMap<string, Upload>;

  constructor(values: Readonly<Record<string, unknown>>, uploads: ReadonlyMap<string, Upload> = new Map()) {
    this.values = values;
    this.uploads = uploads;
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "object") throw badRequest(`can't parse ${name}: expected a String`);
    return String(value);
  }

  number(name: string): number | undefined {
    const value = this.values[name];
    if (value === undefined || value === null || value === "") return undefined;
    const number = typeof value === "number" ? value : Number(value);
    if (!Number.isFinite(number)) throw badRequest(`invalid ${name} specified`);
    return number;
  }

  flag(name: string): boolean {
    const value = this.values[name];
    return value === true || value === "true" || value === "True" || value === "1" || value === 1;
  }

  object(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.#structured(name);
    if (value === undefined) return undefined;
    if (!isRecord(value)) throw badRequest(`can't parse ${name}: expected an Object`);
    return value;
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.#structured(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw badRequest(`can't parse ${name}: expected an Array`);
    return value;
  }

  /** A file sent with the call, either under the field itself or by `attach://name`. */
  upload(name: string): Upload | undefined {
    const direct = this.uploads.get(name);
    if (direct) return direct;
    const value = this.values[name];
    return typeof value === "string" && value.startsWith("attach://") ? this.uploads.get(value.slice(9)) : undefined;
  }

  #structured(name: string): unknown {
    const value = this.values[name];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value !== "string") return value;
    try {
      return JSON.parse(value);
    } catch {
      throw badRequest(`can't parse ${name} JSON object`);
    }
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Telegram takes uploads up to 50 MB. */
const BODY_LIMIT_BYTES = 52 * 1024 * 1024;

export async function readBody(request: IncomingMessage, limitBytes = BODY_LIMIT_BYTES): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw new Refusal(413, "Request Entity Too Large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function readArgs(body: Buffer, contentType: string, query: URLSearchParams): Promise<Args> {
  const values: Record<string, unknown> = Object.fromEntries(query);
  const uploads = new Map<string, Upload>();
  if (body.length === 0) return new Args(values);
  if (contentType.startsWith("application/json")) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(body.toString("utf8"));
    } catch {
      throw badRequest("can't parse JSON object");
    }
    if (!isRecord(parsed)) throw badRequest("expected an Object as the body");
    Object.assign(values, parsed);
  } else if (/^(multipart\/form-data|application\/x-www-form-urlencoded)/.test(contentType)) {
    const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
    for (const [name, value] of form) {
      if (typeof value === "string") values[name] = value;
      else {
        const bytes = new Uint8Array(await value.arrayBuffer());
        uploads.set(name, { name: value.name, mime: value.type || "application/octet-stream", bytes });
      }
    }
  } else {
    throw badRequest(`unsupported content type ${contentType || "(none)"}`);
  }
  return new Args(values, uploads);
}
