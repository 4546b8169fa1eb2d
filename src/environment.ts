import { type RawEnvironment, readSettings, type Settings } from "./config.ts";
import type { Directory } from "./directory/object.ts";
import type { Person } from "./person/object.ts";
import type { Pool } from "./pool/object.ts";
import type { Session } from "./session/object.ts";

declare global {
  namespace Cloudflare {
    /** As `cloudflare:workers` hands it over: only tests ask there. */
    interface Env {
      LOADER?: WorkerLoader;
    }
  }
}

/** What the platform hands to the Worker and to every object: the bindings of wrangler.toml beside the settings. */
export interface Environment extends RawEnvironment {
  readonly SESSION: DurableObjectNamespace<Session>;
  readonly POOL: DurableObjectNamespace<Pool>;
  readonly PERSON: DurableObjectNamespace<Person>;
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
  /** Workers AI, where it is bound. */
  readonly AI?: unknown;
  /** The sandbox of run_javascript, where it is bound. */
  readonly LOADER?: WorkerLoader;
}

const known = new WeakMap<object, Settings>();

/** The settings, read once for each isolate: they change only with a new one. */
export function settingsOf(env: Environment): Settings {
  let settings = known.get(env);
  if (!settings) {
    settings = readSettings(env);
    known.set(env, settings);
  }
  return settings;
}
