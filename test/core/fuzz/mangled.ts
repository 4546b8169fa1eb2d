import fc from "fast-check";

/**
 * Values that were right once: a sound example with a few places in it replaced, removed, doubled or wrapped. Pure chance
 * hardly ever gets past the first check of a border; what is nearly right gets deep into it.
 */
export function mangled(examples: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.tuple(fc.constantFrom(...examples), changes).map(([example, acts]) => withChanges(example, acts));
}

/** Text that was right once: cut, doubled, with bytes of another kind in it. */
export function mangledText(examples: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...examples), edits).map(([example, acts]) => withEdits(example, acts));
}

export type Changes = readonly (readonly [at: number, act: Change])[];
export type Edits = readonly (readonly [at: number, chars: number, insert: string])[];

export function withChanges(value: unknown, acts: Changes): unknown {
  return acts.reduce<unknown>((current, [at, act]) => changed(current, at, act), value);
}

export function withEdits(text: string, acts: Edits): string {
  return acts.reduce((current, [place, chars, insert]) => {
    const at = place % (current.length + 1);
    return current.slice(0, at) + insert + current.slice(at + chars);
  }, text);
}

/** Strings that have hurt somebody somewhere. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ..."\u0000|\ud800|\udfff|\u202e|\ufeff|__proto__|constructor|toString|../../etc/passwd|<script>|%00|\r\n\r\n".split(
      "|",
    ),
    ..."NaN|Infinity|-0|1e999|null|undefined|[object Object]|$&|{{x}}|telegram:1:topic:0|```|---|data: |\n\n".split(
      "|",
    ),
    "",
    " ",
    "a".repeat(5_000),
    "👩‍👩‍👧‍👦".repeat(40),
    "(".repeat(300),
    "[".repeat(300),
    "> ".repeat(300),
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ maxLength: 60 }),
);

export const odd: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e15,
    2 ** 53,
    -(2 ** 53),
    1e300,
    5e-324,
    [],
    {},
    [[]],
    [null],
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.nat(12).map((levels) => nested(levels * 30)),
);

export type Change =
  | { readonly act: "replace"; readonly by: unknown }
  | { readonly act: "remove" | "double" | "wrap" }
  | { readonly act: "add"; readonly name: string; readonly by: unknown };

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: odd.map((by) => ({ act: "replace" as const, by })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom({ act: "remove" as const }, { act: "double" as const }, { act: "wrap" as const }),
  },
  { weight: 1, arbitrary: fc.tuple(oddText, odd).map(([name, by]) => ({ act: "add" as const, name, by })) },
);

export const changes: fc.Arbitrary<Changes> = fc.array(fc.tuple(fc.nat(), change), { minLength: 1, maxLength: 4 });
export const edits: fc.Arbitrary<Edits> = fc.array(fc.tuple(fc.nat(), fc.nat(40), oddText), {
  minLength: 1,
  maxLength: 4,
});

function nested(levels: number): unknown {
  let value: unknown = "bottom";
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { text: value };
  return value;
}

/** The value with one place in it changed: the `at`-th, counted through all levels and round again. */
function changed(value: unknown, at: number, act: Change): unknown {
  const total = sizeOf(value);
  const left = { places: at % total };
  return walk(value, left, act) ?? null;
}

function sizeOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return 1 + Object.values(value).reduce<number>((sum, child) => sum + sizeOf(child), 0);
}

function walk(value: unknown, left: { places: number }, act: Change): unknown {
  if (left.places === 0) {
    left.places -= 1;
    return applied(value, act);
  }
  left.places -= 1;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.flatMap((item) => kept(walk(item, left, act)));
  const entries = Object.entries(value).flatMap(([name, child]) => {
    const next = walk(child, left, act);
    return next === undefined ? [] : [[name, next] as const];
  });
  return Object.fromEntries(entries);
}

function kept(item: unknown): unknown[] {
  return item === undefined ? [] : [item];
}

function applied(value: unknown, act: Change): unknown {
  switch (act.act) {
    case "replace":
      return act.by;
    case "remove":
      return undefined;
    case "double":
      return Array.isArray(value) ? [...value, ...value] : typeof value === "string" ? value + value : [value, value];
    case "wrap":
      return typeof value === "number" ? String(value) : [value];
    case "add":
      // As JSON.parse makes it: an own property, whatever its name.
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.defineProperty({ ...value }, act.name, {
            value: act.by,
            enumerable: true,
            configurable: true,
            writable: true,
          })
        : { [act.name]: act.by };
    default:
      return act satisfies never;
  }
}
