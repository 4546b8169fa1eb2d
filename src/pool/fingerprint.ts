import type { ProviderSettings } from "../config.ts";
import type { Fingerprint } from "../core/pool.ts";

/**
 * The name of a key outside the Worker's memory: the first 12 hex digits of a SHA-256 over provider and key. Enough to
 * tell the keys of a pool apart (48 bits), and nothing from which a key could be had. The same in every isolate.
 */
export function fingerprint(provider: string, key: string): Promise<string> {
  const text = `turnkeeper:${provider}:${key}`;
  const known = memo.get(text);
  if (known !== undefined) return known;
  const made = digest(text);
  memo.set(text, made);
  return made;
}

/** What the pool object is told of the secrets, in their order. */
export function fingerprintsOf(provider: ProviderSettings): Promise<Fingerprint[]> {
  return Promise.all(
    provider.keys.map(async ({ key, account }) => {
      const id = await fingerprint(provider.name, key);
      return account === undefined ? { id } : { id, account };
    }),
  );
}

/** The key of a leased credential; undefined where the secrets no longer have it. */
export async function keyOf(provider: ProviderSettings, credential: string): Promise<string | undefined> {
  for (const { key } of provider.keys) {
    if ((await fingerprint(provider.name, key)) === credential) return key;
  }
  return undefined;
}

const FINGERPRINT_HEX_CHARS = 12;

/** Per isolate, and as small as the secrets are: they change only with a new isolate. */
const memo = new Map<string, Promise<string>>();

async function digest(text: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...hash]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, FINGERPRINT_HEX_CHARS);
}
