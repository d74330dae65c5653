/** Builds the pages, and bundles the Worker into `dist/`, as a deployment does; fails above the size limit. */
import { rmSync } from "node:fs";
import { bundleSize, dist } from "./built-worker.ts";
import { buildWebIfChanged } from "./web.ts";
import { runWrangler } from "./wrangler.ts";

const maxGzipBytes = 700 * 1024;

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;

try {
  buildWebIfChanged();
  rmSync(dist, { recursive: true, force: true });
  runWrangler("deploy", "--dry-run", "--outdir", dist);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

const { rawBytes, gzipBytes } = bundleSize();

console.log(`Bundle: ${kib(rawBytes)}, ${kib(gzipBytes)} gzip (at most ${kib(maxGzipBytes)})`);
if (gzipBytes > maxGzipBytes) {
  console.error("The bundle is too large. See what is in it: `wrangler deploy --dry-run --outdir dist --metafile`.");
  process.exit(1);
}
