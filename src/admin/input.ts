import * as z from "zod";
import type { Cursor } from "./ports.ts";

/** What comes in with a request, read once. Undefined: it is not what it should be. */

/** What the keys of contract.md look like, asides of a session (`…:bg:3`) included. */
const KEY = /^telegram:-?\d{1,16}(?::[a-z]{1,16}:-?\d{1,16}){0,4}$/;

export function parseKey(text: string): string | undefined {
  return KEY.test(text) ? text : undefined;
}

/** As somebody types it who looks for a session: its key, or a chat's id alone. */
export function parseWanted(text: string): string | undefined {
  const wanted = text.trim();
  return parseKey(/^-?\d+$/.test(wanted) ? `telegram:${wanted}` : wanted);
}

export function parseProvider(text: string): string | undefined {
  return /^[a-z0-9][a-z0-9_-]{0,63}$/.test(text) ? text : undefined;
}

/** A fingerprint as GET /admin/pools shows it. */
export function parseCredential(text: string): string | undefined {
  return /^[\w-]{1,64}$/.test(text) ? text : undefined;
}

export function parseUser(text: string): number | undefined {
  return /^[1-9]\d{0,15}$/.test(text) ? Number(text) : undefined;
}

/** `fallback` where the query has none; undefined where it has a wrong one. */
export function parseLimit(text: string | undefined, fallback: number, most: number): number | undefined {
  if (text === undefined) return fallback;
  if (!/^\d{1,4}$/.test(text)) return undefined;
  const limit = Number(text);
  return limit >= 1 && limit <= most ? limit : undefined;
}

export function writeCursor({ at, key }: Cursor): string {
  return `${at.toString(36)}.${key}`;
}

export function parseCursor(text: string): Cursor | undefined {
  const match = /^([0-9a-z]{1,11})\.(.+)$/.exec(text);
  const key = parseKey(match?.[2] ?? "");
  const at = Number.parseInt(match?.[1] ?? "", 36);
  return key !== undefined && Number.isSafeInteger(at) ? { at, key } : undefined;
}

const webhookSchema = z.object({ url: z.string().max(2_000) });

/** The address of this Worker, without a path's end that the Bot API is given anyway. */
export function parseWebhook(body: string): string | undefined {
  try {
    const url = new URL(webhookSchema.parse(JSON.parse(body)).url);
    const isPlain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
    if (!isPlain || (url.protocol !== "https:" && url.protocol !== "http:")) return undefined;
    const path = url.pathname.replace(/\/+$/, "").replace(/\/telegram\/webhook$/, "");
    return `${url.origin}${path}`;
  } catch {
    return undefined;
  }
}
