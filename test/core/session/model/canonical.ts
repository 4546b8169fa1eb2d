import { dueReset } from "../../../../src/core/clock.ts";
import { openUntil } from "../../../../src/core/gather.ts";
import type { Choices, Run, TurnInputs } from "../../../../src/core/session.ts";
import type { World } from "./world.ts";

/**
 * Two worlds with the same text behave alike from here on: names of runs and messages are unguessable or only compared,
 * so they fall away; times count as seen from now, and not at all once they are past; of what a run was asked with only
 * what a rule looks at is kept. That makes the reachable worlds finitely many, without any bound on how often anything happens.
 */
export function canonical(world: World): string {
  const { session, now, alarmAt, living, stale, isDead } = world;
  const { turn } = session;
  const alarm = alarmAt === undefined ? "-" : String(Math.max(0, alarmAt - now));
  const outside = `${turn.phase}|${isDead ? "dead" : living.length}|${alarm}|${session.queue.map((i) => waiting(i, now)).join(",")}`;
  const kept = `${choices(session.choices)}${extra(session)}`;
  switch (turn.phase) {
    case "idle":
      return `${outside}|${kept}|${session.spoken}|${dueReset(session, now) ?? ""}`;
    case "gathering":
      return `${outside}|${kept}|${session.spoken}|${turn.untilAt - now}|${waiting(turn.inputs, now)}`;
    case "running":
      return `${outside}|${kept}|${turn.progressAt - now}|${turn.deadlineAt - now}|${carried(turn, now)}|${stale.includes(turn.run)}`;
    case "waiting":
      return `${outside}|${kept}|${Math.max(0, turn.untilAt - now)}|${turn.why}|${turn.question ?? ""}|${turn.remainingMs}|${carried(turn, now)}`;
    default:
      return turn satisfies never;
  }
}

function carried(run: Run, now: number): string {
  const wait = run.poolWaitEndsAt === undefined ? "-" : String(Math.max(-1, run.poolWaitEndsAt - now));
  const flags = `${run.resetWhenDone ? 1 : 0}${run.saidQueued ? 1 : 0}${run.saidWaiting ? 1 : 0}${run.fresh.length > 0 ? 1 : 0}`;
  const steers = run.steers.map((input) => waiting([input], now)).join(",");
  return `${run.attempt}|${flags}|${wait}|${steers}|${run.modelOnce ?? ""}`;
}

/** A turn that waits: how many messages, and what may still join it. */
function waiting(inputs: TurnInputs, now: number): string {
  const last = inputs.at(-1);
  const until = openUntil(inputs);
  if (!last || until === undefined || until < now) return String(inputs.length);
  return `${inputs.length}${last.album === undefined ? "s" : "a"}${last.from}+${until - now}`;
}

function choices(chosen: Choices): string {
  return `${chosen.busyMode ?? ""}/${chosen.model ?? ""}/${chosen.modelOnce ?? ""}`;
}

const KNOWN = new Set(["epoch", "turn", "queue", "activeAt", "spoken", "choices", "policy", "lease"]);

/** What a mutant put beside the value counts, too. */
function extra(session: object): string {
  let found = "";
  for (const name in session) if (!KNOWN.has(name)) found += JSON.stringify(Object.entries(session));
  return found;
}
