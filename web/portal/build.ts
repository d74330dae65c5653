/** Makes the pages of the portal of `docs/`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import MarkdownIt from "markdown-it";
import { gzipBytes, kib, type Measure, write } from "../build/output.ts";

const docs = join(import.meta.dirname, "..", "..", "docs");
const markdown = new MarkdownIt();

const pageOf = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;

/** Builds the portal. */
export async function buildPortal(): Promise<readonly Measure[]> {
  const guides = readdirSync(join(docs, "guides")).filter((name) => name.endsWith(".md"));
  const sizes = ["quick-start.md", "concepts.md", ...guides.map((name) => `guides/${name}`)].map((path) => {
    const page = pageOf(path, markdown.render(readFileSync(join(docs, path), "utf8")));
    write(`pages/${path.replace(/\.md$/, ".html")}`, page);
    return gzipBytes(page);
  });
  return [{ what: "Portal, the largest page", bytes: Math.max(...sizes), most: 30 * kib }];
}
