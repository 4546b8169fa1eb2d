import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { Environment } from "../environment.ts";
import { isSameSecret } from "../secret.ts";
import type { Guesses } from "./guesses.ts";
import type { AdminPorts } from "./ports.ts";
import { isPass, issuePass, markOf, PASS_MS } from "./token.ts";

/**
 * Who may look, and what a browser may do with what it is shown. A request shows the token itself, or a browser's pass; a
 * pass goes along with every request by itself, so with a pass whatever changes something must also prove to come
 * from our own page. Everything else is 401, and says nothing more.
 */

export interface AdminVariables {
  readonly Bindings: Environment;
  readonly Variables: { ports: AdminPorts; nonce: string };
}
export type AdminContext = Context<AdminVariables>;

/** A page of another origin cannot send this header without being asked first, and is never allowed to. */
export const OWN_PAGE_HEADER = "x-turnkeeper";

export type Admission =
  | { readonly kind: "token" }
  | { readonly kind: "pass" }
  /** `why` is for the log: whoever asks is told nothing but 401. */
  | { readonly kind: "stranger"; readonly why: "unset" | "no_token" | "wrong_token" | "no_pass" }
  | { readonly kind: "shut"; readonly untilAt: number };

export async function admit(context: AdminContext, guesses: Guesses): Promise<Admission> {
  const { settings, now } = context.get("ports");
  const expected = settings.adminToken;
  if (expected === undefined) return { kind: "stranger", why: "unset" };
  const bearer = bearerOf(context.req.header("authorization"));
  if (bearer !== undefined) return tryToken(context, bearer, guesses);
  const pass = getCookie(context, cookieName(context));
  if (pass === undefined) return { kind: "stranger", why: "no_token" };
  return (await isPass(pass, expected, now())) ? { kind: "pass" } : { kind: "stranger", why: "no_pass" };
}

/** One guess of the token, right or wrong. */
export async function tryToken(context: AdminContext, given: string, guesses: Guesses): Promise<Admission> {
  const { settings, now } = context.get("ports");
  const address = context.req.header("cf-connecting-ip") ?? "unknown";
  const at = now();
  const expected = settings.adminToken;
  if (expected === undefined) return { kind: "stranger", why: "unset" };
  const untilAt = isGuessable(expected) ? guesses.shutUntil(address, at) : undefined;
  if (untilAt !== undefined) return { kind: "shut", untilAt };
  if (isSameSecret(given, expected)) {
    guesses.right(address);
    return { kind: "token" };
  }
  guesses.wrong(address, await markOf(given), at);
  return { kind: "stranger", why: "wrong_token" };
}

/** In hexadecimal 80 bits: at a billion guesses a second, forty million years. */
const UNGUESSABLE_CHARS = 20;

/**
 * Only a short token is guarded by shutting an address. A long one cannot be guessed, so whoever sends a hundred wrong
 * ones would only shut out the maintainer at the same address: a right token passes, a wrong one is 401, as ever.
 */
const isGuessable = (token: string): boolean => token.length < UNGUESSABLE_CHARS;

/** Whether the request was made by a page of this very origin: browsers say so, and a page cannot lie about it. */
export function isOwnPage(context: AdminContext): boolean {
  const site = context.req.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin";
  const origin = context.req.header("origin");
  if (origin === undefined) return false;
  return URL.parse(origin)?.host === new URL(context.req.url).host;
}

export async function givePass(context: AdminContext): Promise<void> {
  const { settings, now } = context.get("ports");
  const pass = await issuePass(settings.adminToken ?? "", now());
  setCookie(context, cookieName(context), pass, { ...cookieOptions(context), maxAge: PASS_MS / 1000 });
}

export function takePass(context: AdminContext): void {
  setCookie(context, cookieName(context), "", { ...cookieOptions(context), maxAge: 0 });
}

/** What every answer carries, whoever asked: stored nowhere, framed by nobody, running nothing but our own script. */
export function securityHeaders(): MiddlewareHandler<AdminVariables> {
  return async (context, next) => {
    await next();
    const nonce = context.get("nonce");
    const policy = [
      "default-src 'none'",
      `script-src 'nonce-${nonce}'`,
      `style-src 'nonce-${nonce}'`,
      "img-src data:",
      "connect-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ];
    context.header("Content-Security-Policy", policy.join("; "));
    context.header("X-Frame-Options", "DENY");
    context.header("X-Content-Type-Options", "nosniff");
    // Not no-referrer: with it a browser says "Origin: null" of our own login form.
    context.header("Referrer-Policy", "same-origin");
    context.header("Cross-Origin-Opener-Policy", "same-origin");
    context.header("Cross-Origin-Resource-Policy", "same-origin");
    context.header("X-Robots-Tag", "noindex, nofollow");
    context.header("Cache-Control", "no-store");
  };
}

function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer[ \t]+(.*)$/i.exec(header ?? "")?.[1]?.trim();
}

/** The prefix makes a browser refuse such a cookie from a sister domain or over http. */
function cookieName(context: AdminContext): string {
  return isHttps(context) ? "__Host-turnkeeper_admin" : "turnkeeper_admin";
}

function cookieOptions(context: AdminContext) {
  return { path: "/", httpOnly: true, secure: isHttps(context), sameSite: "Strict" } as const;
}

function isHttps(context: AdminContext): boolean {
  return new URL(context.req.url).protocol === "https:";
}
