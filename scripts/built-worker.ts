/** The bundle in `dist/`, and its modules and tables, to run it in workerd without Wrangler. `configured.ts` reads its settings. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Miniflare } from "miniflare";
import { root } from "./wrangler.ts";

/** The output folder of `npm run build`. */
export const dist = join(root, "dist");

/** The files of the bundle: one ES module, and the texts that it imports. */
function bundledNames(): readonly [worker: string, ...texts: string[]] {
  const texts = readdirSync(dist).filter((name) => !/^worker\.js$|\.map$|^README\.md$/.test(name));
  return ["worker.js", ...texts];
}

/** The modules of the bundle, for Miniflare. */
export function builtModules() {
  const [worker, ...texts] = bundledNames();
  return [
    { type: "ESModule" as const, path: join(dist, worker) },
    ...texts.map((name) => ({ type: "Text" as const, path: join(dist, name) })),
  ];
}

/** The size of the bundle, in bytes. */
export function bundleSize(): { readonly rawBytes: number; readonly gzipBytes: number } {
  const modules = bundledNames().map((name) => readFileSync(join(dist, name)));
  return {
    rawBytes: modules.reduce((sum, module) => sum + module.byteLength, 0),
    gzipBytes: modules.reduce((sum, module) => sum + gzipSync(module, { level: 9 }).byteLength, 0),
  };
}

/** A file of `migrations/`. */
export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}

/** Applies the missing migrations, in the given order, and records them in the table of Wrangler, which the service reads. */
export async function applyMigrations(
  database: Awaited<ReturnType<Miniflare["getD1Database"]>>,
  migrations: readonly Migration[],
): Promise<void> {
  await database.exec(
    "CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE)",
  );
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const applied = new Set(results.map(({ name }) => name));
  for (const { name, statements } of migrations) {
    if (applied.has(name)) continue;
    await database.batch([
      ...statements.map((statement) => database.prepare(statement)),
      database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
    ]);
  }
}
