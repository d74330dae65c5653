/**
 * Waiting for a dependency has an end. D1, KV, the queue and the objects have long time limits of their own or none that one
 * may rely on, so every call of them goes through here: in the Worker's doors and in the objects.
 */
import { DependencyDown } from "./dependency.ts";
import type { Bindings } from "./env.ts";

/**
 * Above what anything takes that works, and so short that a step of taking something back and the step after it come to an end
 * while the ledger still refuses the subject (half a minute).
 */
export const longestWaitMs = 10_000;

type Wait = <T>(answer: Promise<T>) => Promise<T>;
/** What a call that failed rejects with. */
type Judge = (error: unknown) => unknown;

/** What comes later is dropped; whether the call took effect is then unknown, as it is with any lost answer. */
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

/** What D1 itself says of a statement begins so, and is judged where it is caught. */
const isToldByD1 = (error: unknown) => error instanceof Error && error.message.startsWith("D1_");

/** Anything else comes from the way to D1, such as a lost connection, and must not pass for a bug. */
const waitForDatabase = waitFor("The database", (error) =>
  isToldByD1(error) ? error : new DependencyDown("The database", error),
);

type Method = (...parameters: unknown[]) => unknown;

/** The same object, whose methods are waited for like this, but for those that are given. */
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

/** A batch takes D1's own statements. */
const rawStatements = new WeakMap<object, D1PreparedStatement>();

function boundedStatement(raw: D1PreparedStatement): D1PreparedStatement {
  const bind: D1PreparedStatement["bind"] = (...values) => boundedStatement(raw.bind(...values));
  const statement = waiting(waitForDatabase, raw, { bind });
  rawStatements.set(statement, raw);
  return statement;
}

function boundedDatabase(raw: D1Database): D1Database {
  const prepare: D1Database["prepare"] = (query) => boundedStatement(raw.prepare(query));
  const batch = (statements: D1PreparedStatement[]) =>
    waitForDatabase(raw.batch(statements.map((statement) => rawStatements.get(statement) ?? statement)));
  return waiting(waitForDatabase, raw, { prepare: prepare as Method, batch: batch as Method });
}

/** An object that fails is one that does not answer, whatever it was: every call of one may be repeated. */
const boundedObjects = (object: string) => (raw: DurableObjectNamespace) => {
  const wait = waitFor(object, (error) => new DependencyDown(object, error));
  const get: DurableObjectNamespace["get"] = (id) => waiting(wait, raw.get(id));
  const idFromName: DurableObjectNamespace["idFromName"] = (name) => raw.idFromName(name);
  return waiting(wait, raw, { get: get as Method, idFromName: idFromName as Method });
};

/** One for each binding: caches are kept by binding. */
const known = new WeakMap<object, object>();

function once<T extends object>(raw: T, make: (raw: T) => T): T {
  const made = (known.get(raw) as T | undefined) ?? make(raw);
  known.set(raw, made);
  return made;
}

/**
 * The bindings, of which none is waited for longer than {@link longestWaitMs}. A call that takes longer rejects with
 * `DependencyDown`, and so does every failed call of an object.
 *
 * @example
 * ```ts
 * const { DB } = bounded(env);
 * ```
 */
export function bounded(env: Bindings): Bindings {
  return once(env, () => ({
    ...env,
    DB: once(env.DB, boundedDatabase),
    CACHE: once(env.CACHE, (raw) => waiting(waitFor("The cache", asItIs), raw)),
    WEBHOOK_QUEUE: once(env.WEBHOOK_QUEUE, (raw) => waiting(waitFor("The queue", asItIs), raw)),
    ORG_LEDGER: once(env.ORG_LEDGER, boundedObjects("The organization's ledger")),
    DELEGATION_CHAIN: once(env.DELEGATION_CHAIN, boundedObjects("The delegation's chain")),
    METRICS: once(env.METRICS, boundedObjects("The metrics object")),
  }));
}
