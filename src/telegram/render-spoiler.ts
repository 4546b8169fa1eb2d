/** Telegram's own `||spoiler||`, which no library of CommonMark knows. */
import type { PhrasingContent } from "mdast";

export interface SpoilerMark {
  readonly node: PhrasingContent;
  readonly at: number;
  readonly opens: boolean;
}

/** The `||` of a paragraph that stand in pairs around words. "a || b" is an or. */
export function spoilerMarks(nodes: readonly PhrasingContent[]): SpoilerMark[] {
  const found: SpoilerMark[] = [];
  let pending: SpoilerMark | undefined;
  for (const node of nodes) {
    if (node.type !== "text") continue;
    for (const { index } of node.value.matchAll(/(?<!\|)\|\|(?!\|)/g)) {
      const spaceBefore = /\s/.test(node.value.charAt(index - 1));
      const spaceAfter = /\s/.test(node.value.charAt(index + 2));
      if (pending === undefined) {
        if (!spaceAfter) pending = { node, at: index, opens: true };
      } else if (!spaceBefore) {
        found.push(pending, { node, at: index, opens: false });
        pending = undefined;
      }
    }
  }
  return found;
}
