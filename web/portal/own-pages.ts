/** The pages that no document of the repository is: the first one, the lists, prices and state. Markdown, like all others. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { languages, nameOfLanguage, root, type Source } from "./site.ts";

const read = (file: string) => readFileSync(join(root, file), "utf8");

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The number of operations that the API describes. */
const operationCount = (): number =>
  Object.values((JSON.parse(read("sdk/openapi.json")) as OpenApi).paths)
    .flatMap((item) => Object.keys(item))
    .filter((method) => /^(get|post|put|patch|delete)$/.test(method)).length;

const errorCount = (): number => read("docs/errors.md").match(/^## [A-Z_]+$/gm)?.length ?? 0;

/** The median of a token by secret over one connection, as the bench has measured it. */
function tokenMedian(): string {
  const [, median] =
    /^\| 1 \| token by secret \| [^|]+ \| [^|]+ \| ([\d.]+) \|/m.exec(read("docs/performance.md")) ?? [];
  if (median === undefined) throw new Error("docs/performance.md has no median of a token");
  return median;
}

const linkTo = ({ path, about }: Source, title: string) => `- [${title}](${path}): ${about}`;

/** The lists and figures that the texts of `pages/` name in double braces. */
function valuesOf(pages: readonly Source[], titleOf: (page: Source) => string): Readonly<Record<string, string>> {
  const listOf = (section: string) =>
    pages
      .filter((page) => page.section === section)
      .map((page) => linkTo(page, titleOf(page)))
      .join("\n");
  return {
    operations: String(operationCount()),
    errors: String(errorCount()),
    median: tokenMedian(),
    guides: listOf("Guides"),
    use: listOf("Use it"),
    run: listOf("Run it"),
    trust: listOf("Trust it"),
    libraries: languages.map(libraryRow).join("\n"),
  };
}

/** A row of the table of libraries: the first command of a README installs the library. */
function libraryRow(language: string): string {
  const [, command] = /^```console\n(.+)$/m.exec(read(`sdk/${language}/README.md`)) ?? [];
  if (command === undefined) throw new Error(`sdk/${language}/README.md does not say how to install the library`);
  return `| [${nameOfLanguage(language)}](/sdks/${language}) | \`${command}\` |`;
}

const own = [
  {
    name: "index",
    path: "/",
    section: null,
    about:
      "An identity provider for AI agents: identity, short-lived signed tokens, delegation, revocation at once, and an audit log that shows tampering.",
  },
  {
    name: "guides",
    path: "/guides",
    section: "Guides",
    about: "All guides: from the registration of an agent to webhooks, federation and the audit log.",
  },
  {
    name: "sdks",
    path: "/sdks",
    section: "Libraries",
    about: "The client libraries of the service, and how to use it without one.",
  },
  {
    name: "pricing",
    path: "/pricing",
    section: null,
    about: "What each tier allows: agents, calls, tokens, rates, and how long the audit log is kept.",
  },
  { name: "status", path: "/status", section: null, about: "The security controls of the service, as last measured." },
] as const;

/** The service's own pages. Placeholders that stay, such as `{{issuer}}`, are for the Worker. */
export function ownPages(pages: readonly Source[], titleOf: (page: Source) => string): Source[] {
  const values = valuesOf(pages, titleOf);
  return own.map(({ name, ...page }) => {
    const file = `web/portal/pages/${name}.md`;
    const markdown = read(file).replace(/\{\{(\w+)\}\}/g, (whole, key: string) => values[key] ?? whole);
    return { ...page, file, markdown };
  });
}
