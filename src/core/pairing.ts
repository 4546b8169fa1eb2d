/**
 * Pairing: how somebody whom no setting names gets in. A stranger asks and is shown a one-time code; an owner who is
 * given that code approves it. This file decides who may ask, what a code is worth and when guessing is shut out. It
 * must never see a code: only its hash comes in, so only its hash can be stored or logged. Pure: time is an argument.
 */

export const CODE_CHARS = 8;
/** 32 symbols, none of which is mistaken for another: no I, O, 0, 1. 8 of them are 40 bits. */
export const CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
export const CODE_TTL_MS = 60 * 60_000;
export const REQUEST_PAUSE_MS = 10 * 60_000;
export const MAX_PENDING = 3;
export const MAX_FAILED_APPROVALS = 5;
export const LOCKOUT_MS = 60 * 60_000;

export interface Pending {
  readonly userId: number;
  readonly name: string;
  readonly codeHash: string;
  readonly askedAt: number;
  /** As Telegram named it when they asked. */
  readonly language?: string;
}

export interface Paired {
  readonly userId: number;
  readonly name: string;
  readonly pairedAt: number;
  /** The owner who approved. */
  readonly by: number;
}

/** Everything pairing knows. `lockedUntil` lies in the past when nothing is locked. */
export interface Book {
  readonly pending: readonly Pending[];
  readonly paired: readonly Paired[];
  readonly failedApprovals: number;
  readonly lockedUntil: number;
}

export const EMPTY_BOOK: Book = { pending: [], paired: [], failedApprovals: 0, lockedUntil: 0 };

export type Requested =
  | { readonly ok: true; readonly expiresAt: number }
  | { readonly ok: false; readonly reason: "already_paired" }
  /** `until`: when asking again makes sense. */
  | { readonly ok: false; readonly reason: "too_soon" | "too_many_pending" | "locked"; readonly until: number };

export type Approved =
  | { readonly ok: true; readonly userId: number; readonly name: string; readonly language?: string }
  | { readonly ok: false; readonly reason: "unknown_code" }
  | { readonly ok: false; readonly reason: "locked"; readonly until: number };

/** A stranger asks to be let in. A second request of the same person, once allowed, replaces the first. */
export function request(
  book: Book,
  asked: Omit<Pending, "askedAt">,
  now: number,
): { readonly book: Book; readonly result: Requested } {
  const current = withoutExpired(book, now);
  const refuse = (result: Requested) => ({ book: current, result });
  if (isPaired(current, asked.userId)) return refuse({ ok: false, reason: "already_paired" });
  if (now < current.lockedUntil) return refuse({ ok: false, reason: "locked", until: current.lockedUntil });

  const mine = current.pending.find(({ userId }) => userId === asked.userId);
  if (mine !== undefined && now < mine.askedAt + REQUEST_PAUSE_MS) {
    return refuse({ ok: false, reason: "too_soon", until: mine.askedAt + REQUEST_PAUSE_MS });
  }
  const others = current.pending.filter(({ userId }) => userId !== asked.userId);
  if (others.length >= MAX_PENDING) {
    const until = Math.min(...others.map(({ askedAt }) => askedAt + CODE_TTL_MS));
    return refuse({ ok: false, reason: "too_many_pending", until });
  }
  return {
    book: { ...current, pending: [...others, { ...asked, askedAt: now }] },
    result: { ok: true, expiresAt: now + CODE_TTL_MS },
  };
}

/** An owner hands in a code. It works once; five wrong ones in a row shut pairing for an hour, the right one included. */
export function approve(
  book: Book,
  handedIn: { readonly codeHash: string; readonly by: number },
  now: number,
): { readonly book: Book; readonly result: Approved } {
  const current = withoutExpired(book, now);
  if (now < current.lockedUntil) {
    return { book: current, result: { ok: false, reason: "locked", until: current.lockedUntil } };
  }
  const found = current.pending.find(({ codeHash }) => codeHash === handedIn.codeHash);
  if (found === undefined) {
    const failedApprovals = current.failedApprovals + 1;
    const isLocked = failedApprovals >= MAX_FAILED_APPROVALS;
    return {
      book: isLocked
        ? { ...current, failedApprovals: 0, lockedUntil: now + LOCKOUT_MS }
        : { ...current, failedApprovals },
      result: isLocked
        ? { ok: false, reason: "locked", until: now + LOCKOUT_MS }
        : { ok: false, reason: "unknown_code" },
    };
  }
  const { userId, name, language } = found;
  return {
    book: {
      ...current,
      pending: current.pending.filter((pending) => pending !== found),
      paired: [
        ...current.paired.filter((paired) => paired.userId !== userId),
        { userId, name, pairedAt: now, by: handedIn.by },
      ],
      failedApprovals: 0,
    },
    result: { ok: true, userId, name, ...(language === undefined ? {} : { language }) },
  };
}

/** Takes somebody out again, a pending request included. `wasPaired`: whether there was anything to take. */
export function revoke(book: Book, userId: number): { readonly book: Book; readonly wasPaired: boolean } {
  return {
    book: {
      ...book,
      pending: book.pending.filter((pending) => pending.userId !== userId),
      paired: book.paired.filter((paired) => paired.userId !== userId),
    },
    wasPaired: isPaired(book, userId),
  };
}

export function isPaired(book: Book, userId: number): boolean {
  return book.paired.some((paired) => paired.userId === userId);
}

function withoutExpired(book: Book, now: number): Book {
  const pending = book.pending.filter(({ askedAt }) => now < askedAt + CODE_TTL_MS);
  return pending.length === book.pending.length ? book : { ...book, pending };
}

/** A code from CODE_CHARS random bytes. 256 is a multiple of 32: every symbol is equally likely. */
export function codeFrom(random: Uint8Array): string {
  return Array.from(random.subarray(0, CODE_CHARS), (byte) => CODE_ALPHABET[byte % CODE_ALPHABET.length]).join("");
}

/** What somebody typed, as the code was written: case, spaces and hyphens do not matter. Undefined: not a code at all. */
export function normaliseCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replace(/[\s-]/g, "");
  return code.length === CODE_CHARS && [...code].every((symbol) => CODE_ALPHABET.includes(symbol)) ? code : undefined;
}
