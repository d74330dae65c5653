/** A child: one Worker in workerd, without a proxy, with its stores in a folder. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4MiniflareOptions } from "miniflare";
import { applyMigrations, builtModules, dist } from "../scripts/built-worker.ts";
import { configuredBindings, migrations } from "../scripts/configured.ts";
import { offer, settingsOf } from "./child.ts";

/** The built service, the same with counters around its bindings, or the floor. */
export type Which = "service" | "instrumented" | "floor";

export interface WorkerdSettings {
  readonly which: Which;
  readonly port: number;
  /** The folder of its stores; without it, a temporary one. */
  readonly directory?: string;
  /** Settings of the Worker. */
  readonly bindings: Readonly<Record<string, string>>;
  /** For a profiler. */
  readonly inspectorPort?: number;
}

const settings = settingsOf<WorkerdSettings>();
const { which, port, bindings, inspectorPort } = settings;
const directory = settings.directory ?? mkdtempSync(join(tmpdir(), "agentidp-bench-"));

/** A Worker of the bench as one module. Its import `./worker.js` is the bundle of the service. */
function bundled(name: string): string {
  const [file] = buildSync({
    entryPoints: [join(import.meta.dirname, "workers", name)],
    bundle: true,
    format: "esm",
    target: "es2024",
    external: ["cloudflare:*", "./worker.js"],
    write: false,
  }).outputFiles;
  return file?.text ?? "";
}

function workerOptions() {
  if (which === "floor") {
    return {
      compatibilityDate: "2026-10-01",
      modules: [{ type: "ESModule" as const, path: join(dist, "floor.js"), contents: bundled("floor.ts") }],
      durableObjects: { OBJECT: { className: "FloorObject", useSQLite: true } },
      d1Databases: { DB: "floor" },
    };
  }
  const entry = { type: "ESModule" as const, path: join(dist, "entry.js"), contents: bundled("instrumented.ts") };
  const modules = which === "instrumented" ? [entry, ...builtModules()] : builtModules();
  return { ...configuredBindings(bindings), modules };
}

const options: V4MiniflareOptions = {
  log: new Log(LogLevel.ERROR),
  port: 0,
  cf: false,
  logRequests: false,
  ...(inspectorPort === undefined ? {} : { inspectorPort }),
  handleStructuredLogs: ({ level, message }) => process.stdout.write(`[${level}] ${message}\n`),
  resourcePersistencePath: directory,
  workers: [
    {
      ...workerOptions(),
      name: which,
      modulesRoot: dist,
      unsafeDirectSockets: [{ host: "127.0.0.1", port }],
    },
  ],
};

const startedMs = performance.now();
const miniflare = new Miniflare(convertV4MiniflareOptions(options));
await miniflare.ready;
const readyMs = performance.now() - startedMs;

const database = await miniflare.getD1Database("DB", which);
if (which !== "floor") await applyMigrations(database, migrations());

/** All processes with their parents and their resident memory in KiB. */
function processes() {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss=,comm="], { encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => {
    const [pid = "", parent = "", rss = "", command = ""] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), rss: Number(rss), command };
  });
}

offer(
  {
    /** Milliseconds from the start of workerd until it listens. The top level of the modules has run by then. */
    readyMs: () => readyMs,
    /** Resident memory of workerd, in bytes. */
    residentBytes: () => {
      const workerd = processes().find(({ parent, command }) => parent === process.pid && command.includes("workerd"));
      if (!workerd) throw new Error("no workerd among the children");
      return workerd.rss * 1024;
    },
    query: async (sql: string, ...parameters: unknown[]) => {
      const { results } = await database
        .prepare(sql)
        .bind(...parameters)
        .all();
      return results;
    },
    runCron: async () => {
      const worker = await miniflare.getWorker(which);
      const { outcome } = await worker.scheduled({ cron: "* * * * *", scheduledTime: new Date() });
      return outcome;
    },
  },
  async () => {
    await miniflare.dispose();
    if (settings.directory === undefined) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  },
);
