/** Bundles the Worker into `dist/` as a deployment would, and keeps its size bounded. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root, runWrangler } from "./wrangler.ts";

const maxGzipBytes = 700 * 1024;
const output = join(root, "dist");

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;

try {
  rmSync(output, { recursive: true, force: true });
  runWrangler("deploy", "--dry-run", "--outdir", output);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

const modules = readdirSync(output)
  .filter((name) => !name.endsWith(".map") && name !== "README.md")
  .map((name) => readFileSync(join(output, name)));
const rawBytes = modules.reduce((sum, module) => sum + module.byteLength, 0);
const gzipBytes = modules.reduce((sum, module) => sum + gzipSync(module, { level: 9 }).byteLength, 0);

console.log(`Bundle: ${kib(rawBytes)}, ${kib(gzipBytes)} gzip (at most ${kib(maxGzipBytes)})`);
if (gzipBytes > maxGzipBytes) {
  console.error(
    "The bundle is too large. Look at what was added last: `wrangler deploy --dry-run --outdir dist --metafile`.",
  );
  process.exit(1);
}
