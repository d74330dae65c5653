/** Links between documents become links between pages. Each one is checked: the page, and the heading on it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { outlineOf, type ResolveLink } from "./markdown/render.ts";
import { fileOfLink, root, type Source } from "./site.ts";

/** Addresses of the service that are no pages of the portal. */
const elsewhere: readonly RegExp[] = [
  /^\/(docs|reference|console)$/,
  /^\/openapi(-3\.0)?\.json$/,
  /^\/health$/,
  /^\/\.well-known\/(jwks\.json|did\.json|oauth-authorization-server|openid-configuration)$/,
  /^\/embed\/controls$/,
  /^\/tools\/verify-audit-log\.mjs$/,
  /^\/api\/v1\/(tiers|compliance\/controls)$/,
];

export interface Links {
  /** For the page as HTML. */
  toPage(from: Source): ResolveLink;
  /** For the page as Markdown: the same pages as Markdown. */
  toSource(from: Source): ResolveLink;
  /** What leads nowhere, as it was found. */
  readonly dead: readonly string[];
}

export function newLinks(pages: readonly Source[]): Links {
  const byFile = new Map(pages.map((page) => [page.file, page]));
  const byPath = new Map(pages.map((page) => [page.path, page]));
  const anchors = new Map(
    pages.map((page) => [
      page.path,
      new Map(
        outlineOf(page).flatMap(
          ({ slug, id }) =>
            [
              [slug, id],
              [id, id],
            ] as const,
        ),
      ),
    ]),
  );
  const dead: string[] = [];

  /** The page and the anchor of a link; null for a file without page; undefined for what the links of others do not concern. */
  function find(from: Source, link: string): { readonly path: string; readonly anchor: string } | null | undefined {
    if (/^(https?|mailto):/.test(link)) return undefined;
    const [target = "", slug] = link.split("#");
    const isPath = target.startsWith("/");
    if (isPath && elsewhere.some((pattern) => pattern.test(target))) return undefined;
    const file = target === "" ? from.file : fileOfLink(from.file, target);
    const page = isPath
      ? byPath.get(target)
      : (byFile.get(file) ?? (file === "docs/README.md" ? byPath.get("/guides") : undefined));
    if (!page) {
      if (isPath || !existsSync(join(root, file))) dead.push(`${from.file}: ${link}`);
      return null;
    }
    const id = slug === undefined ? undefined : anchors.get(page.path)?.get(slug);
    if (slug !== undefined && id === undefined) dead.push(`${from.file}: ${link} has no such heading`);
    return { path: page === from && slug !== undefined ? "" : page.path, anchor: id === undefined ? "" : `#${id}` };
  }

  const resolved =
    (from: Source, ending: string): ResolveLink =>
    (link) => {
      const found = find(from, link);
      if (!found) return found === null ? null : link;
      const { path, anchor } = found;
      return `${path === "/" && ending !== "" ? "/index" : path}${path === "" ? "" : ending}${anchor}`;
    };

  return { dead, toPage: (from) => resolved(from, ""), toSource: (from) => resolved(from, ".md") };
}
