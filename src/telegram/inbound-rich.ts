import type { Mention } from "./message.ts";

/**
 * A rich message → Markdown. The bot's own answers are rich messages, so a reply to one quotes it in this form. Blocks
 * are trees of any depth from outside: depth and length are bounded, and what is not understood is left out.
 */

const MAX_DEPTH = 24;
/** Telegram's own limit of a rich message. */
const MAX_CHARS = 32_768;
const MAX_NODES = 20_000;

export interface RichWords {
  readonly text: string;
  readonly mentions: readonly Mention[];
}

export function richToMarkdown(blocks: readonly unknown[]): RichWords {
  const reader = new RichReader();
  const text = reader.blocks(blocks, 0).toWellFormed().replaceAll("\u0000", "\uFFFD").trim();
  return { text: text.slice(0, MAX_CHARS).toWellFormed(), mentions: reader.mentions };
}

type Node = Readonly<Record<string, unknown>>;

class RichReader {
  readonly mentions: Mention[] = [];
  #nodes = 0;

  blocks(value: unknown, depth: number): string {
    return this.#list(value)
      .map((block) => this.#block(block, depth + 1))
      .filter((text) => text !== "")
      .join("\n\n");
  }

  #block(value: unknown, depth: number): string {
    const block = this.#node(value, depth);
    if (block === undefined) return "";
    const text = () => this.#inline(block.text, depth);
    switch (block.type) {
      case "heading":
        return `${"#".repeat(typeof block.size === "number" ? Math.min(6, Math.max(1, Math.trunc(block.size))) : 2)} ${text()}`;
      case "pre":
        return `\`\`\`${typeof block.language === "string" ? block.language : ""}\n${text()}\n\`\`\``;
      case "divider":
        return "---";
      case "mathematical_expression":
        return typeof block.expression === "string" ? `$$${block.expression}$$` : "";
      case "list":
        return this.#list(block.items)
          .map((item) => this.#item(item, depth + 1))
          .join("\n");
      case "blockquote":
        return quoted(this.blocks(block.blocks, depth));
      case "expandable_blockquote":
      case "pullquote":
        return quoted(text());
      case "details":
        return [this.#inline(block.summary, depth), this.blocks(block.blocks, depth)].join("\n\n");
      case "collage":
      case "slideshow":
        return this.blocks(block.blocks, depth);
      case "table":
        return this.#list(block.cells)
          .map(
            (row) =>
              `| ${this.#list(row)
                .map((cell) => this.#inline(this.#node(cell, depth)?.text, depth))
                .join(" | ")} |`,
          )
          .join("\n");
      case "buttons":
      case "thinking":
      case "anchor":
        return "";
      default:
        return typeof block.text === "string" || typeof block.text === "object" ? text() : this.#media(block, depth);
    }
  }

  #media(block: Node, depth: number): string {
    const caption = this.#inline(this.#node(block.caption, depth)?.text, depth);
    return `[${String(block.type).slice(0, 32)}]${caption === "" ? "" : ` ${caption}`}`;
  }

  #item(value: unknown, depth: number): string {
    const item = this.#node(value, depth);
    if (item === undefined) return "";
    const box = item.has_checkbox === true ? (item.is_checked === true ? "[x] " : "[ ] ") : "";
    const label = typeof item.label === "string" && /^\w{1,8}[.)]$/.test(item.label) ? item.label : "-";
    return `${label} ${box}${this.blocks(item.blocks, depth).replaceAll("\n", "\n  ")}`;
  }

  #inline(value: unknown, depth: number): string {
    if (typeof value === "string") return value;
    if (Array.isArray(value))
      return depth < MAX_DEPTH
        ? this.#list(value)
            .map((part) => this.#inline(part, depth + 1))
            .join("")
        : "";
    const node = this.#node(value, depth);
    if (node === undefined) return "";
    const text = this.#inline(node.text, depth + 1);
    switch (node.type) {
      case "bold":
        return `**${text}**`;
      case "italic":
        return `*${text}*`;
      case "strikethrough":
        return `~~${text}~~`;
      case "code":
        return `\`${text}\``;
      case "custom_emoji":
        return typeof node.alternative_text === "string" ? node.alternative_text : "";
      case "mathematical_expression":
        return typeof node.expression === "string" ? `$${node.expression}$` : "";
      case "url":
        return typeof node.url === "string" && node.url !== text ? `[${text}](${node.url})` : text;
      case "mention":
        if (typeof node.username === "string")
          this.mentions.push({ username: node.username.replace(/^@/, "").toLowerCase() });
        return text;
      default:
        return text;
    }
  }

  #list(value: unknown): readonly unknown[] {
    return Array.isArray(value) ? value : [];
  }

  #node(value: unknown, depth: number): Node | undefined {
    this.#nodes += 1;
    if (depth > MAX_DEPTH || this.#nodes > MAX_NODES) return undefined;
    return isNode(value) ? value : undefined;
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function quoted(text: string): string {
  return text.replace(/^/gm, "> ");
}
