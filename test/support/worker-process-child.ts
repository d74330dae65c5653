/**
 * The process that `worker-process.ts` starts: the built Worker in workerd, twice, over one set of stores. Talks to its
 * parent by messages, and ends when the parent does.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  convertV4MiniflareOptions,
  type Json,
  Log,
  LogLevel,
  Miniflare,
  type V4DurableObject,
  type V4MiniflareOptions,
} from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from "wrangler";
import type { ChildReply, ChildRequest, ChildSettings } from "./worker-process.ts";

const root = join(import.meta.dirname, "..", "..");
const dist = join(root, "dist");

const settings = JSON.parse(process.argv[2] ?? "{}") as ChildSettings;

/** The bundle: one ES module, and the files that it imports as text. The first one is where the Worker begins. */
function modules(entry: string | null) {
  const others = readdirSync(dist).filter((name) => !/^worker\.js(\.map)?$|^README\.md$/.test(name));
  const around = entry === null ? [] : [{ path: join(dist, basename(entry)), contents: readFileSync(entry, "utf8") }];
  return [
    ...around.map((module) => ({ type: "ESModule" as const, ...module })),
    { type: "ESModule" as const, path: join(dist, "worker.js") },
    ...others.map((name) => ({ type: "Text" as const, path: join(dist, name) })),
  ];
}

function options(): V4MiniflareOptions {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(root, "wrangler.toml"));
  const { modulesRules: _, ...bindings } = workerOptions;
  const objects = Object.entries((bindings.durableObjects ?? {}) as Record<string, string | V4DurableObject>);
  const objectsOfFirst = objects.map(([name, object]) => {
    return [name, { ...(typeof object === "string" ? { className: object } : object), scriptName: "first" }];
  });
  const common = {
    modulesRoot: dist,
    bindings: { ...(bindings.bindings as Record<string, Json>), ...settings.bindings },
  };
  const socket = (port: number) => ({ unsafeDirectSockets: [{ host: "127.0.0.1", port }] });
  return {
    log: new Log(LogLevel.ERROR),
    port: 0,
    cf: false,
    logRequests: false,
    handleStructuredLogs: ({ level, message }) => process.stdout.write(`[${level}] ${message}\n`),
    resourcePersistencePath: settings.directory,
    workers: [
      { ...bindings, ...common, modules: modules(null), ...socket(settings.ports[0]), name: "first" },
      {
        ...bindings,
        ...common,
        modules: modules(settings.secondEntry),
        ...socket(settings.ports[1]),
        name: "second",
        durableObjects: Object.fromEntries(objectsOfFirst),
        queueConsumers: [],
        cronTriggers: [],
      },
    ],
  };
}

const miniflare = new Miniflare(convertV4MiniflareOptions(options()));

async function migrate(): Promise<void> {
  const database = await miniflare.getD1Database("DB", "first");
  // The record that Wrangler keeps, which the service compares with what it brings.
  await database.exec(
    "CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE)",
  );
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const applied = new Set(results.map(({ name }) => name));
  const folder = join(root, "migrations");
  const waiting = readdirSync(folder).filter((name) => name.endsWith(".sql") && !applied.has(name));
  for (const name of waiting.sort()) {
    const statements = unstable_splitSqlQuery(readFileSync(join(folder, name), "utf8"));
    await database.batch([
      ...statements.map((statement) => database.prepare(statement)),
      database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
    ]);
  }
}

async function answer(request: ChildRequest): Promise<unknown> {
  switch (request.call) {
    case "cron": {
      const worker = await miniflare.getWorker("first");
      return worker.scheduled({ cron: "* * * * *", scheduledTime: new Date() });
    }
    case "query": {
      const database = await miniflare.getD1Database("DB", "first");
      const { results } = await database
        .prepare(request.sql)
        .bind(...request.parameters)
        .all();
      return results;
    }
    case "stop":
      return miniflare.dispose();
  }
}

const reply = (message: ChildReply) => process.send?.(message);

process.on("disconnect", () => miniflare.dispose().finally(() => process.exit(1)));
process.on("message", (request: ChildRequest) => {
  answer(request).then(
    (value) => reply({ id: request.id, value }),
    (error: unknown) => reply({ id: request.id, error: String(error) }),
  );
});

await miniflare.ready;
await migrate();
reply({ id: 0, value: null });
