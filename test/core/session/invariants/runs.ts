import { isDeepStrictEqual } from "node:util";
import type { Effect } from "../../../../src/core/effect.ts";
import { MOST_ATTEMPTS, runOf } from "../../../../src/core/session.ts";
import type { Transition } from "../model/world.ts";
import { type Check, endedTurn, logs } from "./check.ts";

/** Who runs, and what a run may do. Numbers as in reference/hermes.md, part 7. */
export const RUNS: readonly Check[] = [
  { name: "3: busy is who has a live run", holds: busyIsTrue },
  {
    name: "5: a run's name is new, and passes on only by its own report, a person's word, time or death",
    holds: namesAreNew,
  },
  { name: "6: a stale run changes nothing", holds: staleIsNothing },
  { name: "7: whoever takes the run's place cuts it first", holds: endedIsCut },
  { name: "8: at most one run is alive", holds: oneRun },
  { name: "20: the answer replies to the message that asked", holds: answersTheAsker },
  { name: "23: a run that starts ends once, and one outcome is seen", holds: oneOutcome },
  { name: "38: a crash is counted, and the third ends it", holds: crashesAreCounted },
];

/** Deaths that nobody has noticed are the one exception: the heartbeat finds them, see invariant 4. */
function busyIsTrue({ after }: Transition): string | undefined {
  const { turn } = after.session;
  if (turn.phase !== "running")
    return after.living.length > 0 ? "a run is alive and the value does not know it" : undefined;
  if (!Number.isFinite(turn.deadlineAt) || !Number.isFinite(turn.progressAt)) return "a run has no deadline";
  return after.isDead || after.living.includes(turn.run)
    ? undefined
    : "the session is busy with a run that is not alive";
}

function namesAreNew({ before, after, at, event, effects }: Transition): string | undefined {
  const was = runOf(before.session)?.run;
  const is = runOf(after.session)?.run;
  if (is === undefined || is === was) return undefined;
  if (is !== at.newRun) return "a run has a name that was not given for it";
  if (before.stale.includes(is)) return "a name is used again";
  if (was === undefined) return undefined;
  const isOwnReport = event !== undefined && "run" in event && event.run === was;
  const isWord = event?.type === "stopped" || event?.type === "resetAsked";
  const isInterrupt = event?.type === "received" && event.mode !== undefined ? event.mode === "interrupt" : false;
  const isInterruptByChoice =
    event?.type === "received" && logs(effects, "turn.queued")[0]?.fields.mode === "interrupt";
  const isTimeOrDeath = event?.type === "ticked" || event?.type === "woken";
  return isOwnReport || isWord || isInterrupt || isInterruptByChoice || isTimeOrDeath
    ? undefined
    : `${event?.type ?? "nothing"} ended a run that is not its own`;
}

function staleIsNothing({ before, after, event, effects }: Transition): string | undefined {
  if (!event) return undefined;
  const { turn } = before.session;
  const isOfStaleRun = "run" in event && event.run !== undefined && before.stale.includes(event.run);
  const isOfOldQuestion = event.type === "chosen" && (turn.phase !== "waiting" || turn.question !== event.question);
  if (!isOfStaleRun && !isOfOldQuestion) return undefined;
  if (before.session !== after.session && !isDeepStrictEqual(before.session, after.session))
    return "a stale report changed the session";
  const isLogged = effects.length === 1 && logs(effects, "run.stale").length === 1;
  return isLogged ? undefined : "a stale report did something else than leave a line in the log";
}

function endedIsCut({ before, after, event, effects }: Transition): string | undefined {
  const was = before.session.turn;
  if (was.phase !== "running" || runOf(after.session)?.run === was.run || event?.type === "woken") return undefined;
  const isOwnReport = event !== undefined && event.type !== "stopped" && "run" in event && event.run === was.run;
  if (isOwnReport) return undefined;
  const cut = effects.findIndex((effect) => effect.do === "cut" && effect.run === was.run);
  const begun = effects.findIndex((effect) => effect.do === "begin");
  if (cut < 0) return "the run goes on although its session has let it go";
  return begun >= 0 && begun < cut ? "the next run begins before the last is cut" : undefined;
}

