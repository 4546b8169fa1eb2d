import type { ProviderSettings } from "../config.ts";

/**
 * Where each known provider is spoken to, up to and including the version segment. Always passed on explicitly: an SDK that
 * is given none goes to its own default host, which a test or the playground must never reach.
 */
const OWN_BASE_URLS: ReadonlyMap<string, string> = new Map([
  ["openai", "https://api.openai.com/v1"],
  ["anthropic", "https://api.anthropic.com/v1"],
  ["google", "https://generativelanguage.googleapis.com/v1beta"],
  ["openrouter", "https://openrouter.ai/api/v1"],
  ["groq", "https://api.groq.com/openai/v1"],
  ["mistral", "https://api.mistral.ai/v1"],
  ["xai", "https://api.x.ai/v1"],
  ["deepseek", "https://api.deepseek.com/v1"],
]);

/** The configured base URL, else the provider's own; undefined for a provider that nothing is known of. */
export function baseUrlOf(provider: string, settings: ProviderSettings | undefined): string | undefined {
  const url = settings?.baseUrl ?? OWN_BASE_URLS.get(provider);
  return url === undefined || url === "" ? undefined : url.replace(/\/+$/, "");
}

/** It is somebody's service, and not only a URL in the settings. */
export function hasOwnHost(provider: string): boolean {
  return OWN_BASE_URLS.has(provider);
}
