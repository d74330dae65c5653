/** What `web/dist` is made of, as one hash. It uses nothing but Node, so that it runs before the packages of `web/` are installed. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

const checkout = join(import.meta.dirname, "..", "..");

/** What the Worker serves. */
export const dist = join(checkout, "web", "dist");

/** The file in it with the hash of the sources that it was built from. */
export const builtName = ".built";
const builtFile = join(dist, builtName);

/** The client libraries: a page for each is made of these. */
const libraries = () =>
  readdirSync(join(checkout, "sdk")).flatMap((language) =>
    ["README.md", "examples"].map((name) => `sdk/${language}/${name}`),
  );

/** Files and folders that a page may be made of, relative to the checkout. */
const sources = () => [
  ...["web", "docs", "examples", "SECURITY.md", "CHANGELOG.md", "package.json", "sdk/openapi.json"],
  ...libraries().filter((path) => existsSync(join(checkout, path))),
];

/** Folders that hold no sources. */
const leftOut = new Set(["node_modules", "dist", ".cache"]);

function* filesOf(path: string): Generator<string> {
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (leftOut.has(entry.name)) continue;
    const inner = join(path, entry.name);
    if (entry.isDirectory()) yield* filesOf(inner);
    else if (entry.isFile()) yield inner;
  }
}

/** The hash of all sources: of their paths and of their contents. */
export function sourcesHash(): string {
  const hash = createHash("sha256");
  for (const source of sources()) {
    const path = join(checkout, source);
    for (const file of statSync(path).isDirectory() ? filesOf(path) : [path]) {
      const content = readFileSync(file);
      hash.update(`${relative(checkout, file).split(sep).join("/")}\0${content.byteLength}\0`).update(content);
    }
  }
  return hash.digest("hex");
}

/** Whether `dist` is built from the sources as they are. */
export const isBuilt = (): boolean => existsSync(builtFile) && readFileSync(builtFile, "utf8") === sourcesHash();
