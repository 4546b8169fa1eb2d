import { ALBUM_GATHER_MS, MOST_PIECES, SPLIT_GATHER_MS } from "../../../../src/core/gather.ts";
import { type Input, pendingInputs, runOf, type TurnInputs } from "../../../../src/core/session.ts";
import type { Transition } from "../model/world.ts";
import { brought, type Check, endedTurn, logs, says, unsettled } from "./check.ts";

/** What becomes of messages. Numbers as in reference/hermes.md, part 7. */
export const MESSAGES: readonly Check[] = [
  {
    name: "1: an accepted message is pending, answered, or said to be lost, and never two of them",
    holds: nothingIsLost,
  },
  { name: "2: «queued» is said only of what is queued, and a refusal is said", holds: queuedIsTrue },
  { name: "18: the queue is first in, first out", holds: firstInFirstOut },
  { name: "18: a message is one turn, and a turn is one message", holds: oneTurnEach },
  { name: "19: whoever is idle has nothing to do", holds: idleHasNoQueue },
  { name: "39: the pieces of one message stay together", holds: piecesStayTogether },
  { name: "40: what a busy session takes in or refuses leaves a line in the log", holds: absorbedIsLogged },
  { name: "40: what is dropped from the queue leaves a line in the log, each its own", holds: droppedIsLogged },
];

function nothingIsLost(transition: Transition): string | undefined {
  const { before, after, effects, event } = transition;
  if (before.session === after.session && event?.type !== "received") return undefined;
  const now = unsettled(after.session);
  if (now.some((input, at) => now.indexOf(input) !== at)) return "a message is pending twice";
  const known = [...unsettled(before.session), ...brought(transition)];
  const gone = known.filter((input) => !now.includes(input));
  if (known.length - gone.length !== now.length) return "a message that is settled, or was never accepted, is pending";
  const ended = endedTurn(transition)?.inputs ?? [];
  const refused = says(effects, "queue_full").length > 0 ? brought(transition).length : 0;
  const dropped = effects.reduce((sum, effect) => {
    if (effect.do !== "say") return sum;
    return effect.notice.key === "stopped" || effect.notice.key === "reset" ? sum + effect.notice.dropped : sum;
  }, 0);
  const unsaid = gone.filter((input) => !ended.includes(input)).length - refused - dropped;
  if (unsaid > 0) return `${unsaid} of the messages are gone without a word`;
  return unsaid < 0 ? "more messages are said to be lost than are" : undefined;
}

function queuedIsTrue({ after, effects, event }: Transition): string | undefined {
  const queue = after.session.queue.flat();
  for (const say of [...says(effects, "queued"), ...says(effects, "queued_behind_question")]) {
    if (!say.replyTo || !queue.includes(say.replyTo)) return "«queued» is said of a message that is not in the queue";
  }
  const steered = [...says(effects, "steered"), ...says(effects, "steered_behind_question")][0];
  if (steered?.replyTo && !runOf(after.session)?.steers.includes(steered.replyTo)) {
    return "«steered» is said of a message that does not steer";
  }
  if (event?.type !== "received" || unsettled(after.session).includes(event.input)) return undefined;
  const refusal = says(effects, "queue_full")[0];
  return refusal?.replyTo === event.input ? undefined : "a message is refused and nobody is told";
}

/** The first message of what was taken up: for a turn that starts, or that is gathered before it does. */
function takenUp({ before, after }: Transition): Input | undefined {
  const { turn } = after.session;
  if (turn.phase === "idle" || turn.phase === "waiting") return undefined;
  if (turn.phase === "running" && turn.attempt > 1) return undefined;
  const was = before.session.turn;
  if (was.phase !== "idle" && was.phase !== "gathering" && turn.phase === "running" && was.run === turn.run)
    return undefined;
  return turn.inputs[0];
}

