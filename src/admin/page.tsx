import { Document } from "./document.tsx";
import { PicturesPart } from "./pictures.tsx";
import { PoolsPart } from "./pools-part.tsx";
import { SCRIPT } from "./script.ts";
import { SessionsPart } from "./sessions-part.tsx";
import type { Sight } from "./sight.ts";
import { StoryActions, StoryPart } from "./story-part.tsx";
import { At, Since } from "./times.tsx";

/**
 * The maintainers' page: "why did it not reply?" answered at one look. Rendered here, on the server; each part is sent again
 * as it changes. No words of people are on it; a transcript is fetched for the admin who asks.
 */

/** What is replaced while somebody looks, by the id of its place. */
export const PARTS = {
  summary: (sight: Sight) => <Summary sight={sight} />,
  story: (sight: Sight) => sight.open && <StoryPart open={sight.open} />,
  sessions: (sight: Sight) => <SessionsPart sight={sight} />,
  pools: (sight: Sight) => <PoolsPart pools={sight.pools} />,
  waiting: (sight: Sight) => <Waiting sight={sight} />,
  errors: (sight: Sight) => <Errors sight={sight} />,
  pictures: (sight: Sight) => <PicturesPart activity={sight.activity} />,
} as const;

export function AdminPage({ sight, nonce }: { readonly sight: Sight; readonly nonce: string }) {
  const key = sight.open?.key;
  return (
    <Document title={key ? `${key} · Turnkeeper` : "Turnkeeper"} nonce={nonce} script={SCRIPT} at={sight.at}>
      <a class="skip" href="#main">
        Skip to the sessions
      </a>
      <header class="top">
        <h1>Turnkeeper</h1>
        <div id="part-summary" aria-live="polite">
          {PARTS.summary(sight)}
        </div>
      </header>
      <main id="main">
        {key !== undefined && (
          <section aria-labelledby="story-title">
            <h2 id="story-title">
              <code>{key}</code>
            </h2>
            <StoryActions sessionKey={key} />
            <div id="part-story">{PARTS.story(sight)}</div>
          </section>
        )}
        <form class="find" action="/admin" method="get">
          <label for="find">Chat id or session key</label>
          <input id="find" name="session" autocomplete="off" inputmode="text" />
          <button type="submit">Open</button>
        </form>
        <Card id="sessions" title="Sessions" sight={sight} />
        <Card id="pools" title="Credentials" sight={sight} />
        <Card id="waiting" title="Deliveries and reminders" sight={sight} />
        <Card id="errors" title="Errors of the last day" sight={sight} />
        <Card id="pictures" title="The last day" sight={sight} />
        <section aria-labelledby="do-title">
          <h2 id="do-title">This bot</h2>
          <p class="soft">Version {sight.version}</p>
          <div class="actions">
            <button
              type="button"
              id="webhook"
              data-post="/admin/webhook"
              data-body="origin"
              data-ask="Have Telegram send this bot's updates to this address?"
              data-done="Telegram sends updates here now, and shows the menu."
            >
              Set the webhook to this address
            </button>
            <button type="button" id="logout" data-post="/admin/logout" data-done="Signed out.">
              Sign out
            </button>
          </div>
        </section>
      </main>
      <p id="said" class="said" role="status" />
    </Document>
  );
}

function Card(props: {
  readonly id: Exclude<keyof typeof PARTS, "summary" | "story">;
  readonly title: string;
  readonly sight: Sight;
}) {
  return (
    <section aria-labelledby={`${props.id}-title`}>
      <h2 id={`${props.id}-title`}>{props.title}</h2>
      <div id={`part-${props.id}`}>{PARTS[props.id](props.sight)}</div>
    </section>
  );
}

function Summary({ sight: { views, pools, problems } }: { readonly sight: Sight }) {
  const count = (state: string) => views.filter((view) => view.state === state).length;
  const dry = pools.filter(
    ({ credentials }) => credentials.length > 0 && credentials.every(({ state }) => state !== "ready"),
  );
  return (
    <span>
      {count("running")} running, {count("waiting")} waiting, {count("idle") + count("gathering")} idle
      {dry.length > 0 && (
        <strong class="bad"> No credential is ready: {dry.map((pool) => pool.provider).join(", ")}</strong>
      )}
      {problems.length > 0 && <strong class="bad"> Settings to mend: {problems.join(", ")}</strong>}
    </span>
  );
}

function Waiting({ sight: { views } }: { readonly sight: Sight }) {
  const owing = views.filter((view) => view.deliveries.count > 0);
  const reminders = views.filter((view) => view.reminders > 0);
  return (
    <>
      {owing.length === 0 && <p>Everything that was said is delivered.</p>}
      <ul class="plain">
        {owing.map(({ key, deliveries }) => (
          <li>
            <code>{key}</code>: {deliveries.count} to deliver
            {deliveries.oldestAt !== null && (
              <>
                , the oldest for <Since at={deliveries.oldestAt} />
              </>
            )}
          </li>
        ))}
        {reminders.map((view) => (
          <li>
            <code>{view.key}</code>: {view.reminders} {view.reminders === 1 ? "reminder" : "reminders"}
          </li>
        ))}
      </ul>
      {reminders.length === 0 && <p class="soft">No reminders.</p>}
    </>
  );
}

function Errors({ sight: { activity } }: { readonly sight: Sight }) {
  if (activity.errors.length === 0) return <p>None.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Session</th>
          <th scope="col">What</th>
        </tr>
      </thead>
      <tbody>
        {activity.errors.map((end) => (
          <tr>
            <td>
              <At at={end.at} />
            </td>
            <td>
              <a href={`/admin?session=${encodeURIComponent(end.session)}`}>
                <code>{end.session}</code>
              </a>
            </td>
            <td>
              <span class={`state ${end.outcome}`}>{end.outcome}</span>{" "}
              <span class="soft">
                {end.reason} run <code title={end.run}>{end.run.slice(0, 8)}</code>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
