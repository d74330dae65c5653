/**
 * Stoplight Elements, of which the explorer uses two files of the published package. It is no dependency: its React would be another
 * one than the console's, and one of its dependencies reports every installation to its makers.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const name = "@stoplight/elements";
const version = "9.0.25";
/** What the registry says of this version: `npm view @stoplight/elements@9.0.25 dist.integrity`. */
const integrity = "sha512-rDbNsgSCNo74lyV57cBzym+8F68/R2j7UPq4r3w5qK608vX8APNJhTq+2MkbTjsM3bUhFIoRdI225tlI85KpCA==";

const cache = join(import.meta.dirname, "..", ".cache");
const tarball = join(cache, `stoplight-elements-${version}.tgz`);

const run = (program: string, ...parameters: readonly string[]) =>
  spawnSync(program, parameters, {
    cwd: cache,
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
    // npm is a script of the shell there.
    shell: program === "npm" && process.platform === "win32",
  });

/** npm's own cache may be not writable, as in some containers; then it gets one of its own. */
function download(): void {
  mkdirSync(cache, { recursive: true });
  const pack = ["pack", `${name}@${version}`, "--ignore-scripts", "--loglevel=error"];
  const first = run("npm", ...pack);
  if (first.status === 0) return;
  const second = run("npm", ...pack, "--cache=npm");
  if (second.status !== 0) throw new Error(`\`npm ${pack.join(" ")}\` failed:\n${first.stderr}${second.stderr}`);
}

/** @throws {Error} when the tarball is not the one that the registry published */
function verify(): void {
  const digest = createHash("sha512").update(readFileSync(tarball)).digest("base64");
  if (`sha512-${digest}` !== integrity) throw new Error(`${tarball} is not ${name}@${version}: sha512-${digest}`);
}

function fileOf(path: string): Buffer {
  // `tar` is part of Windows, too. The path is relative, because it takes `C:` for a host.
  const { status, stdout, stderr } = run("tar", "-xzOf", `stoplight-elements-${version}.tgz`, `package/${path}`);
  if (status !== 0) throw new Error(`${path} is not in ${tarball}: ${stderr}`);
  return stdout;
}

/** The files of the web component. They are downloaded once. */
export function elements(): { readonly script: Buffer; readonly style: Buffer } {
  if (!existsSync(tarball)) download();
  verify();
  return { script: fileOf("web-components.min.js"), style: fileOf("styles.min.css") };
}
