import { checkAddress } from "./address.ts";
import { type Fetch, short } from "./tool.ts";

/**
 * One GET on behalf of the model: every hop's address is judged before it is asked, no more than so many hops, and no
 * more than so many bytes are read, whatever the server says about the length. Never follows by itself.
 */

const MOST_REDIRECTS = 5;
export const MOST_BYTES = 2 * 1024 * 1024;

export type Fetched =
  | {
      readonly ok: true;
      /** The last hop. */
      readonly url: string;
      /** "text/html", without parameters; "" where the server names none. */
      readonly mime: string;
      readonly text: string;
      /** Only the first MOST_BYTES were read. */
      readonly cut: boolean;
    }
  | { readonly ok: false; readonly reason: string };

export interface GuardedRequest {
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  readonly allowHosts: readonly string[];
  /** Is that type read at all? Asked before the body is. */
  readonly takes: (mime: string) => boolean;
}

export async function guardedFetch(address: string, request: GuardedRequest): Promise<Fetched> {
  let target = address;
  let base: string | undefined;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const verdict = checkAddress(target, request.allowHosts, base);
    const where = hop === 0 ? "" : `it redirects to ${short(target, 200)}, and `;
    if (!verdict.ok) return { ok: false, reason: where + verdict.reason };
    verdict.url.hash = "";
    const response = await reach(verdict.url, request);
    if (response === undefined)
      return { ok: false, reason: `${where}${short(verdict.url.host, 100)} could not be reached` };
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || location === null) {
      return readResponse(verdict.url.href, response, request);
    }
    await response.body?.cancel();
    base = verdict.url.href;
    target = location;
  }
  return { ok: false, reason: `it redirects more than ${MOST_REDIRECTS} times` };
}

/** undefined: no such host, no answer, a broken connection. The platform's own words for it say nothing to anybody. */
async function reach(url: URL, { fetch, signal }: GuardedRequest): Promise<Response | undefined> {
  try {
    return await fetch(url.href, {
      redirect: "manual",
      signal,
      headers: {
        accept: "text/html,text/markdown;q=0.9,text/plain;q=0.8,application/json;q=0.8,*/*;q=0.1",
        "user-agent": AGENT,
      },
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

const AGENT = "Mozilla/5.0 (compatible; Turnkeeper; a person's agent)";

async function readResponse(url: string, response: Response, { takes, signal }: GuardedRequest): Promise<Fetched> {
  const type = response.headers.get("content-type") ?? "";
  const mime = (type.split(";")[0] ?? "").trim().toLowerCase();
  if (!response.ok || !takes(mime)) {
    await response.body?.cancel();
    return {
      ok: false,
      reason: response.ok
        ? `its content is ${short(mime, 60)}; only HTML, text, XML and JSON are read`
        : `the server answered ${response.status}${response.statusText ? ` ${short(response.statusText, 60)}` : ""}`,
    };
  }
  try {
    const { bytes, cut } = await readAtMost(response, MOST_BYTES);
    return { ok: true, url, mime, cut, text: decode(bytes, type) };
  } catch (error) {
    if (signal.aborted) throw error;
    return { ok: false, reason: "the connection broke while it was read" };
  }
}

export async function readAtMost(response: Response, most: number): Promise<{ bytes: Uint8Array; cut: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  while (reader && length <= most) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.byteLength;
  }
  if (length > most) await reader?.cancel();
  const bytes = new Uint8Array(Math.min(length, most));
  let at = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(0, bytes.length - at);
    bytes.set(part, at);
    at += part.byteLength;
  }
  return { bytes, cut: length > most };
}

/** By the header, else by what an HTML page says about itself at its beginning, else UTF-8. */
function decode(bytes: Uint8Array, type: string): string {
  const CHARSET = /charset\s*=\s*["']?([\w-]+)/i;
  const head = String.fromCharCode(...bytes.subarray(0, 1024));
  const label = CHARSET.exec(type)?.[1] ?? CHARSET.exec(head)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    // A label the platform does not know: what is ASCII in it is readable all the same.
    return new TextDecoder().decode(bytes);
  }
}
