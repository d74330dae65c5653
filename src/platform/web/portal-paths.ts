/** The paths of the portal's files. */
import { portalFiles } from "./portal-files.ts";

/** `pages/index.html` → `/`, `pages/guides/clients.html` → `/guides/clients`, `pages/sitemap.xml` → `/sitemap.xml`. */
export const portalPathOf = (file: string): string =>
  file.replace(/^pages/, "").replace(/(\/index)?\.html$/, "") || "/";

/** All of them. */
export const portalPaths: ReadonlySet<string> = new Set(portalFiles.map(portalPathOf));
