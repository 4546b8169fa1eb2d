/**
 * A tree of Markdown as text with entities, or as text alone. No markup is written, so none can fail to parse: what has no
 * entity in Telegram (headings, lists, tables, formulas) is set with the means there are.
 */
import type { Definition, List, ListItem, Nodes, PhrasingContent, Root, RootContent, Table } from "mdast";
import { isBlank } from "./render-clean.ts";
import { isLinkable, saysAddress, shownAddress } from "./render-link.ts";
import { type SetText, type Span, type SpanType, settle } from "./render-spans.ts";
import { spoilerMarks } from "./render-spoiler.ts";
import { type Cell, setTable } from "./render-table.ts";
import { sourceOf, startOf } from "./render-tree.ts";

/** Sets `tree`, the tree of `markdown`. `plain` writes out what only an entity could carry: addresses. */
export function setEntities(markdown: string, tree: Root, plain: boolean): SetText {
  const writer = new Writer(markdown, plain);
  writer.learn(tree);
  writer.blocks(tree.children, { depth: 0, indent: "", quoted: false });
  const set = settle(writer.text, writer.spans);
  return plain ? { text: set.text, entities: [] } : set;
}

/** Where a block stands: how deep in lists, what its lines begin with, whether in a quote. */
interface Place {
  readonly depth: number;
  readonly indent: string;
  readonly quoted: boolean;
}

const BULLETS = ["•", "◦", "▪"];
const INDENT = "   ";
const INDENTED_DEPTH_MAX = 8;

class Writer {
  text = "";
  spans: Span[] = [];
  readonly #markdown: string;
  readonly #plain: boolean;
  readonly #definitions = new Map<string, Definition>();
  readonly #referenced = new Set<string>();

  constructor(markdown: string, plain: boolean) {
    this.#markdown = markdown;
    this.#plain = plain;
  }

  /** Notes the addresses that are given apart from their links. */
  learn(node: Nodes): void {
    if (node.type === "definition" && !this.#definitions.has(node.identifier))
      this.#definitions.set(node.identifier, node);
    if (node.type === "linkReference" || node.type === "imageReference") this.#referenced.add(node.identifier);
    if ("children" in node) for (const child of node.children) this.learn(child);
  }

  blocks(nodes: readonly RootContent[], place: Place): void {
    let previous: RootContent | undefined;
    for (const node of nodes) {
      const before = this.text.length;
      if (previous !== undefined) {
        this.text += blankLineBetween(previous, node) ? "\n\n" : "\n";
        if (!isPre(node) && node.type !== "list") this.text += place.indent;
      }
      const begun = this.text.length;
      this.#block(node, place);
      // A block of which nothing is seen leaves no gap either.
      if (this.text.length === begun) this.text = this.text.slice(0, before);
      else previous = node;
    }
  }

  #block(node: RootContent, place: Place): void {
    switch (node.type) {
      case "paragraph":
        this.#inline(node.children);
        return;
      case "heading":
        this.#span("bold", () => this.#inline(node.children));
        return;
      case "blockquote":
        if (!place.quoted && !this.#plain) {
          this.#span("blockquote", () => this.blocks(node.children, { ...place, quoted: true }));
          return;
        }
        this.text += "> ";
        this.blocks(node.children, { ...place, quoted: true });
        return;
      case "list":
        this.#list(node, place);
        return;
      case "code":
        // What stands behind the language (a file's name) has no place in Telegram.
        if (node.meta) this.text += `${isBlank(node.value) ? `${node.lang ?? ""} ` : ""}${node.meta}\n`;
        this.#pre(node.value, node.lang ?? undefined);
        return;
      case "math":
        this.#pre(node.meta ? `${node.meta}\n${node.value}` : node.value, "latex");
        return;
      case "table":
        this.#table(node);
        return;
      case "thematicBreak":
        this.text += "———";
        return;
      case "definition":
        this.#definition(node);
        return;
      case "footnoteDefinition":
        this.text += `[${node.label ?? node.identifier}] `;
        this.blocks(node.children, place);
        return;
      case "html":
        this.text += withBreaks(node.value);
        return;
      default:
        this.text += sourceOf(this.#markdown, node);
    }
  }

  #list(list: List, place: Place): void {
    for (const [index, item] of list.children.entries()) {
      const previous = list.children[index - 1];
      if (previous !== undefined) this.text += blankLineBetween(previous, item) ? "\n\n" : "\n";
      // The first item of a list that begins on its parent's line stands there too ("- - a").
      const lineStart = this.text.slice(this.text.lastIndexOf("\n") + 1);
      if (lineStart === "") this.text += INDENT.repeat(Math.min(place.depth, INDENTED_DEPTH_MAX));
      const number = list.ordered === true ? `${(list.start ?? 1) + index}.` : undefined;
      this.text += `${marker(item, number ?? BULLETS[place.depth % BULLETS.length] ?? "•")} `;
      const indent = `${INDENT.repeat(Math.min(place.depth, INDENTED_DEPTH_MAX))}  `;
      if (item.children[0] !== undefined && isPre(item.children[0])) this.text = `${this.text.trimEnd()}\n`;
      this.blocks(item.children, { ...place, depth: place.depth + 1, indent });
    }
  }

