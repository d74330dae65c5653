/** Writes what becomes `web/dist`: files with a hash in their name, which caches keep, and pages at fixed paths. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { dist } from "./sources.ts";

/**
 * The folder of a build while it runs. It takes the place of `dist` when all is built, so that a Worker that runs meanwhile has all pages, and
 * two builds at once do not mix.
 */
export const output = join(dist, "..", ".cache", `dist-${process.pid}`);

/** A size that the build compares with its budget. Sizes are bytes after gzip. */
export interface Measure {
  readonly what: string;
  readonly bytes: number;
  readonly most: number;
}

/** A part of the build: it writes its files, and returns its sizes. */
export type Part = () => Promise<readonly Measure[]>;

export const kib = 1024;

/** The size after gzip, in bytes. */
export const gzipBytes = (content: string | Uint8Array): number => gzipSync(content, { level: 9 }).byteLength;

/**
 * Writes a file of `web/dist`.
 *
 * @param path relative to `web/dist`, as `pages/quick-start.html`
 */
export function write(path: string, content: string | Uint8Array): void {
  const file = join(output, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/**
 * Writes a file whose name has the hash of its content, and returns its URL.
 *
 * @param name without hash, as `portal.css`
 * @example asset("portal.css", css) // "/assets/portal-3f2a9c01b4.css"
 */
export function asset(name: string, content: string | Uint8Array): string {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const path = `assets/${name.replace(/(\.[a-z0-9]+)$/, `-${hash}$1`)}`;
  write(path, content);
  return `/${path}`;
}
