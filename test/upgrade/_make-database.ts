/**
 * Makes the database of a released version, with the storage of its objects, for the test that upgrades it:
 *
 *     node test/upgrade/_make-database.ts 0.1.0 febc81001ddd422a0719dea86531a0ab06f133b5
 *
 * Builds the Worker of that commit in a work tree of its own, runs it in workerd, sends the requests of `_world-<version, with hyphens>.ts`, and
 * writes `databases/<version>.json`. Run it once for each release, with the commit of the release.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { deserialize } from "node:v8";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from "wrangler";
import type { ReleasedDatabase, StoredObject, StoredTables } from "./_database.ts";
import { startService } from "./_service.ts";

const [version, commit] = process.argv.slice(2);
if (!version || !commit) throw new Error("Name the version and its commit.");
const root = join(import.meta.dirname, "..", "..");
const { makeWorld } = await import(`./_world-${version.replaceAll(".", "-")}.ts`);

/** The clock of the Worker: `GET /.ahead?ms=…` puts it forward. The rest is the Worker as it was. */
const clock = `let aheadMs = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + aheadMs;
globalThis.Date = new Proxy(Date, {
  construct: (target, parameters) => (parameters.length > 0 ? new target(...parameters) : new target(Date.now())),
});
export const goAhead = (ms) => { aheadMs += ms; };`;
const entry = `import { goAhead } from "./clock.js";
import worker from "./worker.js";
export * from "./worker.js";
export default {
  ...worker,
  fetch(request, ...rest) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/.ahead") return worker.fetch(request, ...rest);
    goAhead(Number(searchParams.get("ms")));
    return new Response(String(Date.now()));
  },
};`;

/** All tables but those of SQLite and of the runtime. */
function tablesOf(file: string): StoredTables {
  const database = new DatabaseSync(file);
  const ours = "name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'";
  const made = database.prepare(`SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND ${ours}`).all();
  const names = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND ${ours} ORDER BY name`).all();
  const tables: StoredTables = {
    schema: made.map(({ sql }) => String(sql)),
    rows: Object.fromEntries(
      names.map(({ name }) => [String(name), database.prepare(`SELECT * FROM "${name}"`).all() as never]),
    ),
  };
  database.close();
  return tables;
}

/** What an object has stored by key, in the structured clone format of V8. */
function keysOf(file: string): StoredObject["keys"] {
  const database = new DatabaseSync(file);
  const isThere = database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_cf_KV'").get();
  const rows = isThere ? database.prepare("SELECT key, value FROM _cf_KV").all() : [];
  database.close();
  return Object.fromEntries(rows.map(({ key, value }) => [String(key), deserialize(value as Uint8Array)]));
}

async function filesIn(directory: string): Promise<string[]> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  return files
    .filter(({ name }) => /^[0-9a-f]{64}\.sqlite$/.test(name))
    .map(({ parentPath, name }) => join(parentPath, name));
}

const directory = await mkdtemp(join(tmpdir(), "agentidp-released-"));
const tree = join(directory, "tree");
execFileSync("git", ["worktree", "add", "--detach", tree, commit], { cwd: root, stdio: "ignore" });
try {
  // The packages of this checkout: those of the release, and later ones.
  await symlink(join(root, "node_modules"), join(tree, "node_modules"));
  execFileSync(process.execPath, [join(tree, "scripts", "build.ts")], { cwd: tree, stdio: "inherit" });
  const dist = join(tree, "dist");
  const migrations = readdirSync(join(tree, "migrations"))
    .filter((name) => name.endsWith(".sql"))
    .sort();
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(tree, "wrangler.toml"));
  const { modulesRules: _, ...configured } = workerOptions;
  const texts = readdirSync(dist).filter((name) => name.endsWith(".min.js"));
  const persisted = join(directory, "data");
  const service = await startService(async (settings) => {
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        log: new Log(LogLevel.ERROR),
        port: 0,
        cf: false,
        resourcePersistencePath: persisted,
        workers: [
          {
            ...configured,
            name: "agentidp",
            bindings: { ...(configured.bindings as object), ...settings },
            modulesRoot: dist,
            modules: [
              { type: "ESModule", path: join(dist, "entry.js"), contents: entry },
              { type: "ESModule", path: join(dist, "clock.js"), contents: clock },
              { type: "ESModule", path: join(dist, "worker.js") },
              ...texts.map((name) => ({ type: "Text" as const, path: join(dist, name) })),
            ],
          },
        ],
      } as never),
    );
    await miniflare.ready;
    const database = await miniflare.getD1Database("DB");
    await database.exec("CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE)");
    for (const name of migrations) {
      const statements = unstable_splitSqlQuery(readFileSync(join(tree, "migrations", name), "utf8"));
      await database.batch([
        ...statements.map((statement) => database.prepare(statement)),
        database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
      ]);
    }
    return miniflare;
  });
  const { clients, objects: names, madeAtMs } = await makeWorld(service);
  const ids = new Map<string, Pick<StoredObject, "binding" | "name">>();
  for (const { binding, name } of names) {
    const namespace = await service.miniflare.getDurableObjectNamespace(binding);
    ids.set(namespace.idFromName(name).toString(), { binding, name });
  }
  await service.stop();

  const files = await filesIn(persisted);
  const objects: StoredObject[] = [];
  let database: StoredTables | null = null;
  for (const file of files) {
    const id = /([0-9a-f]{64})\.sqlite$/.exec(file)?.[1] ?? "";
    const known = ids.get(id);
    if (known) objects.push({ ...known, keys: keysOf(file), ...tablesOf(file) });
    else if (file.includes("D1")) database = tablesOf(file);
  }
  if (!database || objects.length !== names.length) throw new Error(`Not all stores are there: ${files.join(", ")}`);
  const empty = Object.entries(database.rows).filter(([, rows]) => rows.length === 0);
  if (empty.length > 0) throw new Error(`These tables have no row: ${empty.map(([name]) => name).join(", ")}`);
  objects.sort((a, b) => (`${a.binding} ${a.name}` < `${b.binding} ${b.name}` ? -1 : 1));
  const released: ReleasedDatabase = { version, commit, madeAtMs, clients, database, objects };
  await writeFile(join(import.meta.dirname, "databases", `${version}.json`), `${JSON.stringify(released, null, 1)}\n`);
} finally {
  execFileSync("git", ["worktree", "remove", "--force", tree], { cwd: root });
  await rm(directory, { recursive: true, force: true });
}
