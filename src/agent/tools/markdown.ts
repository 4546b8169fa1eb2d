/**
 * HTML into Markdown for a model to read: the main content first, without what surrounds it. The converter (mdream, in
 * WebAssembly) is loaded when the first page is read, so that starting up does not pay for it.
 */

/** Less than this of a page that is much longer: the main content was not found, so all of it is taken. */
const LITTLE_CHARS = 200;
const SURROUNDINGS = [
  "form",
  "fieldset",
  "object",
  "embed",
  "iframe",
  "input",
  "textarea",
  "select",
  "button",
  "nav",
  "footer",
];

export async function toMarkdown(html: string, url: string): Promise<string> {
  const convert = await loadConverter();
  if (convert === undefined) return plainText(html);
  const common = { origin: new URL(url).origin, clean: true, frontmatter: true };
  try {
    const main = convert(html, { ...common, isolateMain: true, filter: { exclude: [...SURROUNDINGS, "aside"] } });
    if (withoutHead(main).length >= LITTLE_CHARS) return main;
    const whole = convert(html, common);
    return withoutHead(whole).length > 2 * withoutHead(main).length ? whole : main;
  } catch {
    // A page that the converter cannot take is still worth its words.
    return plainText(html);
  }
}

interface ConverterOptions {
  readonly origin: string;
  readonly clean: boolean;
  readonly frontmatter: boolean;
  readonly isolateMain?: boolean;
  readonly filter?: { exclude: string[] };
}

let converter: Promise<((html: string, options: ConverterOptions) => string) | undefined> | undefined;

/** In Node mdream wants a native build that is not there on every machine; then the words have to do. */
function loadConverter(): typeof converter & {} {
  converter ??= import("mdream").then(
    (module) => module.htmlToMarkdown,
    () => undefined,
  );
  return converter;
}

function withoutHead(markdown: string): string {
  return markdown.replace(/^---\n[\s\S]*?\n---\n/, "").trim();
}

/** The words of a page, a line for each block. */
export function plainText(html: string): string {
  const title = /<title[^>]*>([^<]*)</i.exec(html)?.[1] ?? "";
  const words = html
    .replace(/<!--[\s\S]*?(-->|$)/g, " ")
    .replace(/<(head|script|style|noscript|template|svg|nav|footer|form)\b[\s\S]*?(<\/\1\s*>|$)/gi, " ")
    .replace(/\s+/g, " ")
    .replace(/<(?:br|\/?(?:p|div|li|ul|ol|tr|table|h[1-6]|section|article|main|pre|blockquote))\b[^>]*>/gi, "\n")
    .replace(/<[^>]*>/g, " ");
  return `${title}\n${words}`
    .replace(/&(#x[\da-f]{1,6}|#\d{1,7}|[a-z]{2,6});/gi, (whole, name: string) => entity(name) ?? whole)
    .replace(/[ \t]+/g, " ")
    .replace(/\s*\n\s*/g, "\n")
    .trim();
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

function entity(name: string): string | undefined {
  if (!name.startsWith("#")) return NAMED[name.toLowerCase()];
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
