/** Markdown as HTML, with the headings and links of the page. */
import MarkdownIt from "markdown-it";
import { codeBlock } from "./code.ts";
import { newSlugger } from "./slug.ts";

export interface Heading {
  readonly id: string;
  /** As GitHub gives it, which links between pages have. */
  readonly slug: string;
  readonly level: number;
  readonly text: string;
}

/** What a link becomes: an address, or null for a file that is no page, whose name is shown. */
export type ResolveLink = (link: string) => string | null;

/** A page to render. */
export interface Page {
  readonly path: string;
  readonly markdown: string;
}

export interface Rendered {
  readonly title: string;
  readonly html: string;
  readonly headings: readonly Heading[];
}

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });

type Token = ReturnType<typeof markdown.parse>[number];

const textOf = (inline: Token | undefined): string =>
  (inline?.children ?? [])
    .map(({ type, content }) => (type === "text" || type === "code_inline" ? content : ""))
    .join("");

/** The headings of a page, with their anchors. */
function headingsOf(path: string, tokens: readonly Token[]): Map<Token, Heading> {
  const slug = newSlugger(path);
  const headings = new Map<Token, Heading>();
  tokens.forEach((token, index) => {
    if (token.type !== "heading_open") return;
    const text = textOf(tokens[index + 1]);
    headings.set(token, { ...slug(text), level: Number(token.tag.slice(1)), text });
  });
  return headings;
}

/** The anchors and headings alone, for checking links before pages are rendered. */
export const outlineOf = ({ path, markdown: source }: Page): Heading[] => [
  ...headingsOf(path, markdown.parse(source, {})).values(),
];

/** Links of one inline token: to pages, or, for other files of the repository, the text and the name of the file. */
function resolveIn(inline: Token, resolve: ResolveLink): void {
  let file: string | null = null;
  let shown = "";
  for (const token of inline.children ?? []) {
    if (token.type === "link_open") {
      const href = String(token.attrGet("href"));
      const target = resolve(href);
      if (target !== null) {
        token.attrSet("href", target);
        continue;
      }
      [file, shown] = [href.replace(/^(\.\.?\/)+/, ""), ""];
      Object.assign(token, { type: "text", content: "" });
    } else if (token.type === "link_close" && file !== null) {
      const isNamed = shown.includes(file.split("/").at(-1) ?? "");
      Object.assign(token, { type: "text", content: isNamed ? "" : ` (${file})` });
      file = null;
    } else {
      shown += token.content;
    }
  }
}

/** What the rules below know of the page. */
interface Env {
  readonly headings: ReadonlyMap<Token, Heading>;
}

const { rules } = markdown.renderer;

rules.fence = (tokens, index) => {
  const { content, info } = tokens[index] as Token;
  return codeBlock(content, info.trim());
};

const hasLink = (inline: Token | undefined): boolean =>
  inline?.children?.some(({ type }) => type === "link_open") === true;

/** A heading links to itself, for those who copy its address. One with a link of its own does not. */
rules.heading_open = (tokens, index, _options, env) => {
  const { level, id } = (env as unknown as Env).headings.get(tokens[index] as Token) as Heading;
  if (level === 1) return "<h1>";
  return `<h${level} id="${id}">${hasLink(tokens[index + 1]) ? "" : `<a href="#${id}">`}`;
};
rules.heading_close = (tokens, index) => {
  const { tag } = tokens[index] as Token;
  return `${tag === "h1" || hasLink(tokens[index - 1]) ? "" : "</a>"}</${tag}>\n`;
};

rules.table_open = () => '<div class="scroll" tabindex="0"><table>\n';
rules.table_close = () => "</table></div>\n";

/** The parser says the side of a cell by a style, which the policy of the pages does not allow. */
const cellOpen: typeof rules.td_open = (tokens, index) => {
  const token = tokens[index] as Token;
  // A heading without text is none (axe: empty-table-header).
  const isEmpty = token.tag === "th" && tokens[index + 1]?.content === "";
  if (isEmpty) Object.assign(tokens[index + 2] as Token, { tag: "td" });
  return `<${isEmpty ? "td" : token.tag}${token.attrGet("style") === "text-align:right" ? ' class="number"' : ""}>`;
};
rules.th_open = cellOpen;
rules.td_open = cellOpen;

/** A row of headings without text is a table without headings. */
const emptyHead = /<thead>\s*<tr>(\s*<td[^>]*><\/td>)+\s*<\/tr>\s*<\/thead>\n?/g;

/** Renders a page. */
export function render({ path, markdown: source }: Page, resolve: ResolveLink): Rendered {
  const tokens = markdown.parse(source, {});
  const headings = headingsOf(path, tokens);
  for (const token of tokens) if (token.type === "inline") resolveIn(token, resolve);
  const html = markdown.renderer.render(tokens, markdown.options, { headings } satisfies Env).replaceAll(emptyHead, "");
  const all = [...headings.values()];
  const [first, ...others] = all.filter(({ level }) => level === 1);
  if (first === undefined || others.length > 0) throw new Error(`${path} needs one h1`);
  return { title: first.text, headings: all, html };
}

/** The text of a page's source with its links resolved, for readers of the source. Blocks of code stay. */
export function resolvedSource(source: string, resolve: ResolveLink): string {
  const outsideCode = (text: string) =>
    text.replace(/\[([^\]]*)\]\(([^)\s]+)\)/g, (_, shown: string, link: string) => {
      const target = resolve(link);
      if (target !== null) return `[${shown}](${target})`;
      const file = link.replace(/^(\.\.?\/)+/, "");
      return shown.includes(file.split("/").at(-1) ?? "") ? shown : `${shown} (${file})`;
    });
  return source
    .split(/(^ *```[\s\S]*?^ *```$)/m)
    .map((part, index) => (index % 2 === 1 ? part : outsideCode(part)))
    .join("");
}
