/**
 * Markdown for a rich message: the answer as the model wrote it, but for what Telegram would refuse or read differently from
 * us. Such places are rewritten in the source; everything else passes untouched.
 */
import type { Definition, Nodes, Root } from "mdast";
import { isBlank } from "./render-clean.ts";
import { isLinkable, saysAddress, shownAddress } from "./render-link.ts";
import { RICH_BLOCKS_MAX, RICH_CHARS_MAX, RICH_COLUMNS_MAX, RICH_LEVELS_MAX } from "./render-measure.ts";
import { escaped, fenced, guardText, link, literal, tagless } from "./render-rich-text.ts";
import {
  containerOf,
  endOf,
  fenceOf,
  isFenceClosed,
  isParent,
  parseMarkdown,
  sourceOf,
  startOf,
} from "./render-tree.ts";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** `markdown` (closed at its end, `tree` its tree) as Telegram's rich Markdown. */
export function guardRich(markdown: string, tree: Root): string {
  const guard = new Guard(markdown, tree);
  for (const child of tree.children) {
    if (levels(child, RICH_LEVELS_MAX) > RICH_LEVELS_MAX || hasUnfitTable(child)) guard.fence(child);
    else guard.visit(child, tree);
  }
  // Markup that shows nothing (an empty heading, a rule alone) is shown as it was written.
  if (!showsSomething(tree)) return escaped(markdown.trim());
  const rich = guard.result();
  if (rich.length > RICH_CHARS_MAX) return fenced(markdown);
  // HTML ends lines and blocks in ways of its own: what became of it is looked at once more.
  const written = hasHtml(tree) ? parseMarkdown(rich) : tree;
  const isSound = countBlocks(written) <= RICH_BLOCKS_MAX && (written === tree || !hasHtml(written));
  return isSound ? rich : fenced(markdown);
}

class Guard {
  readonly #markdown: string;
  readonly #edits: Edit[] = [];
  readonly #definitions = new Map<string, Definition>();
  readonly #referenced = new Set<string>();

  constructor(markdown: string, tree: Root) {
    this.#markdown = markdown;
    this.#learn(tree);
  }

  #learn(node: Nodes): void {
    if (node.type === "definition" && !this.#definitions.has(node.identifier))
      this.#definitions.set(node.identifier, node);
    if (node.type === "linkReference") this.#referenced.add(node.identifier);
    if (isParent(node)) for (const child of node.children) this.#learn(child);
  }

