/**
 * HTML into Markdown for a model to read: the main content first, without what surrounds it. The converter is loaded when
 * the first page is read, so that starting up does not pay for it. It is mdream in JavaScript: the WebAssembly one is some
 * ten times as fast (10 ms for 240 kB of dense markup), but is compiled at every start and a fifth of the bundle's limit.
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

/** An element within itself, so often and no deeper: the converter's time and output grow with the square of that. */
const SELF_NESTED_MAX = 16;
const DIVISIONS_NESTED_MAX = 128;
const DIVISIONS = new Set(["div", "span", "section"]);
/** They may be left open, or have no end at all. */
const OPEN_ENDED = new Set(
  "area,base,br,col,embed,hr,img,input,link,meta,source,track,wbr,p,li,td,th,tr,tbody,thead,tfoot,dt,dd,option,optgroup,rp,rt,colgroup,path,g,rect,use,circle,line".split(
    ",",
  ),
);

/** Whether a page is built to be dear: 300 kB of `<code>` in `<code>` took forty seconds. One pass. */
export function isTooDeep(html: string): boolean {
  const open = new Map<string, number>();
  for (const [, slash, written = ""] of html.matchAll(/<(\/?)([a-z][a-z\d]{0,15})/gi)) {
    const name = written.toLowerCase();
    if (OPEN_ENDED.has(name)) continue;
    const depth = Math.max(0, (open.get(name) ?? 0) + (slash === "/" ? -1 : 1));
    if (depth > (DIVISIONS.has(name) ? DIVISIONS_NESTED_MAX : SELF_NESTED_MAX)) return true;
    open.set(name, depth);
  }
  return false;
}

export async function toMarkdown(html: string, url: string): Promise<string> {
  if (isTooDeep(html)) return plainText(html);
  const { htmlToMarkdown: convert } = await import("./html-to-markdown.ts");
  // Its other cleanings look at links in the finished text, in time quadratic in "[": a page could be made to take minutes.
  const common = { origin: new URL(url).origin, clean: { urls: true } };
  try {
    const main = convert(html, {
      ...common,
      plugins: { frontmatter: true, isolateMain: true, filter: { exclude: [...SURROUNDINGS, "aside"] } },
    });
    if (withoutHead(main).length >= LITTLE_CHARS) return main;
    const whole = convert(html, { ...common, plugins: { frontmatter: true } });
    return withoutHead(whole).length > 2 * withoutHead(main).length ? whole : main;
  } catch {
    // A page that the converter cannot take is still worth its words.
    return plainText(html);
  }
}

function withoutHead(markdown: string): string {
  return markdown.replace(/^---\n[\s\S]*?\n---\n/, "").trim();
}

const HIDDEN = new Set(["script", "style", "noscript", "template", "svg", "nav", "footer", "form"]);
const BLOCKS = new Set(
  "title,br,p,div,li,ul,ol,tr,table,h1,h2,h3,h4,h5,h6,section,article,main,pre,blockquote,header,aside,dt,dd".split(
    ",",
  ),
);

/** The words of a page, a line for each block. One pass, so that no page can be made to take long. */
export function plainText(html: string): string {
  const TAG = /^<\/?([a-z][a-z\d]*)/i;
  let words = "";
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    words += html.slice(at, open < 0 ? html.length : open).replaceAll("\n", " ");
    if (open < 0) break;
    const name = TAG.exec(html.slice(open, open + 12))?.[1]?.toLowerCase();
    const isComment = html.startsWith("<!", open);
    if (name === undefined && !isComment) {
      words += "<";
      at = open + 1;
      continue;
    }
    words += name !== undefined && BLOCKS.has(name) ? "\n" : " ";
    at = after(html, html.startsWith("<!--", open) ? "-->" : ">", open);
    if (name !== undefined && HIDDEN.has(name) && html[open + 1] !== "/") {
      const end = new RegExp(`</${name}`, "gi");
      end.lastIndex = at;
      at = end.test(html) ? after(html, ">", end.lastIndex) : html.length;
    }
  }
  return words
    .replace(/&(#x[\da-f]{1,6}|#\d{1,7}|[a-z]{2,6});/gi, (whole, name: string) => entity(name) ?? whole)
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").trim())
    .filter((line) => line !== "")
    .join("\n");
}

/** The place behind the next `mark`; the end, where there is none. */
function after(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found < 0 ? html.length : found + mark.length;
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

function entity(name: string): string | undefined {
  if (!name.startsWith("#")) return NAMED[name.toLowerCase()];
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
