import { streamText } from "ai";
import {
  DEFAULT_MODEL,
  environmentName,
  KNOWN_PROVIDERS,
  type ProviderSettings,
  readSettings,
} from "../../src/config.ts";
import { classify, reasonWord } from "../../src/core/failure.ts";
import { type ModelName, parseModelName } from "../../src/core/model-name.ts";
import { toRawFailure } from "../../src/models/raw-failure.ts";
import { languageModel } from "../../src/models/registry.ts";
import { fingerprint } from "../../src/pool/fingerprint.ts";
import { fromEnvironment, type LocalSettings } from "../local-settings.ts";
import { Unmet } from "../terminal.ts";
import type { Asker } from "./asker.ts";

/** The model and its keys, each tried with one small call, as the bot itself will make them. */

export interface ModelFlags {
  readonly model: string | undefined;
  readonly isTrying: boolean;
}

const ANSWER_WITHIN_MS = 45_000;

export async function chooseModel(asker: Asker, local: LocalSettings, flags: ModelFlags): Promise<LocalSettings> {
  const written = flags.model ?? (asker.isPerson ? await askModel(asker, local) : (local.MODEL ?? DEFAULT_MODEL));
  const name = parseModelName(written);
  if (!name) throw new Unmet(`--model: expected provider/model, such as ${DEFAULT_MODEL}.`);
  const prefix = environmentName(name.provider);
  // Of a shell's keys only those of the chosen provider are taken: the others are for other things.
  const shell = fromEnvironment([`${prefix}_API_KEYS`, `${prefix}_API_KEY`, `${prefix}_BASE_URL`]);
  const known = { ...local, ...shell };
  const chosen: Record<string, string> = { MODEL: written, ...shell };
  if (name.provider === "workersai") {
    asker.warn('Workers AI needs no key, but a binding: add the two lines [ai] and binding = "AI" to wrangler.toml.');
    return chosen;
  }
  const isKnown = (KNOWN_PROVIDERS as readonly string[]).includes(name.provider);
  if (!isKnown && !known[`${prefix}_BASE_URL`]) {
    chosen[`${prefix}_BASE_URL`] = await asker.text({
      message: `The base URL of ${name.provider}, up to and including its version (https://…/v1)`,
      otherwise: `${prefix}_BASE_URL is not set: expected the base URL of provider "${name.provider}", in the environment or .dev.vars.`,
      check: (answer) => (/^https?:\/\/\S+$/.test(answer) ? undefined : "Expected an http or https URL."),
    });
  }
  return { ...chosen, ...(await chooseKeys(asker, name, { ...known, ...chosen }, flags.isTrying)) };
}

function askModel(asker: Asker, known: LocalSettings): Promise<string> {
  return asker.text({
    message: `The model, as provider/model (providers: ${KNOWN_PROVIDERS.join(", ")}, or any with a base URL)`,
    otherwise: "",
    initial: known.MODEL ?? DEFAULT_MODEL,
    check: (answer) => (parseModelName(answer) ? undefined : `Expected provider/model, such as ${DEFAULT_MODEL}.`),
  });
}

async function chooseKeys(
  asker: Asker,
  name: ModelName,
  known: LocalSettings,
  isTrying: boolean,
): Promise<LocalSettings> {
  const setting = `${environmentName(name.provider)}_API_KEYS`;
  const single = setting.replace(/S$/, "");
  let isGiven = providerOf(known, name) !== undefined;
  for (let settings = known; ; isGiven = false) {
    if (!isGiven) {
      const keys = await asker.secret({
        message: `API keys of ${name.provider}, separated by commas (with several, one that runs dry is rested and the next is used)`,
        otherwise: `${setting} is not set: expected one or more keys of ${name.provider}, in the environment or .dev.vars.`,
        check: (answer) => (answer === "" ? "Expected at least one key." : undefined),
      });
      // A single key of before would be taken into the same pool.
      settings = { ...known, [setting]: keys, ...(known[single] ? { [single]: "" } : {}) };
    }
    const provider = providerOf(settings, name);
    if (!provider) throw new Unmet(`${setting} holds no key.`);
    const isGood = !isTrying || (await tryAll(asker, name, provider));
    const given = Object.fromEntries(
      [setting, single].flatMap((entry) => (settings[entry] === known[entry] ? [] : [[entry, settings[entry] ?? ""]])),
    );
    if (isGood) return given;
    if (!asker.isPerson)
      throw new Unmet(
        `No key of ${name.provider} works with ${name.model}; the lines above say why. --no-try goes on all the same.`,
      );
    if (await asker.confirm("None of them works just now. Use them all the same?", false)) return given;
  }
}

/** True when at least one works; each gets its line. */
async function tryAll(asker: Asker, name: ModelName, provider: ProviderSettings): Promise<boolean> {
  asker.tell(
    `Trying ${provider.keys.length === 1 ? "the key" : `${provider.keys.length} keys`} with one small call each to ${name.provider}/${name.model} …`,
  );
  let isGood = false;
  for (const { key } of provider.keys) {
    const id = await fingerprint(provider.name, key);
    const problem = await tryKey(name, provider, key);
    if (problem === undefined) asker.done(`Key ${id} works.`);
    else asker.warn(`Key ${id} does not: ${problem}.`);
    isGood ||= problem === undefined;
  }
  return isGood;
}

/** What is wrong with a key, in our own words: a provider's may hold a part of it. Undefined: it answered. */
export async function tryKey(name: ModelName, provider: ProviderSettings, key: string): Promise<string | undefined> {
  try {
    const model = await languageModel({ model: name, settings: provider, key });
    // As a stream, which is how the bot itself asks; the SDK would print what goes wrong there.
    const { fullStream } = streamText({
      model,
      prompt: "Answer with: OK",
      maxRetries: 0,
      abortSignal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      onError: () => {},
    });
    for await (const part of fullStream) if (part.type === "error") throw part.error;
    return undefined;
  } catch (error) {
    const raw = toRawFailure(name.provider, error, Date.now(), false);
    if (!raw) return "it was not answered in time";
    const verdict = classify(raw);
    return `${reasonWord(verdict)}${verdict.code ? ` (${verdict.code})` : ""}`;
  }
}

function providerOf(settings: LocalSettings, name: ModelName): ProviderSettings | undefined {
  const provider = readSettings(settings).providers.get(name.provider);
  return provider?.keys.some(({ key }) => key !== "") ? provider : undefined;
}
