/**
 * Which addresses a fetch on behalf of the model may go to: http and https, to names and addresses of the public
 * internet only. Pure; asked again for every hop of a redirect.
 *
 * The URL parser has already turned every spelling of an IPv4 address (decimal, octal, hexadecimal, short, full-width,
 * percent-encoded) into four decimal numbers, so what is judged is what would be connected to. What cannot be judged
 * here: a public name whose DNS answer is a private address. Workers offer no resolver, and Cloudflare's network does
 * not route to private addresses; `wrangler dev` on a machine of one's own does. The best-known such names are listed.
 */

export type AddressVerdict = { readonly ok: true; readonly url: URL } | { readonly ok: false; readonly reason: string };

const URL_CHARS = 4096;

/** `allowHosts`: hosts (`name` or `name:port`) that may be private; for the playground and tests, empty otherwise. */
export function checkAddress(text: string, allowHosts: readonly string[] = [], base?: string): AddressVerdict {
  if (text.length > URL_CHARS) return no(`the URL is longer than ${URL_CHARS} characters`);
  const url = parseUrl(text, base);
  if (url === undefined) return no("that is no URL; expected one such as https://example.com/page");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return no(`only http and https are fetched, not ${url.protocol.slice(0, -1)}`);
  }
  if (url.username !== "" || url.password !== "") return no("URLs with a user name or a password are not fetched");
  if (allowHosts.includes(url.host) || allowHosts.includes(url.hostname)) return { ok: true, url };
  return isPublicHost(url.hostname) ? { ok: true, url } : no("its host is not on the public internet");
}

function no(reason: string): AddressVerdict {
  return { ok: false, reason };
}

function parseUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text.trim(), base);
  } catch {
    return undefined;
  }
}

/** `hostname` as a parsed URL has it: lower case, IPv4 in decimal, IPv6 in brackets. */
export function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith("[")) return isPublicIpv6(hostname.slice(1, -1));
  const name = hostname.replace(/\.+$/, "");
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return isPublicIpv4(name);
  return isPublicName(name);
}

/** RFC 6890 and the registries after it, and Azure's metadata address, which is the one in public space. */
const PRIVATE_IPV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["168.63.129.16", 32],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

function isPublicIpv4(address: string): boolean {
  const value = ipv4Value(address);
  return !PRIVATE_IPV4.some(([network, bits]) => {
    const size = 2 ** (32 - bits);
    const start = ipv4Value(network);
    return value >= start && value < start + size;
  });
}

function ipv4Value(address: string): number {
  return address.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

/**
 * Global unicast (2000::/3) alone is public. That leaves out loopback, link-local, unique local, multicast, addresses
 * that carry an IPv4 address (mapped, compatible, NAT64), and whatever is reserved. Within it the tunnels (Teredo, 6to4),
 * which carry one too, and what is set aside for documentation and protocols.
 */
function isPublicIpv6(address: string): boolean {
  const [first = 0, second = 0] = ipv6Groups(address);
  if (first < 0x2000 || first > 0x3fff) return false;
  if (first === 0x2001 && (second < 0x0200 || second === 0x0db8)) return false;
  if (first === 0x2002) return false;
  return !(first === 0x3fff && second < 0x1000);
}

/** The groups before "::"; none: zeros. The URL parser has validated the address. */
function ipv6Groups(address: string): number[] {
  const [head = ""] = address.split("::");
  return head === "" ? [] : head.split(":").map((group) => Number.parseInt(group, 16));
}

/** Top-level names that are never delegated, or that stand for a network of one's own. */
const PRIVATE_SUFFIXES = [
  "localhost",
  "local",
  "localdomain",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "arpa",
  "test",
  "invalid",
  "onion",
  "alt",
  // Of clusters, containers and routers.
  "svc",
  "default",
  "docker",
  "intern",
];

/** Public names that answer with private addresses by design: any address in the name, or always loopback. */
const LOOPBACK_NAMES = [
  "nip.io",
  "sslip.io",
  "xip.io",
  "traefik.me",
  "localtest.me",
  "lvh.me",
  "vcap.me",
  "lacolhost.com",
  "localho.st",
  "local.gd",
  "fritz.box",
  // They answer with one address, and the next time with another: made for getting past a check such as this.
  "1u.ms",
  "rbndr.us",
];

function isPublicName(name: string): boolean {
  const labels = name.split(".");
  // A name of one label is looked up in the network one is in.
  if (labels.length < 2 || labels.some((label) => label === "")) return false;
  if (PRIVATE_SUFFIXES.includes(labels[labels.length - 1] ?? "")) return false;
  return !LOOPBACK_NAMES.some((known) => name === known || name.endsWith(`.${known}`));
}
