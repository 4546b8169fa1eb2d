import { runOf } from "../../../../src/core/session.ts";
import type { Transition } from "../model/world.ts";
import { type Check, endedTurn, logs, says, unsettled } from "./check.ts";

/** Stop, reset, and what a conversation keeps. Numbers as in reference/hermes.md, part 7. */
export const EPOCHS: readonly Check[] = [
  { name: "12: stop works in every state, and the next message runs", holds: stopWorks },
  { name: "13: stop and busy read the same value", holds: stopIsTruthful },
  { name: "15: reset is legal from everywhere and always ends in the same state", holds: resetWorks },
  { name: "16: a reset forgets what was chosen, and says so", holds: resetForgets },
  { name: "16: a reset that the tool asked for comes when the turn ends, however it ends", holds: toolResetComes },
  { name: "16: a model chosen for one turn is for exactly the next", holds: onceIsOnce },
  { name: "17: an epoch that is over never comes back", holds: epochsEnd },
  { name: "22: a choice leaves the run and the queue alone", holds: commandsPass },
];

function stopWorks({ before, after, event }: Transition): string | undefined {
  if (event?.type === "received" && before.session.turn.phase === "idle") {
    const { phase } = after.session.turn;
    return phase === "running" || phase === "gathering" ? undefined : "an idle session does not take a message up";
  }
  if (event?.type !== "stopped" || before.stale.includes(event.run ?? "")) return undefined;
  const isEmpty = after.session.turn.phase === "idle" && unsettled(after.session).length === 0;
  return isEmpty && after.living.length === 0 ? undefined : "something goes on after a stop";
}

function stopIsTruthful({ before, event, effects }: Transition): string | undefined {
  if (event?.type !== "stopped" || before.stale.includes(event.run ?? "")) return undefined;
  const isBusy = unsettled(before.session).length > 0;
  const key = isBusy ? "stopped" : "nothing_to_stop";
  return says(effects, key).length === 1 ? undefined : `a session with${isBusy ? "" : "out"} work did not say «${key}»`;
}

function resetWorks({ before, after, event, effects }: Transition): string | undefined {
  if (event?.type !== "resetAsked") return undefined;
  if (after.session.epoch !== before.session.epoch + 1) return "a reset did not open the next epoch";
  if (says(effects, "reset").length !== 1) return "a reset is not said once";
  const left = unsettled(after.session);
  const isRight = event.first ? left.length === 1 && left[0] === event.first : left.length === 0;
  if (!isRight) return "something of the old epoch is pending";
  const { phase } = after.session.turn;
  if (!event.first) return phase === "idle" ? undefined : `${phase} after a reset`;
  return phase === "running" || phase === "gathering" ? undefined : "the first words of the new epoch are not taken up";
}

function resetForgets({ before, after, effects, event }: Transition): string | undefined {
  const isNew = after.session.epoch !== before.session.epoch;
  if (!isNew) return says(effects, "reset").length > 0 ? "a reset is said and none was" : undefined;
  if (logs(effects, "session.reset").length !== 1) return "a reset is not in the log";
  if (says(effects, "reset").length !== 1) return "nobody is told of a reset";
  if (event?.type === "preferred") return undefined;
  const { busyMode, model, modelOnce } = after.session.choices;
  if (busyMode !== before.session.choices.busyMode)
    return "the busy mode is the session's, and did not outlive a reset";
  const isForgotten = model === undefined && modelOnce === undefined;
  return isForgotten ? undefined : "a model that was chosen outlives a reset";
}

function toolResetComes(transition: Transition): string | undefined {
  const { before, after, event } = transition;
  const was = runOf(before.session);
  if (event?.type === "resetWhenDoneAsked" && was?.run === event.run) {
    return runOf(after.session)?.resetWhenDone ? undefined : "the run's wish to reset is lost";
  }
  if (!was?.resetWhenDone) return undefined;
  if (endedTurn(transition)) {
    return after.session.epoch === before.session.epoch + 1
      ? undefined
      : "the turn ended and the reset it asked for did not come";
  }
  return runOf(after.session)?.resetWhenDone ? undefined : "the run's wish to reset is lost";
}

function onceIsOnce({ before, after, event }: Transition): string | undefined {
  if (event?.type === "preferred" || before.session.epoch !== after.session.epoch) return undefined;
  const once = before.session.choices.modelOnce;
  const was = runOf(before.session);
  const run = runOf(after.session);
  if (run && was && run.inputs[0] === was.inputs[0]) {
    if (run.modelOnce !== was.modelOnce) return "a turn changed its model on its way";
    return after.session.choices.modelOnce === once ? undefined : "a choice for the next turn is lost";
  }
  if (run) {
    if (run.modelOnce !== once) return "the next turn does not have the model that was chosen for it";
    return after.session.choices.modelOnce === undefined ? undefined : "a choice for one turn is for two";
  }
  return after.session.choices.modelOnce === once ? undefined : "a choice for the next turn is lost";
}

function epochsEnd({ before, after, effects }: Transition): string | undefined {
  const advance = after.session.epoch - before.session.epoch;
  if (advance !== 0 && advance !== 1) return `the epoch went from ${before.session.epoch} to ${after.session.epoch}`;
  const forgotten = effects.flatMap((effect, at) => (effect.do === "forget" ? [{ at, epoch: effect.epoch }] : []));
  if (forgotten.length !== advance) return "an epoch is forgotten that is not over, or is over and not forgotten";
  const [forget] = forgotten;
  if (!forget) return undefined;
  if (forget.epoch !== before.session.epoch) return "another epoch is forgotten";
  const late = effects.slice(forget.at).some((effect) => ["write", "answer", "leave", "compact"].includes(effect.do));
  return late ? "something is written for an epoch that is over" : undefined;
}

function commandsPass({ before, after, event }: Transition): string | undefined {
  if (event?.type !== "preferred") return undefined;
  const isSame = before.session.turn === after.session.turn && before.session.queue === after.session.queue;
  return isSame ? undefined : "a choice touched the run or the queue";
}
