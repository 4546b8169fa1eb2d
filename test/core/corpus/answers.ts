/** Answers of every awkward shape, at least two hundred, each with a name. The same in every run. */

export interface Answer {
  readonly name: string;
  readonly markdown: string;
}

const FENCE = "```";
const words = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, index) => `word${index + from}`).join(" ");
const sentences = (count: number): string =>
  Array.from({ length: count }, (_, index) => `Sentence ${index} says **thing ${index}** about \`code${index}\`.`).join(
    " ",
  );
const table = (columns: number, rows: number, cell: (row: number, column: number) => string): string => {
  const line = (row: number): string =>
    `| ${Array.from({ length: columns }, (_, column) => cell(row, column)).join(" | ")} |`;
  const body = Array.from({ length: rows }, (_, row) => line(row + 1));
  return [line(0), `|${" --- |".repeat(columns)}`, ...body].join("\n");
};
const nested = (depth: number, mark: (level: number) => string, indent: number): string =>
  Array.from(
    { length: depth },
    (_, level) => `${" ".repeat(level * indent)}${mark(level)} level ${level} **bold${level}**`,
  ).join("\n");

const report = `# Report for _Q1_

Intro with ==marked==, $x^2 + y^2$ and ||a secret||.
**Bold _italic ~~struck~~ italic_ bold**

> Quote with **bold text** and [a link](https://t.me/telegram).
>
> Second paragraph of it.

1. First
2. Second with \`code\`
   - nested a
   - nested b

     a paragraph in it
3. Third

| Metric | Value |
|:-------|------:|
| Speed  | **42** |
| Status | ready |

${FENCE}ts
const x: number = 1; // **not bold** <b>not html</b>
${FENCE}

---

Done[^1]. See <https://example.org/a_b>.

[^1]: The footnote with _italics_.`;

