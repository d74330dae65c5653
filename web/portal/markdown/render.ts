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

markdown.renderer.rules.fence = (tokens, index) => {
  const { content, info } = tokens[index] as Token;
  return codeBlock(content, info.trim());
};

/** A link to the heading itself, for those who copy its address. A heading with a link of its own has none. */
function headingHtml(heading: Heading, inner: string): string {
  const { level, id } = heading;
  const inside = inner.includes("<a ") ? inner : `<a href="#${id}">${inner}</a>`;
  return level === 1 ? `<h1>${inner}</h1>\n` : `<h${level} id="${id}">${inside}</h${level}>\n`;
}

/** Renders a page. */
export function render({ path, markdown: source }: Page, resolve: ResolveLink): Rendered {
  const tokens = markdown.parse(source, {});
  const headings = headingsOf(path, tokens);
  let html = "";
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as Token;
    const heading = headings.get(token);
    if (token.type === "inline") resolveIn(token, resolve);
    if (heading) {
      const inline = tokens[index + 1] as Token;
      resolveIn(inline, resolve);
      html += headingHtml(heading, markdown.renderer.renderInline(inline.children ?? [], markdown.options, {}));
      index += 2;
    } else if (token.type === "inline") {
      html += markdown.renderer.renderInline(token.children ?? [], markdown.options, {});
    } else if (token.type === "th_open" || token.type === "td_open") {
      // The parser says the side by a style, which the policy of the pages does not allow.
      const isNumber = token.attrGet("style") === "text-align:right";
      html += `<${token.tag}${isNumber ? ' class="number"' : ""}>`;
    } else if (token.type === "table_open") {
      html += '<div class="scroll" tabindex="0"><table>\n';
    } else if (token.type === "table_close") {
      html += "</table></div>\n";
    } else {
      html += markdown.renderer.render([token], markdown.options, {});
    }
  }
  const all = [...headings.values()];
  const title = all.find(({ level }) => level === 1)?.text;
  if (title === undefined || all.filter(({ level }) => level === 1).length !== 1)
    throw new Error("a page needs one h1");
  // A heading without text is none (axe: empty-table-header), and a row of such headings is nothing.
  const withoutEmpty = html
    .replaceAll(/<thead>\s*<tr>(\s*<th[^>]*><\/th>)+\s*<\/tr>\s*<\/thead>\n?/g, "")
    .replaceAll(/<th( class="number")?><\/th>/g, "<td></td>");
  return { title, headings: all, html: withoutEmpty };
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
