/**
 * A time limit for every call of D1, KV, the queue and the objects, which have long time limits or none that is documented. The
 * handlers of the Worker and the objects use only the limited bindings.
 */
import { DependencyDown } from "./dependency.ts";
import type { Bindings } from "./env.ts";

/** Longer than a successful call. Two steps of a revocation must end while the ledger still refuses the target (a minute). */
export const longestWaitMs = 10_000;

type Wait = <T>(answer: Promise<T>) => Promise<T>;

/**
 * A late result is dropped: as after any lost response, it is unknown whether the call took effect. `judge` maps the error of a
 * failed call to the error that the caller gets.
 */
const waitFor =
  (dependency: string, judge: (error: unknown) => unknown = (error) => error): Wait =>
  (answer) =>
    new Promise((resolve, reject) => {
      const giveUp = () => reject(new DependencyDown(dependency, new Error(`no answer within ${longestWaitMs} ms`)));
      const timer = setTimeout(giveUp, longestWaitMs);
      answer.then(
        (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(judge(error));
        },
      );
    });

/** D1's errors about a statement begin with `D1_`; their catcher interprets them. Any other error is a lost connection, not a bug. */
const waitForDatabase = waitFor("The database", (error) =>
  error instanceof Error && error.message.startsWith("D1_") ? error : new DependencyDown("The database", error),
);

type Method = (...parameters: unknown[]) => unknown;

/** The object with a time limit on its methods. The methods in `own` replace the object's. */
function waiting<T extends object>(wait: Wait, target: T, own: Readonly<Record<string, Method>> = {}): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name);
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...parameters: unknown[]) => wait(Reflect.apply(member, target, parameters));
    },
  });
}

/** The original of each wrapped statement: a batch accepts D1's own statements only. */
const rawStatements = new WeakMap<object, D1PreparedStatement>();

function limitedStatement(raw: D1PreparedStatement): D1PreparedStatement {
  const bind: D1PreparedStatement["bind"] = (...values) => limitedStatement(raw.bind(...values));
  const statement = waiting(waitForDatabase, raw, { bind });
  rawStatements.set(statement, raw);
  return statement;
}

function limitedDatabase(raw: D1Database): D1Database {
  const prepare: D1Database["prepare"] = (query) => limitedStatement(raw.prepare(query));
  const batch = (statements: D1PreparedStatement[]) =>
    waitForDatabase(raw.batch(statements.map((statement) => rawStatements.get(statement) ?? statement)));
  return waiting(waitForDatabase, raw, { prepare: prepare as Method, batch: batch as Method });
}

/** Every failure of an object is `DependencyDown`, because every call of an object may be repeated. */
const limitedObjects = (object: string) => (raw: DurableObjectNamespace) => {
  const wait = waitFor(object, (error) => new DependencyDown(object, error));
  const get: DurableObjectNamespace["get"] = (id) => waiting(wait, raw.get(id));
  const idFromName: DurableObjectNamespace["idFromName"] = (name) => raw.idFromName(name);
  return waiting(wait, raw, { get: get as Method, idFromName: idFromName as Method });
};

/** One wrapper for each binding, because other caches use the binding as their key. */
const wrappers = new WeakMap<object, object>();

function once<T extends object>(raw: T, make: (raw: T) => T): T {
  const wrapper = (wrappers.get(raw) as T | undefined) ?? make(raw);
  wrappers.set(raw, wrapper);
  return wrapper;
}

/**
 * The bindings with a limit of {@link longestWaitMs} on each call. A longer call rejects with `DependencyDown`, and so does every
 * failed call of an object.
 */
export function withTimeLimits(env: Bindings): Bindings {
  return once(env, () => ({
    ...env,
    DB: once(env.DB, limitedDatabase),
    CACHE: once(env.CACHE, (raw) => waiting(waitFor("The cache"), raw)),
    WEBHOOK_QUEUE: once(env.WEBHOOK_QUEUE, (raw) => waiting(waitFor("The queue"), raw)),
    ORG_LEDGER: once(env.ORG_LEDGER, limitedObjects("The organization's ledger")),
    DELEGATION_CHAIN: once(env.DELEGATION_CHAIN, limitedObjects("The delegation's chain")),
    METRICS: once(env.METRICS, limitedObjects("The metrics object")),
  }));
}
