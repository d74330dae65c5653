/** Builds `web/dist`, part after part, and fails above a budget. `scripts/web.ts` runs it when the sources have changed. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { buildExplorer } from "../explorer/build.ts";
import { buildPortal } from "../portal/build.ts";
import { buildConsole } from "./console.ts";
import { kib, type Measure, type Part } from "./output.ts";
import { builtFile, dist, sourcesHash } from "./sources.ts";

const parts: readonly Part[] = [buildPortal, buildConsole, buildExplorer];

// Before the parts read the sources: what changes meanwhile is built the next time.
const hash = sourcesHash();
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

const measures: Measure[] = [];
for (const part of parts) measures.push(...(await part()));

const inKib = (bytes: number) => `${(bytes / kib).toFixed(1)} KiB`;
const lineOf = ({ what, bytes, most }: Measure) => `${what}: ${inKib(bytes)} gzip (at most ${inKib(most)})`;
const tooLarge = measures.filter(({ bytes, most }) => bytes > most);

for (const measure of measures) console.log(lineOf(measure));
if (tooLarge.length > 0) {
  console.error(`Too large for a visitor:\n${tooLarge.map(lineOf).join("\n")}`);
  process.exit(1);
}

/** The table of the portal's files, for the Worker, which serves no other ones. A house test compares it with `docs/`. */
const tablePath = join(dist, "..", "..", "src", "platform", "web", "portal-files.ts");
const pages = readdirSync(join(dist, "pages"), { recursive: true, withFileTypes: true });
const files = pages.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
const lines = files
  .map((file) =>
    file
      .slice(dist.length + 1)
      .split(sep)
      .join("/"),
  )
  .sort();
const table = `/** Made of the pages of the portal by \`node web/build/build.ts\`: its files in \`web/dist\`. */
export const portalFiles: readonly string[] = [
${lines.map((line) => `  ${JSON.stringify(line)},\n`).join("")}];
`;
if (readFileSync(tablePath, "utf8") !== table) writeFileSync(tablePath, table);

// Not for visitors: Wrangler uploads everything else.
writeFileSync(`${dist}/.assetsignore`, ".assetsignore\n.built\n");
writeFileSync(builtFile, hash);
