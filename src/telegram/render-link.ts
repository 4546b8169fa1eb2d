/**
 * Which addresses Telegram makes links of. An address it would drop is written out behind its label instead, so that nobody
 * loses it. Source: td `LinkManager::check_link` (http, https and tg; a host needs a dot; no IPv6).
 */

/** `tg://` addresses that stand for a file, an emoji or a time: in rich Markdown they are no links. */
const TG_REFERENCE = /^tg:\/\/(?:photo|video|document|audio|emoji|time)\b/i;

export function isLinkable(address: string): boolean {
  if (TG_REFERENCE.test(address) || /[\s"<>\\^`{|}]/.test(address) || address.length > 2_000) return false;
  if (/^tg:\/\/[a-z]+/i.test(address)) return true;
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return false;
  const host = new URL(address).hostname;
  return host.includes(".") && !host.startsWith("[") && !host.startsWith(".") && !host.endsWith(".");
}

/** Whether the label says the address already: Telegram finds it by itself. */
export function saysAddress(label: string, address: string): boolean {
  const bare = (text: string): string =>
    text
      .trim()
      .replace(/^(?:https?:\/\/|mailto:)/i, "")
      .replace(/\/$/, "");
  return bare(label) === bare(address);
}

/** An address for people's eyes. */
export const shownAddress = (address: string): string => address.replace(/^mailto:/i, "");
