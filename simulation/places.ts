/** Where people write: a private chat, a group, or a topic of one. A group may get another id; its place stays the same. */
export interface Spot {
  chatId: number;
  type: "private" | "group" | "supergroup";
  readonly threadId?: number;
}

const FORUM = -1_000;
const GROUP = -500;
/** Somebody whom nobody has let in. */
export const STRANGER = 3_000;
/** Writers in groups; the first is the owner. */
export const GROUP_WRITERS: readonly number[] = [1_000, 2_000];

/** Of every five: a private chat, a group, and a forum with its general topic and two others. */
export function spots(count: number): Spot[] {
  return Array.from({ length: count }, (_, index) => {
    const of = Math.floor(index / 5);
    switch (index % 5) {
      case 0:
        return { chatId: 1_000 + index, type: "private" };
      case 1:
        return { chatId: GROUP - of, type: "group" };
      case 2:
        return { chatId: FORUM - of, type: "supergroup" };
      default:
        return { chatId: FORUM - of, type: "supergroup", threadId: 10 + (index % 5) };
    }
  });
}