/** Messages that came too late to steer a turn stand in line as everybody: else who steers on and on would keep the others waiting. */
function firstInFirstOut(transition: Transition): string | undefined {
  const { session } = transition.after;
  const first = takenUp(transition);
  const waiting = session.queue.map((inputs) => inputs[0]).filter((input) => input !== undefined);
  const line = (first ? [first, ...waiting] : waiting).map((input) => input.messageId);
  return line.some((id, at) => at > 0 && id <= (line[at - 1] ?? 0)) ? `out of order: ${line.join(", ")}` : undefined;
}

function oneTurnEach(transition: Transition): string | undefined {
  const { turn, queue } = transition.after.session;
  const starts = takenUp(transition) !== undefined && turn.phase === "running" ? [turn.inputs] : [];
  return [...starts, ...queue].some((inputs) => !isOneMessage(inputs))
    ? "messages of their own are one turn"
    : undefined;
}

function isOneMessage(inputs: TurnInputs): boolean {
  const [first, ...more] = inputs;
  if (!first) return false;
  if (first.album !== undefined) return more.every((input) => input.album === first.album);
  const allButLast = inputs.slice(0, -1);
  return more.every((input) => input.from === first.from) && allButLast.every((input) => input.maySplit === true);
}

function idleHasNoQueue({ after }: Transition): string | undefined {
  const { turn, queue } = after.session;
  return turn.phase === "idle" && queue.length > 0 ? "messages are queued and nobody is at work" : undefined;
}

function piecesStayTogether({ before, after, event }: Transition): string | undefined {
  const was = before.session.turn;
  if (event?.type === "received" && event.rest === undefined) {
    const waiting = was.phase === "gathering" ? [was.inputs, ...before.session.queue] : before.session.queue;
    const home = waiting.find((inputs) => isPieceOf(inputs, event.input));
    if (!home) return undefined;
    const { turn, queue } = after.session;
    const turns = turn.phase === "idle" ? queue : [turn.inputs, ...queue];
    const whole = turns.some((inputs) => home.every((input) => inputs.includes(input)) && inputs.includes(event.input));
    return whole ? undefined : "a piece of a message that is pending did not join it";
  }
  // Pieces that came too late to steer are one turn, too.
  const late = runOf(before.session)?.steers.filter((input) => input.album !== undefined) ?? [];
  const homes = after.session.queue.filter((inputs) => late.some((input) => inputs.includes(input)));
  const { turn } = after.session;
  const isTaken = turn.phase !== "idle" && late.some((input) => turn.inputs.includes(input));
  const near = late.every((input) => input.acceptedAt === late[0]?.acceptedAt);
  return near && homes.length + (isTaken ? 1 : 0) > 1 ? "an album became several turns" : undefined;
}

function isPieceOf(inputs: TurnInputs, next: Input): boolean {
  const last = inputs.at(-1);
  if (!last || last.from !== next.from || inputs.length >= MOST_PIECES) return false;
  const ageMs = next.acceptedAt - last.acceptedAt;
  if (last.album !== undefined || next.album !== undefined)
    return last.album === next.album && ageMs <= ALBUM_GATHER_MS;
  return last.maySplit === true && ageMs <= SPLIT_GATHER_MS;
}

function absorbedIsLogged({ before, effects, event }: Transition): string | undefined {
  if (event?.type !== "received") return undefined;
  const run = runOf(before.session);
  const line = [...logs(effects, "turn.queued"), ...logs(effects, "update.refused")];
  if (run && line.length !== 1) return "a message met a run, and the log does not say so";
  const queued = logs(effects, "turn.queued")[0];
  if (!run || !queued) return undefined;
  const { fields } = queued;
  const isFull = typeof fields.mode === "string" && typeof fields.depth === "number" && "idle_ms" in fields;
  return isFull ? undefined : "the line in the log lacks mode, depth or idle time";
}

function droppedIsLogged({ before, effects, event }: Transition): string | undefined {
  const isEnded = says(effects, "stopped").length > 0 || event?.type === "resetAsked";
  const dropped = isEnded ? pendingInputs(before.session).map(({ update }) => update) : [];
  const said = logs(effects, "update.dropped").map(({ fields }) => fields.update);
  return said.join() === dropped.join()
    ? undefined
    : `dropped: ${dropped.join()}; the log says ${said.join() || "nothing"}`;
}
