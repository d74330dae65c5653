/** Writes the generated files of the client libraries. With `--check` it only fails when one is out of date. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { consoleFiles } from "./console.ts";
import type { Document } from "./document.ts";
import { formOf } from "./form.ts";
import { rustFiles } from "./rust.ts";
import { typescriptFiles } from "./typescript.ts";

const root = join(import.meta.dirname, "../..");
const documentPath = join(root, "sdk/openapi.json");

/** Without rustfmt the files of Rust are neither written nor compared: a machine without Rust still has all the others. */
const hasRustfmt = spawnSync("rustfmt", ["--version"]).status === 0;

function rustFormatted(path: string, text: string): string {
  const { status, stdout, stderr } = spawnSync("rustfmt", ["--edition", "2021"], { input: text, encoding: "utf8" });
  if (status !== 0) throw new Error(`${path}: ${stderr}`);
  return stdout;
}

function formatted(path: string, text: string): string {
  if (path.endsWith(".rs")) return rustFormatted(path, text);
  const biome = join(root, "node_modules/.bin/biome");
  const options = ["format", `--config-path=${root}`, `--stdin-file-path=${path}`];
  const { status, stdout, stderr } = spawnSync(biome, options, { input: text, encoding: "utf8", cwd: root });
  if (status !== 0) throw new Error(`${path}: ${stderr}`);
  return stdout;
}

/** The generated files of a document: the path in the checkout, and the formatted text. */
export function generatedFiles(document: Document): ReadonlyMap<string, string> {
  const form = formOf(document);
  const files = { ...typescriptFiles(form), ...rustFiles(form), ...consoleFiles(document) };
  const written = Object.entries(files).filter(([path]) => hasRustfmt || !path.endsWith(".rs"));
  return new Map(written.map(([path, text]) => [path, formatted(path, text)]));
}

/** The paths whose file is not what `document` makes. */
export function outdatedFiles(document: Document): string[] {
  const isOutdated = ([path, text]: [string, string]) =>
    !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== text;
  return [...generatedFiles(document)].filter(isOutdated).map(([path]) => path);
}

if (import.meta.main) {
  const document: Document = JSON.parse(readFileSync(documentPath, "utf8"));
  if (!hasRustfmt) console.error("The files of Rust are left out: rustfmt is not installed (https://rustup.rs).");
  if (process.argv.includes("--check")) {
    const outdated = outdatedFiles(document);
    for (const path of outdated) console.error(`${path} is out of date: run \`npm run sdk:generate\`.`);
    process.exitCode = outdated.length > 0 ? 1 : 0;
  } else {
    for (const [path, text] of generatedFiles(document)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  }
}
