import type { Nodes } from "mdast";
import type { Entity, Formatted } from "./telegram/entities.ts";
import { parseRichMarkdown, type Rich } from "./telegram/rich.ts";

/** Messages as safe HTML for the page: nothing a message says can become a script, a style or a frame. */
export function renderRich(rich: Rich): string {
  if (rich.markdown !== undefined) return renderMarkdown(rich.markdown);
  return paragraphs(rich.plain);
}

export function renderFormatted({ text, entities }: Formatted): string {
  return renderSpan(text, 0, text.length, entities).replaceAll("\n", "<br>");
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function paragraphs(text: string): string {
  return text
    .split(/\n{2,}/)
    .map((part) => `<p>${escapeHtml(part).replaceAll("\n", "<br>")}</p>`)
    .join("");
}

function renderSpan(text: string, from: number, to: number, entities: readonly Entity[]): string {
  let html = "";
  let at = from;
  let index = 0;
  while (index < entities.length) {
    const entity = entities[index];
    index += 1;
    if (!entity || entity.offset < at || entity.offset >= to) continue;
    const end = Math.min(to, entity.offset + entity.length);
    const inner: Entity[] = [];
    while (index < entities.length) {
      const next = entities[index];
      if (!next || next.offset >= end) break;
      inner.push(next);
      index += 1;
    }
    html += escapeHtml(text.slice(at, entity.offset));
    html += wrap(entity, renderSpan(text, entity.offset, end, inner), text.slice(entity.offset, end));
    at = end;
  }
  return html + escapeHtml(text.slice(at, to));
}

const SIMPLE_TAGS: Readonly<Record<string, string>> = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

function wrap(entity: Entity, html: string, text: string): string {
  const tag = SIMPLE_TAGS[entity.type];
  if (tag) return `<${tag}>${html}</${tag}>`;
  switch (entity.type) {
    case "pre":
      return `<pre><code>${html}</code></pre>`;
    case "spoiler":
      return spoiler(html);
    case "url":
      return link(text, html);
    case "text_link":
      return link(entity.url ?? "", html);
    case "bot_command":
      return `<button type="button" class="command" data-command="${escapeHtml(text)}">${html}</button>`;
    default:
      return `<span class="entity">${html}</span>`;
  }
}

function spoiler(html: string): string {
  return `<span class="spoiler" tabindex="0">${html}</span>`;
}

function link(url: string, html: string): string {
  const safe = /^(https?|mailto|tel|tg):/i.test(url) ? url : `https://${url}`;
  return `<a href="${escapeHtml(safe)}" target="_blank" rel="noopener noreferrer">${html}</a>`;
}

export function renderMarkdown(markdown: string): string {
  return render(parseRichMarkdown(markdown));
}

function render(node: Nodes): string {
  const inner = (): string => ("children" in node ? node.children.map(render).join("") : "");
  switch (node.type) {
    case "text":
      return renderText(node.value);
    case "paragraph":
      return `<p>${inner()}</p>`;
    case "heading":
      return `<h${node.depth}>${inner()}</h${node.depth}>`;
    case "strong":
      return `<strong>${inner()}</strong>`;
    case "emphasis":
      return `<em>${inner()}</em>`;
    case "delete":
      return `<s>${inner()}</s>`;
    case "inlineCode":
      return `<code>${escapeHtml(node.value)}</code>`;
    case "code":
      return `<pre${node.lang ? ` data-language="${escapeHtml(node.lang)}"` : ""}><code>${escapeHtml(node.value)}</code></pre>`;
    case "math":
      return `<pre class="math"><code>${escapeHtml(node.value)}</code></pre>`;
    case "inlineMath":
      return `<code class="math">${escapeHtml(node.value)}</code>`;
    case "blockquote":
      return `<blockquote>${inner()}</blockquote>`;
    case "thematicBreak":
      return "<hr>";
    case "break":
      return "<br>";
    case "link":
      return link(node.url, inner());
    case "image":
      return link(node.url, `🖼 ${escapeHtml(node.alt ?? node.url)}`);
    case "list":
      return node.ordered ? `<ol start="${node.start ?? 1}">${inner()}</ol>` : `<ul>${inner()}</ul>`;
    case "listItem": {
      const box = typeof node.checked === "boolean" ? `<span class="box">${node.checked ? "☑" : "☐"}</span> ` : "";
      return `<li${box ? ' class="task"' : ""}>${box}${inner()}</li>`;
    }
    case "table": {
      const align = (column: number): string => ` style="text-align:${node.align?.[column] ?? "left"}"`;
      const rows = node.children.map((row, index) => {
        const tag = index === 0 ? "th" : "td";
        const cells = row.children.map((cell, column) => {
          return `<${tag}${align(column)}>${cell.children.map(render).join("")}</${tag}>`;
        });
        return `<tr>${cells.join("")}</tr>`;
      });
      return `<div class="table"><table>${rows.join("")}</table></div>`;
    }
    case "html":
      return renderTags(node.value);
    case "footnoteReference":
      return `<sup>[${escapeHtml(node.identifier)}]</sup>`;
    case "footnoteDefinition":
      return `<div class="footnote"><sup>[${escapeHtml(node.identifier)}]</sup> ${inner()}</div>`;
    default:
      return inner();
  }
}

/** Telegram's own marks in plain text: ==marked== and ||spoiler||. */
function renderText(text: string): string {
  return escapeHtml(text)
    .replace(/==([^=\n]+)==/g, "<mark>$1</mark>")
    .replace(/\|\|([^|\n]+)\|\|/g, (_all, hidden: string) => spoiler(hidden))
    .replaceAll("\n", " ");
}

/** The tags of Rich HTML that need no attributes; every other one is shown as it is written. */
function renderTags(html: string): string {
  return escapeHtml(html)
    .replace(/&lt;(\/?)(u|ins|sub|sup|mark|details|summary|b|i|s|br|aside|cite|p)( open)?\s*\/?&gt;/gi, "<$1$2$3>")
    .replace(/&lt;tg-spoiler&gt;/gi, '<span class="spoiler" tabindex="0">')
    .replace(/&lt;\/tg-spoiler&gt;/gi, "</span>");
}
