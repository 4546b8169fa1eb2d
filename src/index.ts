import { Hono } from "hono";
import { describeProblem } from "./config.ts";
import { type Environment, settingsOf } from "./environment.ts";
import { log } from "./log.ts";
import { VERSION } from "./version.ts";
import { receive } from "./webhook.ts";

export { Directory } from "./directory/object.ts";
export { Person } from "./person/object.ts";
export { Pool } from "./pool/object.ts";
export { Session } from "./session/object.ts";

/** The Worker: routes and nothing else. What a route does lies in the room it leads to. */
const app = new Hono<{ Bindings: Environment }>();

let isChecked = false;

app.use(async (context, next) => {
  if (!isChecked) {
    isChecked = true;
    for (const problem of settingsOf(context.env).problems) {
      log("config.invalid", { name: problem.name, missing: problem.missing, expected: describeProblem(problem) });
    }
  }
  await next();
});

app.post("/telegram/webhook", (context) => receive(context.req.raw, context.env, context.executionCtx));
app.all("/telegram/webhook", (context) => context.json({ error: "expected POST" }, 405, { allow: "POST" }));

app.get("/health", (context) => {
  const { problems } = settingsOf(context.env);
  return context.json({
    status: problems.length === 0 ? "ok" : "incomplete",
    version: VERSION,
    missing: [...new Set(problems.filter((problem) => problem.missing).map((problem) => problem.name))],
    invalid: [...new Set(problems.filter((problem) => !problem.missing).map((problem) => problem.name))],
    problems: problems.map(describeProblem),
  });
});

// What few requests need is loaded with the first of them: starting up must not pay for it.
app.all("/admin/*", async (context) => {
  const { admin } = await import("./admin/mount.ts");
  return admin.fetch(context.req.raw, context.env, context.executionCtx);
});
app.get("/", async (context) => {
  const { landingPage } = await import("./admin/landing.tsx");
  return landingPage(settingsOf(context.env), VERSION);
});

app.notFound((context) => context.json({ error: `there is no ${context.req.method} ${context.req.path}` }, 404));

app.onError((error, context) => {
  log("internal.error", { where: "worker", name: error.name });
  return context.json({ error: "something went wrong inside; the log has the line" }, 500);
});

export default app;
