/** Builds the two API references: `/docs` (OpenAPI Explorer) and `/reference` (Stoplight Elements). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { asset, gzipBytes, kib, type Measure, write } from "../build/output.ts";
import { elements } from "./elements.ts";
import { docsPage, referencePage } from "./pages.ts";
import { viewerScript } from "./viewer.ts";

const web = join(import.meta.dirname, "..");

const { version } = JSON.parse(readFileSync(join(web, "../package.json"), "utf8")) as { version: string };

/** Style sheets as one, minified. */
function styleOf(...paths: readonly string[]): string {
  const contents = paths.map((path) => readFileSync(join(web, path), "utf8")).join("\n");
  const { outputFiles } = buildSync({ stdin: { contents, loader: "css" }, minify: true, write: false });
  return outputFiles.map(({ text }) => text).join("");
}

/** A script of this folder, minified. */
function scriptOf(name: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(import.meta.dirname, "browser", name)],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    write: false,
  });
  return outputFiles.map(({ text }) => text).join("");
}

const sizeOf = (...contents: readonly (string | Uint8Array)[]) =>
  contents.reduce((sum, content) => sum + gzipBytes(content), 0);

/** Builds the pages, each with its viewer. */
export async function buildExplorer(): Promise<readonly Measure[]> {
  const viewer = viewerScript();
  const docs = docsPage(
    {
      styles: [asset("docs.css", styleOf("shared/tokens.css", "explorer/frame.css", "explorer/docs.css"))],
      scripts: [asset("openapi-explorer.js", viewer), asset("docs.js", scriptOf("docs.ts"))],
    },
    version,
  );
  write("explorer/docs.html", docs);

  const { script, style } = elements();
  const [own, page] = [
    scriptOf("reference.ts"),
    styleOf("shared/tokens.css", "explorer/frame.css", "explorer/reference.css"),
  ];
  const reference = referencePage({
    styles: [asset("elements.css", style), asset("reference.css", page)],
    scripts: [asset("reference.js", own), asset("elements.js", script)],
  });
  write("explorer/reference.html", reference);
  return [
    { what: "API explorer, /reference", bytes: sizeOf(reference, script, style, own, page), most: 680 * kib },
    { what: "API reference, /docs", bytes: sizeOf(docs, viewer), most: 250 * kib },
  ];
}
