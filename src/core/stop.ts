import type { Effect } from "./effect.ts";
import type { Event } from "./event.ts";
import { pending, runOf, type Session } from "./session.ts";
import { after, droppedLogs, say, staleLog } from "./step-log.ts";
import type { Circumstances, Stepped } from "./stepped.ts";
import { endRun, openEpoch, startNext } from "./turnover.ts";

/** A person's word, or an operator's: the run is cut and the queue dropped aloud, in every phase. A reset opens a new epoch as well. */

export function stopped(session: Session, event: Extract<Event, { type: "stopped" }>, at: Circumstances): Stepped {
  const run = runOf(session);
  if (event.run !== undefined && event.run !== run?.run) {
    return { session, effects: [staleLog(event.run, "stopped", run, at.now)] };
  }
  const dropped = pending(session);
  if (!run && dropped === 0) return { session, effects: [say({ key: "nothing_to_stop" })] };
  const ended = run ? endRun(session, run, "stopped", "stopped", at.now) : { session, effects: [] };
  return {
    session: { ...ended.session, turn: { phase: "idle" }, queue: [] },
    effects: [...ended.effects, ...droppedLogs(session, "stopped"), say({ key: "stopped", dropped })],
  };
}

export function resetAsked(
  session: Session,
  event: Extract<Event, { type: "resetAsked" }>,
  at: Circumstances,
): Stepped {
  const run = runOf(session);
  const dropped = pending(session);
  const ended = run ? endRun(session, run, "reset", "reset", at.now) : { session, effects: [] };
  // The run's own wish to reset is granted by this reset; it must not open a second epoch.
  const emptied: Session = { ...session, turn: { phase: "idle" }, queue: [] };
  const opened = openEpoch(emptied, event.by, at.now, dropped);
  const effects = [
    ...ended.effects.filter((effect) => !opensEpoch(effect)),
    ...droppedLogs(session, "reset"),
    ...opened.effects,
  ];
  if (!event.first) return { session: opened.session, effects };
  const withFirst: Session = { ...opened.session, queue: [[event.first]], activeAt: at.now };
  return after(effects, startNext(withFirst, at));
}

function opensEpoch(effect: Effect): boolean {
  return (
    effect.do === "forget" ||
    (effect.do === "log" && effect.event === "session.reset") ||
    (effect.do === "say" && effect.notice.key === "reset")
  );
}
