import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

export const ROOT = join(import.meta.dirname, "..");

/** wrangler with the pinned Node, asking nobody anything. */
export const WRANGLER_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH ?? ""}`,
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CI: "true",
};

export interface Bundle {
  /** The one module. */
  readonly file: string;
  readonly bytes: number;
  readonly gzipBytes: number;
}

/** Builds as `wrangler deploy` would, and uploads nothing. `script`: another entry than the configuration's. */
export function build(config: string, outDir: string, script?: string): Bundle {
  rmSync(outDir, { recursive: true, force: true });
  execFileSync(
    join(ROOT, "node_modules/.bin/node"),
    [
      join(ROOT, "node_modules/wrangler/bin/wrangler.js"),
      "deploy",
      ...(script ? [join(ROOT, script)] : []),
      ...["--dry-run", "--config", join(ROOT, config), "--outdir", outDir],
    ],
    {
      cwd: ROOT,
      stdio: ["ignore", "ignore", "pipe"],
      env: WRANGLER_ENV,
    },
  );
  const name = readdirSync(outDir).find((candidate) => candidate.endsWith(".js"));
  if (!name) throw new Error(`expected ${outDir} to hold a module`);
  const file = join(outDir, name);
  const code = readFileSync(file);
  return { file, bytes: code.length, gzipBytes: gzipSync(code, { level: 9 }).length };
}
