/** The part of a Durable Object's `sql` that is used here; node:sqlite is adapted to it in a few lines. */
export interface Sql {
  exec(query: string, ...values: (string | number | null)[]): { toArray(): Record<string, unknown>[] };
}

/** A question may be a whole paragraph; its first words say what it is about. */
const MOST_WORDS = 24;

/**
 * A person's words as an FTS5 query that matches any of them, as beginnings of words. Each word is a quoted string, so
 * nothing in it is an operator. undefined: there is no word in it.
 */
export function anyOf(query: string): { readonly fts: string; readonly words: readonly string[] } | undefined {
  const found = query.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  const words = [...new Set(found)].slice(0, MOST_WORDS);
  if (words.length === 0) return undefined;
  return { fts: words.map((word) => (word.length < 3 ? `"${word}"` : `"${word}"*`)).join(" OR "), words };
}
