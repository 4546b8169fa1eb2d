import type { SessionView } from "../session/view.ts";
import type { Sight } from "./sight.ts";
import { dollars, Since, Until } from "./times.tsx";

/** The sessions used last, each with what it is doing now. */
export function SessionsPart({ sight }: { readonly sight: Sight }) {
  if (sight.views.length === 0) return <p>No session yet: nobody has written to the bot.</p>;
  return (
    <>
      <table>
        <caption>{sight.views.length} used last, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Session</th>
            <th scope="col">State</th>
            <th scope="col" class="wide">
              Run
            </th>
            <th scope="col" class="wide">
              Idle
            </th>
            <th scope="col" class="wide num">
              Queue
            </th>
            <th scope="col" class="wide num">
              Epoch
            </th>
            <th scope="col" class="wide num">
              Cost
            </th>
            <th scope="col">
              <span class="soft">Do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sight.views.map((view) => (
            <Row view={view} at={sight.at} isOpen={sight.open?.key === view.key} />
          ))}
        </tbody>
      </table>
      {sight.next !== undefined && (
        <p>
          <a href={`/admin?cursor=${encodeURIComponent(sight.next)}`}>Older sessions</a>
        </p>
      )}
      {sight.unreachable.length > 0 && (
        <p class="bad">
          Could not be asked just now: <code>{sight.unreachable.join(", ")}</code>
        </p>
      )}
    </>
  );
}

function Row({ view, at, isOpen }: { readonly view: SessionView; readonly at: number; readonly isOpen: boolean }) {
  const { key, run } = view;
  return (
    <tr>
      <th scope="row">
        <a
          href={`/admin?session=${encodeURIComponent(key)}`}
          id={`open-${key}`}
          aria-current={isOpen ? "true" : undefined}
        >
          <code>{key}</code>
        </a>
        <span class="phone soft">
          <Quiet view={view} at={at} />
          {view.queued > 0 && `, ${view.queued} queued`}
          {view.usd > 0 && `, ${dollars(view.usd)}`}
        </span>
      </th>
      <td>
        <State view={view} />
      </td>
      <td class="wide">{run ? <RunName id={run.id} attempt={run.attempt} /> : "—"}</td>
      <td class="wide">
        <Quiet view={view} at={at} />
      </td>
      <td class="wide num">{view.queued}</td>
      <td class="wide num">{view.epoch}</td>
      <td class="wide num">{dollars(view.usd)}</td>
      <td>
        {run || view.queued > 0 ? (
          <button
            type="button"
            id={`stop-${key}`}
            data-post={sessionPath(key, "stop")}
            data-done={`${key}: stopped.`}
            aria-label={`Stop ${key}`}
          >
            Stop
          </button>
        ) : (
          ""
        )}
      </td>
    </tr>
  );
}

export function State({ view }: { readonly view: SessionView }) {
  const waiting = view.run?.waiting;
  return (
    <>
      <span class={`state ${view.state}`}>{view.state}</span>
      {waiting && (
        <span class="soft">
          {" "}
          for a {waiting.why}, <Until at={waiting.untilAt} /> at the latest
        </span>
      )}
    </>
  );
}

/** How long nothing has come: of the run while one is on, else of the session. */
function Quiet({ view, at }: { readonly view: SessionView; readonly at: number }) {
  if (view.run && !view.run.waiting) return <Since at={at - view.run.idleSeconds * 1000} />;
  return view.lastActiveAt > 0 ? <Since at={view.lastActiveAt} /> : <>never used</>;
}

export function RunName({ id, attempt }: { readonly id: string; readonly attempt: number }) {
  return (
    <>
      <code title={id}>{id.slice(0, 8)}</code>
      {attempt > 1 && <span class="soft"> attempt {attempt}</span>}
    </>
  );
}

export function sessionPath(key: string, what: "stop" | "reset" | "transcript" | "erase"): string {
  return `/admin/sessions/${encodeURIComponent(key)}/${what}`;
}
