import type { SessionView } from "../session/view.ts";
import { RunName, State, sessionPath } from "./sessions-part.tsx";
import { type Moment, moments } from "./story.ts";
import { At, Since, span, Until } from "./times.tsx";

const MOMENTS_SHOWN = 100;

/** One session: what it does, and its journal as a timeline, newest first. */
export function StoryPart(props: { readonly open: { readonly key: string; readonly view: SessionView | undefined } }) {
  const { key, view } = props.open;
  if (!view) {
    return (
      <p>
        There is no session <code>{key}</code>. <a href="/admin">All sessions</a>
      </p>
    );
  }
  const { run } = view;
  const story = moments(view).reverse().slice(0, MOMENTS_SHOWN);
  return (
    <>
      <p>
        <State view={view} />, epoch {view.epoch}, {view.queued} queued, {view.deliveries.count} to deliver,{" "}
        {view.reminders} reminders. <a href="/admin">All sessions</a>
      </p>
      {view.deliveries.lost && (
        <p class="soft">
          The last {view.deliveries.lost.kind} that the chat never saw was given up{" "}
          <Since at={view.deliveries.lost.at} after=" ago" />: {view.deliveries.lost.reason}.
        </p>
      )}
      {run && (
        <p class="soft">
          Run <RunName id={run.id} attempt={run.attempt} /> began <Since at={run.startedAt} after=" ago" />, quiet for{" "}
          {span(run.idleSeconds * 1000)}, ends <Until at={run.deadlineAt} /> at the latest; {run.steps} steps,{" "}
          {run.tokens} tokens{run.credential && `, credential ${run.credential}`}.
        </p>
      )}
      {view.queue.length > 0 && (
        <ul class="plain">
          {view.queue.map((input) => (
            <li>
              Update {input.update} of user {input.from} waits since <Since at={input.acceptedAt} after="" />
            </li>
          ))}
        </ul>
      )}
      <h3>What happened</h3>
      <ol class="story">
        {story.map((moment, index) => (
          <MomentItem moment={moment} newer={story[index - 1]} />
        ))}
      </ol>
      {story.length === 0 && <p>The journal is empty.</p>}
    </>
  );
}

/** Outside of what is replaced while one looks, so that a transcript stays as it was asked for. */
export function StoryActions({ sessionKey: key }: { readonly sessionKey: string }) {
  return (
    <>
      <div class="actions">
        <button type="button" id="stop" data-post={sessionPath(key, "stop")} data-done="Stopped.">
          Stop
        </button>
        <button
          type="button"
          id="reset"
          class="danger"
          data-post={sessionPath(key, "reset")}
          data-ask="Cut the run, drop the queue and begin a new conversation?"
          data-done="Reset: a new epoch has begun."
        >
          Reset
        </button>
        <button type="button" id="show" data-show={sessionPath(key, "transcript")}>
          Show what was said
        </button>
      </div>
      <pre id="transcript" tabindex={-1} hidden />
    </>
  );
}

function MomentItem({ moment, newer }: { readonly moment: Moment; readonly newer: Moment | undefined }) {
  const { was, became } = moment;
  return (
    <li>
      <span class="soft">
        <At at={moment.at} />
        {newer && newer.at - moment.at >= 1_000 ? `, ${span(newer.at - moment.at)} before the next` : ""}
      </span>
      <br />
      <strong>{moment.event}</strong>
      {moment.facts.length > 0 && <span> ({moment.facts.join(", ")})</span>}
      {": "}
      {was === undefined || was === became ? (
        <span class={`state ${became}`}>{became}</span>
      ) : (
        <>
          <span class={`state ${was}`}>{was}</span> → <span class={`state ${became}`}>{became}</span>
        </>
      )}
      <span class="soft">
        {moment.effects.length > 0 && ` ${moment.effects.join(", ")};`} epoch {moment.epoch}, {moment.queued} queued
        {moment.run && (
          <>
            , run <code title={moment.run}>{moment.run.slice(0, 8)}</code>
          </>
        )}
      </span>
    </li>
  );
}
