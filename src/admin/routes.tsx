import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Environment } from "../environment.ts";
import { log } from "../log.ts";
import { activityOf } from "./activity.ts";
import {
  type AdminContext,
  type AdminVariables,
  type Admission,
  admit,
  givePass,
  isOwnPage,
  OWN_PAGE_HEADER,
  securityHeaders,
  takePass,
  tryToken,
} from "./guard.ts";
import { Guesses } from "./guesses.ts";
import {
  parseCredential,
  parseCursor,
  parseKey,
  parseLimit,
  parseProvider,
  parseUser,
  parseWebhook,
  writeCursor,
} from "./input.ts";
import { MOST_SESSIONS } from "./listing.ts";
import { streamLive } from "./live.tsx";
import { LoginPage } from "./login.tsx";
import { AdminPage } from "./page.tsx";
import type { AdminPorts } from "./ports.ts";
import { detailOf, summaryOf } from "./shapes.ts";
import { ACTIVITY_JOURNAL_ROWS, lookAt, PAGE_SESSIONS, parseQuery } from "./sight.ts";

/** Far more than any body that is meant. */
const MOST_BODY_BYTES = 8 * 1024;
/** No path of ours is longer; what somebody makes up is not written out. */
const MOST_LOGGED_CHARS = 200;
const DEFAULT_LIMIT = 50;
const READS = new Set(["GET", "HEAD"]);

/**
 * Everything under /admin: `app.route("/admin", adminRoutes((env) => portsOf(env)))`, made once for an isolate, since it
 * remembers who guesses at the token. Nothing is behind it that is not behind `admit`.
 */
