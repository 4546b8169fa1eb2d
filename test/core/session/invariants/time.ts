import { HEARTBEAT_MS, nextAlarm, runOf } from "../../../../src/core/session.ts";
import type { Rules, Transition, World } from "../model/world.ts";
import { apply } from "../model/world.ts";
import { type Check, logs, type StateCheck, unsettled } from "./check.ts";

/** What time does. Numbers as in reference/hermes.md, part 7. */
export const TIME: readonly Check[] = [
  { name: "4: a session that is not idle has an alarm, and near enough to notice a death", holds: busyHasAlarm },
  { name: "4: an alarm that has gone off is not due again", holds: tickMovesOn },
  { name: "11: only progress is progress, and nothing moves a deadline but waiting", holds: deadlinesStand },
  { name: "33: a turn waits for a credential for so long and no longer", holds: waitIsBounded },
  { name: "34: a question has an end, and expires visibly", holds: questionExpires },
];

export const OUT_OF_TIME: readonly StateCheck[] = [
  { name: "4: alarms alone bring every session to idle, with no message and no live run", holds: drains },
  { name: "4: alarms alone bring every session to idle, though every run dies at once", holds: drainsThroughCrashes },
];

function busyHasAlarm({ after }: Transition): string | undefined {
  const { turn } = after.session;
  if (turn.phase === "idle") return undefined;
  if (after.alarmAt === undefined || !Number.isFinite(after.alarmAt)) return `${turn.phase} and no alarm`;
  return turn.phase === "running" && after.alarmAt - after.now > HEARTBEAT_MS
    ? "a death would go unnoticed"
    : undefined;
}

function tickMovesOn({ after, event }: Transition): string | undefined {
  if (event?.type !== "ticked" || after.alarmAt === undefined) return undefined;
  return after.alarmAt <= after.now ? `${after.session.turn.phase}, and the alarm goes off for nothing` : undefined;
}

function deadlinesStand({ before, after, event, at }: Transition): string | undefined {
  const was = before.session.turn;
  const is = after.session.turn;
  if (is.phase !== "running") return undefined;
  if (is.progressAt > at.now) return "progress in the future";
  if (was.phase === "waiting" && was.run === is.run) {
    return is.deadlineAt === at.now + was.remainingMs ? undefined : "waiting cost the run time, or gave it some";
  }
  if (was.phase !== "running" || (was.run !== is.run && is.inputs !== was.inputs)) {
    return is.deadlineAt === at.now + after.session.policy.runTimeoutMs ? undefined : "a new turn has another deadline";
  }
  if (is.deadlineAt !== was.deadlineAt) return "a deadline moved";
  if (event?.type !== "ticked") return undefined;
  return is.progressAt === Math.max(was.progressAt, event.progressAt ?? 0)
    ? undefined
    : "a bare alarm counted as progress";
}

function waitIsBounded({ before, after, event, at, effects }: Transition): string | undefined {
  if (event?.type !== "exhausted" || runOf(before.session)?.run !== event.run) return undefined;
  const { turn } = after.session;
  if (turn.phase === "waiting" && turn.run === event.run) {
    const endsAt = runOf(before.session)?.poolWaitEndsAt ?? at.now + after.session.policy.poolWaitMs;
    if (turn.untilAt <= at.now) return "a wait that is over as it begins";
    if (turn.untilAt > endsAt) return "a turn waits longer than it may";
    return logs(effects, "run.waiting").length === 1 ? undefined : "a wait is not in the log";
  }
  const said = effects.find((effect) => effect.do === "say" && effect.notice.key === "exhausted");
  if (said?.do !== "say" || said.notice.key !== "exhausted") return "exhaustion is not said";
  return event.untilAt !== undefined && said.notice.untilAt === undefined ? "the time is not said" : undefined;
}

function questionExpires({ before, after, event, effects }: Transition): string | undefined {
  const was = before.session.turn;
  if (event?.type !== "ticked" || was.phase !== "waiting" || was.why !== "person") return undefined;
  if (after.session.turn.phase === "waiting")
    return after.now >= was.untilAt ? "a question outlives its time" : undefined;
  const isSaid = effects.some((effect) => effect.do === "say" && effect.notice.key === "question_expired");
  return isSaid ? undefined : "a question expired in silence";
}

/** Ticks that one turn may need when its run is mute: one for each heartbeat, one to gather, one for each wait. */
function mostTicks(world: World): number {
  const { policy } = world.session;
  const perRun = Math.ceil(Math.min(policy.runIdleTimeoutMs, policy.runTimeoutMs) / HEARTBEAT_MS) + 4;
  return (unsettled(world.session).length + 1) * perRun;
}

function drains(world: World, rules: Rules): string | undefined {
  return outlasts(world, rules, mostTicks(world), false);
}

function drainsThroughCrashes(world: World, rules: Rules): string | undefined {
  return outlasts(world, rules, mostTicks(world) * 4, true);
}

/** Every run is mute or dead from here on, and nobody writes: only alarms go off, as the value says. */
function outlasts(start: World, rules: Rules, most: number, crashes: boolean): string | undefined {
  let world = start;
  for (let ticks = 0; ticks <= most; ticks++) {
    if (world.session.turn.phase === "idle" && world.session.queue.length === 0) return undefined;
    const alarmAt = world.alarmAt ?? nextAlarmOf(world, rules);
    if (alarmAt === undefined) return `${world.session.turn.phase} for ever: no alarm`;
    world = { ...world, now: Math.max(world.now, alarmAt) };
    if (crashes) {
      world = apply(rules, world, { label: "crash", crash: true }).after;
      if (world.isDead) world = apply(rules, world, { label: "woken", event: { type: "woken" } }).after;
    }
    world = apply(rules, world, { label: "tick", event: { type: "ticked" } }).after;
  }
  return `still ${world.session.turn.phase} after ${most} alarms`;
}

function nextAlarmOf(world: World, rules: Rules): number | undefined {
  return rules.nextAlarm === nextAlarm ? undefined : rules.nextAlarm(world.session, world.now);
}
