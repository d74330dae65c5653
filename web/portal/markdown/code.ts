/** Code blocks, colored when the pages are built: a class for each kind of token, since the policy of the pages allows no inline style. */
import { createCssVariablesTheme, createHighlighter } from "shiki";
import { diagramOf } from "./diagram.ts";

const theme = createCssVariablesTheme({ name: "classes", variablePrefix: "--" });

const languages = [
  "shellscript",
  "javascript",
  "typescript",
  "json",
  "yaml",
  "python",
  "go",
  "java",
  "rust",
  "html",
  "http",
  "css",
  "toml",
];

const highlighter = await createHighlighter({ themes: [theme], langs: languages });

/** Names of fences that are no language of the highlighter. `console` is a command that no clone can run. */
const aliases: Readonly<Record<string, string>> = { console: "shellscript", sh: "shellscript" };

/** The variables of the theme, and the classes in portal.css. The other tokens have the color of the text. */
const classes: Readonly<Record<string, string>> = {
  "token-keyword": "k",
  "token-string": "s",
  "token-string-expression": "s",
  "token-constant": "c",
  "token-function": "f",
  "token-parameter": "p",
  "token-comment": "q",
};

export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const classOf = (color: string | undefined) => classes[/^var\(--(.+)\)$/.exec(color ?? "")?.[1] ?? ""];

function colored(code: string, language: string): string {
  const lines = highlighter.codeToTokensBase(code, { lang: language as "json", theme });
  return lines
    .map((line) => {
      const runs: { kind: string | undefined; text: string }[] = [];
      for (const { content, color } of line) {
        const kind = classOf(color);
        const last = runs.at(-1);
        if (last && (last.kind === kind || content.trim() === "")) last.text += content;
        else runs.push({ kind, text: content });
      }
      return runs
        .map(({ kind, text }) => (kind ? `<i class="${kind}">${escapeHtml(text)}</i>` : escapeHtml(text)))
        .join("");
    })
    .join("\n");
}

/** A block of code as HTML. A fence without a language is what a command prints. */
export function codeBlock(code: string, info: string): string {
  const [language = ""] = info.split(/[\s,]/);
  const text = code.trimEnd();
  if (language === "mermaid") return diagramOf(text);
  if (language === "") return `<div class="code out"><pre tabindex="0"><code>${escapeHtml(text)}</code></pre></div>\n`;
  const name = aliases[language] ?? language;
  if (!highlighter.getLoadedLanguages().includes(name)) throw new Error(`no highlighter for a block of ${language}`);
  return `<div class="code"><pre tabindex="0"><code>${colored(text, name)}</code></pre></div>\n`;
}
