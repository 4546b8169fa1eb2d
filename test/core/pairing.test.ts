import { createHmac, randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import {
  approve,
  type Book,
  CODE_ALPHABET,
  CODE_TTL_MS,
  codeFrom,
  EMPTY_BOOK,
  isPaired,
  LOCKOUT_MS,
  normaliseCode,
  REQUEST_PAUSE_MS,
  request,
  revoke,
} from "../../src/core/pairing.ts";
import { AccessBook } from "../../src/directory/access.ts";

const OWNER = 2;

function ask(book: Book, userId: number, now: number) {
  return request(book, { userId, name: `user ${userId}`, codeHash: `hash ${userId} ${now}` }, now);
}

function wrong(book: Book, now: number) {
  return approve(book, { codeHash: "wrong", by: OWNER }, now);
}

describe("a pairing code", () => {
  it("has eight symbols of thirty-two that cannot be mistaken", () => {
    expect(new Set(CODE_ALPHABET).size).toBe(32);
    expect(CODE_ALPHABET).not.toMatch(/[IO01a-z]/);
    expect(codeFrom(new Uint8Array([0, 31, 32, 63, 255, 1, 2, 3]))).toBe("A9A99BCD");
  });

  it("draws every symbol equally often", () => {
    const counts = new Map<string, number>();
    for (let byte = 0; byte < 256; byte++) {
      const symbol = codeFrom(new Uint8Array([byte]));
      counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    }
    expect(new Set(counts.values())).toEqual(new Set([8]));
  });

  it.each([
    ["abcd-efgh", "ABCDEFGH"],
    [" abcd efgh\n", "ABCDEFGH"],
    ["ABCDEFG", undefined],
    ["ABCDEFGHJ", undefined],
    ["ABCDEFG0", undefined],
    ["", undefined],
  ])("typed as %j is %j", (typed, code) => {
    expect(normaliseCode(typed)).toBe(code);
  });
});

describe("pairing", () => {
  it("lets in whom an owner approves, once", () => {
    const asked = ask(EMPTY_BOOK, 7, 0);
    expect(asked.result).toEqual({ ok: true, expiresAt: CODE_TTL_MS });
    expect(isPaired(asked.book, 7)).toBe(false);
    const approved = approve(asked.book, { codeHash: "hash 7 0", by: OWNER }, 5);
    expect(approved.result).toEqual({ ok: true, userId: 7, name: "user 7" });
    expect(approved.book.paired).toEqual([{ userId: 7, name: "user 7", pairedAt: 5, by: OWNER }]);
    expect(approve(approved.book, { codeHash: "hash 7 0", by: OWNER }, 6).result).toEqual({
      ok: false,
      reason: "unknown_code",
    });
    expect(ask(approved.book, 7, 7).result).toEqual({ ok: false, reason: "already_paired" });
  });

  it("honours a code up to its hour and not beyond", () => {
    const { book } = ask(EMPTY_BOOK, 7, 0);
    expect(approve(book, { codeHash: "hash 7 0", by: OWNER }, CODE_TTL_MS - 1).result.ok).toBe(true);
    expect(approve(book, { codeHash: "hash 7 0", by: OWNER }, CODE_TTL_MS).result.ok).toBe(false);
  });

  it("takes one request of a person in ten minutes; the next one voids the code before it", () => {
    const first = ask(EMPTY_BOOK, 7, 0);
    expect(ask(first.book, 7, REQUEST_PAUSE_MS - 1).result).toEqual({
      ok: false,
      reason: "too_soon",
      until: REQUEST_PAUSE_MS,
    });
    const second = ask(first.book, 7, REQUEST_PAUSE_MS);
    expect(second.result.ok).toBe(true);
    expect(second.book.pending).toHaveLength(1);
    expect(approve(second.book, { codeHash: "hash 7 0", by: OWNER }, REQUEST_PAUSE_MS).result.ok).toBe(false);
  });

  it("keeps three requests at most, until the oldest expires", () => {
    let book = EMPTY_BOOK;
    for (const userId of [7, 8, 9]) book = ask(book, userId, userId).book;
    expect(ask(book, 10, 10).result).toEqual({ ok: false, reason: "too_many_pending", until: 7 + CODE_TTL_MS });
    expect(ask(book, 10, 7 + CODE_TTL_MS).result.ok).toBe(true);
  });

  it("shuts for an hour at the fifth wrong code, the right one included", () => {
    let { book } = ask(EMPTY_BOOK, 7, 0);
    for (let count = 1; count <= 4; count++) {
      const failed = wrong(book, 1);
      expect(failed.result).toEqual({ ok: false, reason: "unknown_code" });
      book = failed.book;
    }
    const fifth = wrong(book, 1);
    expect(fifth.result).toEqual({ ok: false, reason: "locked", until: 1 + LOCKOUT_MS });
    expect(approve(fifth.book, { codeHash: "hash 7 0", by: OWNER }, 2).result).toMatchObject({ reason: "locked" });
    expect(ask(fifth.book, 8, 2).result).toMatchObject({ reason: "locked" });
    expect(wrong(fifth.book, 1 + LOCKOUT_MS).result).toEqual({ ok: false, reason: "unknown_code" });
  });

  it("forgets wrong codes after a right one", () => {
    let { book } = ask(EMPTY_BOOK, 7, 0);
    for (let count = 1; count <= 4; count++) book = wrong(book, 1).book;
    book = approve(book, { codeHash: "hash 7 0", by: OWNER }, 2).book;
    expect(wrong(book, 3).result).toEqual({ ok: false, reason: "unknown_code" });
  });

  it("takes somebody out again, with a code not yet used", () => {
    const { book } = ask(EMPTY_BOOK, 7, 0);
    const gone = revoke(book, 7);
    expect(gone).toEqual({ book: EMPTY_BOOK, wasPaired: false });
    const paired = approve(book, { codeHash: "hash 7 0", by: OWNER }, 1).book;
    expect(revoke(paired, 7)).toEqual({ book: EMPTY_BOOK, wasPaired: true });
  });
});

describe("the book in storage", () => {
  function open(database = new DatabaseSync(":memory:")) {
    const clock = { now: 0 };
    const sql = {
      exec: (query: string, ...bindings: (string | number | null)[]) => {
        const rows = database.prepare(query).all(...bindings);
        return { toArray: () => rows.map((row) => ({ ...row })) };
      },
    };
    const book = new AccessBook({
      sql,
      hash: async (code) => createHmac("sha256", "pepper").update(code).digest("hex"),
      random: (bytes) => randomBytes(bytes),
      now: () => clock.now,
    });
    return { book, clock, database };
  }

  it("pairs, survives a restart, and revokes", async () => {
    const { book, database } = open();
    const asked = await book.request(7, "Ada");
    if (!asked.ok) throw new Error(asked.reason);
    expect(asked.code).toMatch(/^[A-Z2-9]{8}$/);
    expect(await book.approve(` ${asked.code.toLowerCase()} `, OWNER)).toEqual({ ok: true, userId: 7, name: "Ada" });

    const again = open(database).book;
    expect(again.isPaired(7)).toBe(true);
    expect(again.list()).toEqual([{ userId: 7, name: "Ada", pairedAt: 0, by: OWNER }]);
    expect(again.revoke(7)).toBe(true);
    expect(again.revoke(7)).toBe(false);
    expect(again.isPaired(7)).toBe(false);
  });

  it("remembers the language in which somebody asked, to welcome them in it", async () => {
    const { book } = open();
    const asked = await book.request(7, "Ada", "de");
    if (!asked.ok) throw new Error(asked.reason);
    expect(await book.approve(asked.code, OWNER)).toMatchObject({ ok: true, language: "de" });
  });

  it("keeps no code, only its hash", async () => {
    const { book, database } = open();
    const asked = await book.request(7, "Ada");
    if (!asked.ok) throw new Error(asked.reason);
    expect(JSON.stringify(database.prepare("SELECT * FROM access").all())).not.toContain(asked.code);
  });

  it("counts what is no code at all as a wrong one", async () => {
    const { book } = open();
    for (let count = 1; count <= 4; count++)
      expect(await book.approve("?", OWNER)).toMatchObject({ reason: "unknown_code" });
    expect(await book.approve("?", OWNER)).toMatchObject({ reason: "locked" });
  });

  it("has a stranger told once in ten minutes, each for themselves", () => {
    const { book, clock } = open();
    expect([book.tellsStranger(7), book.tellsStranger(7), book.tellsStranger(8)]).toEqual([true, false, true]);
    clock.now = REQUEST_PAUSE_MS - 1;
    expect(book.tellsStranger(7)).toBe(false);
    clock.now = REQUEST_PAUSE_MS;
    expect(book.tellsStranger(7)).toBe(true);
  });

  it("loses none of several requests that meet in it", async () => {
    const { book } = open();
    const all = await Promise.all([7, 8, 9, 10].map((userId) => book.request(userId, "x")));
    expect(all.map(({ ok }) => ok)).toEqual([true, true, true, false]);
    for (const asked of all.slice(0, 3)) {
      if (asked.ok) expect((await book.approve(asked.code, OWNER)).ok).toBe(true);
    }
    expect(book.list()).toHaveLength(3);
  });
});
