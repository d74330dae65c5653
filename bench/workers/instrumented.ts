/** The built service with counters around its bindings, and with a delay of objects, `BENCH_OBJECT_DELAY_MS`. */
import type { DurableObject } from "cloudflare:workers";
import type { Bindings } from "../../src/platform/env.ts";
import { type Counts, none } from "./counts.ts";
import worker, { DelegationChain as Chain, MetricsHub as Hub, OrgLedger as Ledger } from "./worker.js";

let counts: Counts = none();

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A proxy that replaces some functions of an object. */
function around<T extends object>(
  target: T,
  replaced: (name: string) => ((...parameters: never[]) => unknown) | undefined,
): T {
  return new Proxy(target, {
    get: (_, name) => {
      const instead = typeof name === "string" ? replaced(name) : undefined;
      if (instead) return instead;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const originals = new WeakMap<object, D1PreparedStatement>();

function countedStatement(statement: D1PreparedStatement): D1PreparedStatement {
  const read =
    (name: "all" | "run" | "first" | "raw") =>
    (...parameters: never[]) => {
      counts.d1Calls += 1;
      counts.d1Statements += 1;
      return (statement[name] as (...parameters: never[]) => unknown)(...parameters);
    };
  const proxy = around(statement, (name) => {
    if (name === "bind") return (...values: unknown[]) => countedStatement(statement.bind(...values));
    return name === "all" || name === "run" || name === "first" || name === "raw" ? read(name) : undefined;
  });
  originals.set(proxy, statement);
  return proxy;
}

function countedDatabase(database: D1Database): D1Database {
  const batch = (statements: D1PreparedStatement[]) => {
    counts.d1Calls += 1;
    counts.d1Statements += statements.length;
    return database.batch(statements.map((statement) => originals.get(statement) ?? statement));
  };
  return around(database, (name) => {
    if (name === "prepare") return (sql: string) => countedStatement(database.prepare(sql));
    return name === "batch" ? (batch as (...parameters: never[]) => unknown) : undefined;
  });
}

type Methods = Record<string, (...parameters: unknown[]) => Promise<unknown>>;

function countedStub(stub: DurableObjectStub, delayMs: number, what: "objectCalls" | "metricsCalls"): Methods {
  return new Proxy(stub as unknown as Methods, {
    get: (methods, name) => {
      return async (...parameters: unknown[]) => {
        counts[what] += 1;
        if (delayMs > 0) await pause(delayMs);
        // Called as a method: `apply` of a stub's method would be a remote method of that name.
        return methods[String(name)]?.(...parameters);
      };
    },
  });
}

const countedNamespace = (namespace: DurableObjectNamespace, delayMs: number, what: "objectCalls" | "metricsCalls") =>
  around(namespace, (name) =>
    name === "get"
      ? (((id: DurableObjectId) => countedStub(namespace.get(id), delayMs, what)) as (
          ...parameters: never[]
        ) => unknown)
      : undefined,
  );

type Env = Bindings & { readonly BENCH_OBJECT_DELAY_MS?: string };

/** One for each environment: the service caches by its environment and its database. */
const instrumented = new WeakMap<Env, Env>();

function instrument(env: Env): Env {
  const existing = instrumented.get(env);
  if (existing) return existing;
  const delayMs = Number(env.BENCH_OBJECT_DELAY_MS ?? "0");
  const created = {
    ...env,
    DB: countedDatabase(env.DB),
    ORG_LEDGER: countedNamespace(env.ORG_LEDGER, delayMs, "objectCalls"),
    DELEGATION_CHAIN: countedNamespace(env.DELEGATION_CHAIN, delayMs, "objectCalls"),
    METRICS: countedNamespace(env.METRICS, delayMs, "metricsCalls"),
  };
  instrumented.set(env, created);
  return created;
}

let isPatched = false;

/** Counts the calls of all objects of the isolate to their storage: they share the prototypes. */
function countStorage(storage: DurableObjectStorage): void {
  if (isPatched) return;
  isPatched = true;
  const sql = Object.getPrototypeOf(storage.sql) as { exec: (...parameters: unknown[]) => { rowsWritten: number } };
  const { exec } = sql;
  sql.exec = function (this: unknown, ...parameters) {
    const cursor = exec.apply(this, parameters);
    counts.objectStatements += 1;
    counts.objectRows += cursor.rowsWritten;
    return cursor;
  };
  const prototype = Object.getPrototypeOf(storage) as { transactionSync: (...parameters: unknown[]) => unknown };
  const { transactionSync } = prototype;
  prototype.transactionSync = function (this: unknown, ...parameters) {
    counts.objectCommits += 1;
    return transactionSync.apply(this, parameters);
  };
}

type ObjectClass = new (state: DurableObjectState, env: Bindings) => DurableObject<Bindings>;

const counting = (Base: ObjectClass): ObjectClass =>
  class extends Base {
    constructor(state: DurableObjectState, env: Env) {
      countStorage(state.storage);
      super(state, instrument(env));
    }
  };

export const OrgLedger = counting(Ledger);
export const DelegationChain = counting(Chain);
export const MetricsHub = counting(Hub);

/** `GET /bench/counts` returns the counts since its last call. */
const entry: ExportedHandler<Env> = {
  async fetch(request, env, execution) {
    if (new URL(request.url).pathname !== "/bench/counts") return worker.fetch(request, instrument(env), execution);
    const answer = Response.json(counts);
    counts = none();
    return answer;
  },
  queue: (batch, env, execution) => worker.queue(batch, instrument(env), execution),
  scheduled: (controller, env, execution) => worker.scheduled(controller, instrument(env), execution),
};

export default entry;
