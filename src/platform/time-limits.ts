/**
 * A time limit for every call of a dependency. D1, KV, the queue and the objects have long time limits or none that is
 * documented, so every call of them goes through here: in the Worker's handlers and in the objects.
 */
import { DependencyDown } from "./dependency.ts";
import type { Bindings } from "./env.ts";

/**
 * Longer than any successful call takes. Short enough that two steps of a revocation end while the ledger still refuses the
 * target (half a minute).
 */
export const longestWaitMs = 10_000;

type Wait = <T>(answer: Promise<T>) => Promise<T>;
/** Maps the error of a failed call to the error that the caller gets. */
type Judge = (error: unknown) => unknown;

/** A late result is dropped. It is then unknown whether the call took effect, as after any lost response. */
const waitFor =
  (dependency: string, judge: Judge): Wait =>
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

const asItIs: Judge = (error) => error;

/** D1's own errors about a statement begin so. The code that catches them decides what they mean. */
const isToldByD1 = (error: unknown) => error instanceof Error && error.message.startsWith("D1_");

/** Any other error is one of the connection to D1, such as a lost connection. It must not look like a bug. */
const waitForDatabase = waitFor("The database", (error) =>
  isToldByD1(error) ? error : new DependencyDown("The database", error),
);

type Method = (...parameters: unknown[]) => unknown;

/** The same object with a time limit on its methods; the methods in `own` replace the object's. */
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

/** The original statement of each wrapped one, because a batch accepts D1's own statements only. */
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

/** Every failure of an object counts as no response, because every call of an object may be repeated. */
const limitedObjects = (object: string) => (raw: DurableObjectNamespace) => {
  const wait = waitFor(object, (error) => new DependencyDown(object, error));
  const get: DurableObjectNamespace["get"] = (id) => waiting(wait, raw.get(id));
  const idFromName: DurableObjectNamespace["idFromName"] = (name) => raw.idFromName(name);
  return waiting(wait, raw, { get: get as Method, idFromName: idFromName as Method });
};

/** One wrapper for each binding, because other caches use the binding as their key. */
const known = new WeakMap<object, object>();

function once<T extends object>(raw: T, make: (raw: T) => T): T {
  const made = (known.get(raw) as T | undefined) ?? make(raw);
  known.set(raw, made);
  return made;
}

/**
 * The bindings, each call limited to {@link longestWaitMs}. A call that takes longer rejects with `DependencyDown`, and so
 * does every failed call of an object.
 *
 * @example
 * ```ts
 * const { DB } = withTimeLimits(env);
 * ```
 */
export function withTimeLimits(env: Bindings): Bindings {
  return once(env, () => ({
    ...env,
    DB: once(env.DB, limitedDatabase),
    CACHE: once(env.CACHE, (raw) => waiting(waitFor("The cache", asItIs), raw)),
    WEBHOOK_QUEUE: once(env.WEBHOOK_QUEUE, (raw) => waiting(waitFor("The queue", asItIs), raw)),
    ORG_LEDGER: once(env.ORG_LEDGER, limitedObjects("The organization's ledger")),
    DELEGATION_CHAIN: once(env.DELEGATION_CHAIN, limitedObjects("The delegation's chain")),
    METRICS: once(env.METRICS, limitedObjects("The metrics object")),
  }));
}
