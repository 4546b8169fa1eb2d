import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "../../../playground/env-file.ts";
import { ModelStandIn } from "../../../playground/model.ts";
import { ADA, BOT_TOKEN } from "../../../playground/telegram/cast.ts";
import { TelegramStandIn } from "../../../playground/telegram.ts";
import { LiveWorker, type MakeEngine, wranglerDev } from "../../../playground/worker.ts";
import { ROOT } from "../../../scripts/wrangler.ts";

export interface WorldOptions {
  /** Settings over the ones below; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A directory that outlives the world; a new one in memory otherwise. */
  readonly persistDir?: string;
  /** Bindings beside those of wrangler.toml, as it would have them. */
  readonly bindings?: string;
  /** `wrangler dev` unless told. */
  readonly engine?: MakeEngine;
}

/** The whole: Telegram and the model as stand-ins, and the real Worker under `wrangler dev` between them. */
export interface World {
  readonly telegram: TelegramStandIn;
  readonly model: ModelStandIn;
  readonly worker: LiveWorker;
  readonly keys: readonly [string, string];
  /** Where the state lies. */
  readonly directory: string;
  /**
   * SIGKILL to the Worker and a start on the same state; Telegram tries again at once what it could not deliver.
   * `settings` are for this life, over those that it began with.
   */
  restart(settings?: Settings): Promise<void>;
  close(): Promise<void>;
}

export const WEBHOOK_SECRET = "e2e-webhook-secret";
export const ADMIN_TOKEN = "e2e-admin-token";
export const KEYS = ["sk-e2e-key-one", "sk-e2e-key-two"] as const;

/** Fast enough that a test does not wait for words, slow enough that an answer is seen to grow. */
const MANNER = { firstByteMs: 5, tokensPerSecond: 200 };

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const own = options.persistDir === undefined;
  const directory =
    options.persistDir ?? mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "turnkeeper-e2e-"));
  const telegram = await TelegramStandIn.start();
  const model = await ModelStandIn.start({ manner: MANNER });
  const settings: Record<string, string> = {
    TELEGRAM_BOT_TOKEN: BOT_TOKEN,
    TELEGRAM_WEBHOOK_SECRET: WEBHOOK_SECRET,
    ADMIN_TOKEN,
    TELEGRAM_API_ROOT: telegram.url,
    ALLOWED_USERS: "*",
    OWNERS: String(ADA.id),
    MODEL: "openai/stand-in",
    OPENAI_BASE_URL: model.baseUrl,
    OPENAI_API_KEYS: KEYS.join(","),
  };
  for (const [name, value] of Object.entries(options.env ?? {})) {
    if (value === undefined) delete settings[name];
    else settings[name] = value.replaceAll("{model}", model.url).replaceAll("{telegram}", telegram.url);
  }
  const args = options.bindings === undefined ? [] : ["--config", configWith(directory, options.bindings)];
  const worker = await LiveWorker.prepare(directory, settings, options.engine ?? wranglerDev(args));

  const close = async (): Promise<void> => {
    await worker.kill9();
    await Promise.all([telegram.close(), model.close()]);
    if (own) rmSync(directory, { recursive: true, force: true });
  };
  const webhook = (): void => {
    telegram.updates.setWebhook({ url: `${worker.url}/telegram/webhook`, secret: WEBHOOK_SECRET });
  };
  try {
    await worker.start();
    webhook();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    telegram,
    model,
    worker,
    keys: KEYS,
    directory,
    restart: async (over) => {
      await worker.kill9();
      await worker.start(over);
      webhook();
    },
    close,
  };
}

/** The project's wrangler.toml and these bindings, in a file of its own; its paths are those of the project. */
function configWith(directory: string, bindings: string): string {
  const own = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
  const moved = own.replaceAll(/"\.?\/?(src\/[\w./-]+)"/g, (_whole, path: string) => JSON.stringify(join(ROOT, path)));
  const path = join(directory, "wrangler.toml");
  // Built once, by the build of whoever runs the tests; wrangler would look for the script beside this file.
  writeFileSync(path, `${moved.replace(/^\[build\]\n(?:.+\n)*/m, "")}\n${bindings}\n`);
  return path;
}
