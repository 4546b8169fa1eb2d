import { digest, isEqual } from "../secret.ts";
/**
 * The two ways to show that one has ADMIN_TOKEN: the token itself, and a pass derived from it that a browser keeps in a
 * cookie. The pass is a time at which it ends and an HMAC over it; it yields nothing of the token, and another token ends
 * every pass at once.
 */

export const PASS_MS = 12 * 60 * 60_000;

const encoder = new TextEncoder();

/** A pass for a browser that has shown the token. */
export async function issuePass(token: string, now: number): Promise<string> {
  const endsAt = String(now + PASS_MS);
  return `${endsAt}.${hex(await sign(token, endsAt))}`;
}

export async function isPass(pass: string, token: string, now: number): Promise<boolean> {
  const match = /^(\d{1,16})\.([0-9a-f]{64})$/.exec(pass);
  if (!match?.[1] || !match[2]) return false;
  const expected = hex(await sign(token, match[1]));
  const isGenuine = isEqual(encoder.encode(match[2]), encoder.encode(expected));
  return isGenuine && Number(match[1]) > now;
}

/** Tells one wrong token from another without keeping either: 32 bits of a hash. */
export async function markOf(given: string): Promise<string> {
  return hex((await digest(given)).subarray(0, 4));
}

async function sign(token: string, text: string): Promise<Uint8Array> {
  const secret = encoder.encode(`turnkeeper admin pass ${token}`);
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
