import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Rules } from "./world.ts";

/** A defect put into the source on purpose: in `file` of src/core, `text` is replaced by `by`. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly by: string;
  /** A second place, where the defect needs two. */
  readonly and?: Pick<Mutant, "file" | "text" | "by">;
  /** The promise that must find it, by its number. */
  readonly foundBy: readonly string[];
}

const CORE = fileURLToPath(new URL("../../../../src/core", import.meta.url));

/** The rules with the defect in them, compiled from a copy of src/core. */
export async function mutated(mutant: Mutant): Promise<Rules> {
  const folder = mkdtempSync(join(tmpdir(), "turnkeeper-mutant-"));
  try {
    cpSync(CORE, folder, { recursive: true });
    for (const change of mutant.and ? [mutant, mutant.and] : [mutant]) {
      const path = join(folder, change.file);
      const source = readFileSync(path, "utf8");
      if (source.split(change.text).length !== 2) {
        throw new Error(
          `mutant «${mutant.name}»: its text is not once in ${change.file} any more; put the defect in anew`,
        );
      }
      writeFileSync(
        path,
        source.replace(change.text, () => change.by),
      );
    }
    const at = (file: string) => import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href);
    const [{ step }, { nextAlarm }] = await Promise.all([at("step.ts"), at("session.ts")]);
    return { step, nextAlarm };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
