/** Builds `web/dist`, part after part, and fails above a budget. `scripts/web.ts` runs it when the sources have changed. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { buildExplorer } from "../explorer/build.ts";
import { buildPortal } from "../portal/build.ts";
import { buildConsole } from "./console.ts";
import { kib, type Measure, output, type Part, write } from "./output.ts";
import { writePortalFiles } from "./portal-files.ts";
import { builtName, dist, sourcesHash } from "./sources.ts";

const parts: readonly Part[] = [buildPortal, buildConsole, buildExplorer];

// Before the parts read the sources: what changes meanwhile is built the next time.
const hash = sourcesHash();
process.on("exit", () => rmSync(output, { recursive: true, force: true }));
mkdirSync(output, { recursive: true });

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

// Not for visitors: Wrangler uploads everything else.
write(".assetsignore", `.assetsignore\n${builtName}\n`);
write(builtName, hash);
writePortalFiles();
rmSync(dist, { recursive: true, force: true });
renameSync(output, dist);
