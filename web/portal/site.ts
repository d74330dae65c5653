/** Which pages the portal has. `docs/README.md` decides: its list gives the pages of docs/, their order and what each one answers. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** The repository. */
export const root = join(import.meta.dirname, "../..");

export interface Source {
  /** The file in the repository, which relative links start from. */
  readonly file: string;
  /** Without the ending: `/guides/mcp-server`; `/` is the first page. */
  readonly path: string;
  /** The heading in the navigation; null for a page that is not in it. */
  readonly section: string | null;
  /** The description of the page. */
  readonly about: string;
  readonly markdown: string;
}

/** Paths of the service that no document can have. */
const taken = new Set([
  "/api",
  "/agents",
  "/assets",
  "/console",
  "/docs",
  "/embed",
  "/health",
  "/metrics",
  "/oidc",
  "/orgs",
  "/reference",
]);

/** The section of docs/README.md for those who change the service. They have the repository, so it has no pages here. */
const forContributors = "Change it";

const read = (file: string) => readFileSync(join(root, file), "utf8").replace(/<!--[\s\S]*?-->\n?/g, "");

/** The languages with a library: each folder of sdk/ with a README. */
export const languages: readonly string[] = readdirSync(join(root, "sdk"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "conformance" && entry.name !== "generate")
  .map(({ name }) => name)
  .sort()
  .reverse();

const languageNames: Readonly<Record<string, string>> = {
  typescript: "TypeScript",
  rust: "Rust",
  python: "Python",
  go: "Go",
  java: "Java",
};

export const nameOfLanguage = (language: string): string => languageNames[language] ?? language;

/** The path of the page that a file of the repository is. */
function pathOf(file: string): string {
  const library = /^sdk\/([\w-]+)\/README\.md$/.exec(file);
  if (library) return `/sdks/${library[1]}`;
  return `/${file
    .replace(/^docs\//, "")
    .replace(/(\/README)?\.md$/, "")
    .toLowerCase()}`;
}

/** The shortest example of a library: the one that signs in. */
function shortestProgram(language: string): string {
  const folder = join(root, "sdk", language, "examples");
  const example = readdirSync(folder).find((name) => /^sign[-_]in\./.test(name));
  if (example === undefined) throw new Error(`sdk/${language}/examples has no example that signs in`);
  const code = readFileSync(join(folder, example), "utf8").trimEnd();
  return `## The shortest program\n\n\`\`\`${example.split(".").at(-1)}\n${code}\n\`\`\`\n\n`;
}

const wholeProject = (language: string): string => `## A whole project

The service makes a project for an agent, with tests, an image and a workflow in this language ([guide](../../docs/guides/start-a-project.md)):

\`\`\`sh
curl -sS --fail-with-body -OJ "$AGENTIDP_API_URL/api/v1/sdk/scaffold/$AGENT_ID?language=${language}" -H "Authorization: Bearer $TOKEN"
\`\`\`

`;

/** The markdown of a page. That of a library is its README, with the name of the language, an example and the command for a project. */
function markdownOf(file: string): string {
  const text = read(file);
  const [, language] = /^sdk\/([\w-]+)\/README\.md$/.exec(file) ?? [];
  if (language === undefined) return text;
  return `${text.replace(/^# .*\n/, `# ${nameOfLanguage(language)} library\n`).replace(/^## /m, `${shortestProgram(language)}## `)}
${wholeProject(language)}`;
}

const plain = (markdown: string) => markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");

/** The pages of the repository's documents, in the order of docs/README.md. Libraries come from their folders. */
function documents(): Source[] {
  const found = new Map<string, Source>();
  const add = (file: string, section: string | null, about: string) => {
    const path = pathOf(file);
    if (taken.has(path)) throw new Error(`${file} would be a page at ${path}, which is another part of the service`);
    if (!found.has(path)) found.set(path, { file, path, section, about, markdown: markdownOf(file) });
  };
  let section = "";
  for (const line of read("docs/README.md").split("\n")) {
    section = /^\*\*(.+)\*\*$/.exec(line)?.[1] ?? section;
    const [, link, about] = /^\| \[[^\]]+\]\(([^)]+)\) \| (.+) \|$/.exec(line) ?? [];
    if (link === undefined || about === undefined || section === forContributors) continue;
    const file = normalize(join("docs", link));
    add(file, file.startsWith("docs/guides/") ? "Guides" : section, plain(about));
  }
  for (const language of languages) {
    const name = nameOfLanguage(language);
    add(
      `sdk/${language}/README.md`,
      "Libraries",
      `The client library of the service for ${name}: install it, sign in, call, verify.`,
    );
  }
  return [...found.values()].map((page) => (page.path.startsWith("/sdks/") ? { ...page, section: "Libraries" } : page));
}

/** Files of docs/guides that docs/README.md does not list would have no page. */
export function unlisted(pages: readonly Source[]): string[] {
  const listed = new Set(pages.map(({ file }) => file));
  return readdirSync(join(root, "docs/guides"))
    .map((name) => `docs/guides/${name}`)
    .filter((file) => !listed.has(file));
}

/** The sections of the navigation, in order. */
export const sections: readonly string[] = ["Use it", "Guides", "Libraries", "Run it", "Trust it"];

const inOrder = ({ section }: Source) => sections.indexOf(section ?? "");

/** All pages of documents, section by section. */
export const documentPages = (): Source[] => documents().sort((one, other) => inOrder(one) - inOrder(other));

/** The page that a link from a file means: its own folder is where it starts. Null for a file that is no page. */
export const fileOfLink = (from: string, link: string): string => normalize(join(dirname(from), link));
