/** What is wrong with the markup, as Telegram words it, without "can't parse entities:". */
export class MarkupError extends Error {}

/** Telegram names places in markup by UTF-8 bytes. */
export function byteOffset(text: string, at: number): number {
  return Buffer.byteLength(text.slice(0, at));
}