const fixed: readonly Answer[] = [
  { name: "a report with everything", markdown: report },
  { name: "one word", markdown: "Yes" },
  { name: "nothing", markdown: "" },
  { name: "only space", markdown: " \n\t \r\n  " },
  { name: "only invisible characters", markdown: "\u200b\u200d\ufeff" },
  { name: "zero bytes and control characters", markdown: "a\u0000b\u0007c\u001b[31mred\u001b[0m\u007f\u0085d" },
  { name: "mixed line ends", markdown: "one\r\ntwo\rthree\nfour\u2028five\r\n\r\n- a\r- b\r\n" },
  { name: "lone surrogates", markdown: "a\ud800b \udc00c **\ud83d** `\ude00`" },
  { name: "an unclosed fence", markdown: `Look:\n\n${FENCE}python\nprint("x")\nfor i in range(3):` },
  { name: "an unclosed fence with nothing in it", markdown: `Look:\n\n${FENCE}py` },
  { name: "an empty fence", markdown: `before\n\n${FENCE}js\n${FENCE}\n\nafter` },
  { name: "only an empty fence", markdown: `${FENCE}js\n${FENCE}` },
  { name: "an unclosed tilde fence in a list", markdown: "- item\n\n  ~~~sh\n  ls -la" },
  { name: "a fence in a quote", markdown: `> said\n>\n> ${FENCE}js\n> a = 1\n> b = 2\n> ${FENCE}\n> more` },
  { name: "a fence in a list in a quote", markdown: `> - said\n>   ${FENCE}js\n>   a = 1\n>   ${FENCE}\n> - more` },
  { name: "a fence with ticks inside", markdown: `${FENCE}\`\nouter\n${FENCE}js\ninner\n${FENCE}\n${FENCE}\`\nafter` },
  { name: "a fence closed by its list", markdown: `- item\n  ${FENCE}js\n  code\nnext paragraph` },
  { name: "unclosed bold", markdown: "This is **very important and" },
  { name: "unclosed bold and italics", markdown: "This is ***very important and `code" },
  { name: "unclosed struck text", markdown: "This is ~~gone" },
  { name: "an unclosed link", markdown: "See [the docs](https://example.org/a" },
  { name: "an unclosed label", markdown: "See [the docs" },
  { name: "an unclosed image", markdown: "See ![the picture](https://example.org/a.png" },
  { name: "a table's head", markdown: "Here:\n\n| a | b |" },
  { name: "a table's head and half a rule", markdown: "Here:\n\n| a | b |\n|--" },
  { name: "a table with half a row", markdown: "| a | b |\n|---|---|\n| one | **tw" },
  { name: "stars that are no emphasis", markdown: "2**10 and 3 * 4 * 5, * note\n\n*terms apply" },
  { name: "snake case", markdown: "call some_long_name and __init__ and _private_thing" },
  { name: "prices", markdown: "from $5 to **$10**, US$5 and US$6, $x$ and $a_1*b_2*c$" },
  { name: "formulas", markdown: "Inline $E=mc^2$, block:\n\n$$\n\\int_0^1 x\\,dx\n$$\n\nand \\(a+b\\) and \\[c\\]." },
  { name: "a formula on its fence's line", markdown: "$$E = mc^2\n$$\n\n$$a < b <c$$\n\n```py title=app.py\nx\n```" },
  { name: "an unclosed formula", markdown: "So\n\n$$\n\\frac{a}{b" },
  {
    name: "links with parentheses",
    markdown: "[Bar](https://en.wikipedia.org/wiki/Bar_(unit)) and [x](<https://a.example/b c>)",
  },
  {
    name: "links nobody can open",
    markdown:
      "[a](javascript:alert(1)) [b](file:///etc/passwd) [c](/relative) [d](#anchor) [e](http://localhost:80) [f]() [g](tg://photo?id=1) [h](tg://user?id=1)",
  },
  { name: "mail and telephone", markdown: "<mail@example.org> [write](mailto:a@b.example) [call](tel:+123)" },
  { name: "bare addresses", markdown: "https://a.example/x_y_z*w www.example.org a@b.example http://x.example/(a)_b" },
  {
    name: "references",
    markdown:
      '[one][1] and [two] and ![three][1]\n\n[1]: https://one.example "Title"\n[two]: /nowhere\n[unused]: https://three.example',
  },
  { name: "only a definition", markdown: "[1]: https://one.example" },
  {
    name: "images",
    markdown:
      '![A cat](https://cats.example/1.jpg) ![](https://cats.example/2.jpg "caption")\n\n![👍](tg://emoji?id=5368324170671202286) ![x](tg://photo?id=1)',
  },
  { name: "a link around an image", markdown: "[![badge](https://b.example/x.svg)](https://b.example)" },
  {
    name: "HTML",
    markdown:
      '<b>bold</b> <u>under</u> a<br>b <script>alert(1)</script>\n\n<div class="x">\n  <p>para</p>\n</div>\n\n<!-- note -->\n\n<details open><summary>Sum</summary>\n\nbody\n\n</details>',
  },
  { name: "unclosed HTML", markdown: "<tg-spoiler>x and <b and a < b > c <3\n\n<pre>\n# not a heading\n" },
  { name: "character references", markdown: "&lt;b&gt; &amp; &copy; &nbsp; &#42;x&#42; &unknown; &hearts; AT&T" },
  { name: "spoilers", markdown: "||hidden|| a || b || c, ||**bold** hidden|| and ||open" },
  { name: "conditions", markdown: "if (a == b || c == d) and x==y==z and ==marked==" },
  { name: "escapes", markdown: "\\*no\\* \\_no\\_ \\`no\\` \\# \\> \\| \\\\ \\<b\\>" },
  {
    name: "nested markup",
    markdown: "***both*** **a *b ~~c `d` e~~ f* g** *a **b*** [**bold `code` link**](https://x.example) **`all code`**",
  },
  { name: "bold around code", markdown: "**Use `npm i` now** and *`x`*" },
  {
    name: "quotes in lists in quotes",
    markdown: "> outer\n> > inner\n> > > innermost\n>\n> - a\n>   > b\n> - c\n\n- x\n  > y\n  > z\n- w",
  },
  { name: "a lazy quote", markdown: "> first\nlazy\n> third\n\nout" },
  { name: "twelve levels", markdown: nested(12, () => "-", 2) },
  { name: "twelve numbered levels", markdown: nested(12, (level) => `${level + 1}.`, 4) },
  { name: "a list on one line", markdown: "- - - - - - a\n- b" },
  { name: "forty quotes", markdown: `${"> ".repeat(40)}deep` },
  { name: "thirty emphases", markdown: `${"*a **b ".repeat(15)}c${"** d*".repeat(15)}` },
  { name: "a thousand quote marks", markdown: `${">".repeat(1_000)} deep` },
  { name: "a thousand brackets", markdown: `${"[".repeat(1_000)}x${"]".repeat(1_000)}` },
  { name: "tasks", markdown: "- [ ] open\n- [x] done\n- [X] **done** too\n  - [ ] nested\n1. [ ] numbered" },
  { name: "numbering that starts at seven", markdown: "7. seven\n8. eight\n\n1. one\n1. two\n1. three" },
  { name: "empty items", markdown: "-\n- \n- a\n-" },
  {
    name: "headings",
    markdown:
      "# One\n## Two\n### Three **bold**\n#### `code` four\n##### Five\n###### Six\n####### Seven\n\nSetext\n===\n\nSub\n---",
  },
  { name: "an empty heading", markdown: "#" },
  { name: "rules", markdown: "a\n\n---\n\nb\n\n***\n\n___" },
  { name: "only a rule", markdown: "---" },
  { name: "footnotes", markdown: "a[^1] b[^note] c[^missing]\n\n[^1]: One\n[^note]: Two\n\n    with more" },
  { name: "indented code", markdown: "text\n\n    code line\n      deeper\n\nafter" },
  { name: "only indented code", markdown: "    code at the very beginning\n    next" },
  { name: "tabs", markdown: "-\titem\n\n\tpara\n\n\t\tcode\n\n1.\tx\n\n```make\nall:\n\techo\n```" },
  {
    name: "Hebrew and Arabic",
    markdown: "**שלום** עולם, `code` ו-[קישור](https://a.example)\n\n- مرحبا **بالعالم**\n- \u200fنص\u200f",
  },
  { name: "emoji with modifiers", markdown: "👨‍👩‍👧‍👦 **👍🏽** ❤️ 🇩🇪🇺🇦 🏳️‍🌈 `👩🏿‍💻` *e\u0301* ~~🤷🏼‍♀️~~" },
  { name: "letters under many marks", markdown: `Z${"\u0301".repeat(300)}a\u0300lgo **x${"\u0336".repeat(20)}**` },
  {
    name: "Chinese and Japanese",
    markdown: "**这是**一个测试。**「引用」**は*強調*です。\n\n| 名前 | 値 |\n|---|---|\n| 東京 | 一 |\n| x | 二三 |",
  },
  {
    name: "a table with pipes in code",
    markdown: "| a | b |\n|---|---|\n| `x \\| y` | c\\|d |\n| [l](https://x.example) | ![i](https://y.example) |",
  },
  { name: "a table with uneven rows", markdown: "| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 | 4 |\n| | x |" },
  { name: "a table of one column", markdown: "| a |\n|---|\n| 1 |\n| 2 |" },
  { name: "a table in a list", markdown: "- item\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n\n- next" },
  { name: "a table in a quote", markdown: "> | a | b |\n> |---|---|\n> | 1 | 2 |\n\nout" },
  { name: "a table with line breaks", markdown: "| a | b |\n|---|---|\n| 1<br>2 | <b>x</b> |" },
  {
    name: "a table of long cells",
    markdown: table(3, 4, (row, column) => `cell ${row} ${column} with **quite** some words in it`),
  },
  { name: "a table of sixty columns", markdown: table(60, 8, (row, column) => `r${row}c${column}`) },
  {
    name: "a table of sixty columns in a list",
    markdown: `- x\n\n${table(60, 2, (row, column) => `r${row}c${column}`).replace(/^/gm, "  ")}`,
  },
  { name: "a table of twenty-one columns", markdown: table(21, 3, (row, column) => `${row * column}`) },
  { name: "a table of five hundred rows", markdown: table(3, 500, (row, column) => `r${row}c${column}`) },
  {
    name: "a wide table of three hundred rows",
    markdown: table(6, 300, (row, column) => `value ${row} of column ${column}`),
  },
  { name: "a word of ten thousand letters", markdown: "x".repeat(10_000) },
  { name: "a bold word of ten thousand letters", markdown: `a **${"y".repeat(10_000)}** b` },
  { name: "ten thousand emoji", markdown: "👨‍👩‍👧‍👦".repeat(1_000) },
  { name: "a link of five thousand letters", markdown: `[label](https://x.example/${"a".repeat(5_000)}) after` },
  { name: "five thousand spaces", markdown: `a${" ".repeat(5_000)}b${"\n".repeat(5_000)}c` },
  { name: "a code line of ten thousand letters", markdown: `${FENCE}js\n${"z".repeat(10_000)}\n${FENCE}\nafter` },
  { name: "inline code of five thousand words", markdown: `a \`${words(5_000)}\` b` },
  { name: "bold of five thousand words", markdown: `a **${words(1_500)}** b *${words(1_500)}* c` },
  { name: "a heading of a thousand words", markdown: `## ${words(1_000)}\n\nafter` },
  { name: "a quote of three thousand words", markdown: `> ${words(3_000)}\n> end` },
  {
    name: "a quote of three hundred lines",
    markdown: Array.from({ length: 300 }, (_, n) => `> line ${n} ${words(5)}`).join("\n"),
  },
  {
    name: "code of a thousand lines",
    markdown: `Look:\n\n${FENCE}python\n${Array.from({ length: 1_000 }, (_, n) => `def f_${n}(*a, **k): return "${n}"  # *x*`).join("\n")}\n${FENCE}\n\nThat was it.`,
  },
  {
    name: "code of a thousand lines in a list",
    markdown: `- item\n\n  ${FENCE}python\n${Array.from({ length: 1_000 }, (_, n) => `  x_${n} = ${n}`).join("\n")}\n  ${FENCE}\n\n- next`,
  },
  {
    name: "code of five hundred lines in a quote",
    markdown: `> ${FENCE}\n${Array.from({ length: 500 }, (_, n) => `> x_${n} = ${n}`).join("\n")}\n> ${FENCE}\n\nnext`,
  },
  {
    name: "a list of six hundred",
    markdown: Array.from({ length: 600 }, (_, n) => `- **item ${n}** with \`code\``).join("\n"),
  },
  {
    name: "a numbered list of six hundred ones",
    markdown: Array.from({ length: 600 }, (_, n) => `1. point ${n} and some words`).join("\n"),
  },
  {
    name: "a nested list of six hundred",
    markdown: Array.from({ length: 600 }, (_, n) => `${"  ".repeat(n % 6)}- point ${n} and some words`).join("\n"),
  },
  { name: "five hundred bold words", markdown: Array.from({ length: 500 }, (_, n) => `**b${n}**`).join(" ") },
  {
    name: "three hundred links",
    markdown: Array.from({ length: 300 }, (_, n) => `[l${n}](https://x.example/${n})`).join(", "),
  },
  { name: "six hundred rules", markdown: Array.from({ length: 600 }, (_, n) => `p${n}\n\n---`).join("\n\n") },
  {
    name: "a hundred thousand letters of prose",
    markdown: Array.from({ length: 60 }, (_, n) => `## Part ${n}\n\n${sentences(32)}`)
      .join("\n\n")
      .padEnd(100_000, " and more words"),
  },
  { name: "a hundred thousand letters without a break", markdown: `${words(12_000)}`.slice(0, 100_000) },
  { name: "twenty reports", markdown: Array.from({ length: 20 }, () => report).join("\n\n") },
  { name: "a loop of opening stars", markdown: "*a **b ".repeat(1_500) },
  { name: "a loop of opening tags", markdown: "<a ".repeat(3_000) },
  { name: "a loop of opening links", markdown: "[a](".repeat(3_000) },
  { name: "a loop of quote marks", markdown: `${">".repeat(100_000)} deep` },
  { name: "a loop of bars", markdown: "|a".repeat(5_000) },
  { name: "a poem", markdown: Array.from({ length: 700 }, (_, n) => `line ${n} of a poem`).join("\n") },
  {
    name: "a formula of a thousand lines",
    markdown: `$$\n${Array.from({ length: 600 }, (_, n) => `x_{${n}} &= y \\\\`).join("\n")}\n$$`,
  },
  {
    name: "HTML of a thousand lines",
    markdown: `<table>\n${Array.from({ length: 600 }, (_, n) => `<tr><td>${n}</td></tr>`).join("\n")}\n</table>`,
  },
];

const seeds = [
  "Intro paragraph with **bold** and `code`.",
  report,
  "> quoted **text\n> with more** of it",
  `${FENCE}rust\nfn main() { println!("{}", a || b); }\n${FENCE}`,
  "1. one\n   - two\n     > three\n     > `four`\n2. five",
  "| a | b |\n|:--|--:|\n| **x** | `y` |",
];

/** Each seed cut short in twelve places: what a stream shows on its way. */
const cutShort: readonly Answer[] = seeds.flatMap((seed, index) =>
  Array.from({ length: 12 }, (_, step) => ({
    name: `seed ${index} cut short at ${step + 1}/13`,
    markdown: seed.slice(0, Math.ceil((seed.length * (step + 1)) / 13)),
  })),
);

/** Each seed behind enough prose that a part ends in it, at several places. */
const pushed: readonly Answer[] = seeds.flatMap((seed, index) =>
  [3_300, 3_700, 3_850, 3_920, 4_000].map((chars) => ({
    name: `seed ${index} behind ${chars} letters`,
    markdown: `${words(1_000).slice(0, chars)}\n\n${seed}\n\n${words(200)}`,
  })),
);

export const answers: readonly Answer[] = [...fixed, ...cutShort, ...pushed];
