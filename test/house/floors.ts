import { importsOf, type SourceFile, withoutComments } from "./imports.ts";

/**
 * The floors of design.md, from the ground up: a file imports only from its own room and from floors below. What stands
 * alone in src is a room of its own. Of the objects, the session speaks to the pool, the person and the directory, and
 * the maintainers' pages to all of them; never the other way round.
 */
const FLOORS: readonly (readonly string[])[] = [
  ["core"],
  ["config.ts", "log.ts", "secret.ts", "version.ts", "words"],
  ["environment.ts"],
  ["telegram", "models"],
  ["agent"],
  ["pool", "person", "directory"],
  ["session"],
  ["admin"],
  ["webhook.ts"],
  ["index.ts"],
];

/** The list of bindings names the class of every object. It imports types alone, so that nothing of them runs because of it. */
const BINDINGS = "environment.ts";

export function breachesOfFloors(file: SourceFile): readonly string[] {
  const room = roomOf(file.path);
  const floor = floorOf(room);
  if (floor < 0) return [`${file.path}: no floor is known for src/${room}`];
  return importsOf(room === BINDINGS ? withoutTypes(file) : file).flatMap((target) => {
    const isOutside = target.startsWith("../");
    if (isOutside) return room === "core" ? [`${file.path} imports ${target}: core imports nothing from outside`] : [];
    if (!/\.[a-z]+$/.test(target) || !/\.tsx?$/.test(target)) {
      return room === "core" ? [`${file.path} imports ${target}: core imports nothing from outside`] : [];
    }
    const other = roomOf(target);
    if (other === room || floorOf(other) < floor) return [];
    return [`${file.path} imports ${target}: ${other} is not below ${room}`];
  });
}

function withoutTypes(file: SourceFile): SourceFile {
  return { ...file, text: file.text.replace(/^import type [^;]*;/gm, "") };
}

/** What would make a rule of the core depend on when or where it is asked. */
const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b/, "reads the clock"],
  [/\bnew Date\(\s*\)/, "reads the clock"],
  [/(?<!\bnew )\bDate\(/, "reads the clock"],
  [/\bperformance\b/, "reads the clock"],
  [/\bMath\.random\b/, "is random"],
  [/\bcrypto\b/, "is random"],
  [/\b(?:fetch|WebSocket|XMLHttpRequest)\s*\(/, "does I/O"],
  [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/, "waits"],
  [/\basync\b|\bawait\b|\bPromise\b/, "waits"],
  [/\bprocess\./, "reads the environment"],
  [/\bglobalThis\b/, "reads the environment"],
  [/\bconsole\b/, "writes to the console"],
];

export function breachesOfPurity(file: SourceFile): readonly string[] {
  if (roomOf(file.path) !== "core") return [];
  const code = withoutStrings(withoutComments(file.text));
  return IMPURE.flatMap(([pattern, what]) => {
    const found = pattern.exec(code);
    return found ? [`${file.path} ${what}: ${found[0]}`] : [];
  });
}

function withoutStrings(code: string): string {
  return code.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

function roomOf(path: string): string {
  return path.split("/", 1)[0] ?? path;
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}
