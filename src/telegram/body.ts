/** The body of a webhook's request: at most so large, and JSON. It never throws. */

/** Telegram's own updates stay far below; what is larger is not Telegram's. */
const MOST_BODY_BYTES = 1024 * 1024;
const MOST_DRAINED_BYTES = 16 * MOST_BODY_BYTES;

export type Body =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly status: 400 | 413; readonly reason: string; readonly expected: string };

export async function bodyOf(request: Request): Promise<Body> {
  const tooLarge: Body = {
    ok: false,
    status: 413,
    reason: "too_large",
    expected: `expected a body of at most ${MOST_BODY_BYTES} bytes`,
  };
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    // Telegram says how long it is, and the platform holds it to that.
    const said = request.headers.get("content-length");
    if (said !== null && Number(said) <= MOST_BODY_BYTES) return { ok: true, value: await request.json() };
    // What is too large is read on and thrown away, within bounds: whoever sends would see a broken pipe instead of the 413.
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MOST_DRAINED_BYTES) return tooLarge;
      if (bytes > MOST_BODY_BYTES) chunks.length = 0;
      else chunks.push(chunk);
    }
    if (bytes > MOST_BODY_BYTES) return tooLarge;
    return { ok: true, value: JSON.parse(await new Blob(chunks).text()) };
  } catch {
    return { ok: false, status: 400, reason: "no_json", expected: "expected a JSON body: one update of the Bot API" };
  }
}
