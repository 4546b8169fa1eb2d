import type { Settings } from "../config.ts";
import type { Environment } from "../environment.ts";
import { fingerprintsOf } from "../pool/fingerprint.ts";
import type { BotPort, PoolView } from "./ports.ts";

/** Things of the whole bot, from the objects that keep them: pools, added skills, who was let in. */

/** The one directory object that keeps what belongs to no session. */
export const BOT = "bot";
/** Skills change when an owner sends one; until this has passed other isolates go on with what they know. */
const SKILLS_KNOWN_MS = 60_000;

let skillsKnown: { readonly at: number; readonly texts: readonly string[] } | undefined;

export function botOf(env: Environment, settings: Settings): BotPort {
  const directory = () => env.DIRECTORY.getByName(BOT);
  return {
    skills: async () => {
      const now = Date.now();
      if (skillsKnown && now - skillsKnown.at < SKILLS_KNOWN_MS) return skillsKnown.texts;
      const { texts } = await directory().skills();
      skillsKnown = { at: now, texts };
      return texts;
    },
    addSkill: async (name, text) => {
      const added = await directory().addSkill({ name, text });
      skillsKnown = undefined;
      if (added.ok) return undefined;
      return added.reason === "bad_name"
        ? "its name cannot be a command"
        : `there is a limit of ${added.limit} (${added.reason})`;
    },
    pools: () => poolsOf(env, settings),
    lift: (provider, credential) => liftIn(env, settings, provider, credential),
    approvePair: async (code, by) => {
      const approved = await directory().approve({ code, by });
      if (approved.ok) {
        const { userId, name, language } = approved;
        // Let in all the same where it cannot be said: the chat may be gone by now.
        await env.SESSION.getByName(`telegram:${userId}`)
          .tell({ key: "pair_welcome", params: {}, ...(language ? { language } : {}) })
          .catch(() => {});
        return { kind: "done", userId, name };
      }
      return approved.reason === "locked" ? { kind: "locked", untilAt: approved.until } : { kind: "wrong" };
    },
  };
}

export function poolsOf(env: Environment, settings: Settings): Promise<PoolView[]> {
  return Promise.all(
    [...settings.providers.values()]
      .filter((provider) => provider.keys.length > 0)
      .map(async (provider) => {
        const { credentials } = await env.POOL.getByName(provider.name).list({
          fingerprints: await fingerprintsOf(provider),
        });
        return { provider: provider.name, credentials };
      }),
  );
}

/** How many credentials were made ready. */
export async function liftIn(
  env: Environment,
  settings: Settings,
  provider: string,
  credential?: string,
): Promise<number> {
  const configured = settings.providers.get(provider);
  if (configured === undefined) return 0;
  const { lifted } = await env.POOL.getByName(provider).lift({
    ...(credential === undefined ? {} : { credential }),
    ...(configured.keys.length === 0 ? {} : { fingerprints: await fingerprintsOf(configured) }),
  });
  return lifted;
}
