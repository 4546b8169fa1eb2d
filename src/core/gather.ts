import type { Input, TurnInputs } from "./session.ts";

/**
 * Which messages are one message to the person who wrote them: the items of an album, and the parts into which a client
 * splits a long text. Decided by evidence (an album id; a part near the limit just before), never by haste alone, so two
 * short messages in a row stay two turns.
 */

/** Items of an album come as updates of their own, usually within 600–1,000 ms. reference: Bot API, media_group_id. */
export const ALBUM_GATHER_MS = 1_000;

/** A client sends the next part of a split text at once; 1,177 ms has been seen in the field. */
export const SPLIT_GATHER_MS = 1_500;

/** Clients cut at 4,096 UTF-16 units, or a little before at a word. */
export const SPLIT_TEXT_CHARS = 4_000;

/** An album has ten items at the most. A text in more parts than this goes on as a message of its own. */
export const MOST_PIECES = 32;

/** Until when more of the same message may come; undefined: it is whole. */
export function openUntil(inputs: TurnInputs): number | undefined {
  const last = inputs.at(-1);
  if (!last || inputs.length >= MOST_PIECES) return undefined;
  if (last.album !== undefined) return last.acceptedAt + ALBUM_GATHER_MS;
  if (last.maySplit) return last.acceptedAt + SPLIT_GATHER_MS;
  return undefined;
}

/** Whether `next` is a further piece of the message that `inputs` began. */
export function belongsTo(inputs: TurnInputs, next: Input): boolean {
  const last = inputs.at(-1);
  const until = openUntil(inputs);
  if (
    !last ||
    until === undefined ||
    inputs.length >= MOST_PIECES ||
    last.from !== next.from ||
    next.acceptedAt > until
  )
    return false;
  if (last.album !== undefined || next.album !== undefined) return last.album === next.album;
  // What was written before a long text is no part of it, though it may come to the queue later: as a steer that was too late.
  return !next.isCommand && next.messageId > last.messageId;
}

/** Whether more of the same message may follow this piece. */
export function mayGoOn(piece: Input): boolean {
  return openUntil([piece]) !== undefined;
}

/**
 * Whether `next` goes with a piece that was let in, though it may neither name the bot nor carry the command: only the
 * first does. An album's id is evidence enough, however late an item comes.
 */
export function goesWith(last: Input, next: Input): boolean {
  if (next.isCommand) return false;
  if (next.album !== undefined) return last.album === next.album && last.from === next.from;
  return belongsTo([last], next);
}

/** Pieces in the order in which they were written. */
export function joined(inputs: TurnInputs, next: Input): TurnInputs {
  return [...inputs, next].sort((a, b) => a.messageId - b.messageId);
}

/** The queue with `next` in it, as a piece of a message that is already there or as a turn of its own, in the order of writing. */
export function enqueued(queue: readonly TurnInputs[], next: Input): readonly TurnInputs[] {
  const home = queue.find((inputs) => belongsTo(inputs, next));
  const others = queue.filter((inputs) => inputs !== home);
  return placed(others, home ? joined(home, next) : [next]);
}

/** The queue with a whole turn in it, in the order of writing. */
export function placed(queue: readonly TurnInputs[], turn: TurnInputs): readonly TurnInputs[] {
  const after = queue.findIndex((inputs) => firstMessageId(inputs) > firstMessageId(turn));
  const place = after < 0 ? queue.length : after;
  return [...queue.slice(0, place), turn, ...queue.slice(place)];
}

function firstMessageId(inputs: TurnInputs): number {
  return inputs[0]?.messageId ?? 0;
}
