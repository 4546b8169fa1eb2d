import { shardOf } from "../src/directory/shards.ts";
import worker, * as ours from "../src/index.ts";

/**
 * The Worker as it is, with a counter under it: rows that statements read and write, alarms set, calls between objects and
 * to the outside. For test/budget and the bench; it is never deployed. The platform's own classes are wrapped, so that the
 * code that is counted does not know.
 */

export interface Count {
  /** Rows written, `setAlarm` and `deleteAlarm` as one each, as Cloudflare bills them. */
  written: number;
  read: number;
  statements: number;
  alarmsSet: number;
  alarmsFired: number;
}

const counts = new Map<string, Count>();
const statements = new Map<string, { times: number; read: number; written: number }>();
const calls = new Map<string, number>();
/** Cursors say what they have cost when they are through; so they are asked when somebody wants to know. */
let open: { owner: string; query: string; cursor: SqlStorageCursor<Record<string, SqlStorageValue>> }[] = [];
const owners = new WeakMap<object, string>();
let isWatched = false;

function countOf(owner: string): Count {
  let count = counts.get(owner);
  if (!count) {
    count = { written: 0, read: 0, statements: 0, alarmsSet: 0, alarmsFired: 0 };
    counts.set(owner, count);
  }
  return count;
}

function settle(): void {
  for (const { owner, query, cursor } of open) {
    const count = countOf(owner);
    count.statements += 1;
    count.read += cursor.rowsRead;
    count.written += cursor.rowsWritten;
    const key = `${owner}: ${query.replace(/\s+/g, " ").slice(0, 90)}`;
    const statement = statements.get(key) ?? { times: 0, read: 0, written: 0 };
    statement.times += 1;
    statement.read += cursor.rowsRead;
    statement.written += cursor.rowsWritten;
    statements.set(key, statement);
  }
  open = [];
}

function watch(owner: string, ctx: DurableObjectState): void {
  const { storage } = ctx;
  owners.set(storage, owner);
  owners.set(storage.sql, owner);
  if (isWatched) return;
  isWatched = true;
  wrap(Object.getPrototypeOf(storage.sql), "exec", (self, args, result) => {
    open.push({ owner: owners.get(self) ?? "?", query: String(args[0]), cursor: result as never });
  });
  for (const method of ["setAlarm", "deleteAlarm"]) {
    wrap(Object.getPrototypeOf(storage), method, (self) => {
      const count = countOf(owners.get(self) ?? "?");
      count.written += 1;
      count.alarmsSet += 1;
    });
  }
}

function wrap(on: object, name: string, seen: (self: object, args: unknown[], result: unknown) => void): void {
  const real: unknown = Reflect.get(on, name);
  if (typeof real !== "function") throw new Error(`expected the platform to have ${name}`);
  const wrapped = function (this: object, ...args: unknown[]): unknown {
    const result: unknown = Reflect.apply(real, this, args);
    seen(this, args, result);
    return result;
  };
  Reflect.defineProperty(on, name, { value: wrapped, configurable: true, writable: true });
}

function called(name: string): void {
  calls.set(name, (calls.get(name) ?? 0) + 1);
}

/** Bindings whose stubs count the methods that are called on them. */
function watchedBindings(env: Record<string, unknown>): void {
  for (const binding of ["SESSION", "POOL", "PERSON", "DIRECTORY"]) {
    const namespace = env[binding];
    if (typeof namespace !== "object" || namespace === null || owners.has(namespace)) continue;
    owners.set(namespace, binding);
    const prototype: object = Object.getPrototypeOf(namespace);
    if (owners.has(prototype)) continue;
    owners.set(prototype, "watched");
    const getByName: unknown = Reflect.get(prototype, "getByName");
    if (typeof getByName !== "function") throw new Error("expected the platform to have getByName");
    Reflect.defineProperty(prototype, "getByName", {
      configurable: true,
      writable: true,
      value: function (this: object, ...args: unknown[]) {
        const stub: object = Reflect.apply(getByName, this, args);
        const owner = owners.get(this) ?? "?";
        return new Proxy(stub, {
          get(target, property) {
            const method: unknown = Reflect.get(target, property, target);
            if (typeof method !== "function" || typeof property !== "string") return method;
            return (...given: unknown[]) => {
              called(`${owner}.${property}`);
              return Reflect.apply(method, target, given);
            };
          },
        });
      },
    });
  }
}

const realFetch = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const { pathname } = new URL(input instanceof Request ? input.url : String(input));
  called(pathname.startsWith("/bot") ? `telegram.${pathname.split("/").at(-1)}` : `fetch ${pathname}`);
  return realFetch(input, init);
};

/** Each session by itself: others are woken by their own alarms while one is looked at. */
function nameOf(ctx: DurableObjectState): string {
  return `session ${ctx.id.name ?? "?"}`;
}

export class Session extends ours.Session {
  constructor(...args: ConstructorParameters<typeof ours.Session>) {
    watchedBindings(args[1] as never);
    watch(nameOf(args[0]), args[0]);
    super(...args);
  }

  override alarm(): void {
    countOf(nameOf(this.ctx)).alarmsFired += 1;
    super.alarm();
  }
}

export class Pool extends ours.Pool {
  constructor(...args: ConstructorParameters<typeof ours.Pool>) {
    watch("pool", args[0]);
    super(...args);
  }
}

export class Person extends ours.Person {
  constructor(...args: ConstructorParameters<typeof ours.Person>) {
    watch("person", args[0]);
    super(...args);
  }
}

export class Directory extends ours.Directory {
  constructor(...args: ConstructorParameters<typeof ours.Directory>) {
    watch("directory", args[0]);
    super(...args);
  }

  /** As if all of these had been used, a millisecond apart. */
  fill({ keys, at }: { readonly keys: readonly string[]; readonly at: number }): void {
    for (const [index, key] of keys.entries()) this.touch({ key, at: at + index });
  }
}

export interface Counts {
  readonly objects: Readonly<Record<string, Count>>;
  readonly calls: Readonly<Record<string, number>>;
  readonly statements: Readonly<Record<string, { times: number; read: number; written: number }>>;
}

/** Registers so many sessions that nobody has ever used. */
async function fill(env: Record<string, unknown>, sessions: number): Promise<Response> {
  const directory = env.DIRECTORY as DurableObjectNamespace<Directory>;
  const byShard = Map.groupBy(
    Array.from({ length: sessions }, (_, at) => `telegram:${5_000_000 + at}`),
    shardOf,
  );
  for (const [shard, keys] of byShard) await directory.getByName(shard).fill({ keys, at: 1_700_000_000_000 });
  return Response.json({ ok: true });
}

const counted: ExportedHandler<Record<string, unknown>> = {
  fetch(request, env, context) {
    watchedBindings(env);
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/bench/fill") return fill(env, Number(searchParams.get("sessions")));
    if (pathname !== "/bench/counts") return worker.fetch(request, env as never, context);
    settle();
    const taken: Counts = {
      objects: Object.fromEntries(counts),
      calls: Object.fromEntries(calls),
      statements: Object.fromEntries(statements),
    };
    counts.clear();
    calls.clear();
    statements.clear();
    return Response.json(taken);
  },
};

export default counted;
