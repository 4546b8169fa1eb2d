import { describeProblem, type Settings } from "../config.ts";
import { Document } from "./document.tsx";

/** `GET /`: what this is, and what is left to do, by the names of settings, never by their values. */
export function Landing(props: { readonly settings: Settings; readonly version: string; readonly nonce: string }) {
  const { problems, adminToken, owners, allowedUsers } = props.settings;
  const isForNobody = owners.length === 0 && allowedUsers.length === 0;
  const todo = [
    ...problems.map(describeProblem),
    ...(isForNobody ? ["Neither OWNERS nor ALLOWED_USERS names anybody: nobody may write to the bot."] : []),
    ...(adminToken === undefined ? ["ADMIN_TOKEN is not set: without it nobody can open /admin."] : []),
  ];
  return (
    <Document title="Turnkeeper" nonce={props.nonce}>
      <main class="narrow">
        <h1>Turnkeeper</h1>
        <p>A Telegram AI agent that never drops a turn. Version {props.version}.</p>
        {problems.length === 0 && !isForNobody ? (
          <p>
            <span class="state running">Set up.</span> Write to the bot in Telegram.
          </p>
        ) : (
          <p>
            <span class="state waiting">Not set up yet.</span>
          </p>
        )}
        {todo.length > 0 && (
          <section aria-labelledby="todo">
            <h2 id="todo">Left to do</h2>
            <ul class="plain">
              {todo.map((line) => (
                <li>{line}</li>
              ))}
            </ul>
            <p class="soft">
              Secrets: <code>npx wrangler secret put NAME</code>. Locally: <code>.dev.vars</code>.
            </p>
          </section>
        )}
        <section aria-labelledby="telegram">
          <h2 id="telegram">Telegram</h2>
          <p class="soft">
            <code>npm run deploy</code> tells Telegram where this is. Without a command line: sign in at{" "}
            <a href="/admin">/admin</a> with your ADMIN_TOKEN and press “Set the webhook to this address”, or send a
            POST to <code>/admin/webhook</code> with <code>{'{"url": "https://…"}'}</code> naming this address and the
            header <code>Authorization: Bearer</code> with that token.
          </p>
        </section>
        <p>
          <a href="/admin">Maintainers</a> · <a href="/health">Health</a>
        </p>
      </main>
    </Document>
  );
}

/** The page as an answer: `app.get("/", (context) => landingPage(settings, VERSION))`. */
export function landingPage(settings: Settings, version: string): Response {
  const nonce = crypto.randomUUID();
  const page = <Landing settings={settings} version={version} nonce={nonce} />;
  return new Response(String(page), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": `default-src 'none'; style-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
    },
  });
}
