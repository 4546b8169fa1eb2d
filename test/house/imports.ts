import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** A file of src by its path from there, with `/` between folders. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL("../../src", import.meta.url));

export function sourceFiles(): readonly SourceFile[] {
  return readdirSync(ROOT, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => ({
      path: relative(ROOT, join(ROOT, path)).replaceAll("\\", "/"),
      text: readFileSync(join(ROOT, path), "utf8"),
    }));
}

/** What a file imports or re-exports, statically or not: libraries by name, files of src by their path, others with `../`. */
export function importsOf({ path, text }: SourceFile): readonly string[] {
  const found = [...withoutComments(text).matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"']+)\1/g)];
  return found.map(([, , name = ""]) => (name.startsWith(".") ? posix.join(posix.dirname(path), name) : name));
}

/** Code alone: what a comment says is not done. Strings stay, since imports are in them. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
}