  #inline(nodes: readonly PhrasingContent[]): void {
    const spoilers = spoilerMarks(nodes);
    let opened = 0;
    for (const node of nodes) {
      if (node.type !== "text") {
        this.#phrase(node);
        continue;
      }
      let from = 0;
      for (const mark of spoilers.filter((one) => one.node === node)) {
        this.text += node.value.slice(from, mark.at);
        from = mark.at + 2;
        if (mark.opens) opened = this.text.length;
        else this.spans.push({ type: "spoiler", start: opened, end: this.text.length });
      }
      this.text += node.value.slice(from);
    }
  }

  #phrase(node: PhrasingContent): void {
    switch (node.type) {
      case "emphasis":
        this.#span("italic", () => this.#inline(node.children));
        return;
      case "strong":
        this.#span("bold", () => this.#inline(node.children));
        return;
      case "delete":
        this.#span("strikethrough", () => this.#inline(node.children));
        return;
      case "inlineCode":
      case "inlineMath":
        this.#span("code", () => {
          this.text += node.value;
        });
        return;
      case "break":
        this.text += "\n";
        return;
      case "link":
        // An address that stands for itself is its own label, and Telegram finds it.
        if (this.#markdown.charAt(startOf(node)) === "[") this.#link(node.url, () => this.#inline(node.children));
        else this.#inline(node.children);
        return;
      case "image":
        this.#link(node.url, () => {
          this.text += imageLabel(node);
        });
        return;
      case "linkReference":
      case "imageReference":
        this.#reference(node);
        return;
      case "footnoteReference":
        this.text += `[${node.label ?? node.identifier}]`;
        return;
      case "html":
        this.text += withBreaks(node.value);
        return;
      default:
        this.text += sourceOf(this.#markdown, node);
    }
  }

  #link(address: string, label: () => void): void {
    const start = this.text.length;
    label();
    const shown = this.text.slice(start);
    if (saysAddress(shown, address)) return;
    if (isBlank(shown)) {
      this.text = this.text.slice(0, start) + shownAddress(address);
    } else if (isLinkable(address) && !this.#plain) {
      this.spans.push({ type: "text_link", start, end: this.text.length, url: address });
    } else if (address !== "") {
      this.text += ` (${shownAddress(address)})`;
    }
  }

  #reference(node: Extract<PhrasingContent, { type: "linkReference" | "imageReference" }>): void {
    const label = (): void => {
      if (node.type === "linkReference") this.#inline(node.children);
      else this.text += imageLabel(node);
    };
    const address = this.#definitions.get(node.identifier)?.url ?? "";
    if (!this.#plain && isLinkable(address)) {
      this.#link(address, label);
      return;
    }
    // The address stands once, where it is defined.
    label();
    if (node.referenceType === "full") this.text += ` [${node.label ?? node.identifier}]`;
  }

  #definition(node: Definition): void {
    const isSeen = this.#plain || !this.#referenced.has(node.identifier) || !isLinkable(node.url);
    if (isSeen) this.text += `[${node.label ?? node.identifier}]: ${node.url}${node.title ? ` "${node.title}"` : ""}`;
  }

  #table(table: Table): void {
    const rows = table.children.map((row) => row.children.map((cell): Cell => this.#cell(cell.children)));
    const set = setTable(rows, table.align ?? []);
    const start = this.text.length;
    this.text += set.text;
    for (const span of set.spans) this.spans.push({ ...span, start: span.start + start, end: span.end + start });
  }

  #cell(nodes: readonly PhrasingContent[]): Cell {
    const writer = new Writer(this.#markdown, this.#plain);
    for (const [identifier, definition] of this.#definitions) writer.#definitions.set(identifier, definition);
    writer.#inline(nodes);
    return { text: writer.text.replace(/\n/g, " "), spans: writer.spans };
  }

  #pre(value: string, language: string | undefined): void {
    const code = value.replace(/^(?:[ \t]*\n)+/, "").trimEnd();
    if (isBlank(code)) return;
    const start = this.text.length;
    this.text += code;
    this.spans.push({ type: "pre", start, end: this.text.length, ...(language === undefined ? {} : { language }) });
  }

  #span(type: SpanType, write: () => void): void {
    const start = this.text.length;
    write();
    this.spans.push({ type, start, end: this.text.length });
  }
}

/** What a picture shows and what stands under it. */
const imageLabel = (image: { alt?: string | null | undefined; title?: string | null | undefined }): string =>
  [image.alt, image.title].filter(Boolean).join(" — ");

const isPre = (node: RootContent): boolean => node.type === "code" || node.type === "math" || node.type === "table";

/** HTML is shown as it is written, but for line breaks. */
const withBreaks = (html: string): string => html.replace(/<br\s*\/?>/gi, "\n");

/** A gap of the source is a gap of the message: no more, no less. */
function blankLineBetween(before: Nodes, after: Nodes): boolean {
  return (after.position?.start.line ?? 0) - (before.position?.end.line ?? 0) > 1;
}

function marker(item: ListItem, bullet: string): string {
  if (typeof item.checked !== "boolean") return bullet;
  return item.checked ? "☑" : "☐";
}