function oneRun({ before, after, effects }: Transition): string | undefined {
  if (after.living.length > 1) return `${after.living.length} runs are alive`;
  const begins = effects.filter((effect) => effect.do === "begin");
  if (begins.length > 1) return "two runs begin at once";
  const [begin] = begins;
  if (begin && runOf(after.session)?.run !== begin.run) return "a run begins that the value does not name";
  if (begin && after.session.turn.phase !== "running") return "a run begins and the value does not say that it works";
  const cut = effects.find((effect) => effect.do === "cut");
  return cut && cut.run !== runOf(before.session)?.run ? "a run is cut that was not the session's" : undefined;
}

function answersTheAsker({ before, effects }: Transition): string | undefined {
  const run = runOf(before.session);
  for (const effect of effects) {
    if (effect.do !== "answer" && effect.do !== "write" && effect.do !== "leave") continue;
    if (effect.run !== run?.run) return `${effect.do} for a run that was not the session's`;
    if (effect.do === "answer" && effect.replyTo !== run.inputs[0]) return "the answer replies to another message";
    if (effect.do !== "answer" && effect.inputs.length > 0 && effect.inputs !== run.fresh) {
      return "the transcript says that the turn was asked with something else";
    }
  }
  return undefined;
}

function oneOutcome(transition: Transition): string | undefined {
  const { before, after, effects } = transition;
  const was = runOf(before.session)?.run;
  const is = runOf(after.session)?.run;
  const finished = logs(effects, "run.finished").map((log) => log.fields.run);
  const started = logs(effects, "run.started").map((log) => log.fields.run);
  if (finished.join() !== (was !== is && was !== undefined ? was : ""))
    return "run.finished is not said once of the run that ended";
  if (started.join() !== (was !== is && is !== undefined ? is : ""))
    return "run.started is not said once of the run that started";
  const outcomes = effects.filter(isOutcome).length;
  const ended = endedTurn(transition);
  if (!ended) return outcomes > 0 && was !== undefined ? "an outcome is seen of a turn that is not over" : undefined;
  if (outcomes !== 1) return `${outcomes} outcomes are seen of one turn`;
  const kept = effects.filter((effect) => effect.do === "write" || effect.do === "leave").length;
  return kept === 1 ? undefined : "what the turn was asked with is not in the transcript once";
}

/** What ends a turn before a person's eyes. */
function isOutcome(effect: Effect): boolean {
  if (effect.do === "answer") return true;
  if (effect.do !== "say") return false;
  const { notice } = effect;
  if (notice.key === "reset") return notice.by !== "tool";
  return ["failed", "exhausted", "timed_out_idle", "timed_out_total", "stopped", "interrupted"].includes(notice.key);
}

function crashesAreCounted({ before, after, event }: Transition): string | undefined {
  const was = before.session.turn;
  const is = after.session.turn;
  if (is.phase === "running" && is.attempt > MOST_ATTEMPTS) return "a turn goes on after its third crash";
  if (event?.type !== "woken" || was.phase !== "running") return undefined;
  if (was.attempt >= MOST_ATTEMPTS) {
    return is.phase === "running" && is.inputs === was.inputs ? "the third crash did not end the turn" : undefined;
  }
  if (is.phase !== "running" || is.attempt !== was.attempt + 1) return "a crash was not counted";
  if (is.run === was.run) return "the run that died is not fenced off";
  const kept = is.inputs === was.inputs && is.fresh === was.fresh && is.deadlineAt === was.deadlineAt;
  return kept && is.resetWhenDone === was.resetWhenDone ? undefined : "a crash changed what the turn is about";
}
