/** Files with secrets of this checkout: readable only by their owner, and written atomically. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./wrangler.ts";

/** The secrets of the local Worker, read by `wrangler dev`. */
export const devVarsPath = join(root, ".dev.vars");
/** The URL of the local Worker and the credential of its first admin. */
export const adminEnvPath = join(root, ".local", "admin.env");

/** The `NAME=value` lines of a file; empty without the file. */
export function readAssignments(path: string): Map<string, string> {
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  return new Map(
    lines.flatMap((line) => {
      const [, name, value] = /^\s*([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return name !== undefined && value !== undefined ? [[name, value.replace(/^(["'])(.*)\1$/, "$2")]] : [];
    }),
  );
}

/** Writes a file atomically, with mode 0600: a reader gets the old text or the new one. */
export function writePrivateFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  writeFileSync(beside, text, { mode: 0o600 });
  chmodSync(beside, 0o600);
  renameSync(beside, path);
}