  visit(node: Nodes, parent: Nodes): void {
    switch (node.type) {
      case "text":
        this.#replace(node, guardText(sourceOf(this.#markdown, node), parent.type === "paragraph"));
        return;
      case "html":
        this.#replace(
          node,
          literal(sourceOf(this.#markdown, node), parent, this.#markdown.slice(endOf(node), endOf(node) + 12)),
        );
        return;
      case "image": {
        const label = escaped([node.alt, node.title].filter(Boolean).join(" — "));
        // A link holds no other.
        this.#replace(node, parent.type === "link" ? label || escaped(node.url) : link(label, node.url));
        return;
      }
      case "imageReference":
        this.#replace(node, link(escaped(node.alt ?? ""), this.#definitions.get(node.identifier)?.url ?? ""));
        return;
      case "link": {
        const label = sourceOf(this.#markdown, node);
        // Addresses that stand for themselves are found by Telegram; in angle brackets it would take them for HTML.
        if (!label.startsWith("[")) {
          this.#replace(node, label.replace(/^<|>$/g, ""));
          return;
        }
        for (const child of node.children) this.visit(child, node);
        if (!isLinkable(node.url) && !/^(?:mailto|tel):[^\s]+$/i.test(node.url)) this.#spellOut(node, node.url);
        return;
      }
      case "linkReference": {
        for (const child of node.children) this.visit(child, node);
        const url = this.#definitions.get(node.identifier)?.url ?? "";
        if (!isLinkable(url)) this.#spellOut(node, url);
        return;
      }
      case "definition":
        // A definition that nothing refers to would not be shown: models list their sources so.
        if (!this.#referenced.has(node.identifier) || !isLinkable(node.url)) {
          this.#replace(node, escaped(`[${node.label ?? node.identifier}]: ${node.url} ${node.title ?? ""}`.trim()));
        }
        return;
      case "inlineMath":
        this.#replace(node, tagless(sourceOf(this.#markdown, node)));
        return;
      case "math":
      case "code":
        this.#fenced(node);
        return;
      default:
        if (isParent(node)) for (const child of node.children) this.visit(child, node);
    }
  }

  /** A fenced block: never empty, always closed. */
  #fenced(node: Extract<Nodes, { type: "code" | "math" }>): void {
    const fence = fenceOf(this.#markdown, node);
    const container = containerOf(this.#markdown, node);
    // One that its list ends ends with the line, and what comes next begins its own.
    const lineEnd = /\n?$/.exec(sourceOf(this.#markdown, node))?.[0] ?? "";
    if (node.type === "math") {
      // "$$E = mc^2" with the formula on the fence's line, as models like to write.
      const lines = tagless(node.meta ? `${node.meta}\n${node.value}` : node.value).trimEnd();
      const text = [fence, ...lines.split("\n"), fence].join(`\n${container}`);
      this.#replace(node, isBlank(lines) ? lineEnd : text);
    } else if (isBlank(node.value)) {
      this.#replace(node, `${node.meta ? escaped(`${node.lang ?? ""} ${node.meta}`.trim()) : ""}${lineEnd}`);
    } else if (fence !== "" && !isFenceClosed(this.#markdown, node)) {
      // The end of a list or quote closes it for CommonMark; the next paragraph must not be code for anybody.
      this.#edits.push({ start: endOf(node), end: endOf(node), text: `\n${container}${fence}` });
    }
  }

  /** A block that is too deep or too wide for Telegram, shown as it was written. */
  fence(node: Nodes): void {
    this.#replace(node, fenced(sourceOf(this.#markdown, node)));
  }

  /** A link Telegram would not make: its label, then its address. */
  #spellOut(node: Nodes & { children: readonly Nodes[] }, address: string): void {
    const [first, last] = [node.children[0], node.children.at(-1)];
    if (first === undefined || last === undefined) {
      this.#replace(node, escaped(shownAddress(address)));
      return;
    }
    this.#edits.push({ start: startOf(node), end: startOf(first), text: "" });
    const said = saysAddress(this.#markdown.slice(startOf(first), endOf(last)), address);
    const text = said || address === "" ? "" : ` (${escaped(shownAddress(address))})`;
    this.#edits.push({ start: endOf(last), end: endOf(node), text });
  }

  #replace(node: Nodes, text: string): void {
    this.#edits.push({ start: startOf(node), end: endOf(node), text });
  }

  result(): string {
    let out = "";
    let from = 0;
    for (const edit of this.#edits.sort((a, b) => a.start - b.start || a.end - b.end)) {
      out += this.#markdown.slice(from, edit.start) + edit.text;
      from = edit.end;
    }
    return out + this.#markdown.slice(from);
  }
}

/** How many levels a node has, its words among them, counted no further than one beyond `max`. */
function levels(node: Nodes, max: number): number {
  if (max < 0 || !isParent(node)) return 1;
  return 1 + Math.max(0, ...node.children.map((child) => levels(child, max - 1)));
}

function hasHtml(node: Nodes): boolean {
  return node.type === "html" || (isParent(node) && node.children.some(hasHtml));
}

function hasUnfitTable(node: Nodes): boolean {
  if (node.type === "table") {
    const columns = node.children[0]?.children.length ?? 0;
    return columns > RICH_COLUMNS_MAX || node.children.some((row) => row.children.length > columns);
  }
  return isParent(node) && node.children.some(hasUnfitTable);
}

function countBlocks(node: Nodes): number {
  const own = node.type === "root" || isPhrase(node) ? 0 : 1;
  if (!isParent(node) || node.type === "paragraph" || node.type === "heading" || node.type === "tableRow") return own;
  return node.children.reduce((sum, child) => sum + countBlocks(child), own);
}

function showsSomething(node: Nodes): boolean {
  if (isParent(node)) return node.children.some(showsSomething);
  if (node.type === "image" || node.type === "definition" || node.type === "imageReference") return true;
  if (node.type === "footnoteReference") return true;
  return ("value" in node && !isBlank(node.value)) || ("meta" in node && !isBlank(node.meta ?? ""));
}

const isPhrase = (node: Nodes): boolean => node.type === "text" || node.type === "tableCell";
