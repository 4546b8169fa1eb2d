import type { Approved, Paired } from "../core/pairing.ts";
import { AccessBook, type AccessOutside, type RequestedCode } from "./access.ts";
import { Register, type Registered } from "./register.ts";
import { type Added, Shelf } from "./shelf.ts";

/**
 * Everything of the Directory object that is not the platform. An object is either a shard of the register of sessions
 * or the one of the whole bot (shards.ts names them); a table comes into being with its first use, so each has only its own.
 */
export class DirectoryShell {
  readonly #outside: AccessOutside;
  #register: Register | undefined;
  #book: AccessBook | undefined;
  #shelf: Shelf | undefined;

  constructor(outside: AccessOutside) {
    this.#outside = outside;
  }

  // ---- a shard: which sessions there are ----

  /** Tells that a session is used. `ok: false`: that cannot be a session's key or a time. */
  touch(touched: Registered): { readonly ok: boolean } {
    return { ok: this.#sessions().touch(touched) };
  }

  /** Sessions of this shard, newest first, after `before`. */
  page({ before, limit }: { readonly before?: Registered; readonly limit: number }): {
    readonly ok: true;
    readonly rows: readonly Registered[];
  } {
    return { ok: true, rows: this.#sessions().page(before, limit) };
  }

  /** Whether this session was ever used: asking the session itself would bring it into being. */
  has({ key }: { readonly key: string }): { readonly ok: true; readonly has: boolean } {
    return { ok: true, has: this.#sessions().has(key) };
  }

  /** Sessions of this shard that are one person's alone. */
  ofPerson({ userId }: { readonly userId: number }): { readonly ok: true; readonly keys: readonly string[] } {
    return { ok: true, keys: this.#sessions().ofPerson(userId) };
  }

  /** Sessions of this shard that are of one chat. */
  ofChat({ chatId }: { readonly chatId: number }): { readonly ok: true; readonly keys: readonly string[] } {
    return { ok: true, keys: this.#sessions().ofChat(chatId) };
  }

  count(): { readonly ok: true; readonly count: number } {
    return { ok: true, count: this.#sessions().count() };
  }

  drop({ key }: { readonly key: string }): { readonly ok: true; readonly dropped: boolean } {
    return { ok: true, dropped: this.#sessions().drop(key) };
  }

  // ---- the bot: who was let in ----

  request(asking: {
    readonly userId: number;
    readonly name: string;
    readonly language?: string;
  }): Promise<RequestedCode> {
    return this.#access().request(asking.userId, asking.name, asking.language);
  }

  approve({ code, by }: { readonly code: string; readonly by: number }): Promise<Approved> {
    return this.#access().approve(code, by);
  }

  revoke({ userId }: { readonly userId: number }): { readonly ok: true; readonly wasPaired: boolean } {
    return { ok: true, wasPaired: this.#access().revoke(userId) };
  }

  isPaired({ userId }: { readonly userId: number }): { readonly ok: true; readonly isPaired: boolean } {
    return { ok: true, isPaired: this.#access().isPaired(userId) };
  }

  /** Whether a stranger is to be told (again) that they may not. */
  tellsStranger({ userId }: { readonly userId: number }): { readonly ok: true; readonly tells: boolean } {
    return { ok: true, tells: this.#access().tellsStranger(userId) };
  }

  list(): { readonly ok: true; readonly paired: readonly Paired[] } {
    return { ok: true, paired: this.#access().list() };
  }

  // ---- the bot: skills that owners added ----

  /** `texts` and `names` go together, ordered by name. */
  skills(): { readonly ok: true; readonly texts: readonly string[]; readonly names: readonly string[] } {
    const all = this.#skills().all();
    return { ok: true, texts: all.map(({ text }) => text), names: all.map(({ name }) => name) };
  }

  addSkill({ name, text }: { readonly name: string; readonly text: string }): Added {
    return this.#skills().add(name, text);
  }

  removeSkill({ name }: { readonly name: string }): { readonly ok: true; readonly removed: boolean } {
    return { ok: true, removed: this.#skills().remove(name) };
  }

  // ---- tables, each with its first use ----

  #sessions(): Register {
    this.#register ??= new Register(this.#outside.sql);
    return this.#register;
  }

  #access(): AccessBook {
    this.#book ??= new AccessBook(this.#outside);
    return this.#book;
  }

  #skills(): Shelf {
    this.#shelf ??= new Shelf(this.#outside.sql);
    return this.#shelf;
  }
}
