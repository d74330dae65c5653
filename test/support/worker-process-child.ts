/**
 * The child process of `worker-process.ts`: the built Worker in workerd, twice, over one set of stores. It exchanges
 * messages with its parent and ends with it.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4MiniflareOptions } from "miniflare";
import { applyMigrations, builtModules, dist } from "../../scripts/built-worker.ts";
import type { ChildReply, ChildRequest, ChildSettings } from "./worker-process.ts";

const settings = JSON.parse(process.argv[2] ?? "{}") as ChildSettings;

/** The bundle, and its entry module where that is another one. */
function modules(entry: string | null) {
  const around = entry === null ? [] : [{ path: join(dist, basename(entry)), contents: readFileSync(entry, "utf8") }];
  return [...around.map((module) => ({ type: "ESModule" as const, ...module })), ...builtModules()];
}

function options(): V4MiniflareOptions {
  const { bindings: configured } = settings.configuration;
  const bindings = { ...configured, bindings: { ...configured.bindings, ...settings.bindings } };
  const objects = Object.entries(bindings.durableObjects);
  const objectsOfFirst = objects.map(([name, object]) => {
    return [name, { ...(typeof object === "string" ? { className: object } : object), scriptName: "first" }];
  });
  const common = { ...bindings, modulesRoot: dist };
  const socket = (port: number) => ({ unsafeDirectSockets: [{ host: "127.0.0.1", port }] });
  return {
    log: new Log(LogLevel.ERROR),
    port: 0,
    cf: false,
    logRequests: false,
    handleStructuredLogs: ({ level, message }) => process.stdout.write(`[${level}] ${message}\n`),
    resourcePersistencePath: settings.directory,
    workers: [
      { ...common, modules: modules(null), ...socket(settings.ports[0]), name: "first" },
      {
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
await applyMigrations(await miniflare.getD1Database("DB", "first"), settings.configuration.migrations);
reply({ id: 0, value: null });
