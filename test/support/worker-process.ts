/**
 * The built Worker as its own process, over real HTTP: for standard clients, for a second instance, and for crash tests. Two
 * instances of the bundle run in it, as isolates that share the database, the cache and the ledgers.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { inject } from "vitest";
import type { Configuration } from "./configuration.ts";

const startTimeoutMs = 60_000;

export interface ChildSettings {
  readonly configuration: Configuration;
  readonly directory: string;
  readonly ports: readonly [number, number];
  readonly bindings: Readonly<Record<string, string>>;
  /** A module around the bundle, for the second instance. */
  readonly secondEntry: string | null;
}

export type ChildRequest = { readonly id: number } & (
  | { readonly call: "cron" | "stop" }
  | { readonly call: "query"; readonly sql: string; readonly parameters: readonly unknown[] }
);

export interface ChildReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export const setupToken = "a-set-up-token-for-the-tests-only-0123456789";

/** Seals the private parts of the service's keys. */
export const keyEncryptionKeys = "test-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

const secrets = {
  ENVIRONMENT: "development",
  KEY_ENCRYPTION_KEYS: keyEncryptionKeys,
  SECRET_HASH_KEYS: "test-1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8",
  SETUP_TOKEN: setupToken,
};

export interface WorkerProcess {
  /** The issuer, which is also the origin of the first instance. */
  readonly issuer: string;
  /** The origins of the two instances. */
  readonly instances: readonly [string, string];
  /** Starts it with the existing data. */
  start(): Promise<void>;
  /** Sends SIGKILL to the process and its workerd; the data stays. */
  kill(): Promise<void>;
  /** Runs the Cron Trigger to its end. */
  runCron(): Promise<void>;
  /** Reads the database directly. */
  query<Row>(sql: string, ...parameters: readonly unknown[]): Promise<Row[]>;
  /** The resident memory of workerd, in MiB. */
  memoryMiB(): Promise<number>;
  /** The log of the Worker since its start. */
  log(): string;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
}

/** Two free ports. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.on("error", reject);
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(typeof address === "object" && address ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [ports[0]!, ports[1]!];
}

/**
 * A Worker with an empty data directory, not started.
 *
 * @param bindings settings that add to or replace the defaults
 * @param secondEntry the path of a module that imports `./worker.js`, for the second instance
 *
 * @example
 * ```ts
 * const worker = await newWorkerProcess();
 * await worker.start();
 * await fetch(`${worker.issuer}/health`);
 * await worker.stop();
 * ```
 */
export async function newWorkerProcess(
  bindings: Readonly<Record<string, string>> = {},
  secondEntry: string | null = null,
): Promise<WorkerProcess> {
  if (!existsSync(join(import.meta.dirname, "..", "..", "dist", "worker.js"))) {
    throw new Error("There is no bundle to test: run `npm run build` first.");
  }
  const directory = await mkdtemp(join(tmpdir(), "agentidp-test-"));
  const ports = await freePorts();
  const instances = [`http://localhost:${ports[0]}`, `http://localhost:${ports[1]}`] as const;
  const settings: ChildSettings = {
    configuration: inject("configuration"),
    directory,
    ports,
    bindings: { ...secrets, ISSUER: instances[0], ...bindings },
    secondEntry,
  };

  let child: ChildProcess | null = null;
  let log = "";
  let lastId = 0;
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();

  const settle = ({ id, value, error }: ChildReply) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) caller?.resolve(value);
    else caller?.reject(new Error(error));
  };
  const ask = (request: { call: "cron" | "stop" } | { call: "query"; sql: string; parameters: readonly unknown[] }) => {
    const id = ++lastId;
    const reply = Promise.withResolvers<unknown>();
    waiting.set(id, reply);
    child?.send({ id, ...request });
    return reply.promise;
  };

  const ended = (process: ChildProcess) =>
    new Promise<void>((resolve) => {
      if (process.exitCode !== null || process.signalCode !== null) resolve();
      else process.once("exit", () => resolve());
    });

  /** workerd is a child of the child: it has ended when its ports are free. */
  async function portsFree(): Promise<void> {
    for (const instance of instances) {
      while (
        await fetch(`${instance}/health`).then(
          () => true,
          () => false,
        )
      )
        await sleep(20);
    }
  }

  return {
    issuer: instances[0],
    instances,
    log: () => log,

    async start() {
      log = "";
      const started = Promise.withResolvers<unknown>();
      waiting.set(0, started);
      child = spawn(
        process.execPath,
        [join(import.meta.dirname, "worker-process-child.ts"), JSON.stringify(settings)],
        {
          detached: true,
          env: {
            ...process.env,
            CLOUDFLARE_CF_FETCH_ENABLED: "false",
            WRANGLER_SEND_METRICS: "false",
            NODE_OPTIONS: "",
            // Compiling Miniflare takes a third of its start.
            NODE_COMPILE_CACHE: join(import.meta.dirname, "..", "..", "node_modules", ".cache", "node"),
            // The memory of production.
            MINIFLARE_WORKERD_V8_FLAGS: "",
          },
          stdio: ["ignore", "pipe", "pipe", "ipc"],
        },
      );
      child.stdout?.on("data", (chunk) => (log += chunk));
      child.stderr?.on("data", (chunk) => (log += chunk));
      child.on("message", settle);
      child.on("exit", () => {
        for (const { reject } of waiting.values()) reject(new Error(`The Worker's process ended.\n${log}`));
        waiting.clear();
      });
      const timeout = sleep(startTimeoutMs, null, { ref: false }).then(() => {
        throw new Error(`The Worker did not start in time.\n${log}`);
      });
      await Promise.race([started.promise, timeout]);
    },

    async kill() {
      if (!child?.pid) return;
      const killed = ended(child);
      process.kill(-child.pid, "SIGKILL");
      await killed;
      await portsFree();
    },

    async runCron() {
      const result = (await ask({ call: "cron" })) as { outcome: string };
      if (result.outcome !== "ok") throw new Error(`The cron trigger ended with "${result.outcome}".\n${log}`);
    },

    async memoryMiB() {
      const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pgid=,rss=,comm="]);
      const processes = stdout.split("\n").map((line) => line.trim().split(/ +/));
      const own = processes.filter(([group, , name = ""]) => Number(group) === child?.pid && name.includes("workerd"));
      return own.reduce((sum, [, kibibytes]) => sum + Number(kibibytes) / 1024, 0);
    },

    query: <Row>(sql: string, ...parameters: readonly unknown[]) =>
      ask({ call: "query", sql, parameters }) as Promise<Row[]>,

    async stop() {
      if (child?.pid && child.exitCode === null && child.signalCode === null) {
        await ask({ call: "stop" });
        const gone = ended(child);
        process.kill(-child.pid, "SIGKILL");
        await gone;
      }
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
