import type { Effect, Notice } from "./effect.ts";
import type { Event } from "./event.ts";
import { MOST_ATTEMPTS, type Running, type Session } from "./session.ts";
import { begin, finishedLog, leave, say, startedLog } from "./step-log.ts";
import type { Circumstances, Stepped } from "./stepped.ts";
import { andNext, ended, resumed, startNext, ungathered } from "./turnover.ts";

/** What time does to a session, and death and return: nothing stays busy past the time that its value carries. */

export function ticked(session: Session, event: Extract<Event, { type: "ticked" }>, at: Circumstances): Stepped {
  const { turn, policy } = session;
  switch (turn.phase) {
    case "idle":
      // An idle session with a queue cannot be written by `step`; should storage hold one, it heals here.
      return session.queue.length > 0 ? startNext(session, at) : { session, effects: [] };
    case "gathering":
      return at.now >= turn.untilAt ? startNext(ungathered(session, turn.inputs), at) : { session, effects: [] };
    case "waiting":
      if (at.now < turn.untilAt) return { session, effects: [] };
      return {
        session: { ...session, turn: resumed(turn, at.now) },
        effects: [
          ...(turn.why === "person" ? [say({ key: "question_expired" }, turn.inputs[0])] : []),
          { do: "begin", run: turn.run },
        ],
      };
    case "running": {
      const progressAt = Math.max(turn.progressAt, Math.min(event.progressAt ?? 0, at.now));
      if (at.now >= turn.deadlineAt) {
        return timedOut(session, turn, { key: "timed_out_total", seconds: policy.runTimeoutMs / 1000 }, at);
      }
      if (at.now >= progressAt + policy.runIdleTimeoutMs) {
        return timedOut(session, turn, { key: "timed_out_idle", seconds: policy.runIdleTimeoutMs / 1000 }, at);
      }
      return progressAt === turn.progressAt
        ? { session, effects: [] }
        : { session: { ...session, turn: { ...turn, progressAt } }, effects: [] };
    }
    default:
      return turn satisfies never;
  }
}

function timedOut(session: Session, turn: Running, notice: Notice, at: Circumstances): Stepped {
  const said: Effect[] = [
    { do: "cut", run: turn.run },
    leave(turn, "completed", "timed_out"),
    say(notice, turn.inputs[0]),
  ];
  return andNext(said, ended(session, turn, "timed_out", at.now), turn.steers, at);
}

/** The process died under the run. It goes on from the last finished step under a new name, so that the dead one is fenced. */
export function woken(session: Session, at: Circumstances): Stepped {
  const { turn } = session;
  if (turn.phase !== "running") return { session, effects: [] };
  if (turn.attempt >= MOST_ATTEMPTS) {
    const said: Effect[] = [leave(turn, "as_is", "failed"), say({ key: "failed", reason: "crashed" }, turn.inputs[0])];
    return andNext(said, ended(session, turn, "failed", at.now), turn.steers, at);
  }
  const next: Running = { ...turn, run: at.newRun, attempt: turn.attempt + 1, progressAt: at.now };
  return {
    session: { ...session, turn: next },
    effects: [finishedLog(turn, "recovered", session.epoch, at.now), startedLog(next, session.epoch), begin(next)],
  };
}

export function poolChanged(session: Session, at: Circumstances): Stepped {
  const { turn } = session;
  if (turn.phase !== "waiting" || turn.why !== "credential") return { session, effects: [] };
  return { session: { ...session, turn: resumed(turn, at.now) }, effects: [{ do: "begin", run: turn.run }] };
}
