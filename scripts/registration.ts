import { z } from "zod";
import { bundledSkills } from "../skills/index.ts";
import { readSettings } from "../src/config.ts";
import { registerWebhook } from "../src/telegram/menu.ts";
import { LANGUAGES, words } from "../src/words/words.ts";
import { BotApi } from "./bot-api.ts";
import { apiRootOf, type LocalSettings } from "./local-settings.ts";

/** Tells Telegram where the bot is, with which secret, of what it wants to hear, and its command menu. */

export type Registered = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/** A name under workers.dev that is new takes up to a minute to be known everywhere. */
const NEW_ADDRESS_WITHIN_MS = 60_000;
const TRY_EVERY_MS = 2_000;
/** Some fifty calls of the Bot API, one after the other. */
const ADMIN_ANSWER_WITHIN_MS = 120_000;

const refusalSchema = z.object({ error: z.string() });

/** By the deployed Worker itself, which knows its own secret. */
export async function registerByWorker(
  url: string,
  adminToken: string,
  withinMs = NEW_ADDRESS_WITHIN_MS,
): Promise<Registered> {
  const until = Date.now() + withinMs;
  for (;;) {
    const tried = await askWorker(url, adminToken);
    if (tried.ok || !tried.mayPass || Date.now() + TRY_EVERY_MS > until) {
      return tried.ok ? { ok: true } : { ok: false, problem: tried.problem };
    }
    await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
  }
}

type Tried = { readonly ok: true } | { readonly ok: false; readonly mayPass: boolean; readonly problem: string };

async function askWorker(url: string, adminToken: string): Promise<Tried> {
  let response: Response;
  try {
    response = await fetch(`${url}/admin/webhook`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
      body: JSON.stringify({ url }),
      signal: AbortSignal.timeout(ADMIN_ANSWER_WITHIN_MS),
    });
  } catch {
    return { ok: false, mayPass: true, problem: `${url} cannot be reached` };
  }
  if (response.ok) return { ok: true };
  const read = refusalSchema.safeParse(await response.json().catch(() => undefined));
  const problem =
    response.status === 401
      ? "the ADMIN_TOKEN here is not the one of the deployed Worker (`npx wrangler secret put ADMIN_TOKEN` sets that)"
      : read.success
        ? read.data.error
        : `${url}/admin/webhook answered ${response.status}`;
  // workers.dev says 404 to a name it does not know yet; the Worker's own refusals are JSON.
  return { ok: false, mayPass: response.status >= 500 || (response.status === 404 && !read.success), problem };
}

/** Straight to Telegram. The secret here must be the deployed Worker's, or that would refuse every update. */
export async function registerDirectly(url: string, local: LocalSettings): Promise<Registered> {
  const settings = readSettings(local);
  const api = new BotApi(apiRootOf(local), settings.botToken);
  const requests = registerWebhook(url, settings.webhookSecret, {
    words: (language, key) => words(language, key),
    languages: LANGUAGES.filter((language) => language !== "en"),
    owners: settings.owners,
    skills: bundledSkills,
  });
  for (const { method, payload, mayFail } of requests) {
    const answer = await api.call(method, payload);
    if (!answer.ok && !mayFail) return { ok: false, problem: `${method} was refused: ${answer.problem}` };
  }
  return { ok: true };
}
