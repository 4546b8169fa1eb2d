import { Document } from "./document.tsx";

/** What a stranger sees of /admin: a form for the token, and nothing else. */
export function LoginPage(props: {
  readonly nonce: string;
  readonly problem: string | undefined;
  readonly isSetUp: boolean;
}) {
  return (
    <Document title="Sign in · Turnkeeper" nonce={props.nonce}>
      <main class="narrow">
        <h1>Turnkeeper</h1>
        {props.isSetUp ? (
          <form method="post" action="/admin/login">
            <label for="token">Admin token</label>
            <input
              id="token"
              name="token"
              type="password"
              autocomplete="current-password"
              required
              autofocus
              aria-describedby={props.problem ? "problem" : undefined}
            />
            {props.problem && (
              <p id="problem" role="alert" class="bad">
                {props.problem}
              </p>
            )}
            <button type="submit">Sign in</button>
          </form>
        ) : (
          <p>
            Nobody can sign in: the setting <code>ADMIN_TOKEN</code> is not set. Set it with{" "}
            <code>npx wrangler secret put ADMIN_TOKEN</code>.
          </p>
        )}
      </main>
    </Document>
  );
}