export function adminRoutes(
  portsOf: (env: Environment) => AdminPorts,
  guesses: Guesses = new Guesses(),
): Hono<AdminVariables> {
  const admin = new Hono<AdminVariables>();

  admin.use("*", async (context, next) => {
    const ports = portsOf(context.env);
    context.set("ports", ports);
    context.set("nonce", ports.newNonce());
    await next();
  });
  admin.use("*", securityHeaders());
  admin.onError((error, context) => {
    log("internal.error", { where: "admin", name: error.name });
    return context.json({ error: "It could not be reached just now. Try again; the log has the line." }, 503);
  });
  const tooLarge = (context: Context) => context.json({ error: `expected at most ${MOST_BODY_BYTES} bytes` }, 413);
  admin.use("*", bodyLimit({ maxSize: MOST_BODY_BYTES, onError: tooLarge }));

  admin.post("/login", async (context) => {
    if (!isOwnPage(context)) return refuse(context, 403, "Signing in works from the form at /admin only.");
    const admission = await tryToken(context, await writtenToken(context), guesses);
    if (admission.kind === "shut" || admission.kind === "stranger") return turnAway(context, admission, true);
    await givePass(context);
    return context.redirect("/admin", 303);
  });

  admin.use("*", async (context, next) => {
    const admission = await admit(context, guesses);
    if (admission.kind === "shut" || admission.kind === "stranger") return turnAway(context, admission, false);
    const isOwn = isOwnPage(context) && context.req.header(OWN_PAGE_HEADER) !== undefined;
    if (admission.kind === "pass" && !READS.has(context.req.method) && !isOwn) {
      log("admin.refused", { reason: "other_page" });
      return refuse(context, 403, "This came from another page: send the bearer token, or use the page at /admin.");
    }
    await next();
    // Who changes something leaves a line; a path holds keys of sessions and names of credentials, never a secret.
    const path = context.req.path.slice(0, MOST_LOGGED_CHARS);
    if (!READS.has(context.req.method)) log("admin.did", { path, status: context.res.status });
  });

  admin.get("/", async (context) => {
    const sight = await lookAt(context.get("ports"), parseQuery(context.req.query()));
    return context.html(<AdminPage sight={sight} nonce={context.get("nonce")} />);
  });
  admin.get("/events", (context) => streamLive(context, parseQuery(context.req.query())));
  admin.post("/logout", (context) => {
    takePass(context);
    return context.json({ ok: true });
  });

  admin.get("/sessions", async (context) => {
    const limit = parseLimit(context.req.query("limit"), DEFAULT_LIMIT, MOST_SESSIONS);
    if (limit === undefined) return refuse(context, 400, `limit: expected a whole number from 1 to ${MOST_SESSIONS}.`);
    const given = context.req.query("cursor");
    const cursor = given === undefined ? undefined : parseCursor(given);
    if (given !== undefined && !cursor) return refuse(context, 400, "cursor: expected one that this route gave.");
    const listing = await context.get("ports").sessions({ limit, journal: 0, ...(cursor ? { cursor } : {}) });
    return context.json({
      sessions: listing.views.map(summaryOf),
      ...(listing.cursor ? { cursor: writeCursor(listing.cursor) } : {}),
      ...(listing.unreachable.length > 0 ? { unreachable: listing.unreachable } : {}),
    });
  });
  admin.get("/sessions/:key", async (context) => {
    const view = await ofKey(context, (ports, key) => ports.session(key));
    return view ? context.json(detailOf(view)) : noSession(context);
  });
  admin.get("/sessions/:key/transcript", async (context) => {
    const transcript = await ofKey(context, (ports, key) => ports.transcript(key));
    return transcript ? context.json({ transcript }) : noSession(context);
  });
  admin.get("/sessions/:key/journal", async (context) => {
    const history = await ofKey(context, (ports, key) => ports.history(key));
    return history === undefined
      ? noSession(context)
      : context.body(history, 200, { "content-type": "application/json" });
  });
  admin.post("/sessions/:key/stop", async (context) =>
    (await ofKey(context, (ports, key) => ports.stop(key))) ? context.json({ ok: true }) : noSession(context),
  );
  admin.post("/sessions/:key/reset", async (context) =>
    (await ofKey(context, (ports, key) => ports.reset(key))) ? context.json({ ok: true }) : noSession(context),
  );
  admin.post("/sessions/:key/erase", async (context) =>
    (await ofKey(context, (ports, key) => ports.eraseSession(key))) ? context.json({ ok: true }) : noSession(context),
  );

  admin.get("/pools", async (context) => context.json({ pools: await context.get("ports").pools() }));
  admin.post("/pools/:provider/reset", (context) => lift(context, false));
  admin.post("/pools/:provider/:credential/reset", (context) => lift(context, true));

  admin.get("/activity", async (context) => {
    const ports = context.get("ports");
    const { views } = await ports.sessions({ limit: PAGE_SESSIONS, journal: ACTIVITY_JOURNAL_ROWS });
    return context.json(activityOf(views, ports.now()));
  });

  admin.post("/people/:user/erase", async (context) => {
    const user = parseUser(context.req.param("user"));
    if (user === undefined) return refuse(context, 404, "There is no such person: expected a user id of Telegram.");
    return context.json({ ok: true, ...(await context.get("ports").erasePerson(user)) });
  });

  admin.post("/webhook", async (context) => {
    const url = parseWebhook(await context.req.text());
    if (url === undefined) {
      return refuse(context, 400, 'Expected {"url": "https://…"}: where this Worker is reached, without a query.');
    }
    const ports = context.get("ports");
    const done = await ports.registerWebhook(url);
    if (!done.ok) return refuse(context, 422, withoutSecrets(ports, done.problem));
    return context.json({ ok: true, url: `${url}/telegram/webhook` });
  });

  for (const [path, methods] of Object.entries(METHODS)) {
    admin.all(path, (context) => {
      context.header("Allow", methods);
      return refuse(context, 405, `expected ${methods}`);
    });
  }
  admin.get("*", async (context, next) => {
    return context.req.path.endsWith("/admin/") ? context.redirect("/admin", 302) : next();
  });
  admin.all("*", (context) => refuse(context, 404, "There is nothing here."));
  return admin;
}

const METHODS = {
  "/": "GET",
  "/events": "GET",
  "/login": "POST",
  "/logout": "POST",
  "/sessions": "GET",
  "/sessions/:key": "GET",
  "/sessions/:key/transcript": "GET",
  "/sessions/:key/journal": "GET",
  "/sessions/:key/stop": "POST",
  "/sessions/:key/reset": "POST",
  "/sessions/:key/erase": "POST",
  "/pools": "GET",
  "/pools/:provider/reset": "POST",
  "/pools/:provider/:credential/reset": "POST",
  "/activity": "GET",
  "/people/:user/erase": "POST",
  "/webhook": "POST",
} as const;

/** What was typed into the form; "" where the form is broken, which is then a wrong token like any other. */
async function writtenToken(context: AdminContext): Promise<string> {
  try {
    const { token } = await context.req.parseBody();
    return typeof token === "string" ? token : "";
  } catch {
    return "";
  }
}

function refuse(context: AdminContext, status: 400 | 401 | 403 | 404 | 405 | 422 | 429, error: string): Response {
  return context.json({ error }, status);
}

function noSession(context: AdminContext): Response {
  return refuse(context, 404, "There is no session of that key.");
}

/** A key that cannot be one is asked of nobody: asking would bring an object into being. */
async function ofKey<Result>(
  context: AdminContext,
  ask: (ports: AdminPorts, key: string) => Promise<Result>,
): Promise<Result | undefined> {
  const key = parseKey(context.req.param("key") ?? "");
  return key === undefined ? undefined : ask(context.get("ports"), key);
}

async function lift(context: AdminContext, isOne: boolean): Promise<Response> {
  const provider = parseProvider(context.req.param("provider") ?? "");
  const credential = isOne ? parseCredential(context.req.param("credential") ?? "") : undefined;
  if (provider === undefined || (isOne && credential === undefined)) {
    return refuse(context, 404, "There is no such pool or credential.");
  }
  const lifted = await context.get("ports").lift(provider, credential);
  if (lifted === 0) return refuse(context, 404, "There is no such pool or credential.");
  return context.json({ ok: true, lifted });
}

function turnAway(
  context: AdminContext,
  admission: Extract<Admission, { kind: "shut" | "stranger" }>,
  isTyped: boolean,
): Response | Promise<Response> {
  const isShut = admission.kind === "shut";
  log("admin.refused", { reason: isShut ? "too_many_guesses" : admission.why });
  return unauthorized(context, isShut ? admission.untilAt : isTyped);
}

/** `why` true: a wrong token was given at the form; a number: nothing is looked at from there before that time. */
function unauthorized(context: AdminContext, why: boolean | number): Response | Promise<Response> {
  const { settings, now } = context.get("ports");
  const isShut = typeof why === "number";
  if (isShut) context.header("Retry-After", String(Math.max(1, Math.ceil((why - now()) / 1000))));
  else context.header("WWW-Authenticate", 'Bearer realm="turnkeeper admin"');
  const isForm = context.req.path.replace(/\/+$/, "").endsWith("/login");
  const isPage = isForm || (context.req.method === "GET" && /\/admin\/?$/.test(context.req.path));
  const status = isShut ? 429 : 401;
  if (!isPage || !context.req.header("accept")?.includes("text/html")) {
    return refuse(
      context,
      status,
      isShut ? "Too many wrong tokens: try again later." : "expected Authorization: Bearer ADMIN_TOKEN",
    );
  }
  const problem = isShut
    ? "Too many wrong tokens came from your address. Try again in a quarter of an hour."
    : why
      ? "That is not the token."
      : undefined;
  const isSetUp = settings.adminToken !== undefined;
  return context.html(<LoginPage nonce={context.get("nonce")} problem={problem} isSetUp={isSetUp} />, status);
}

/** What Telegram or the network said of a failure may quote what was sent to it. */
function withoutSecrets({ settings }: AdminPorts, text: string): string {
  const secrets = [settings.botToken, settings.webhookSecret, settings.adminToken ?? ""];
  return secrets.reduce((safe, secret) => (secret === "" ? safe : safe.replaceAll(secret, "…")), text).slice(0, 300);
}
